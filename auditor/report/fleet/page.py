"""fleet.html: partners, blocked customers and those not verified, in one file, offline, without a script."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from markupsafe import Markup

from auditor.core.language import ENGLISH
from auditor.core.model import Reason, Verdict
from auditor.core.results import REASONS, UNDER_REVIEW, VERDICTS, advice
from auditor.core.text import as_sentence
from auditor.report.files import AtomicFile
from auditor.report.fleet.people import RowsForPeople
from auditor.report.fleet.summary import FleetSummary
from auditor.report.page import MOST_OF_VERDICT, content_policy, open_template, style_sheet
from auditor.report.page.selection import ORDER

NAME = "fleet.html"
_STYLE = """
@media screen { #by-partner { min-width: 56rem; } #all-blocked, #not-verified { min-width: 68rem; } }
#all-blocked td:nth-of-type(n+4):nth-of-type(-n+6) { white-space: nowrap; }
"""
"""Beside the style of report.html: wide tables scroll on a small screen, and dates are not broken."""
_USED = (
    *("partner", "customer_id", "raw_id", "company_name", "domain", "owner", "reason", "status", "days_in_status"),
    *("blocked_since", "days_blocked", "last_update", "request_id", "source_file", "source_row"),
)


def write(summary: FleetSummary, people: RowsForPeople, file: AtomicFile) -> None:
    """Write the page; the same summary and rows give the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    style = style_sheet(ENGLISH) + _STYLE
    document = {
        "style": Markup(style),  # noqa: S704 - a file of the package
        "policy": content_policy(style, ""),
        "flags": [
            name for name, is_set in (("incomplete", not summary.complete), ("simulated", summary.simulated)) if is_set
        ],
        "round": summary,
        "state": as_sentence(summary.note.partition(": ")[2])
        or "The audit of every partner ended with a complete run.",
        "cards": [_card(summary, verdict) for verdict in ORDER],
        "known": sum(one.ledger is not None for one in summary.partners),
        "rule": UNDER_REVIEW,
        **{verdict.value: _table(people, verdict) for verdict in (Verdict.BLOCKED, Verdict.UNDETERMINED)},
    }
    file.write(open_template("fleet").render(document).encode())
    file.records = len(summary.partners)


def _card(summary: FleetSummary, verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "label": VERDICTS[verdict].name,
        "meaning": VERDICTS[verdict].meaning,
        "customers": getattr(summary.ledger.customers, verdict),
        "rows": getattr(summary.ledger.rows, verdict),
    }


def _table(people: RowsForPeople, verdict: Verdict) -> dict[str, Any]:
    rows = people.of(verdict).head(MOST_OF_VERDICT)
    return {"rows": _rows(rows), "left_out": people.describe_left_out(verdict, len(rows))}


def _rows(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in pa.Table.from_pandas(rows[[*_USED]], preserve_index=False).to_pylist():
        reason = Reason(row["reason"])
        days = {name: f"{row[name]:%Y-%m-%d}" if row[name] else "" for name in ("blocked_since", "last_update")}
        shown = {"id": row["customer_id"] or row["raw_id"], "label": REASONS[reason].name}
        step = advice(reason, row["days_in_status"], ENGLISH) if reason.verdict is Verdict.BLOCKED else ""
        yield {**row, **days, **shown, "step": step}
