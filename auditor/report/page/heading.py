"""What the page begins with: how complete the run is, how many can buy, and since when. Rule: what is not known is said first."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.model import Verdict
from auditor.core.presentation import UTC_NAMES
from auditor.core.results import MEANINGS, Sum
from auditor.core.run_facts import RunFacts
from auditor.report.page.charts import ORDER
from auditor.report.page.words import label
from auditor.report.told import Told


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment: for programs, for people in UTC, and in the readers' own time zone (empty where that is UTC)."""

    utc: str
    shown: str
    local: str


@dataclass(frozen=True, slots=True)
class Banner:
    """A line that nobody may miss; `kind` is `good`, `warn` or `bad`."""

    kind: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Total:
    """A column of the lists added up; `unparsed` rows had a text there that is no number."""

    column: str
    total: str
    unparsed: int


@dataclass(frozen=True, slots=True)
class Card:
    """A verdict's counts; `change` is in customers since the baseline, None without one."""

    verdict: Verdict
    label: str
    meaning: str
    customers: int
    rows: int
    change: int | None
    sums: tuple[Total, ...]


def flags(told: Told) -> list[str]:
    """What is wrong with the run, as words for the page's style sheet."""
    return [word for word, wrong in (("incomplete", not told.complete), ("simulated", told.facts.simulated)) if wrong]


def title(told: Told) -> str:
    """The name of the page; begins with what is wrong with the run."""
    words = [flag.upper() for flag in flags(told)]
    return " · ".join([*words, "Partner Center audit", told.facts.run_id])


def banners(told: Told) -> Iterator[Banner]:
    """How complete the run is, and whether it is real."""
    text = told.note.partition(": ")[2]
    if text:
        text = f"{text[0].upper()}{text[1:]}."
    if not told.complete:
        yield Banner("bad", "Incomplete.", text)
    elif text:
        yield Banner("warn", "Complete, with remarks.", text)
    else:
        yield Banner("good", "Complete.", "Every row of the list has a verdict.")
    if told.facts.simulated:
        yield Banner(
            "warn", "Simulated.", "These are invented customers and answers; nothing here is about anybody real."
        )


def as_of(facts: RunFacts) -> AsOf:
    """When the run ended, or began where it never ended in order."""
    moment = (facts.finished_at or facts.started_at).astimezone(UTC)
    return AsOf(f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{moment:%Y-%m-%d %H:%M} UTC", _local(moment, facts.presentation.zone))


def _local(moment: datetime, zone: str) -> str:
    try:
        here = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return ""
    return "" if zone in UTC_NAMES else f"{here:%Y-%m-%d %H:%M} {zone}"


def cards(told: Told, before: Counter[str]) -> list[Card]:
    """The counts of each verdict.

    Args:
        told: what the run has to tell.
        before: customers by verdict in the baseline run; of no meaning without one.
    """
    ledger = told.ledger
    return [
        Card(
            verdict,
            label(verdict),
            MEANINGS[verdict],
            ledger.customers_of(verdict),
            ledger.rows_of(verdict),
            None if told.changes is None else ledger.customers_of(verdict) - before[verdict.value],
            tuple(totals(told, verdict)),
        )
        for verdict in ORDER
    ]


def totals(told: Told, verdict: Verdict, owner: str | None = None) -> Iterator[Total]:
    """The sums of a verdict's rows, of all account managers or of one."""
    for found in told.sums:
        if (found.verdict, found.owner) == (verdict, owner):
            yield Total(found.column, amount(found), found.unparsed)


def amount(found: Sum) -> str:
    """A sum with its digits in groups of three, and as many decimals as the numbers had."""
    return f"{found.total:,f}"


def sum_columns(told: Told) -> list[str]:
    """The columns that are added up, in order."""
    return list(dict.fromkeys(found.column for found in told.sums))
