"""A workbook for each account manager, and the index of them. Rule: index.csv names every account manager with their counts,
whether they have a workbook or not, so that it adds up to the whole.
"""

from collections.abc import Callable

from auditor.core.model import Verdict
from auditor.core.presentation import Packs
from auditor.core.results import Ledger
from auditor.report import csv
from auditor.report.files import PACKS, Sink, Staging
from auditor.report.told import Told
from auditor.report.workbook.names import file_names
from auditor.report.workbook.share import Share, owned, since
from auditor.report.workbook.spool import Spool

INDEX = f"{PACKS}/index.csv"
COLUMNS = ("owner", "file", "rows", "eligible", "blocked", "undetermined", "changed")
"""Of index.csv: `file` is empty where the account manager has no workbook; `changed` are customers for whom something
changed since the baseline run, empty where there is none.
"""


def row_counts(ledger: Ledger) -> dict[str, int]:
    """Rows by account manager; nothing where no row has one, because then there is nobody to divide the run between."""
    counts: dict[str, int] = {}
    for count in ledger.owners:
        counts[count.owner or ""] = counts.get(count.owner or "", 0) + count.rows
    return counts if counts.keys() - {""} else {}


def write_packs(told: Told, spool: Spool, staging: Staging, make: Callable[[Share, Sink], None]) -> dict[str, str]:
    """Writes the workbooks and the index; gives the way to the workbook of each account manager who has one.

    Args:
        told: of the run.
        spool: holds its records.
        staging: where they go.
        make: writes a workbook.

    Raises:
        OutputError: one of them cannot be written.
    """
    ways: dict[str, str] = {}
    lines: dict[str, bytes] = {}
    names = file_names(row_counts(told.ledger), lambda name: staging.takes(f"{PACKS}/{name}"))
    for owner, tables in spool.shares():
        share = owned(told, owner, tables)
        found = since(share)
        if _acting(told, share, changed=found.changed if found else 0):
            ways[owner] = f"{PACKS}/{names[owner]}"
            sink = staging.create(ways[owner])
            make(share, sink)
            sink.finish()
        counts = [share.ledger.rows_of(verdict) for verdict in Verdict]
        changed = "" if found is None else found.changed
        lines[owner] = csv.line([owner, names[owner] if owner in ways else "", share.ledger.rows, *counts, changed])
    index = staging.create(INDEX)
    index.write(csv.line(COLUMNS) + b"".join(lines[owner] for owner in sorted(lines)))
    index.records = len(lines)
    return ways


def _acting(told: Told, share: Share, *, changed: int) -> bool:
    """Whether there is something to do, or all were asked for."""
    open_rows = share.ledger.rows_of(Verdict.BLOCKED) + share.ledger.rows_of(Verdict.UNDETERMINED)
    return told.facts.presentation.packs is Packs.ALL or bool(open_rows or changed)
