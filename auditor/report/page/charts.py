"""Counts -> bars. A bar is as long as its count; the number is beside it, so that no colour has to be read.

Bars are drawn as percentages of a cell's width, so that they need neither a script nor a fixed size. A bar is a dict:

========  ============================================================================================================
`label`   of the line
`counts`  in `selection.ORDER`, or one alone
`parts`   of the bar: its `kind`, where it begins (`start`) and its `width`, in percent
`owner`   the account manager ("" is none); None where the line is of several, or of no owner
========  ============================================================================================================
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Any

import pandas as pd

from auditor.core.language import ENGLISH, Language
from auditor.core.results import Ledger
from auditor.report.page.selection import ORDER

MOST_OWNERS = 12
"""How many account managers have a bar of their own."""

Bar = dict[str, Any]
_LIMITS = (3, 7, 14, 30, 60, 90, 180, 365)


def customers_by_owner(ledger: Ledger) -> dict[str, tuple[int, ...]]:
    """Customers of each account manager in `selection.ORDER`; most blocked ones first."""
    customers: dict[str, Counter[str]] = defaultdict(Counter)
    for count in ledger.owners:
        customers[count.owner or ""][count.verdict] += count.customers
    owners = {owner: tuple(counts[verdict] for verdict in ORDER) for owner, counts in customers.items()}
    return dict(sorted(owners.items(), key=lambda pair: ([-count for count in pair[1]], pair[0])))


def owner_bars(ledger: Ledger, language: Language = ENGLISH) -> list[Bar]:
    """A bar for each account manager, and one for the rest of them together."""
    owners = list(customers_by_owner(ledger).items())
    shown = owners if len(owners) == MOST_OWNERS + 1 else owners[:MOST_OWNERS]
    rest = [counts for _, counts in owners[len(shown) :]]
    lines: list[tuple[str, tuple[int, ...], str | None]] = [
        (owner or language.text("Unassigned"), counts, owner) for owner, counts in shown
    ]
    if rest:
        lines.append(
            (language.count("{n} other", "{n} others", len(rest)), tuple(map(sum, zip(*rest, strict=True))), None)
        )
    longest = max((sum(counts) for _, counts, _ in lines), default=0)
    return [_bar(label, counts, ORDER, longest, owner) for label, counts, owner in lines]


def age_bars(days: "pd.Series[Any]", language: Language = ENGLISH) -> list[Bar]:
    """A bar for each range of days under review; the last one where they are not known."""
    labels = [
        language.text("up to {n} days", n=_LIMITS[0]),
        *(language.text("{first} to {last} days", first=a + 1, last=b) for a, b in pairwise(_LIMITS)),
        language.text("over a year"),
    ]
    ages = pd.cut(days.astype("float64"), [-1, *_LIMITS, float("inf")], labels=labels)
    customers = {str(age): count for age, count in ages.value_counts(sort=False).items()}
    if unknown := int(days.isna().sum()):
        customers[language.text("not known")] = unknown
    return [_bar(label, (count,), ("age",), max(customers.values())) for label, count in customers.items()]


def ages_note(days: "pd.Series[Any]", language: Language = ENGLISH) -> str:
    """The median and the longest of the days that are known, in a sentence; empty where none is."""
    known = days.dropna().tolist()
    if not known:
        return ""
    return language.text(
        "Half of them for {median} days or longer; the longest for {longest}.",
        median=median_low(known),
        longest=max(known),
    )


def _bar(label: str, counts: Sequence[int], kinds: Iterable[str], longest: int, owner: str | None = None) -> Bar:
    parts, start = [], 0.0
    for kind, count in zip(kinds, counts, strict=True):
        width = round(100 * count / longest, 2) if longest else 0.0
        if count:
            parts.append({"kind": kind, "start": round(start, 2), "width": width})
        start += width
    return {"label": label, "counts": counts, "parts": parts, "owner": owner}
