"""What a notebook shows of a run: its state, customers by verdict, and the first blocked customers.

HTML without colours, scripts or outside resources, so that it can be read on any background. Every text is escaped.
"""

from collections.abc import Iterator
from html import escape

from auditor.core.model import Reason, Verdict
from auditor.core.text import count_noun
from auditor.report.data import RunData
from auditor.report.page.wording import label
from auditor.report.remarks import day_of_baseline, note, sentence
from auditor.report.schema import to_arrow

SHOWN = 10
"""Blocked customers in the table."""
_ORDER = (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)


def notebook_html(data: RunData) -> str:
    """The HTML of a run."""
    simulated = " (simulated)" if data.facts.simulated else ""
    return "".join(
        [
            f"<div><p><b>Partner Center audit {escape(data.facts.run_id)}</b>{simulated}</p>",
            *(f"<p>{escape(text)}</p>" for text in _sentences(data)),
            *_blocked(data),
            "</div>",
        ]
    )


def _sentences(data: RunData) -> Iterator[str]:
    counts = [f"{label(verdict).lower()} {data.ledger.customers_of(verdict):,}" for verdict in _ORDER]
    yield sentence(note(data))
    yield f"{count_noun(data.ledger.customers, 'customer')}: {', '.join(counts)}."
    if data.changes:
        newly_blocked = count_noun(data.changes.counts.newly_blocked_count, "customer")
        yield f"{newly_blocked} newly blocked since {day_of_baseline(data.changes, data)}."


def _blocked(data: RunData) -> Iterator[str]:
    """The table of blocked customers; nothing where there are none."""
    blocked = data.results[data.results["first_row"] & (data.results["verdict"] == Verdict.BLOCKED.value)]
    if blocked.empty:
        return
    yield "<table><thead><tr><th>Blocked customer</th><th>Domain</th><th>Status</th><th>Days in status</th></tr></thead>"
    names = ("company_name", "domain", "reason", "days_in_status", "customer_id")
    first = (to_arrow(blocked[name].head(SHOWN)).to_pylist() for name in names)
    for company, domain, reason, days, customer_id in zip(*first, strict=True):
        cells = (company or customer_id, domain or "", label(Reason(reason)), "" if days is None else f"{days:,}")
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</table>"
    if len(blocked) > SHOWN:
        yield f"<p>{len(blocked) - SHOWN:,} more are blocked.</p>"
