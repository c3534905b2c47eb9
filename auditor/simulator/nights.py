"""Customers that become blocked from one night to the next. Rule: seeded; who is among the first N is among the first N + 1.

So a simulator that is started every night with a higher number plays a partner whose customers become blocked one by one.
"""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from auditor.simulator.scenario import Scenario

BLOCKED = "under_review"


def with_newly_blocked(scenario: Scenario, customer_ids: Iterable[str], count: int) -> Scenario:
    """The scenario in which so many customers that were allowed are blocked.

    Raises:
        ValueError: fewer of these customers are allowed.
    """
    allowed = [one for one in customer_ids if scenario.kind_of(one).startswith("allowed")]
    if count > len(allowed):
        raise ValueError(f"{count} customers cannot become blocked: {len(allowed)} of the customer list are allowed.")
    chosen = sorted(allowed, key=lambda one: scenario.share(one, "night"))[:count]
    blocked = {**scenario.overrides, **dict.fromkeys(chosen, BLOCKED)}
    return replace(scenario, overrides=MappingProxyType(blocked))
