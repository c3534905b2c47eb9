"""What the page says, for its template. What the page leaves out, it says that it leaves out."""

import base64
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
    CaseGroup,
    Change,
    Count,
    Sum,
    format_amounts,
    group_name,
    list_amounts,
    rows_note,
)
from auditor.core.text import as_sentence, join_sentences
from auditor.report.cases import amount_columns
from auditor.report.data import RunData
from auditor.report.page import charts, rows
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.remarks import compared_with, counted, day_of_last_audit, find_zone, newly_blocked_text, remarks
from auditor.report.schema import own_columns

MOST_CHANGES = 2_000
"""How many customers the table of changes has."""

_SHOWN = {
    Verdict.BLOCKED: message(
        "The list is too long for one page. Of its {there} customers that are blocked this page has the first {here}."
    ),
    Verdict.UNDETERMINED: message(
        "The list is too long for one page. Of its {there} customers that are not verified this page has the first {here}."
    ),
    Verdict.ELIGIBLE: message(
        "The list is too long for one page. Of its {there} customers that are not blocked this page has the {here} for which "
        "something changed since the last audit."
    ),
}
_FLAGS = {"incomplete": message("INCOMPLETE"), "simulated": message("SIMULATED")}


def build_context(data: RunData, selection: PageSelection) -> dict[str, Any]:
    """What the template says."""
    facts, ledger, language = data.facts, data.ledger, data.language
    words = [language.text(_FLAGS[flag]) for flag in flags(data)]
    blocked, undetermined, eligible = map(selection.of, ORDER)
    counts = {count.reason.value: _count(count, language) for count in ledger.by_reason() if count.reason}
    own = dict(zip(own_columns(len(facts.columns)), facts.columns, strict=True))
    common = rows.common_texts(blocked, own)
    varied = {column: name for column, name in own.items() if column not in common and name not in amount_columns(data)}
    brand = facts.presentation.title or language.text("Partner Center audit")
    return {
        "flags": flags(data),
        "flag_words": words,
        "brand": brand,
        "logo": _logo(data),
        "title": " · ".join([*words, brand, facts.run_id]),
        "banner": _banner(data),
        "list_warnings": [warning.sentence for warning in facts.list_warnings],
        "run_id": facts.run_id,
        "lists": facts.lists,
        "customers": ledger.customers,
        "rows_note": counted(ledger, language) if ledger.rows != ledger.customers else "",
        "as_of": _as_of(data),
        "first": _first(data, selection),
        "cards": _cards(data),
        "new": _new(data, selection),
        "at_risk": _at_risk(data),
        **_cases(data, selection, varied),
        **_charts(data, selection),
        "changes": _changes(data),
        "rule": language.text(UNDER_REVIEW),
        "more": ACCOUNT_VERIFICATION,
        "steps": list(_steps(counts, language)),
        "own": [(own[column], text) for column, text in common.items() if text],
        "unverified": list(rows.undetermined_groups(undetermined, counts, language)),
        "one_list": selection.records["source_file"].nunique() == 1,
        "eligible": rows.eligible_groups(eligible, counts, language),
        "left_out": _left_out(data, selection),
        "api": facts.api,
        "tables": data.tables,
    }


def _count(count: Count, language: Language) -> str:
    """Customers as text; rows where no customer belongs to them."""
    if count.customers:
        return language.count("{n} customer", "{n} customers", count.customers)
    return language.count("{n} row", "{n} rows", count.rows)


def _logo(data: RunData) -> dict[str, Any] | None:
    if data.logo is None:
        return None
    kind = data.logo.name.rpartition(".")[2]
    content = base64.b64encode(data.logo.content).decode()
    return {"href": f"data:image/{kind};base64,{content}", "width": data.logo.width, "height": data.logo.height}


def flags(data: RunData) -> list[str]:
    """What is wrong with the run, as classes for the style sheet."""
    return [flag for flag, is_set in (("incomplete", not data.complete), ("simulated", data.facts.simulated)) if is_set]


def _banner(data: RunData) -> dict[str, Any]:
    """How complete the run is, and whether it is real; `kind` is good, warn or bad."""
    language = data.language
    text = as_sentence(remarks(data, language, by_customer=True, simulated=False), language)
    kind, word = "good", language.text("Complete.")
    if not data.complete:
        kind, word = "bad", language.text("Incomplete.")
    elif text or data.facts.simulated:
        kind, word = "warn", language.text("Complete, with warnings.")
    words = [
        word,
        *([language.text("Simulated data: nothing here is about anybody real.")] if data.facts.simulated else []),
    ]
    return {"kind": kind, "words": words, "text": text or language.text("Every customer has a verdict.")}


def _first(data: RunData, selection: PageSelection) -> dict[str, str]:
    """What to do first: the first blocked customer with its advice, or a sentence where nobody is blocked."""
    language, cases = data.language, selection.first.head(1)
    if len(cases):
        (row,) = rows.case_rows(cases, {}, amount_columns(data), "", language)
        return {
            "where": {CaseGroup.NEW.value: "new", CaseGroup.OLD.value: "old"}.get(cases["group"].iloc[0], "blocked"),
            "name": _name(row),
            "amount": " + ".join(next(iter(row["amounts"]), [])),
            "text": join_sentences(language, as_sentence(row["label"], language), row["step"]),
        }
    if selection.found[Verdict.UNDETERMINED]:
        text = language.text("Nobody is known to be blocked. Do not promise orders to customers who are not verified.")
        return {"where": "unknown", "name": language.text("Not verified"), "amount": "", "text": text}
    return {"where": "", "name": "", "amount": "", "text": language.text("Nobody is blocked. There is nothing to do.")}


def _name(row: rows.Row) -> str:
    return str(row["name"] or row["domain"] or row["id"])


def _new(data: RunData, selection: PageSelection) -> dict[str, Any] | None:
    """The customers that are newly blocked: how many, and the names of the first; None where there is no earlier audit."""
    if data.changes is None:
        return None
    language, count = data.language, selection.groups[CaseGroup.NEW]
    found = selection.first[selection.first["group"] == CaseGroup.NEW.value]
    names = list(map(_name, rows.case_rows(found, {}, {}, "", language)))
    if count > len(names):
        names.append(language.text("and {n} more", n=count - len(names)))
    label = group_name(CaseGroup.NEW, language, day_of_last_audit(data.changes, language))
    return {"label": label, "count": count, "names": names}


def _at_risk(data: RunData) -> list[dict[str, Any]]:
    """The sums of the blocked customers."""
    return [
        _sum(total, data.language) for total in data.sums if total.verdict is Verdict.BLOCKED and total.owner is None
    ]


def _sum(total: Sum, language: Language) -> dict[str, Any]:
    return {"column": total.column, "amounts": list_amounts(total.amounts, language), "unparsed": total.unparsed}


def _cases(data: RunData, selection: PageSelection, own: dict[str, str]) -> dict[str, Any]:
    """The tables of blocked customers, each with its rows; `own` are the lists' own columns that they have."""
    amounts, language = amount_columns(data), data.language
    since = day_of_last_audit(data.changes, language) if data.changes else ""
    groups = []
    for group in CaseGroup:
        name = "blocked" if group is CaseGroup.OPEN else group.value
        cases = selection.of_group(group)
        made = rows.case_rows(cases, own, amounts, data.facts.presentation.customer_link, language)
        label, count = group_name(group, language, since), selection.groups[group]
        groups.append({"id": name, "label": label, "count": count, "rows": made, "here": len(cases)})
    return {
        "groups": groups,
        "amount_columns": [*amounts],
        "varied": bool(own),
        "blocked": selection.found[Verdict.BLOCKED],
    }


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
            "rows_note": rows_note(data.ledger.customers_of(verdict), data.ledger.rows_of(verdict), language),
            "change": _difference(data.ledger.customers_of(verdict) - before[verdict.value], data),
            "sums": [
                _sum(total, language)
                for total in data.sums
                if total.verdict is verdict is not Verdict.BLOCKED and total.owner is None
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
    owners, bars = charts.customers_by_owner(data.ledger), charts.owner_bars(data.ledger, language)
    return {
        "verdicts": [(verdict.value, language.text(VERDICTS[verdict].name)) for verdict in ORDER],
        "owners": bars,
        "sum_columns": sum_columns,
        "managers": _managers(data, owners, sum_columns) if sum_columns or len(owners) > len(bars) else [],
        "ages": charts.age_bars(selection.under_review, language),
        "ages_note": charts.ages_note(selection.under_review, language),
    }


def _managers(data: RunData, owners: dict[str, tuple[int, ...]], sum_columns: list[str]) -> list[dict[str, Any]]:
    """Every account manager with the customers of each verdict and, behind each, its sums."""
    totals = {
        (total.owner, total.verdict, total.column): format_amounts(total.amounts, data.language) for total in data.sums
    }
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


def _steps(counts: dict[str, str], language: Language) -> Iterator[dict[str, Any]]:
    """What each blocking reason means, and what to do about it."""
    for reason in Reason:
        if reason.verdict is Verdict.BLOCKED and reason.value in counts:
            words = REASONS[reason]
            long = language.text(LONG_NOTE, days=LONG_REVIEW) if reason is Reason.UNDER_REVIEW else ""
            yield {
                "label": language.text(words.name),
                "count": counts[reason.value],
                "meaning": language.text(words.meaning),
                "next_step": join_sentences(language, language.text(words.next_step), long),
            }


def _left_out(data: RunData, selection: PageSelection) -> dict[str, str]:
    """For each verdict, a sentence about the customers that the page does not have; empty where it has all."""
    sentences, language = {}, data.language
    for verdict in ORDER:
        there, here = selection.found[verdict], len(selection.of(verdict))
        text = language.text(_SHOWN[verdict], there=there, here=here)
        where = language.text("{file} has all of them.", file=f"{verdict}.csv")
        all_of_them = where if "results.csv" in data.tables else ""
        sentences[verdict.value] = "" if here == there else join_sentences(language, text, all_of_them)
    return sentences
