"""The reports rendered again in a temporary folder, and compared byte for byte: they follow from rows, journal and the snapshot of
earlier runs alone, so that whatever else stands in one was put there by somebody.

It finds what the comparison of what the reports say cannot: a script or a link in the page, a formula or a hidden row in a
workbook, one key more in summary.json. It takes as long as rendering did.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.history import previous
from auditor.report.records import StoredRun
from auditor.report.render import DOCUMENTS, FORMATS, TABLES, render
from auditor.report.tables import parquet
from auditor.report.verify.errors import as_disagreement
from auditor.report.verify.manifest import read_manifest

_SOURCES = (ROWS, JOURNAL, previous.NAME)
_NOT_COMPARED = (*_SOURCES, *parquet.NAMES)
"""Parquet names the library that wrote it; its schema, metadata and every cell are compared elsewhere."""


def check_reproducible(stored: StoredRun) -> None:
    """Render a verified run again and compare every report.

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
        render(replace(stored, folder=again), _formats(listed), allowed=listed)
        rendered = read_manifest(again).files
        for one in sorted({*listed, *rendered} - {*_NOT_COMPARED}):
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
