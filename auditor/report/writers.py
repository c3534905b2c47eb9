"""Names -> writers, and the run folder's own book-keeping. Rule: manifest.json is written last, `latest` moves after it.

Where there is a manifest, every file it lists is of one rendering: it is removed before the first file is replaced, and
reports that this rendering does not make are removed with it, so that no folder holds files of two states of a run.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa

from auditor.core.text import typed
from auditor.errors import OutputError
from auditor.report import csv, page, parquet, workbook
from auditor.report.files import Entry, Sink, Staging, sync_folder
from auditor.report.schema import MANIFEST, SCHEMA_VERSION
from auditor.report.told import Told

LATEST = "latest"

Write = Callable[[pd.DataFrame], None]


@dataclass(frozen=True, slots=True)
class Table:
    """A format of the results for programs, written while the records stream by.

    Attributes:
        names: the files it makes.
        writing: opens them: (schema, how to create a file) -> a context that gives the function to write a frame with.
    """

    names: tuple[str, ...]
    writing: Callable[[pa.Schema, Callable[[str], Sink]], AbstractContextManager[Write]]


@dataclass(frozen=True, slots=True)
class Document:
    """A format for people, made when the ledger is counted.

    Attributes:
        owns: whether a file (by its way from the run's folder) is one that this format makes.
        write: makes all of its files.
    """

    owns: Callable[[str], bool]
    write: Callable[[Told, Staging], None]


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        "parquet": Table(parquet.NAMES, parquet.writing),
        "csv": Table(csv.NAMES, csv.writing),
    }
)
DOCUMENTS: Mapping[str, Document] = MappingProxyType(
    {"xlsx": Document(workbook.owns, workbook.write), "html": Document(page.owns, page.write)}
)
FORMATS = (*TABLES, *DOCUMENTS)
"""What `render` takes as formats."""


def write_manifest(run: Path, run_id: str, entries: Iterable[Entry]) -> None:
    """Writes manifest.json: name, size, SHA-256 and record count of each file.

    Raises:
        OutputError: it cannot be written.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "files": [asdict(entry) for entry in sorted(entries, key=lambda entry: entry.name)],
    }
    with Staging(run) as staging:
        staging.create(MANIFEST).write(json.dumps(document, indent=2).encode() + b"\n")
        staging.publish()


def point_latest(reports: Path, run_id: str, name: str = LATEST) -> None:
    """Lets `<reports>/latest`, or another name, lead to the run: a relative link, or a text file with the run-id where links are refused.

    Raises:
        OutputError: neither can be written.
    """
    latest = reports / name
    if not latest.is_symlink() and latest.is_dir():
        raise OutputError(
            f"{latest} is a folder, where a link to the newest complete run belongs",
            f"the reports are whole; move that folder away, then: auditor report {typed(reports / run_id)}",
        )
    try:
        _link(latest, run_id)
    except (OSError, NotImplementedError):
        # Windows without the right to make links, and some network shares
        try:
            with Staging(reports) as staging:
                staging.create(name).write(f"{run_id}\n".encode())
                staging.publish()
        except OutputError as error:
            run = reports / run_id
            raise OutputError(
                error.message, f"the reports are whole; fix the cause, then: auditor report {typed(run)}"
            ) from error
    sync_folder(reports)


def _link(link: Path, target: str) -> None:
    part = link.with_name(f".{link.name}.part")
    part.unlink(missing_ok=True)
    try:
        part.symlink_to(target, target_is_directory=True)
        part.replace(link)
    finally:
        part.unlink(missing_ok=True)
