"""What the page says, for its template. What the page leaves out, it says that it leaves out."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from auditor.core.language import Language, message
from auditor.core.model import Reason, Verdict
from auditor.core.results import (
    ACCOUNT_VERIFICATION,
    LONG_NOTE,
    LONG_REVIEW,
    REASONS,
    UNDER_REVIEW,
    VERDICTS,
    Change,
)
from auditor.report.data import RunData
from auditor.report.page import charts, rows
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.remarks import compared_with, day_of_last_audit, find_zone, newly_blocked_text, remarks, sentence
from auditor.report.schema import own_columns

MOST_CHANGES = 2_000
"""How many customers the table of changes has."""

_SHOWN = {
    Verdict.BLOCKED: message(
        "The list is too long for one page. Of its {there} rows that are blocked this page has the {here} that are blocked "
        "longest."
    ),
    Verdict.UNDETERMINED: message(
        "The list is too long for one page. Of its {there} rows that are not verified this page has the first {here}, in "
        "the list’s order."
    ),
    Verdict.ELIGIBLE: message(
        "The list is too long for one page. Of its {there} rows that are not blocked this page has the {here} for which "
        "something changed since the last audit."
    ),
}
_FLAGS = {"incomplete": message("INCOMPLETE"), "simulated": message("SIMULATED")}


def build_context(data: RunData, selection: PageSelection) -> dict[str, Any]:
    """What the template says."""
    facts, ledger, language = data.facts, data.ledger, data.language
    words = [language.text(_FLAGS[flag]) for flag in flags(data)]
    blocked, undetermined, eligible = map(selection.of, ORDER)
    counts = {count.reason.value: count.rows for count in ledger.by_reason() if count.reason}
    own = dict(zip(own_columns(len(facts.columns)), facts.columns, strict=True))
    common = rows.common_texts(blocked, own)
    varied = {column: name for column, name in own.items() if column not in common}
    return {
        "flags": flags(data),
        "flag_words": words,
        "title": " · ".join([*words, language.text("Partner Center audit"), facts.run_id]),
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
        "rule": language.text(UNDER_REVIEW),
        "more": ACCOUNT_VERIFICATION,
        "steps": list(_steps(counts, language)),
        "own": [(own[column], text) for column, text in common.items() if text],
        "varied": bool(varied),
        "blocked": rows.blocked_rows(blocked, varied, facts.presentation.customer_link, language),
        "unverified": list(rows.undetermined_groups(undetermined, counts, language)),
        "one_list": selection.records["source_file"].nunique() == 1,
        "eligible": rows.eligible_groups(eligible, counts, language),
        "left_out": _left_out(data, selection),
        "api": facts.api,
        "tables": data.tables,
    }


def flags(data: RunData) -> list[str]:
    """What is wrong with the run, as classes for the style sheet."""
    return [flag for flag, is_set in (("incomplete", not data.complete), ("simulated", data.facts.simulated)) if is_set]


def _banners(data: RunData) -> Iterator[dict[str, str]]:
    """How complete the run is, and whether it is real; `kind` is good, warn or bad."""
    language = data.language
    text = sentence(remarks(data, language))
    if not data.complete:
        yield {"kind": "bad", "word": language.text("Incomplete."), "text": text}
    elif text:
        yield {"kind": "warn", "word": language.text("Complete, with warnings."), "text": text}
    else:
        yield {
            "kind": "good",
            "word": language.text("Complete."),
            "text": language.text("Every row of the list has a verdict."),
        }
    if data.facts.simulated:
        text = language.text("These are invented customers and answers; nothing here is about anybody real.")
        yield {"kind": "warn", "word": language.text("Simulated."), "text": text}


def _as_of(data: RunData) -> dict[str, str]:
    """When the run ended, or began where it did not end in order: for programs, in UTC, and in the readers' time zone."""
    time = (data.facts.finished_at or data.facts.started_at).astimezone(UTC)
    local = _local(time, data.facts.presentation.zone, data.language)
    return {"utc": f"{time:%Y-%m-%dT%H:%M:%SZ}", "shown": data.language.time(time), "local": local}


def _local(time: datetime, zone: str, language: Language) -> str:
    """The local time with its zone; empty where that is UTC, or where this machine does not know the zone."""
    found = find_zone(zone)
    return "" if found is UTC else language.time(time.astimezone(found), zone)


def _cards(data: RunData) -> list[dict[str, Any]]:
    """The counts of each verdict, and the difference to the last audit in customers."""
    before, language = _baseline_customers(data), data.language
    return [
        {
            "verdict": verdict,
            "label": language.text(VERDICTS[verdict].name),
            "meaning": language.text(VERDICTS[verdict].meaning),
            "customers": data.ledger.customers_of(verdict),
            "rows": data.ledger.rows_of(verdict),
            "change": _difference(data.ledger.customers_of(verdict) - before[verdict.value], data),
            "sums": [
                {"column": total.column, "total": language.money(total.total), "unparsed": total.unparsed}
                for total in data.sums
                if total.verdict is verdict and total.owner is None
            ],
        }
        for verdict in ORDER
    ]


def _difference(more: int, data: RunData) -> tuple[bool, str]:
    """Whether there is a difference to the last audit, and the sentence that says so."""
    language = data.language
    if not data.changes:
        return False, language.text("No earlier audit to compare with")
    date = day_of_last_audit(data.changes, language)
    if not more:
        return False, language.text("As many as in the last audit ({date})", date=date)
    return True, language.text("{n} since the last audit ({date})", n=language.signed(more), date=date)


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


def _charts(data: RunData, selection: PageSelection) -> dict[str, Any]:
    sum_columns = list(dict.fromkeys(total.column for total in data.sums))
    language = data.language
    owners, bars = charts.rows_by_owner(data.ledger), charts.owner_bars(data.ledger, language)
    return {
        "verdicts": [(verdict.value, language.text(VERDICTS[verdict].name)) for verdict in ORDER],
        "owners": bars,
        "sum_columns": sum_columns,
        "managers": _managers(data, owners, sum_columns) if sum_columns or len(owners) > len(bars) else [],
        "ages": charts.age_bars(selection.under_review, language),
        "ages_note": charts.ages_note(selection.under_review, language),
    }


def _managers(data: RunData, owners: dict[str, tuple[int, ...]], sum_columns: list[str]) -> list[dict[str, Any]]:
    """Every account manager with the rows of each verdict and, behind each, its sums."""
    totals = {(total.owner, total.verdict, total.column): data.language.money(total.total) for total in data.sums}
    managers = []
    for owner, counts in owners.items():
        cells: list[str] = []
        for verdict, count in zip(ORDER, counts, strict=True):
            cells += [
                data.language.number(count),
                *(totals.get((owner, verdict, column), "") for column in sum_columns),
            ]
        managers.append({"owner": owner, "cells": cells})
    return managers


def _changes(data: RunData) -> dict[str, Any]:
    changes, language = data.changes, data.language
    if changes is None:
        return {"note": compared_with(data), "newly_blocked": "", "groups": [], "left_out": ""}
    groups = list(rows.change_groups(changes.frame, changes.counts.customers, MOST_CHANGES, language))
    missing = sum(group["count"] - len(group["rows"]) for group in groups)
    newly = changes.counts.newly_blocked_count
    unknown = newly - changes.counts.customers[Change.NEWLY_BLOCKED]
    date = day_of_last_audit(changes, language)
    more = language.text("{n} more are not on this page; changes.csv has all of them.", n=missing)
    return {
        "note": compared_with(data),
        "newly_blocked": newly_blocked_text(newly, unknown, date, language) if newly else "",
        "groups": groups,
        "left_out": more if missing else "",
    }


def _steps(counts: dict[str, int], language: Language) -> Iterator[dict[str, Any]]:
    """What each blocking reason means, and what to do about it."""
    for reason in Reason:
        if reason.verdict is Verdict.BLOCKED and reason.value in counts:
            words = REASONS[reason]
            long = language.text(LONG_NOTE, days=LONG_REVIEW) if reason is Reason.UNDER_REVIEW else ""
            yield {
                "label": language.text(words.name),
                "rows": counts[reason.value],
                "meaning": language.text(words.meaning),
                "next_step": f"{language.text(words.next_step)} {long}".rstrip(),
            }


def _left_out(data: RunData, selection: PageSelection) -> dict[str, str]:
    """For each verdict, a sentence about the rows that the page does not have; empty where it has all."""
    sentences, language = {}, data.language
    for verdict in ORDER:
        there, here = data.ledger.rows_of(verdict), len(selection.of(verdict))
        text = language.text(_SHOWN[verdict], there=there, here=here)
        if "results.csv" in data.tables:
            text += " " + language.text("{file} has all of them.", file=f"{verdict}.csv")
        sentences[verdict.value] = "" if here == there else text
    return sentences
