"""Every file of a run re-read, by other code than wrote it. Rule: the first disagreement ends it, and is named with its
file, row, column and both values.

In this order: manifest.json against the folder; rows.jsonl and the journal against each other; each record of `results`
in every format against what its row and its answer say, each split against `results`; unlisted.csv; both summaries; the
counts in the manifest. So files that were changed together with their hashes still disagree with the journal, or with
each other. Records stream by one at a time.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from auditor.core.model import Reason
from auditor.core.results import Counts, Ledger, complete
from auditor.core.run_facts import Freshness, RunFacts, Way
from auditor.errors import IncompleteError
from auditor.report import before, csv, expected, parquet, summary, unlisted
from auditor.report import changes as changes_csv
from auditor.report.changes_check import Checking
from auditor.report.evidence import Evidence, read_evidence
from auditor.report.inventory import Inventory, check_inventory
from auditor.report.members import UNLISTED
from auditor.report.page_check import check_page
from auditor.report.record import in_version
from auditor.report.recount import check_counts, recounted, told_as_disagreement
from auditor.report.schema import JOURNAL, MANIFEST, ROWS, SCHEMA_VERSION, results_schema
from auditor.report.summary_check import Counted, check_facts
from auditor.report.workbook_check import check_workbooks
from auditor.report.writers import DOCUMENTS
from auditor.report.written import Cells, Record, csv_file, csv_results, parquet_results, picker

_NEVER = "~"
"""After every time."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to agree.

    Attributes:
        run: the folder.
        files: names of the files that were compared, the manifest among them.
        facts: of the run, from its journal.
        ledger: counted from the records of `results`.
        freshness: of the answers that decide.
        changes: customers by what became of them since the baseline run; None where there is none.
        made_again: whether the reports were also made once more, and are the same to the last byte.
        schema_version: with which the reports were written.
    """

    run: Path
    files: tuple[str, ...]
    facts: RunFacts
    ledger: Ledger
    freshness: Freshness
    changes: Counts | None = None
    made_again: bool = False
    schema_version: int = SCHEMA_VERSION

    @property
    def rows(self) -> int:
        """How many rows the lists have."""
        return self.ledger.rows

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return complete(self.ledger, self.facts)


def verify(run: Path, *, strays: bool = True) -> Verified:
    """Checks that a rendered run is whole and that its files agree.

    Args:
        run: the run's folder.
        strays: whether a file that no rendering makes is a disagreement too.

    Raises:
        IncompleteError: the first disagreement.
    """
    with told_as_disagreement(run):
        inventory = check_inventory(run, strays=strays)
        evidence = read_evidence(run)
        _check_sources(inventory, evidence)
        times = [_NEVER]
        with Checking(run, inventory, evidence) as checking:
            with closing(_agreed(run, inventory, evidence, checking)) as records:
                ledger = recounted(run, _noting_oldest(records, times))
            changes = checking.finish()
        freshness = Freshness(None if times == [_NEVER] else datetime.fromisoformat(times[0]), evidence.reused)
        _check_header(evidence.facts, ledger)
        doubtful = sum(count.customers for count in ledger.by_reason() if count.reason is Reason.NO_ACCOUNT_STATUS)
        unchecked = expected.unchecked(run, evidence, doubtful)
        counted = Counted(ledger, unchecked, _check_unlisted(run, inventory, evidence), freshness)
        check_counts(run, ledger)
        lines = check_facts(run, evidence, counted, inventory.schema_version)
        others = {summary.CSV: lines, before.NAME: checking.known, changes_csv.CSV: checking.records}
        others |= check_workbooks(run, inventory, evidence, ledger)
        others |= check_page(run, inventory, evidence, ledger)
        _check_records(inventory, evidence, counted, others)
    files = tuple(sorted([*inventory.files, MANIFEST]))
    return Verified(run, files, evidence.facts, ledger, freshness, changes, schema_version=inventory.schema_version)


def _noting_oldest(records: Iterator[Record], times: list[str]) -> Iterator[Record]:
    """The records; the one element of `times` becomes the first time of all. As texts, for their form is one."""
    for record in records:
        if record.checked_at and record.checked_at < times[0]:
            times[0] = record.checked_at
        yield record


def _check_sources(inventory: Inventory, evidence: Evidence) -> None:
    facts = evidence.facts
    for what, found, wanted in (
        (f"{MANIFEST}, run_id", inventory.run_id, facts.run_id),
        (f"{ROWS}, SHA-256", inventory.files[ROWS].sha256, facts.list_digest),
    ):
        if found != wanted:
            raise IncompleteError(f"{what}: {found!r}, where {JOURNAL} has {wanted!r}")


def _check_header(facts: RunFacts, ledger: Ledger) -> None:
    for what, told, counted in (("rows", facts.rows, ledger.rows), ("customers", facts.customers, ledger.customers)):
        if told != counted:
            raise IncompleteError(f"{JOURNAL}: speaks of {told} {what}, where {ROWS} has {counted}")


def _agreed(run: Path, inventory: Inventory, evidence: Evidence, checking: Checking) -> Generator[Record]:
    """The records of `results`, each as it must be, in each format alike."""
    version = inventory.schema_version
    schema = results_schema(evidence.facts.columns, version)
    header: Cells = tuple(schema.names)
    with ExitStack() as stack:
        wanted = stack.enter_context(closing(expected.results(run, evidence)))
        formats = {
            name: _headed(name, stack.enter_context(closing(read(run))), header)
            for name, read in ((csv.RESULTS, csv_results), (parquet.RESULTS, parquet_results))
            if name in inventory.files
        }
        if parquet.RESULTS in formats:
            _check_schema(run, schema)
        if not formats and not any(kind.owns(name) for kind in DOCUMENTS.values() for name in inventory.files):
            raise IncompleteError(f"{MANIFEST}: lists no report at all")
        pick = picker(results_schema(evidence.facts.columns).names)
        for number, (right, *found) in enumerate(zip_longest(wanted, *formats.values()), 1):
            told = right and in_version(right, version)
            if found.count(told) < len(found):
                name, cells = next(pair for pair in zip(formats, found, strict=True) if pair[1] != told)
                raise _disagreement(f"{name}, row {number}", cells, told, header)
            checking.take(number - 1, right)
            yield pick(right)


def _check_schema(run: Path, declared: pa.Schema) -> None:
    found = pyarrow.parquet.read_schema(run / parquet.RESULTS)
    if not found.equals(declared, check_metadata=True):
        raise IncompleteError(f"{parquet.RESULTS}: not of the declared types, or without their version")


def _headed(name: str, records: Iterator[Cells], header: Cells) -> Iterator[Cells]:
    """The records, after the header was compared."""
    found = next(records, ())
    if found != header:
        raise IncompleteError(
            f"{name}: columns {', '.join(map(str, found))}, where there must be {', '.join(map(str, header))}"
        )
    return records


def _disagreement(where: str, found: Cells | None, right: Cells | None, header: Cells) -> IncompleteError:
    if found is None or right is None:
        return IncompleteError(f"{where}: {'is missing' if found is None else 'is one too many'}")
    name, cell, wanted = next(three for three in zip(header, found, right, strict=True) if three[1] != three[2])
    return IncompleteError(f"{where}, {name}: {_shown(cell)}, where {ROWS} and {JOURNAL} say {_shown(wanted)}")


def _shown(cell: str | None) -> str:
    return "null" if cell is None else repr(str(cell))


def _check_unlisted(run: Path, inventory: Inventory, evidence: Evidence) -> int | None:
    """Compares unlisted.csv; returns its records, or None where there must be none."""
    found = evidence.facts.membership
    paged = found is not None and found.way is Way.LIST
    if paged != (unlisted.NAME in inventory.files):
        raise IncompleteError(
            f"{unlisted.NAME}: {'is missing' if paged else f'stands in {MANIFEST}'}, where {JOURNAL} says otherwise"
        )
    if not paged:
        return None
    header: Cells = tuple(UNLISTED.names)
    number = 0
    with closing(expected.unlisted(run, evidence)) as wanted, closing(csv_file(run / unlisted.NAME)) as file:
        for number, (right, cells) in enumerate(zip_longest(wanted, _headed(unlisted.NAME, file, header)), 1):
            if cells != right:
                raise _disagreement(f"{unlisted.NAME}, record {number}", cells, right, header)
    return number


def _check_records(inventory: Inventory, evidence: Evidence, counted: Counted, others: Mapping[str, int]) -> None:
    """Compares the manifest's record counts with what was counted while reading."""
    ledger = counted.ledger
    found = {ROWS: evidence.rows, JOURNAL: evidence.lines, summary.JSON: 1, **others}
    found |= dict.fromkeys((csv.RESULTS, parquet.RESULTS), ledger.rows) | {unlisted.NAME: counted.unlisted or 0}
    found |= {name: ledger.rows_of(verdict) for verdict, name in csv.SPLITS.items()}
    for name, entry in inventory.files.items():
        if entry.records != found[name]:
            raise IncompleteError(f"{name}: {found[name]} records, where {MANIFEST} has {entry.records}")
