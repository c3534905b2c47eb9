"""The pandas stage itself. Rule: a report is a function of rows.jsonl, the journal and before.parquet, and of nothing else.

rows.jsonl is read for who stands where, then in batches that go, each as a DataFrame, to every table's writer while the
ledger is folded; the documents for people, which begin with the counts, go over it again. So memory holds the answers and
one batch, not the report.
"""

from collections.abc import Collection, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet

from auditor.core.results import Ledger, Tally, fold
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError, SettingsError
from auditor.report import before, changes, summary, unlisted
from auditor.report.answers import read_answers
from auditor.report.before import Source
from auditor.report.files import Entry, Staging, measure
from auditor.report.frames import Batch, batches, tallies
from auditor.report.history import Record
from auditor.report.members import Members, read_members
from auditor.report.memory import frugal, give_back
from auditor.report.roster import Roster, read_roster
from auditor.report.schema import JOURNAL, MANIFEST, ROWS, results_schema
from auditor.report.taking import Taking
from auditor.report.told import tell
from auditor.report.writers import DOCUMENTS, FORMATS, TABLES, Write, write_manifest


def render(
    source: Source, formats: Collection[str], record: Record | None = None, taken: Container[str] | None = None
) -> Ledger:
    """Writes every report of a run, the manifest last.

    Args:
        source: the run: its folder with rows.jsonl and journal.jsonl, and before.parquet where the journal names it.
        formats: which of `FORMATS` to write; the summary is always written.
        record: is given what the history keeps of the run.
        taken: as of `Staging`.

    Returns:
        The ledger as it was counted while writing.

    Raises:
        SettingsError: an unknown format.
        IncompleteError: rows.jsonl or the journal are damaged, or not of one run.
        OutputError: a file cannot be written (or read); no half-written file is left.
    """
    run, facts = source.run, source.facts
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such format", f"choose from {', '.join(FORMATS)}")
    chosen = [name for name in FORMATS if name in formats]
    with frugal(), Staging(run, taken) as staging:
        roster = read_roster(run)
        give_back()
        _check(run, facts, roster)
        answered, own = read_answers(source.answers, roster), read_members(source.members, roster, facts.membership)
        give_back()
        known = before.read_before(run, facts.baseline, roster)
        give_back()

        def parts() -> Iterator[Batch]:
            return batches(run, facts.columns, roster, answered, own)

        taking = Taking(facts, known, staging, record)
        ledger = fold(_written(map(taking.take, parts()), facts, chosen, staging), facts.rows, facts.customers)
        counts, sums = taking.finish()
        unchecked, beyond = own.unchecked(answered), _unlisted(own, staging)
        counted = summary.Summary(ledger, facts, unchecked, beyond, answered.freshness, counts, sums)
        _write_summary(counted, staging)
        told = replace(
            tell(counted, known, parts), tables=tuple(TABLES[name].names[0] for name in TABLES if name in chosen)
        )
        for name in DOCUMENTS.keys() & {*chosen}:
            DOCUMENTS[name].write(told, staging)
        entries = staging.publish(outdated=_outdated(run, chosen))
    write_manifest(run, facts.run_id, [*entries, *_sources(run, facts, roster)])
    return ledger


def _check(run: Path, facts: RunFacts, roster: Roster) -> None:
    """Refuses rows that are not those which the journal was written for."""
    if facts.list_digest and roster.digest != facts.list_digest:
        raise IncompleteError(f"{run / ROWS}: not what the journal was written for", "audit the list again")
    if facts.rows > roster.size:
        # a workbook has a sheet for each million of them
        raise IncompleteError(
            f"{JOURNAL}: speaks of {facts.rows:,} rows, where {ROWS} has {roster.rows:,}",
            "put the file back as it was, or audit the list again",
        )


def _written(parts: Iterable[Batch], facts: RunFacts, chosen: Iterable[str], staging: Staging) -> Iterator[Tally]:
    """Hands each batch to every writer while the next one is made, and gives its tallies."""
    schema = results_schema(facts.columns)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        tables = [table for name, table in TABLES.items() if name in chosen]
        writers: list[Write] = [stack.enter_context(table.writing(schema, staging.create)) for table in tables]
        writing: list[Future[None]] = []
        for batch in parts:
            _wait(writing)
            writing = [pool.submit(write, batch.frame) for write in writers]
            yield from tallies(batch)
        _wait(writing)


def _wait(writing: Iterable[Future[None]]) -> None:
    for job in writing:
        job.result()


def _unlisted(own: Members, staging: Staging) -> int | None:
    """Writes unlisted.csv and says how many it tells of; None where the partner's list was not paged through."""
    if own.unlisted is None:
        return None
    return unlisted.write(own.unlisted, staging)


def _write_summary(told: summary.Summary, staging: Staging) -> None:
    table, document = staging.create(summary.CSV), staging.create(summary.JSON)
    table.write(summary.as_csv(told))
    table.records = summary.lines(told)
    document.write(summary.as_json(told))
    document.records = 1


def _outdated(run: Path, chosen: Iterable[str]) -> list[str]:
    """The manifest, and what earlier renderings made; what this one makes takes its name afterwards."""
    documents = [
        way
        for way in (path.relative_to(run).as_posix() for path in run.rglob("*") if not path.is_dir())
        if any(document.owns(way) for document in DOCUMENTS.values())
    ]
    tables = (name for other, table in TABLES.items() if other not in chosen for name in table.names)
    return [MANIFEST, unlisted.NAME, changes.CSV, *documents, *tables]


def _sources(run: Path, facts: RunFacts, roster: Roster) -> Iterator[Entry]:
    yield Entry(ROWS, roster.size, roster.digest, roster.rows)
    if facts.baseline and facts.baseline.digest:
        yield replace(measure(run / before.NAME), records=pyarrow.parquet.read_metadata(run / before.NAME).num_rows)
    if (run / JOURNAL).exists():
        yield measure(run / JOURNAL)
