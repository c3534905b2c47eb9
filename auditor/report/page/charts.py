"""Counts -> bars. Rule: a bar is as long as its count; the figures stand beside it, so that nobody has to read a colour.

Bars are drawn as shares of a cell's width in percent, so that they need neither a script nor a fixed size.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from auditor.core.model import Verdict
from auditor.core.results import Ledger

MOST_OWNERS = 12
"""How many account managers have a bar of their own."""

ORDER = (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)
"""How verdicts follow each other on the page: what asks for something to be done comes first."""

_AGES = (3, 7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a bar, in percent of the width there is."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart.

    Attributes:
        label: of the line.
        counts: in the order of ORDER, or one alone.
        parts: of the bar.
        owner: the account manager whose line it is ("" is none); None where it is the line of several, or of no owner.
    """

    label: str
    counts: tuple[int, ...]
    parts: tuple[Part, ...]
    owner: str | None = None

    @property
    def total(self) -> int:
        """All counts together."""
        return sum(self.counts)


def by_owner(ledger: Ledger) -> dict[str, tuple[int, ...]]:
    """Rows of each account manager in the order of ORDER; whoever has most blocked rows first."""
    rows: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for count in ledger.owners:
        rows[count.owner or ""][count.verdict] += count.rows
    found = {owner: tuple(counts[verdict] for verdict in ORDER) for owner, counts in rows.items()}
    return dict(sorted(found.items(), key=lambda pair: ([-count for count in pair[1]], pair[0])))


def owners(ledger: Ledger) -> list[Bar]:
    """A bar for each account manager, and one for the rest of them together."""
    found = list(by_owner(ledger).items())
    head, rest = found[:MOST_OWNERS], found[MOST_OWNERS:]
    if len(rest) == 1:
        head, rest = found, []
    lines: list[tuple[str, tuple[int, ...], str | None]] = [(owner or "Unassigned", c, owner) for owner, c in head]
    if rest:
        lines.append((f"{len(rest):,} others", tuple(map(sum, zip(*(c for _, c in rest), strict=True))), None))
    longest = max((sum(counts) for _, counts, _ in lines), default=0)
    return [Bar(name, counts, _parts(counts, ORDER, longest), owner) for name, counts, owner in lines]


def ages(days: Counter[int | None]) -> list[Bar]:
    """A bar for each stretch of days under review; the last one where it is not known."""
    groups: Counter[int | None] = Counter()
    for age, rows in days.items():
        groups[None if age is None else sum(age > limit for limit in _AGES)] += rows
    names = [f"up to {_AGES[0]} days", *(f"{a + 1} to {b} days" for a, b in pairwise(_AGES)), "over a year"]
    lines = [(name, groups[place]) for place, name in enumerate(names)]
    if groups[None]:
        lines.append(("not known", groups[None]))
    longest = max(rows for _, rows in lines)
    return [Bar(name, (rows,), _parts((rows,), ("age",), longest)) for name, rows in lines]


def median(days: Counter[int | None]) -> int | None:
    """The middle of the numbers of days that are known; None where none is."""
    known = sorted((age, rows) for age, rows in days.items() if age is not None)
    half, passed = sum(rows for _, rows in known) / 2, 0
    for age, rows in known:
        passed += rows
        if passed >= half:
            return age
    return None


def _parts(counts: Iterable[int], kinds: Iterable[str], longest: int) -> tuple[Part, ...]:
    parts, start = [], 0.0
    for kind, count in zip(kinds, counts, strict=True):
        width = round(100 * count / longest, 2) if longest else 0.0
        if count:
            parts.append(Part(kind, round(start, 2), width))
        start += width
    return tuple(parts)
