"""The kinds of customer, by name. Rule: a kind is data and pure functions; asking twice gives the same answer.

A kind either answers for good (`lasts` is None) or is in trouble for its first `lasts` answers and then answers as
another kind does: `allowed`, or what stands after a colon in its specification (`throttled_once:under_review`).
`DEFAULT_WEIGHTS` is a plausible partner's mix: 70 % allowed, 8 % under review, 10 % without account status; the rest is
small, yet large enough that every kind turns up in a list of 2,000.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from auditor.simulator import kinds_answers, kinds_errors, kinds_faults
from auditor.simulator.planned import PlannedReply, Question

HEALED = "allowed"
"""The kind that a trouble heals to unless its specification says otherwise."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which the service treats a customer.

    Attributes:
        name: in lower-case words joined by underscores.
        weight: share in the default mix, relative to the sum of all.
        description: one line for people.
        reply: what is answered while the kind lasts.
        lasts: number of answers until it heals; None for ever.
    """

    name: str
    weight: int
    description: str
    reply: Callable[[Question], PlannedReply]
    lasts: int | None = None


_ROWS = (*kinds_answers.ROWS, *kinds_errors.ROWS, *kinds_faults.ROWS)

KINDS = MappingProxyType({row[0]: Kind(*row) for row in _ROWS})
"""Every kind by its name."""

DEFAULT_WEIGHTS = MappingProxyType({name: kind.weight for name, kind in KINDS.items() if kind.weight})
"""Kind -> relative share, in the default mix."""

STRANGERS = frozenset({"tenant_not_found", "no_relationship", "relationship_gone"})
"""Kinds whose ids are none of the partner's customers: absent from the customer list as well."""


def split(specification: str) -> tuple[Kind, Kind]:
    """The kind and the kind that it heals to, from `kind` or `kind:healed`.

    Raises:
        ValueError: a name is not in the table.
    """
    name, _, healed = specification.partition(":")
    for each in (name, healed or HEALED):
        if each not in KINDS:
            raise ValueError(f"There is no kind {each!r} of customer. The kinds are: {', '.join(sorted(KINDS))}.")
    return KINDS[name], KINDS[healed or HEALED]


def describe() -> str:
    """A table of all kinds for people: name, share of the default mix, how long it lasts, description."""
    total = sum(DEFAULT_WEIGHTS.values())
    width = max(len(name) for name in KINDS)
    lines = []
    for kind in KINDS.values():
        lasting = "lasting" if kind.lasts is None else f"{kind.lasts}x"
        lines.append(f"{kind.name:<{width}}  {100 * kind.weight / total:5.2f} %  {lasting:<7}  {kind.description}")
    return "\n".join(lines)
