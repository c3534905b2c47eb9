"""by-owner/index.csv against the ledger and the folder. Rule: it names every account manager, with a file where there is
something to act on, and adds up to the whole.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from auditor.core.model import Verdict
from auditor.core.presentation import Packs
from auditor.core.results import Ledger
from auditor.errors import IncompleteError
from auditor.report.files import PACKS
from auditor.report.workbook.packs import COLUMNS, INDEX
from auditor.report.written import csv_file


@dataclass(frozen=True, slots=True)
class Pack:
    """A line of the index; `file` is the way from the run's folder, empty where there is none."""

    file: str
    rows: int


def check_index(run: Path, files: Collection[str], ledger: Ledger, packs: Packs) -> dict[str, Pack]:
    """Compares the index; gives its lines by account manager.

    Args:
        run: the run's folder.
        files: those of the packs that the manifest lists, the index among them.
        ledger: of the records.
        packs: who gets a workbook.

    Raises:
        IncompleteError: a count is not what was counted; a file is missing, or one too many.
        OSError, ValueError, csv.Error: the index is damaged.
    """
    counted: dict[str, dict[Verdict, int]] = {}
    for count in ledger.owners:
        counted.setdefault(count.owner or "", {})[count.verdict] = count.rows
    named = bool(counted.keys() - {""})
    if named != (INDEX in files):
        raise IncompleteError(f"{INDEX}: {'is missing' if named else 'stands there'}, where {len(counted)} own rows")
    if not named:
        return {}
    header, *lines = csv_file(run / INDEX)
    if header != COLUMNS:
        raise IncompleteError(f"{INDEX}: columns {header}, where there must be {COLUMNS}")
    found: dict[str, Pack] = {}
    for owner, file, *counts in lines:
        name = owner or ""
        wanted = [counted.get(name, {}).get(verdict, 0) for verdict in Verdict]
        if name in found or [int(count or 0) for count in counts[:-1]] != [sum(wanted), *wanted]:
            raise IncompleteError(f"{INDEX}, {name!r}: {counts[:-1]}, where {[sum(wanted), *wanted]} were counted")
        acts = packs is Packs.ALL or sum(wanted) > counted[name].get(Verdict.ELIGIBLE, 0) or int(counts[-1] or 0) > 0
        if acts != bool(file):
            raise IncompleteError(
                f"{INDEX}, {name!r}: {'no' if acts else 'a'} file, where there must be {_other(acts)}"
            )
        found[name] = Pack(f"{PACKS}/{file}" if file else "", sum(wanted))
    _check_files(found, files, counted)
    return found


def _other(acts: bool) -> str:  # noqa: FBT001 - a word for it
    return "one" if acts else "none"


def _check_files(found: dict[str, Pack], files: Collection[str], counted: Collection[str]) -> None:
    if missing := sorted({*counted} - found.keys()):
        raise IncompleteError(f"{INDEX}: does not name {missing[0]!r}")
    named = [pack.file for pack in found.values() if pack.file]
    stray = sorted({*named} ^ ({*files} - {INDEX}))
    if stray or len({*named}) < len(named):
        raise IncompleteError(f"{stray[0] if stray else INDEX}: the packs are not those that {INDEX} names")
