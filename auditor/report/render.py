"""Render every report of a run from its folder: tables, documents, summary, and manifest.json last.

Where there is a manifest, every file that it lists is of one rendering: it is removed before the first file is replaced, and
reports that this rendering does not make are removed with it.
"""

import ctypes
import json
import sys
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import msgspec
import pyarrow as pa
import pyarrow.parquet

from auditor.core.results import Ledger, counts_as_complete
from auditor.errors import SettingsError
from auditor.journal import JOURNAL, ROWS
from auditor.report import page, workbook
from auditor.report.data import RunData, load
from auditor.report.files import Entry, Staging, measure
from auditor.report.history import HistoryFile, changes, previous
from auditor.report.notes import NAME as NOTES
from auditor.report.notes import Notes, encode_notes
from auditor.report.records import StoredRun
from auditor.report.schema import (
    MANIFEST,
    SCHEMA_VERSION,
    from_pandas,
    number_columns,
    own_columns,
    own_names,
    results_schema,
)
from auditor.report.tables import csv, parquet, summary

UNLISTED = "unlisted.csv"


@dataclass(frozen=True, slots=True)
class Table:
    """A format of the results for programs.

    Attributes:
        names: the files that it makes.
        write: writes them.
        typed: whether it has numbers, so that it gets those of the columns that are added up.
    """

    names: tuple[str, ...]
    write: Callable[[pa.Table, Staging], None]
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A format for people.

    Attributes:
        owns: whether a file (its path from the run's folder) is one that this format makes.
        write: writes all of its files.
    """

    owns: Callable[[str], bool]
    write: Callable[[RunData, Staging], None]


TABLES: Mapping[str, Table] = MappingProxyType(
    {"parquet": Table(parquet.NAMES, parquet.write_results, typed=True), "csv": Table(csv.NAMES, csv.write_results)}
)
DOCUMENTS: Mapping[str, Document] = MappingProxyType(
    {"xlsx": Document(workbook.owns, workbook.write), "html": Document(page.owns, page.write)}
)
FORMATS = (*TABLES, *DOCUMENTS)
"""What `render` takes as formats."""


def render(  # noqa: PLR0913 - a run, and what is not in its folder yet
    stored: StoredRun,
    formats: Collection[str],
    history: HistoryFile | None = None,
    allowed: Container[str] | None = None,
    *,
    notes: Notes | None = None,
    kept: Callable[[Path], object] = lambda _path: None,
) -> Ledger:
    """Write every report of a run, the manifest last.

    Args:
        stored: the run.
        formats: which of FORMATS to write; the summary is always written.
        history: gets the run's record for the history.
        allowed: as of `Staging`.
        notes: what people typed into the workbooks, to be stored as notes.jsonl; None for what is stored.
        kept: receives the new name of each workbook that was not replaced, because somebody changed it or has it open.

    Raises:
        SettingsError: an unknown format.
        IncompleteError: rows.jsonl or the journal are damaged, or not of one run.
        OutputError: a file cannot be read or written; no half-written file is left.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such format", f"choose from {', '.join(FORMATS)}")
    chosen = [name for name in FORMATS if name in formats]
    with system_allocator(), Staging(stored.folder, allowed) as staging:
        data = load(stored, notes)
        data = replace(data, tables=tuple(TABLES[name].names[0] for name in TABLES if name in chosen))
        if history:
            history.write(data.results, complete=counts_as_complete(data.ledger, data.facts))
        _write_tables(data, chosen, staging)
        if notes:
            file = staging.create(NOTES)
            file.write(encode_notes(notes))
            file.records = len(notes)
        for name in (name for name in chosen if name in DOCUMENTS):
            DOCUMENTS[name].write(data, staging)
        outdated = _outdated(stored.folder, chosen) + ([NOTES] if notes is not None else [])
        try:
            entries = staging.publish(outdated)
        finally:
            for path in staging.kept:
                kept(path)
    sources = [one for one in _sources(stored, data) if one.name not in {entry.name for entry in entries}]
    write_manifest(stored.folder, data.facts.run_id, [*entries, *sources])
    return data.ledger


class Manifest(msgspec.Struct):
    """What belongs to a run: manifest.json, written after all other files. Without it, a rendering was not finished.

    Attributes:
        schema_version: Version of the run's tables, summary.json and manifest.json.
        run_id: Of the run; in the folder of a fleet's round, of the round.
        files: Every file of the run except manifest.json, by name.
    """

    schema_version: int
    run_id: str
    files: list[Entry]


@contextmanager
def system_allocator() -> Iterator[None]:
    """Let Arrow use the C library's allocator, and give back to the system what was freed before: a fifth less at the peak."""
    release_freed_memory()
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def release_freed_memory() -> None:
    """Give freed memory back to the system, as glibc does not of its own; after a million rows, 500 MiB in 0.05 s."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # Alpine Linux has another C library, without it
        if trim:
            trim(0)


def _write_tables(data: RunData, chosen: Collection[str], staging: Staging) -> None:
    results = results_table(data)
    for name in (name for name in chosen if name in TABLES):
        TABLES[name].write(_with_numbers(results, data) if TABLES[name].typed else results, staging)
    summary.write_summary(data, staging)
    if data.unlisted is not None:
        csv.write(data.unlisted, staging.create(UNLISTED))
    if data.changes:
        csv.write(data.changes.table, staging.create(changes.CSV))


def results_table(data: RunData) -> pa.Table:
    """`results` as programs get it: the declared columns, the lists' own by their names."""
    schema = results_schema(data.facts.columns)
    own = own_columns(len(data.facts.columns))
    fixed = schema.names[: len(schema.names) - len(own)]
    named = pa.schema([field.with_name(name) for field, name in zip(schema, [*fixed, *own], strict=True)])
    return from_pandas(data.results, named).rename_columns(schema.names).cast(schema)


def _with_numbers(results: pa.Table, data: RunData) -> pa.Table:
    """`results` with the numbers of the columns that are added up, as `core.results.money` reads them."""
    names = own_names(data.facts.columns)
    for column, field in number_columns(data.facts.columns, data.facts.presentation.sums).items():
        of_run = next(one for one in data.sums if one.column == column)
        texts = results[names[column]].combine_chunks().dictionary_encode()
        numbers = [None if text is None else of_run.number(text) for text in texts.dictionary.to_pylist()]
        values = pa.array([None if one is None else float(one) for one in numbers], pa.float64())
        results = results.append_column(field, values.take(texts.indices))
    return results


def _outdated(run: Path, chosen: Iterable[str]) -> list[str]:
    """The manifest, and reports of earlier renderings; files of this rendering replace theirs afterwards."""
    documents = [
        name
        for name in (path.relative_to(run).as_posix() for path in run.rglob("*") if not path.is_dir())
        if any(document.owns(name) for document in DOCUMENTS.values())
    ]
    tables = (name for other, table in TABLES.items() if other not in chosen for name in table.names)
    return [MANIFEST, UNLISTED, changes.CSV, *documents, *tables]


def _sources(stored: StoredRun, data: RunData) -> Iterator[Entry]:
    """Manifest entries of the files that the reports are rendered from."""
    run = stored.folder
    yield replace(data.rows_file, name=ROWS)
    if data.facts.baseline and data.facts.baseline.digest:
        records = pyarrow.parquet.read_metadata(run / previous.NAME).num_rows
        yield replace(measure(run / previous.NAME), records=records)
    if data.logo:
        yield replace(measure(run / data.logo.name), records=1)
    for name in (name for name in (JOURNAL, NOTES) if (run / name).exists()):
        yield measure(run / name)


def write_manifest(run: Path, run_id: str, entries: Iterable[Entry]) -> None:
    """Write manifest.json: name, size, SHA-256 and record count of each file.

    Raises:
        OutputError: it cannot be written.
    """
    document = Manifest(SCHEMA_VERSION, run_id, sorted(entries, key=lambda entry: entry.name))
    with Staging(run) as staging:
        staging.create(MANIFEST).write(json.dumps(msgspec.to_builtins(document), indent=2).encode() + b"\n")
        staging.publish()
