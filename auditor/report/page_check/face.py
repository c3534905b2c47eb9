"""What report.html says of the run as a whole, and all the rest of it. Rule: the first disagreement ends it."""

from pathlib import Path

from auditor.core.results import Ledger, complete
from auditor.errors import IncompleteError
from auditor.report import page
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.page_check.changes import check_changes
from auditor.report.page_check.markup import Markup, read_markup
from auditor.report.page_check.records import check_records


def check_page(run: Path, inventory: Inventory, evidence: Evidence, ledger: Ledger) -> dict[str, int]:
    """Reads the page back, where there is one, and compares it.

    Returns:
        How many records it has, by its name.

    Raises:
        IncompleteError: it says something else than the run's other files.
        OSError, ValueError, KeyError, IndexError, TypeError: it cannot be read.
    """
    if page.NAME not in inventory.files:
        return {}
    markup = read_markup((run / page.NAME).read_text(encoding="utf-8"))
    _check_state(markup, evidence, ledger)
    _check_figures(markup, ledger)
    check_changes(markup, run, inventory)
    return {page.NAME: check_records(markup, run, inventory, evidence)}


def _check_state(markup: Markup, evidence: Evidence, ledger: Ledger) -> None:
    states = {"incomplete": not complete(ledger, evidence.facts), "simulated": evidence.facts.simulated}
    wanted = [word for word, true in states.items() if true]
    title = " · ".join([*(word.upper() for word in wanted), "Partner Center audit", evidence.facts.run_id])
    warned = [one.sentence for one in evidence.facts.list_warnings]
    for what, found, right in (
        ("class", markup.flags, wanted),
        ("title", markup.title, title),
        ("list of warnings", markup.list_warnings, warned),
    ):
        if found != right:
            raise IncompleteError(f"{page.NAME}: its {what} is {found!r}, where it must be {right!r}")


def _check_figures(markup: Markup, ledger: Ledger) -> None:
    for count in ledger.by_verdict():
        told, counted = markup.figures[count.verdict], {"customers": str(count.customers), "rows": str(count.rows)}
        if told != counted:
            raise IncompleteError(f"{page.NAME}: {count.verdict} are {told}, where {counted} were counted")
