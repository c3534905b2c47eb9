"""Read a round's files back: hashes, both tables cell by cell alike, and every count of summary.json counted again from them."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import groupby, zip_longest
from operator import itemgetter
from pathlib import Path

import pyarrow.parquet

from auditor.core.results import Ledger
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError
from auditor.report.fleet import summary as summaries
from auditor.report.fleet import tables
from auditor.report.fleet.render import NAMES
from auditor.report.fleet.summary import FleetSummary, PartnerSummary, count_ledgers, count_reasons
from auditor.report.schema import FIXED, MANIFEST
from auditor.report.verify.cells import Cells
from auditor.report.verify.counts import Counted, count_records
from auditor.report.verify.errors import as_disagreement
from auditor.report.verify.manifest import compare_file, read_manifest
from auditor.report.verify.tables import read_csv, read_parquet


def verify_fleet(folder: Path) -> FleetSummary:
    """Check that a round's combined report is whole and that its files agree.

    Args:
        folder: of the round.

    Returns:
        The content of summary.json.

    Raises:
        IncompleteError: the first disagreement.
    """
    with as_disagreement(folder, repair_command(folder)):
        return _verify(folder)


def repair_command(folder: Path) -> str:
    """The command that writes a round's report again."""
    folder = folder.resolve()
    return f"auditor fleet report {folder.name} --reports {shell_quote(folder.parents[1])}"


def _verify(folder: Path) -> FleetSummary:
    manifest = read_manifest(folder)
    if sorted(manifest.files) != sorted(NAMES):
        raise IncompleteError(f"{MANIFEST}: lists {', '.join(manifest.files)}, where there must be {', '.join(NAMES)}")
    for entry in manifest.files.values():
        compare_file(folder, entry)
    summary = summaries.decode((folder / summaries.JSON).read_bytes())
    if not summary.round_id == manifest.run_id == folder.resolve().name:
        raise IncompleteError(f"{MANIFEST}, {summaries.JSON}: of the rounds {manifest.run_id} and {summary.round_id}")
    ledgers = dict(_count(folder))
    _check_partners(summary, ledgers)
    rows = sum(one.rows for one in ledgers.values())
    for name in (tables.CSV, tables.PARQUET):
        _agree(f"{MANIFEST}, records of {name}", manifest.files[name].records, rows)
    return summary


def _check_partners(summary: FleetSummary, ledgers: dict[str, Ledger]) -> None:
    """Compare each partner's counts, and those of all, with what was counted."""
    taken = [one.partner for one in summary.partners if one.ledger is not None]
    _agree("the partners whose rows are there", [name for name in taken if name in ledgers], [*ledgers])
    nothing = count_records([])
    for one in summary.partners:
        if one.ledger is not None:
            _check_counts(f"partner {one.partner}", one, ledgers.get(one.partner, nothing))
        elif one.complete:
            raise IncompleteError(f"{summaries.JSON}: partner {one.partner} is complete without a run")
    _agree("ledger", summary.ledger, count_ledgers(ledgers.values()))
    _agree("reasons", summary.reasons, count_reasons(ledgers.values()))
    _agree("complete", summary.complete, bool(summary.partners) and all(one.complete for one in summary.partners))
    _agree("the note", summary.note.partition(":")[0], "complete" if summary.complete else "INCOMPLETE")


def _check_counts(where: str, one: PartnerSummary, counted: Ledger) -> None:
    _agree(f"{where}, ledger", one.ledger, count_ledgers([counted]))
    _agree(f"{where}, reasons", one.reasons, count_reasons([counted]))


def _agree(what: str, found: object, right: object) -> None:
    if found != right:
        raise IncompleteError(f"{summaries.JSON}, {what}: {found!r}, where {right!r} was counted")


def _count(folder: Path) -> Iterator[tuple[str, Ledger]]:
    """The partners in the tables with their ledgers, in order; one partner's rows are in memory at a time."""
    schema = pyarrow.parquet.read_schema(folder / tables.PARQUET)
    right = tables.combined_schema(schema.names[1 + len(FIXED) :])
    if not schema.equals(right, check_metadata=True):
        raise IncompleteError(f"{tables.PARQUET}: not of the declared types, or without their version")
    place = {name: number for number, name in enumerate(schema.names)}
    pick = itemgetter(*(place[name] for name in Counted._fields))
    seen: set[str] = set()
    with ExitStack() as stack:
        files = (read_csv(folder / tables.CSV), read_parquet(folder / tables.PARQUET))
        rows = _read_alike(*(stack.enter_context(closing(one)) for one in files))
        for partner, group in groupby(rows, key=itemgetter(0)):
            if partner is None or partner in seen:
                raise IncompleteError(f"{tables.CSV}: the rows of partner {partner} are not in one place")
            seen.add(partner)
            yield partner, count_records(Counted(*pick(cells)) for cells in group)


def _read_alike(csv_rows: Iterator[Cells], parquet_rows: Iterator[Cells]) -> Iterator[Cells]:
    """The rows of both tables, without their headers."""
    for number, (one, other) in enumerate(zip_longest(csv_rows, parquet_rows)):
        if one is None or other is None or one != other:
            raise IncompleteError(f"{tables.CSV}, row {number}: another one than in {tables.PARQUET}")
        if number:
            yield one
