"""What is told and what is shown -> what the template and the script say. Rule: what the page leaves out, it says it leaves out."""

from collections import Counter
from typing import Any

from auditor.core.model import Reason, Verdict
from auditor.core.results import ADVICE, LONG_NOTE, LONG_REVIEW, MEANINGS, UNDER_REVIEW, Change, next_step
from auditor.report.page import charts, columns, heading, lines
from auditor.report.page.records import Shown, own_columns, values
from auditor.report.page.words import label
from auditor.report.schema import own_names
from auditor.report.told import Told, sentence

MOST_CHANGES = 2_000
"""How many customers the table of changes has."""

_ADDED = ("evidence", "change", "since", "days", "times_blocked")


def page(told: Told, shown: Shown) -> dict[str, Any]:
    """What the template says."""
    facts, ledger = told.facts, told.ledger
    rows = {count.reason.value: count.rows for count in ledger.by_reason() if count.reason}
    link = lines.linking(facts.presentation.customer_link)
    own = dict(zip(own_columns(shown.every), facts.columns, strict=True))
    alike = lines.alike(shown.blocked, own)
    return {
        "flags": heading.flags(told),
        "title": heading.title(told),
        "banners": list(heading.banners(told)),
        "list_warnings": [one.sentence for one in facts.list_warnings],
        "run_id": facts.run_id,
        "lists": facts.lists,
        "rows": ledger.rows,
        "customers": ledger.customers,
        "as_of": heading.as_of(facts),
        "cards": heading.cards(told, _before(told, shown)),
        **_charts(told, shown),
        "changes": _changes(told),
        "rule": UNDER_REVIEW,
        "steps": [
            {"label": label(reason), "rows": rows[reason.value], "advice": ADVICE[reason], "long": _long_step(reason)}
            for reason in Reason
            if reason.verdict is Verdict.BLOCKED and reason.value in rows
        ],
        "own": [(own[column], text) for column, text in alike.items() if text],
        "varied": len(own) > len(alike),
        "blocked": lines.blocked(shown.blocked, {c: name for c, name in own.items() if c not in alike}, link),
        "unverified": list(lines.undetermined(shown.undetermined, rows)),
        "one_list": shown.every["source_file"].nunique() == 1,
        "eligible": lines.eligible(shown.eligible, rows),
        "left_out": _left_out(told, shown),
        "meanings": [(verdict.value, MEANINGS[verdict]) for verdict in charts.ORDER],
        "api": facts.api,
        "tables": told.tables,
    }


def _long_step(reason: Reason) -> str:
    """What to do from when on it is unusually long; empty where that is the same as ever."""
    return "" if next_step(reason, LONG_REVIEW) == ADVICE[reason].next_step else LONG_NOTE


def data(told: Told, shown: Shown) -> dict[str, Any]:
    """What the script needs beside the tables."""
    words = [*Reason, *Verdict, *Change]
    names = [*own_names(told.facts.columns).values()]
    marks = [flag.upper() for flag in heading.flags(told)]
    return {
        "count": shown.count,
        "columns": columns.columns(shown),
        "own": list(zip(map(_apart, names), columns.own(shown), strict=True)),
        "verdicts": [verdict.value for verdict in charts.ORDER],
        "verdict_of": {reason.value: reason.verdict.value for reason in Reason},
        "labels": {word.value: label(word) for word in words},
        "advice": {reason.value: [advice.meaning, advice.next_step] for reason, advice in ADVICE.items()},
        "long": [LONG_REVIEW, {reason.value: next_step(reason, LONG_REVIEW) for reason in ADVICE}],
        "link": told.facts.presentation.customer_link if lines.leads_out(told.facts.presentation.customer_link) else "",
        "file": "-".join(["customers", told.facts.run_id, *marks]) + ".csv",
    }


def _apart(name: str) -> str:
    """A list's own column by a name that none of the columns has which the page's CSV adds to those of `results`."""
    return f"input.{name}" if name.casefold() in _ADDED else name


def _charts(told: Told, shown: Shown) -> dict[str, Any]:
    sums = heading.sum_columns(told)
    owners, bars = charts.by_owner(told.ledger), charts.owners(told.ledger)
    middle = charts.median(shown.ages)
    known = [age for age in shown.ages if age is not None]
    return {
        "order": [verdict.value for verdict in charts.ORDER],
        "owners": bars,
        "sum_columns": sums,
        "managers": _managers(told, owners) if sums or len(owners) > len(bars) else [],
        "ages": charts.ages(shown.ages),
        "ages_note": f"Half of them for {middle:,} days or longer; the longest for {max(known):,}." if known else "",
    }


def _managers(told: Told, owners: dict[str, tuple[int, ...]]) -> list[dict[str, Any]]:
    """Every account manager with the counts of each verdict and, behind each, its sums."""
    totals = {(found.owner, found.verdict, found.column): heading.amount(found) for found in told.sums}
    sums = heading.sum_columns(told)
    managers = []
    for owner, counts in owners.items():
        cells: list[str] = []
        for verdict, count in zip(charts.ORDER, counts, strict=True):
            cells += [f"{count:,}", *(totals.get((owner, verdict, column), "") for column in sums)]
        managers.append({"owner": owner, "cells": cells})
    return managers


def _before(told: Told, shown: Shown) -> Counter[str]:
    """Customers by verdict in the baseline: those that are in the lists now, and those that are gone."""
    before = shown.before.copy()
    if told.changes:
        for frame in told.changes.frames():
            before.update(found for found in values(frame[frame["verdict"].isna()], "verdict_before") if found)
    return before


def _changes(told: Told) -> dict[str, Any]:
    found = told.changes
    if found is None:
        why = told.without_changes or "There is no earlier run over this list to compare with."
        return {"note": sentence(why), "news": 0, "groups": [], "total": 0, "left_out": ""}
    groups = lines.changes(found.frames(), dict(found.counts), MOST_CHANGES)
    missing = sum(group.count - len(group.rows) for group in groups)
    return {
        "note": sentence(found.note),
        "news": found.news,
        "groups": groups,
        "total": found.total,
        "left_out": f"{missing:,} more are not on this page; changes.csv has all of them." if missing else "",
    }


def _left_out(told: Told, shown: Shown) -> dict[str, str]:
    """For each verdict, what the page says of the rows that it does not have; nothing where it has all."""
    which = {
        Verdict.BLOCKED: "the {} that are blocked longest",
        Verdict.UNDETERMINED: "the first {}, in the list’s order",
        Verdict.ELIGIBLE: "the {} for which something changed since the baseline",
    }
    held = dict(zip(charts.ORDER, map(len, shown.parts), strict=True))
    said, csv = {}, "results.csv" in told.tables
    for verdict, words in which.items():
        there = told.ledger.rows_of(verdict)
        said[verdict.value] = (
            ""
            if held[verdict] == there
            else (
                f"The list is too long for one page. Of its {there:,} {verdict} rows this page has "
                f"{words.format(f'{held[verdict]:,}')}{f'; {verdict}.csv has all of them' if csv else ''}."
            )
        )
    return said
