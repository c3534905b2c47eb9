"""What the page says, for its template. What the page leaves out, it says that it leaves out."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from auditor.core.model import Reason, Verdict
from auditor.core.results import ADVICE, LONG_NOTE, LONG_REVIEW, MEANINGS, UNDER_REVIEW, Change, Sum, next_step
from auditor.report.data import RunData
from auditor.report.page import charts, rows
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.page.wording import label
from auditor.report.remarks import day_of_baseline, find_zone, note, sentence
from auditor.report.schema import own_columns

MOST_CHANGES = 2_000
"""How many customers the table of changes has."""

_SHOWN = {
    Verdict.BLOCKED: "the {} that are blocked longest",
    Verdict.UNDETERMINED: "the first {}, in the list’s order",
    Verdict.ELIGIBLE: "the {} for which something changed since the baseline",
}


def build_context(data: RunData, selection: PageSelection) -> dict[str, Any]:
    """What the template says."""
    facts, ledger = data.facts, data.ledger
    blocked, undetermined, eligible = map(selection.of, ORDER)
    counts = {count.reason.value: count.rows for count in ledger.by_reason() if count.reason}
    own = dict(zip(own_columns(len(facts.columns)), facts.columns, strict=True))
    common = rows.common_texts(blocked, own)
    varied = {column: name for column, name in own.items() if column not in common}
    return {
        "flags": flags(data),
        "title": " · ".join([*(flag.upper() for flag in flags(data)), "Partner Center audit", facts.run_id]),
        "banners": list(_banners(data)),
        "list_warnings": [warning.sentence for warning in facts.list_warnings],
        "run_id": facts.run_id,
        "lists": facts.lists,
        "rows": ledger.rows,
        "customers": ledger.customers,
        "as_of": _as_of(data),
        "cards": _cards(data),
        **_charts(data, selection),
        "changes": _changes(data),
        "rule": UNDER_REVIEW,
        "steps": list(_steps(counts)),
        "own": [(own[column], text) for column, text in common.items() if text],
        "varied": bool(varied),
        "blocked": rows.blocked_rows(blocked, varied, facts.presentation.customer_link),
        "unverified": list(rows.undetermined_groups(undetermined, counts)),
        "one_list": selection.records["source_file"].nunique() == 1,
        "eligible": rows.eligible_groups(eligible, counts),
        "left_out": _left_out(data, selection),
        "api": facts.api,
        "tables": data.tables,
    }


def flags(data: RunData) -> list[str]:
    """What is wrong with the run, as classes for the style sheet."""
    return [flag for flag, is_set in (("incomplete", not data.complete), ("simulated", data.facts.simulated)) if is_set]


def _banners(data: RunData) -> Iterator[dict[str, str]]:
    """How complete the run is, and whether it is real; `kind` is good, warn or bad."""
    text = sentence(note(data).partition(": ")[2])
    if not data.complete:
        yield {"kind": "bad", "word": "Incomplete.", "text": text}
    elif text:
        yield {"kind": "warn", "word": "Complete, with warnings.", "text": text}
    else:
        yield {"kind": "good", "word": "Complete.", "text": "Every row of the list has a verdict."}
    if data.facts.simulated:
        text = "These are invented customers and answers; nothing here is about anybody real."
        yield {"kind": "warn", "word": "Simulated.", "text": text}


def _as_of(data: RunData) -> dict[str, str]:
    """When the run ended, or began where it did not end in order: for programs, in UTC, and in the readers' time zone."""
    time = (data.facts.finished_at or data.facts.started_at).astimezone(UTC)
    local = _local(time, data.facts.presentation.zone)
    return {"utc": f"{time:%Y-%m-%dT%H:%M:%SZ}", "shown": f"{time:%Y-%m-%d %H:%M} UTC", "local": local}


def _local(time: datetime, zone: str) -> str:
    """The local time with its zone; empty where that is UTC, or where this machine does not know the zone."""
    found = find_zone(zone)
    return "" if found is UTC else f"{time.astimezone(found):%Y-%m-%d %H:%M} {zone}"


def _cards(data: RunData) -> list[dict[str, Any]]:
    """The counts of each verdict; `change` is in customers since the baseline, None without one."""
    before = _baseline_customers(data)
    return [
        {
            "verdict": verdict,
            "label": label(verdict),
            "meaning": MEANINGS[verdict],
            "customers": data.ledger.customers_of(verdict),
            "rows": data.ledger.rows_of(verdict),
            "change": data.ledger.customers_of(verdict) - before[verdict.value] if data.changes else None,
            "sums": [
                {"column": total.column, "total": _amount(total), "unparsed": total.unparsed}
                for total in data.sums
                if total.verdict is verdict and total.owner is None
            ],
        }
        for verdict in ORDER
    ]


def _baseline_customers(data: RunData) -> Counter[str]:
    """Customers by verdict in the baseline: those that are in the lists now, and those that were removed."""
    before: Counter[str] = Counter()
    if data.changes:
        changed = data.changes.frame
        for verdicts in (
            data.results.loc[data.results["first_row"], "verdict_before"],
            changed.loc[changed["verdict"].isna(), "verdict_before"],
        ):
            before.update({str(verdict): customers for verdict, customers in verdicts.value_counts().items()})
    return before


def _amount(total: Sum) -> str:
    """A sum with its digits in groups of three, and as many decimals as the numbers had."""
    return f"{total.total:,f}"


def _charts(data: RunData, selection: PageSelection) -> dict[str, Any]:
    sum_columns = list(dict.fromkeys(total.column for total in data.sums))
    owners, bars = charts.rows_by_owner(data.ledger), charts.owner_bars(data.ledger)
    return {
        "verdicts": [(verdict.value, label(verdict)) for verdict in ORDER],
        "owners": bars,
        "sum_columns": sum_columns,
        "managers": _managers(data, owners, sum_columns) if sum_columns or len(owners) > len(bars) else [],
        "ages": charts.age_bars(selection.under_review),
        "ages_note": charts.ages_note(selection.under_review),
    }


def _managers(data: RunData, owners: dict[str, tuple[int, ...]], sum_columns: list[str]) -> list[dict[str, Any]]:
    """Every account manager with the rows of each verdict and, behind each, its sums."""
    totals = {(total.owner, total.verdict, total.column): _amount(total) for total in data.sums}
    managers = []
    for owner, counts in owners.items():
        cells: list[str] = []
        for verdict, count in zip(ORDER, counts, strict=True):
            cells += [f"{count:,}", *(totals.get((owner, verdict, column), "") for column in sum_columns)]
        managers.append({"owner": owner, "cells": cells})
    return managers


def _changes(data: RunData) -> dict[str, Any]:
    changes = data.changes
    if changes is None:
        why = data.without_changes or "There is no earlier run over this list to compare with."
        return {"note": sentence(why), "newly_blocked": 0, "groups": [], "left_out": ""}
    groups = list(rows.change_groups(changes.frame, changes.counts.customers, MOST_CHANGES))
    missing = sum(group["count"] - len(group["rows"]) for group in groups)
    return {
        "note": sentence(changes.note),
        "newly_blocked": changes.counts.newly_blocked_count,
        "not_eligible_before": changes.counts.newly_blocked_count - changes.counts.customers[Change.NEWLY_BLOCKED],
        "since": day_of_baseline(changes, data),
        "groups": groups,
        "left_out": f"{missing:,} more are not on this page; changes.csv has all of them." if missing else "",
    }


def _steps(counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    """What each blocking reason means, and what to do about it."""
    for reason in Reason:
        if reason.verdict is Verdict.BLOCKED and reason.value in counts:
            advice = ADVICE[reason]
            long = LONG_NOTE if next_step(reason, LONG_REVIEW) != advice.next_step else ""
            yield {"label": label(reason), "rows": counts[reason.value], "advice": advice, "long": long}


def _left_out(data: RunData, selection: PageSelection) -> dict[str, str]:
    """For each verdict, a sentence about the rows that the page does not have; empty where it has all."""
    sentences = {}
    for verdict in ORDER:
        there, here = data.ledger.rows_of(verdict), len(selection.of(verdict))
        shown = _SHOWN[verdict].format(f"{here:,}")
        elsewhere = f"; {verdict}.csv has all of them" if "results.csv" in data.tables else ""
        state = f"{there:,} rows that are {label(verdict).lower()}"
        text = f"The list is too long for one page. Of its {state} this page has {shown}{elsewhere}."
        sentences[verdict.value] = "" if here == there else text
    return sentences
