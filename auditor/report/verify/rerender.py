"""Render the reports again in a temporary folder and compare them byte for byte.

Reports follow from rows, journal and the snapshot of earlier runs alone, so any difference was put in later. This finds what the other
checks cannot: a script or a link in the page, a formula or a hidden row in a workbook, an additional key in summary.json. It takes as
long as rendering did.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor.core.house_style import LOGO_NAMES
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.history import changes, previous
from auditor.report.notes import NAME as NOTES
from auditor.report.records import StoredRun
from auditor.report.render import DOCUMENTS, FORMATS, TABLES, UNLISTED, render
from auditor.report.tables import csv, parquet
from auditor.report.verify.errors import as_disagreement
from auditor.report.verify.manifest import read_manifest

_SOURCES = (ROWS, JOURNAL, previous.NAME, NOTES, *LOGO_NAMES)
_NOT_COMPARED = (*_SOURCES, *parquet.NAMES)
"""Parquet names the library that wrote it; its schema, metadata and every cell are compared elsewhere."""
_RECORDS = frozenset({*csv.NAMES, changes.CSV, UNLISTED})


def check_reproducible(stored: StoredRun, *, records_only: bool = False) -> None:
    """Render a verified run again and compare every report.

    Args:
        stored: the run.
        records_only: compare only CSV files of records, which have the same bytes in every version with the same schema version.

    Raises:
        IncompleteError: the first file that differs.
        OutputError: there is no room to render.
    """
    run = stored.folder
    with as_disagreement(run), TemporaryDirectory(prefix="auditor-verify-") as name:
        listed = read_manifest(run).files
        again = Path(name) / "run"
        again.mkdir()
        for source in _SOURCES:
            if source in listed:
                _link(run.resolve() / source, again / source)
        formats = [name for name in _formats(listed) if name in TABLES or not records_only]
        render(replace(stored, folder=again), formats, allowed=listed)
        rendered = read_manifest(again).files
        compared = _RECORDS if records_only else {*listed, *rendered} - {*_NOT_COMPARED}
        for one in sorted(compared):
            if listed.get(one) != rendered.get(one):
                raise IncompleteError(
                    f"{one}: is not what {ROWS} and {JOURNAL} lead to: it was changed, or made with other versions of "
                    "the libraries"
                )


def _link(path: Path, name: Path) -> None:
    """Make a file available under another name, without a copy where links are possible."""
    try:
        name.symlink_to(path)
    except (OSError, NotImplementedError):
        shutil.copyfile(path, name)


def _formats(names: Iterable[str]) -> list[str]:
    """The formats that these files are of."""
    found = [name for name, table in TABLES.items() if {*table.names}.intersection(names)]
    found += [name for name, document in DOCUMENTS.items() if any(map(document.owns, names))]
    return [name for name in FORMATS if name in found]
