"""A workbook for each account manager, and index.csv, which names every account manager with their counts, whether they have a
workbook or not, so that it adds up to the whole.
"""

from collections.abc import Callable

from auditor.core.model import Verdict
from auditor.core.presentation import Packs
from auditor.report2.files import PACKS, AtomicFile, Staging
from auditor.report2.tables import csv
from auditor.report2.workbook.owner_names import file_names
from auditor.report2.workbook.subset import Subset, for_owner

INDEX = f"{PACKS}/index.csv"
COLUMNS = ("owner", "file", "rows", "eligible", "blocked", "undetermined", "changed")
"""Of index.csv: `file` is empty where the account manager has no workbook; `changed` are customers for whom something
changed since the baseline run, empty where there is none.
"""


def write_by_owner(run: Subset, staging: Staging, write: Callable[[Subset, AtomicFile], None]) -> dict[str, str]:
    """Write the workbooks and the index, where the lists name account managers.

    Args:
        run: the whole run.
        staging: where they go.
        write: writes a workbook.

    Returns:
        The path of the workbook of each account manager who has one.

    Raises:
        OutputError: one of them cannot be written.
    """
    owners = run.results["owner"].fillna("")
    if not (owners != "").any():
        return {}
    names = file_names(owners.unique())
    paths: dict[str, str] = {}
    lines = []
    for owner, results in run.results.groupby(owners, sort=True):
        subset = for_owner(run, owner, results)
        delta = subset.delta
        if _has_workbook(subset):
            paths[owner] = f"{PACKS}/{names[owner]}"
            file = staging.create(paths[owner])
            write(subset, file)
            file.finish()
        counts = [subset.ledger.rows_of(verdict) for verdict in Verdict]
        changed = "" if delta is None else delta.changed
        lines.append(csv.line([owner, names[owner] if owner in paths else "", subset.ledger.rows, *counts, changed]))
    index = staging.create(INDEX)
    index.write(csv.line(COLUMNS) + b"".join(lines))
    index.records = len(lines)
    return paths


def _has_workbook(subset: Subset) -> bool:
    """Whether there is something to do, or all were asked for."""
    open_rows = subset.ledger.rows_of(Verdict.BLOCKED) + subset.ledger.rows_of(Verdict.UNDETERMINED)
    changed = subset.delta.changed if subset.delta else 0
    return subset.data.facts.presentation.packs is Packs.ALL or bool(open_rows or changed)
