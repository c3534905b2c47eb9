"""The reports made once more, beside the run, and compared byte for byte. Rule: a report is a function of the run's rows, its
journal and before.parquet, so that whatever else stands in one was put there by somebody.

It finds what the comparison of what the reports *say* cannot: a script or a link in the page, a formula or a hidden row in a
workbook, one key more in summary.json. It takes as long as making the reports did.
"""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from auditor.errors import IncompleteError
from auditor.report import before, parquet
from auditor.report.before import Source
from auditor.report.inventory import read_manifest
from auditor.report.recount import told_as_disagreement
from auditor.report.schema import JOURNAL, ROWS
from auditor.report.stage import render
from auditor.report.writers import DOCUMENTS, FORMATS, TABLES

_SOURCES = (ROWS, JOURNAL, before.NAME)
_NOT_COMPARED = (*_SOURCES, parquet.RESULTS)
"""Parquet names the library that wrote it; its schema, metadata and every cell are compared elsewhere."""


def check_rendering(source: Source) -> None:
    """Makes the reports of a run that has been verified again, in a folder that passes, and compares them.

    Args:
        source: the run.

    Raises:
        IncompleteError: the first file that is another one.
        OutputError: there is no room to make them.
    """
    run = source.run
    with told_as_disagreement(run), TemporaryDirectory(prefix="auditor-verify-") as name:
        listed = read_manifest(run).files
        again = Path(name) / "run"
        again.mkdir()
        for one in _SOURCES:
            if one in listed:
                _stand_in(run.resolve() / one, again / one)
        render(replace(source, run=again), _formats(listed), taken=listed)
        made = read_manifest(again).files
        for one in sorted({*listed, *made} - {*_NOT_COMPARED}):
            if listed.get(one) != made.get(one):
                raise IncompleteError(
                    f"{one}: is not what {ROWS} and {JOURNAL} lead to: it was changed, or made with other versions of "
                    "the libraries"
                )


def _stand_in(path: Path, name: Path) -> None:
    """Lets a large file be found under another name, without a copy where links may be made."""
    try:
        name.symlink_to(path)
    except (OSError, NotImplementedError):
        shutil.copyfile(path, name)


def _formats(names: Iterable[str]) -> list[str]:
    """The formats that these files are of."""
    found = [name for name, table in TABLES.items() if {*table.names}.intersection(names)]
    found += [name for name, document in DOCUMENTS.items() if any(map(document.owns, names))]
    return [name for name in FORMATS if name in found]
