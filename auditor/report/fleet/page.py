"""fleet.html: partners, blocked customers and those not verified, in one file, offline, without a script."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from auditor.core.language import Language
from auditor.core.model import Verdict
from auditor.core.results import UNDER_REVIEW, VERDICTS, Amounts, CaseGroup, describe_unparsed, group_name, list_amounts
from auditor.core.text import as_sentence, join_sentences
from auditor.report import page as report_page
from auditor.report.files import AtomicFile
from auditor.report.fleet.people import RowsForPeople, add_at_risk
from auditor.report.fleet.summary import FleetSummary, PartnerSummary, describe_incomplete
from auditor.report.page import MOST_OF_VERDICT, content_policy, open_template, rows, style_sheet
from auditor.report.page.selection import ORDER

NAME = "fleet.html"
_STYLE = """
#by-partner thead th { width: auto; } #by-partner thead .m { font-size: .8125rem; } #by-partner thead :first-child { width: 14%; } #by-partner .m { padding-inline: .25rem .75rem; } #by-partner td.m { white-space: pre-line; }
.cases:not(#by-partner) thead .m:nth-child(2) { width: 6.5rem; } #by-partner thead :last-child { width: 26%; }
#action h3 { margin: 1rem 0 .5rem; } #by-partner td:last-child { color: var(--ink); } #by-partner td:last-child::before { content: none; }
@media screen and (max-width: 46rem) {
  #by-partner td.m:nth-child(n) { display: inline-block; } .cases:not(#by-partner) td:nth-child(3):not(.m)::before { content: var(--manager) ": "; }
}
"""
"""Beside the style of report.html. Cells of the class `m` have their own labels on a phone."""


def write(summary: FleetSummary, people: RowsForPeople, file: AtomicFile) -> None:
    """Write the page; the same summary and rows give the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    language = people.language
    style = style_sheet(language) + _STYLE
    flags = {"incomplete": not summary.complete, "simulated": summary.simulated}
    words = {"incomplete": language.text("INCOMPLETE"), "simulated": language.text("SIMULATED")}
    blocked, undetermined = (people.of(verdict).head(MOST_OF_VERDICT) for verdict in ORDER[:2])
    document = {
        "language": language.code,
        "text": language.text,
        "count": language.count,
        "number": language.number,
        "style": Markup(style),  # noqa: S704 - a file of the package
        "policy": content_policy(style, ""),
        "flags": [name for name, is_set in flags.items() if is_set],
        "flag_words": [words[name] for name, is_set in flags.items() if is_set],
        "round": summary,
        "time": language.time(summary.started_at),
        "nothing": {one.value: people.describe_none(one, complete=summary.complete) for one in ORDER[:2]},
        "state": as_sentence(describe_incomplete(summary.states, language), language)
        or language.text("The audit of every partner ended with a complete run."),
        "cards": [_card(summary, verdict, language) for verdict in ORDER],
        "known": len(people.partners),
        "new": people.new,
        "compared": sum(one.new is not None for one in people.partners.values()),
        "at_risk": [(column, _at_risk(*found, language)) for column, found in people.at_risk().items()],
        "partners": [_partner(one, people) for one in summary.partners],
        "columns": [*people.at_risk()],
        "first": _first(blocked, people),
        "groups": [_group(group, blocked, people) for group in CaseGroup],
        "rule": language.text(UNDER_REVIEW),
        "unverified": [*_unverified(summary, undetermined, language)],
        "left_out": {
            "blocked": people.describe_left_out(Verdict.BLOCKED, len(blocked)),
            "undetermined": people.describe_left_out(Verdict.UNDETERMINED, len(undetermined)),
        },
    }
    file.write(open_template("fleet").render(document).encode())
    file.records = len(summary.partners)


def _card(summary: FleetSummary, verdict: Verdict, language: Language) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "label": language.text(VERDICTS[verdict].name),
        "meaning": language.text(VERDICTS[verdict].meaning),
        "customers": getattr(summary.ledger.customers, verdict),
    }


def _partner(one: PartnerSummary, people: RowsForPeople) -> dict[str, Any]:
    """A partner with its counts; None for what is not known."""
    language, known = people.language, people.partners.get(one.partner)
    found = add_at_risk(known.at_risk) if known else {}
    count = one.ledger.customers if one.ledger else None
    return {
        "name": one.partner,
        "href": quote(f"../../{one.folder}/{report_page.NAME}") if known and known.has_page else "",
        "complete": one.complete,
        "note": as_sentence(people.notes.get(one.partner, ""), people.language),
        "new": known.new if known else None,
        "at_risk": [
            _at_risk(*found[column], language) if column in found else [] if known else None
            for column in people.at_risk()
        ],
        **{name: getattr(count, name) if count else None for name in ("blocked", "undetermined", "eligible", "listed")},
    }


def _at_risk(amounts: Amounts, unparsed: int, language: Language) -> list[str]:
    """A sum for people: a line for each currency, and one for the rows that could not be read."""
    return [*list_amounts(amounts, language), *([f"({describe_unparsed(unparsed, language)})"] if unparsed else [])]


def _group(group: CaseGroup, blocked: pd.DataFrame, people: RowsForPeople) -> dict[str, Any]:
    cases, language = blocked[blocked["group"] == group.value], people.language
    # partners have different days of their last audits
    label = language.text("Newly blocked") if group is CaseGroup.NEW else group_name(group, language)
    return {"id": group.value, "label": label, "count": people.groups[group], "rows": [*_cases(cases, people)]}


def _first(blocked: pd.DataFrame, people: RowsForPeople) -> dict[str, Any] | None:
    """What to do first: the first blocked customer with its advice; None where nobody is blocked."""
    language = people.language
    for row in _cases(blocked.head(1), people):
        return {
            "name": f"{row['partner']}, {rows.customer_name(row)}",
            "amounts": [" + ".join(amounts) for amounts in row["amounts"] if amounts],
            "text": join_sentences(language, as_sentence(row["label"], language), row["step"]),
        }
    return None


def _cases(cases: pd.DataFrame, people: RowsForPeople) -> Iterator[dict[str, Any]]:
    """The rows of blocked customers, each with its partner."""
    money = {column: f"amounts.{place}" for place, column in enumerate(people.at_risk())}
    shown = cases.assign(begun=cases["blocked_since"], days=cases["days_blocked"])
    for column, name in money.items():
        shown[name] = pd.Series([one.get(column, {}) for one in cases["amounts"]], cases.index, dtype=object)
    for row, partner in zip(rows.case_rows(shown, {}, money, "", people.language), cases["partner"], strict=True):
        yield row | {"partner": partner}


def _unverified(summary: FleetSummary, records: pd.DataFrame, language: Language) -> Iterator[dict[str, Any]]:
    """The rows that are not verified, by partner and reason."""
    for one in summary.partners:
        counts = {count.reason.value: language.count("{n} row", "{n} rows", count.rows) for count in one.reasons}
        own = records[records["partner"] == one.partner]
        for group in rows.undetermined_groups(own, counts, language):
            yield group | {"label": f"{one.partner} · {group['label']}"}
