"""What a notebook shows of a run: its state, customers by verdict, and the first blocked customers.

HTML without colours, scripts or outside resources, so that it can be read on any background. Every text is escaped.
"""

from collections.abc import Iterator
from html import escape

from auditor.core.language import message
from auditor.core.model import Reason, Verdict
from auditor.core.results import REASONS, VERDICTS
from auditor.core.text import as_sentence
from auditor.report.data import RunData
from auditor.report.remarks import day_of_last_audit, note
from auditor.report.schema import to_arrow

SHOWN = 10
"""Blocked customers in the table."""
_HEADS = (message("Blocked customer"), message("Domain"), message("Status"), message("Days in status"))
_SIMULATED = message("simulated")
_ORDER = (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)


def notebook_html(data: RunData) -> str:
    """The HTML of a run."""
    language = data.language
    simulated = f" ({escape(language.text(_SIMULATED))})" if data.facts.simulated else ""
    title = language.text("Partner Center audit")
    return "".join(
        [
            f"<div><p><b>{escape(title)} {escape(data.facts.run_id)}</b>{simulated}</p>",
            *(f"<p>{escape(text)}</p>" for text in _sentences(data)),
            *_blocked(data),
            "</div>",
        ]
    )


def _sentences(data: RunData) -> Iterator[str]:
    language, ledger = data.language, data.ledger
    counts = [f"{language.text(VERDICTS[one].name)} {language.number(ledger.customers_of(one))}" for one in _ORDER]
    yield as_sentence(note(data, language), language)
    customers = language.count("{n} customer", "{n} customers", ledger.customers)
    yield f"{customers}: {', '.join(counts)}."
    if data.changes:
        yield language.count(
            "{n} customer newly blocked since the last audit ({date}).",
            "{n} customers newly blocked since the last audit ({date}).",
            data.changes.counts.newly_blocked_count,
            date=day_of_last_audit(data.changes, language),
        )


def _blocked(data: RunData) -> Iterator[str]:
    """The table of blocked customers; nothing where there are none."""
    language = data.language
    blocked = data.results[data.results["first_row"] & (data.results["verdict"] == Verdict.BLOCKED.value)]
    if blocked.empty:
        return
    heads = (language.text(text) for text in _HEADS)
    yield f"<table><thead><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr></thead>"
    names = ("company_name", "domain", "reason", "days_in_status", "customer_id")
    first = (to_arrow(blocked[name].head(SHOWN)).to_pylist() for name in names)
    for company, domain, reason, days, customer_id in zip(*first, strict=True):
        named, shown_days = language.text(REASONS[Reason(reason)].name), "" if days is None else language.number(days)
        cells = (company or customer_id, domain or "", named, shown_days)
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</table>"
    if len(blocked) > SHOWN:
        more = language.text("{n} more are blocked.", n=len(blocked) - SHOWN)
        yield f"<p>{escape(more)}</p>"
