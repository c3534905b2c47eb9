"""Verify a rendered run: every file re-read by other code than wrote it; the first disagreement is named and ends it.

1. `manifest`: the folder against manifest.json, hash by hash.
2. `recount`: results.csv and results.parquet, cell by cell, against an independent recount from rows.jsonl and journal.jsonl.
3. `tables`: the files by verdict, unlisted.csv and both summaries add up to the same ledger (`counts`).
4. `documents`: each document opens, and has the ids and verdicts of `results` in order.
5. `rerender`: all reports rendered again are the same to the byte. Only `auditor verify` does this.

`cells` has the form in which cells are compared.

Files that were changed together with their hashes still disagree with the journal, or with each other.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor import languages
from auditor.core.house_style import LOGO_NAMES
from auditor.core.results import Change, ChangeCounts, Ledger, counts_as_complete
from auditor.core.run_facts import Freshness, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.history import changes, previous
from auditor.report.notes import NAME as NOTES
from auditor.report.notes import read_notes
from auditor.report.records import UNLISTED as UNLISTED_SCHEMA
from auditor.report.records import StoredRun
from auditor.report.render import UNLISTED, release_freed_memory, system_allocator
from auditor.report.schema import FIXED, MANIFEST, SCHEMA_VERSION, fixed, number_columns, own_names, results_schema
from auditor.report.tables import csv, parquet, summary
from auditor.report.verify.cells import Cells, records_of
from auditor.report.verify.counts import count_cells, counted_of
from auditor.report.verify.documents import Expected, Shown, check_documents
from auditor.report.verify.errors import as_disagreement
from auditor.report.verify.manifest import Manifest, check_counts, check_manifest, is_document
from auditor.report.verify.recount import read_sources
from auditor.report.verify.rerender import check_reproducible
from auditor.report.verify.tables import check_numbers, check_summary, read_batches, read_csv, read_results_csv

__all__ = ["Verified", "as_disagreement", "check_reproducible", "verify_run"]

_REMOVED = (Change.GONE_FROM_LIST, Change.NOT_COMPARED)
"""What may be said of a customer that the lists no longer have."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to agree.

    Attributes:
        run: the folder.
        files: names of the files that were compared, the manifest among them.
        facts: of the run, from its journal.
        ledger: counted from the records of `results`.
        freshness: of the deciding answers.
        changes: customers by what became of them since the baseline run; None where there is none.
        reproducible: whether the reports were also rendered again, and are the same to the byte.
        schema_version: with which the reports were written.
    """

    run: Path
    files: tuple[str, ...]
    facts: RunFacts
    ledger: Ledger
    freshness: Freshness
    changes: ChangeCounts | None = None
    reproducible: bool = False
    schema_version: int = SCHEMA_VERSION

    @property
    def rows(self) -> int:
        """How many rows the lists have."""
        return self.ledger.rows

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return counts_as_complete(self.ledger, self.facts)


def verify_run(stored: StoredRun, *, strays: bool = True) -> Verified:
    """Check that a rendered run is whole and that its files agree.

    Args:
        stored: the run; of its journal only the facts are used.
        strays: whether a file that no rendering makes is a disagreement too.

    Raises:
        IncompleteError: the first disagreement.
    """
    run, facts = stored.folder, stored.facts
    with as_disagreement(run), system_allocator():
        manifest = check_manifest(run, facts, strays=strays)
        index = read_sources(run, facts)
        cells, freshness, lines = index.cells(), index.freshness(), index.lines
        others = index.unlisted() if UNLISTED in manifest.files else None
        counted = {"damaged_lines": index.damaged, "membership.unchecked": index.membership_unchecked()}
        del index  # the comparison needs its room
        _check_results(run, manifest, facts, cells)
        ledger = count_cells(cells)
        unlisted = None if others is None else _check_unlisted(run, others)
        changed = _read_changes(run, cells) if changes.CSV in manifest.files else None
        counts = None if changed is None else _count_changes(changed)
        found = {ROWS: ledger.rows, JOURNAL: lines, summary.JSON: 1, UNLISTED: unlisted or 0}
        found |= dict.fromkeys((csv.RESULTS, *parquet.NAMES), ledger.rows)
        found |= {name: ledger.rows_of(verdict) for verdict, name in csv.SPLITS.items()}
        found |= {changes.CSV: len(changed or ())}
        found |= {summary.CSV: check_summary(run, ledger, counted | _facts_of_summary(facts, ledger, unlisted, counts))}
        if previous.NAME in manifest.files:
            found[previous.NAME] = pyarrow.parquet.read_metadata(run / previous.NAME).num_rows
        found |= dict.fromkeys(manifest.files.keys() & {*LOGO_NAMES}, 1)
        found |= {NOTES: len(read_notes(run))} if NOTES in manifest.files else {}
        records = counted_of(cells) if any(map(is_document, manifest.files)) else []
        del cells  # they need room that the workbooks take when they are read
        release_freed_memory()
        states: list[Shown] = [(one["customer_id"] or "", one["verdict"] or "") for one in changed or ()]
        expected = Expected(
            run,
            facts.run_id,
            counts_as_complete(ledger, facts),
            records,
            None if changed is None else states,
            languages.load(facts.presentation.language),
        )
        if manifest.schema_version == SCHEMA_VERSION:
            found |= check_documents(expected, manifest.files)
        else:  # an earlier version had other sheets and tables; their hashes were compared
            found |= {name: one.records for name, one in manifest.files.items() if is_document(name)}
        check_counts(manifest, found)
    files = tuple(sorted([*manifest.files, MANIFEST]))
    return Verified(run, files, facts, ledger, freshness, counts, schema_version=manifest.schema_version)


def _check_results(run: Path, manifest: Manifest, facts: RunFacts, wanted: pa.Table) -> None:
    """Compare each record of `results`, in each format alike, with what it must say."""
    version, (parquet_name,) = manifest.schema_version, parquet.NAMES
    schema = results_schema(facts.columns, version)
    shown = (wanted if version == SCHEMA_VERSION else _in_version(wanted, version)).rename_columns(schema.names)
    numbers = _check_numbers(run / parquet_name, facts) if parquet_name in manifest.files else ()
    for name, tables in (
        (csv.RESULTS, read_results_csv(run, shown, schema)),
        (parquet_name, read_batches(run / parquet_name, numbers)),
    ):
        if name in manifest.files:
            with closing(tables):
                first = next(tables)
                _check_header(name, tuple(first.column_names), tuple(schema.names))
                if name == parquet_name and not first.schema.equals(schema, check_metadata=True):
                    raise IncompleteError(f"{name}: not of the declared types, or without their version")
                _compare(name, tables, shown)


def _check_numbers(path: Path, facts: RunFacts) -> tuple[str, ...]:
    """Check the columns of numbers of results.parquet; returns their names, none where an earlier version wrote it."""
    names, found = own_names(facts.columns), pyarrow.parquet.read_schema(path)
    fields = number_columns(facts.columns, facts.presentation.sums)
    numbers = {names[column]: field.name for column, field in fields.items()}
    if not {*numbers.values()} & {*found.names}:
        return ()
    if [*found][len(found) - len(numbers) :] != [*fields.values()]:
        raise IncompleteError(f"{path.name}: not of the declared types, or without their version")
    check_numbers(path, numbers)
    return tuple(numbers.values())


def _in_version(wanted: pa.Table, version: int) -> pa.Table:
    """The records as an earlier schema version has them; version 1 has the text of an invalid id in `customer_id`."""
    kept = [field.name for field in fixed(version)]
    columns = dict(zip(wanted.column_names, wanted.columns, strict=True))
    if version == 1:
        columns["customer_id"] = pc.coalesce(wanted["raw_id"], wanted["customer_id"])
    return pa.table({name: columns[name] for name in [*kept, *wanted.column_names[len(FIXED) :]]})


def _compare(name: str, tables: Iterator[pa.Table], wanted: pa.Table) -> None:
    """Compare a file's records, some at a time, with what they must say."""
    at = 0
    for found in tables:
        right = wanted.slice(at, found.num_rows)
        if not all(map(_is_equal, found.columns, right.columns)):
            for number, (cells, correct) in enumerate(zip_longest(records_of(found), records_of(right)), at + 1):
                if cells != correct:
                    raise _disagreement(f"{name}, row {number}", cells, correct, wanted.column_names)
        at += found.num_rows
    if at < wanted.num_rows:
        raise _disagreement(f"{name}, row {at + 1}", None, (), wanted.column_names)


def _is_equal(found: pa.ChunkedArray, right: pa.ChunkedArray) -> bool:
    """Whether a column says what these texts say; null is equal to null only."""
    if pa.types.is_dictionary(found.type):
        found = pc.cast(found, pa.string())
    try:
        return bool(found.equals(pc.cast(right, found.type)))
    except pa.ArrowInvalid:
        return False  # a number that the column cannot hold


def _check_header(name: str, found: Cells, header: Cells) -> None:
    if found != header:
        raise IncompleteError(
            f"{name}: columns {', '.join(map(str, found))}, where there must be {', '.join(map(str, header))}"
        )


def _without_header(name: str, records: Iterator[Cells], header: Cells) -> Iterator[Cells]:
    """The records, after the header was compared."""
    _check_header(name, next(records, ()), header)
    return records


def _disagreement(where: str, found: Cells | None, right: Cells | None, header: list[str]) -> IncompleteError:
    if found is None or right is None:
        return IncompleteError(f"{where}: {'is missing' if found is None else 'is one too many'}")
    name, cell, wanted = next(three for three in zip(header, found, right, strict=True) if three[1] != three[2])
    return IncompleteError(f"{where}, {name}: {_shown(cell)}, where {ROWS} and {JOURNAL} say {_shown(wanted)}")


def _shown(cell: str | None) -> str:
    return "null" if cell is None else repr(str(cell))


def _check_unlisted(run: Path, wanted: list[Cells]) -> int:
    """Compare unlisted.csv; gives how many records it has."""
    header = UNLISTED_SCHEMA.names
    with closing(read_csv(run / UNLISTED)) as file:
        found = list(_without_header(UNLISTED, file, tuple(header)))
    for number, (cells, right) in enumerate(zip_longest(found, wanted), 1):
        if cells != right:
            raise _disagreement(f"{UNLISTED}, record {number}", cells, right, header)
    return len(found)


def _read_changes(run: Path, cells: pa.Table) -> list[dict[str, str | None]]:
    """The records of changes.csv: first customers of `results`, in its order and as it has them, then removed ones."""
    header, state = tuple(changes.CHANGED.names), ("customer_id", "verdict", "reason", "status")
    with closing(read_csv(run / changes.CSV)) as file:
        changed = [dict(zip(header, cells, strict=True)) for cells in _without_header(changes.CSV, file, header)]
    results = records_of(cells.select(state))
    for number, record in enumerate(changed, 1):
        shown = tuple(map(record.get, state))
        removed = shown[1:] == (None, None, None) and record["change"] in _REMOVED
        if not removed and shown not in results:
            raise IncompleteError(f"{changes.CSV}, record {number}: {shown}, which {csv.RESULTS} does not have there")
    return changed


def _count_changes(changed: list[dict[str, str | None]]) -> ChangeCounts:
    customers = Counter(record["change"] for record in changed)
    newly_blocked = sum(record["verdict"] == "blocked" != record["verdict_before"] for record in changed)
    return ChangeCounts({change: customers[change] for change in Change}, newly_blocked)


def _facts_of_summary(
    facts: RunFacts, ledger: Ledger, unlisted: int | None, counts: ChangeCounts | None
) -> dict[str, object]:
    """What summary.json must say of the run beside the counts by verdict, reason, status and owner."""
    wanted: dict[str, object] = {
        "run_id": facts.run_id,
        "complete": counts_as_complete(ledger, facts),
        "simulated": facts.simulated,
        "ledger.balanced": ledger.balanced,
        "membership.unlisted": unlisted,
    }
    if facts.selection:
        wanted["selection"] = facts.selection
    if counts:
        wanted["changes.customers"] = {str(change): count for change, count in counts.customers.items()}
        wanted["changes.blocked_and_not_before"] = counts.newly_blocked_count
    return wanted
