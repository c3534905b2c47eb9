"""The reply for each customer and attempt. It depends on the seed only: the same question always gets the same answer.

A hash of seed and customer id selects the kind of a customer from a table of weights (see `kinds`), unless an override names
it. Another hash selects the time of the last status change.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from types import MappingProxyType

from auditor.simulator.kinds import DEFAULT_WEIGHTS, split
from auditor.simulator.options import AS_OF
from auditor.simulator.replies import PlannedReply, Question

_REVIEW_DAYS = 21.0
_OTHER_DAYS = 1500.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The replies for customers.

    Attributes:
        seed: two scenarios with the same values give the same replies.
        weights: specification of a kind -> relative share of the customers.
        overrides: lower-case customer id -> specification of its kind.
        dates: lower-case customer id -> when its status last changed; aware, UTC.
        as_of: all other statuses changed before this time: reviews within three weeks, others within four years.

    Raises:
        ValueError: a specification names no kind, or no weight is positive.
    """

    seed: int = 0
    weights: Mapping[str, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    dates: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    as_of: datetime = AS_OF

    def __post_init__(self) -> None:
        for specification in (*self.weights, *self.overrides.values()):
            split(specification)
        if not any(weight > 0 for weight in self.weights.values()):
            raise ValueError("At least one kind of customer needs a positive weight.")

    def kind_of(self, customer_id: str) -> str:
        """The specification of this customer's kind: `kind` or `kind:next`."""
        key = customer_id.lower()
        override = self.overrides.get(key)
        if override is not None:
            return override
        names, bounds = self._cumulative_weights
        return names[bisect_right(bounds, self.share(key, "kind") * bounds[-1])]

    def reply(self, customer_id: str, attempt: int) -> PlannedReply:
        """The reply to the `attempt`-th request (from 1) for this customer's record."""
        kind, following = split(self.kind_of(customer_id))
        if kind.lasts is not None and attempt > kind.lasts:
            kind = following
        return kind.reply(Question(customer_id, self.changed_at(customer_id)))

    def changed_at(self, customer_id: str) -> datetime:
        """When this customer's status last changed; aware, UTC."""
        key = customer_id.lower()
        if key in self.dates:
            return self.dates[key]
        days = _REVIEW_DAYS if "under_review" in self.kind_of(key) else _OTHER_DAYS
        return self.as_of - timedelta(days=days * self.share(key, "date"))

    def count_kinds(self, customer_ids: Iterable[str]) -> Counter[str]:
        """The number of these customers of each kind that has a weight, including 0."""
        counts = Counter(dict.fromkeys(self.weights, 0))
        counts.update(self.kind_of(customer_id) for customer_id in customer_ids)
        return counts

    def with_newly_blocked(self, customer_ids: Iterable[str], count: int) -> "Scenario":
        """A copy of the scenario in which `count` of the allowed customers are under review.

        A larger count adds customers to those of a smaller one: a simulator that is started every night with a larger count
        simulates a partner whose customers become blocked one by one.

        Raises:
            ValueError: fewer of these customers are allowed.
        """
        allowed = [one for one in customer_ids if self.kind_of(one).startswith("allowed")]
        if count > len(allowed):
            raise ValueError(
                f"{count} customers cannot become blocked: {len(allowed)} of the customer list are allowed."
            )
        chosen = sorted(allowed, key=lambda one: self.share(one, "night"))[:count]
        return replace(self, overrides={**self.overrides, **dict.fromkeys(chosen, "under_review")})

    @cached_property
    def _cumulative_weights(self) -> tuple[list[str], list[int]]:
        """Kinds with a positive weight, and the running sum of their weights."""
        positive = {name: weight for name, weight in self.weights.items() if weight > 0}
        return list(positive), list(accumulate(positive.values()))

    def share(self, key: str, purpose: str) -> float:
        """A number in [0, 1) that depends on seed, purpose and key only."""
        digest = blake2b(f"{self.seed}/{purpose}/{key}".encode(), digest_size=6).digest()
        return int.from_bytes(digest) / 2**48


def covering_seed(customer_ids: Iterable[str], weights: Mapping[str, int] = DEFAULT_WEIGHTS, tries: int = 500) -> int:
    """The smallest seed with which every kind of the mix occurs in this list; a list of 2,000 needs few tries.

    Raises:
        ValueError: there is none below `tries`, because the list is too short.
    """
    ids = tuple(customer_ids)
    for seed in range(tries):
        if all(Scenario(seed=seed, weights=weights).count_kinds(ids).values()):
            return seed
    raise ValueError(f"No seed below {tries} gives every kind to a list of {len(ids)} customers.")
