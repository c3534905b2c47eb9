"""audit.xlsx and the packs against the records. Rule: every row of every sheet is met once; whatever differs is named.

In each workbook: `All customers`, `Not verified` and `Changes` in their order, `Action needed` in any order, the Summary's
counts, every sheet's first line. The packs together have every row of whoever they are for, and by-owner/index.csv has
everybody's counts. Of a million rows a number each is kept, not the rows.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path

from auditor.core.ledger import Ledger
from auditor.core.model import Reason, Verdict
from auditor.errors import IncompleteError
from auditor.report import expected, summary
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.schema import own_names, results_schema
from auditor.report.workbook import NAME, owns
from auditor.report.workbook_check.expected import ACTION, ALL, CHANGES, NOT_VERIFIED, Plan, plan
from auditor.report.workbook_check.index import check_index
from auditor.report.workbook_check.read import Reader
from auditor.report.workbook_check.summary import Numbers, check_summary, totals
from auditor.report.written import Cells, csv_file

_CHANGES_CSV = "changes.csv"
_VERDICT_OF = {ALL: None, NOT_VERIFIED: Verdict.UNDETERMINED, ACTION: Verdict.BLOCKED}
_HEAD = 3
"""Lines above a sheet's records: the run's state, what the sheet shows, the header."""
Keys = dict[str | None, "array[int]"]
"""Account manager -> a number for each record, in order; None for audit.xlsx."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A record of a sheet: where it stands, and its cells."""

    where: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """What the records of a sheet come from.

    Attributes:
        shown: how the sheet shows them.
        names: of the columns.
        records: gives the records.
        verdict: of those that the sheet shows; None for all.
        shared: the account managers of a customer, where they are not the record's own.
        keys: of all records that it shows, once they were read.
    """

    shown: Plan
    names: tuple[str, ...]
    records: Callable[[], Iterator[Cells]]
    verdict: Verdict | None = None
    shared: Mapping[str, set[str]] = field(default_factory=dict)
    keys: Keys = field(default_factory=dict)

    def owners(self, record: Cells) -> Collection[str]:
        """The account managers in whose workbooks a record stands."""
        shared = self.shared.get(record[self.names.index("customer_id")] or "") if self.shared else None
        return shared or (record[self.names.index("owner")] or "",)

    def of(self, owner: str | None) -> Iterator[Cells]:
        """The records that the sheet has in the workbook of this account manager; None for audit.xlsx."""
        verdict = self.names.index("verdict")
        for record in self.records():
            if self.verdict in (None, record[verdict]) and (owner is None or owner in self.owners(record)):
                yield record


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every workbook must hold: the first line of each sheet, and the sheets with records."""

    note: str
    sources: Mapping[str, _Source]


def check_workbooks(run: Path, inventory: Inventory, evidence: Evidence, ledger: Ledger) -> dict[str, int]:
    """Compares the workbooks; gives how many records each of their files has.

    Raises:
        IncompleteError: the first cell, row or file that is not as it must be.
        OSError, ValueError: a file is missing or damaged.
    """
    files = {name for name in inventory.files if owns(name)}
    if not files:
        return {}
    if NAME not in files:
        raise IncompleteError(f"{NAME}: is missing, where there are packs")
    packs = check_index(run, files - {NAME}, ledger, evidence.facts.presentation.packs)
    whole, document = Reader(run, NAME), json.loads((run / summary.JSON).read_bytes())
    wanted = _Wanted(document["note"], _sources(run, inventory, evidence, {*packs}))
    _check_book(whole, wanted, None)
    check_summary(whole, Numbers(ledger, _gained(wanted.sources.get(CHANGES)), totals(document)))
    for owner, pack in packs.items():
        if pack.file:
            _check_book(Reader(run, pack.file), wanted, owner)
    return {NAME: ledger.rows, **{pack.file: pack.rows for pack in packs.values() if pack.file}, **_index(files, packs)}


def _index(files: set[str], packs: Mapping[str, object]) -> dict[str, int]:
    return {name: len(packs) for name in files if name.endswith(".csv")}


def _sources(run: Path, inventory: Inventory, evidence: Evidence, owners: set[str]) -> dict[str, _Source]:
    """Sheet -> where its records come from, their numbers counted."""
    columns, linked = evidence.facts.columns, bool(evidence.facts.presentation.customer_link)
    names, own = tuple(results_schema(columns).names), tuple(own_names(columns).values())
    results = partial(expected.results, run, evidence)
    sources = {
        sheet: _Source(plan(sheet, names, own, linked=linked), names, results, verdict)
        for sheet, verdict in _VERDICT_OF.items()
    }
    _count(sources.values(), results(), owners)
    if _CHANGES_CSV in inventory.files:
        header = tuple(name or "" for name in next(csv_file(run / _CHANGES_CSV)))
        changed = _Source(plan(CHANGES, header), header, lambda: islice(csv_file(run / _CHANGES_CSV), 1, None))
        sources[CHANGES] = replace(changed, shared=_shared(changed, sources[ALL]))
        _count([sources[CHANGES]], changed.records(), owners)
    return sources


def _count(sources: Collection[_Source], records: Iterator[Cells], owners: set[str]) -> None:
    """Notes the numbers of all records, in one pass."""
    for source in sources:
        source.keys.update({owner: array("q") for owner in (None, *owners)})
    (verdict,) = {source.names.index("verdict") for source in sources}
    for record in records:
        for source in sources:
            if source.verdict in (None, record[verdict]):
                key = source.shown.key(source.shown.told(record))
                for owner in (None, *source.owners(record)):
                    if owner in source.keys:
                        source.keys[owner].append(key)


def _gained(changed: _Source | None) -> Counter[str] | None:
    """By how many customers each verdict grew since the baseline run: all others have the verdict that they had."""
    if changed is None:
        return None
    now, before = (changed.names.index(name) for name in ("verdict", "verdict_before"))
    gained: Counter[str] = Counter()
    for record in changed.records():
        gained[record[now] or ""] += 1
        gained[record[before] or ""] -= 1
    return gained


def _shared(changed: _Source, everybody: _Source) -> dict[str, set[str]]:
    """The account managers of each customer that changed and is in the lists."""
    place = changed.names.index("customer_id")
    owners: dict[str, set[str]] = {record[place] or "": set() for record in changed.records()}
    of_id, of_owner, of_reason = map(everybody.names.index, ("customer_id", "owner", "reason"))
    for record in everybody.records():
        if record[of_id] in owners and record[of_reason] != Reason.INVALID_ID:
            owners[record[of_id] or ""].add(record[of_owner] or "")
    return owners


def _check_book(book: Reader, wanted: _Wanted, owner: str | None) -> None:
    for sheet, source in wanted.sources.items():
        keys = source.keys.get(owner, array("q"))
        check = _check_any_order if sheet == ACTION else _check_in_order
        left = check(_lines(book, sheet, source, wanted.note), keys, source.shown, partial(source.of, owner))
        if left:
            raise IncompleteError(f"{book.name}, {sheet}: {left} rows are missing")
    compared = {part for sheet in wanted.sources for part in book.parts(sheet)}
    for sheet in book.sheets:
        if sheet not in compared:
            _check_note(f"{book.name}, {sheet}", next(book.rows(sheet), ("",)), wanted.note)


def _lines(book: Reader, sheet: str, source: _Source, note: str) -> Iterator[_Line]:
    """The records of a sheet and of those that it goes on in, their heads compared."""
    for part in book.parts(sheet):
        where = f"{book.name}, {part}"
        for number, cells in enumerate(book.rows(part), 1):
            if number == 1:
                _check_note(where, cells, note)
            elif number == _HEAD:
                source.shown.check_header(f"{where}, row {number}", cells)
            elif number > _HEAD:
                yield _Line(f"{where}, row {number}", cells)


def _check_note(where: str, cells: Sequence[str], note: str) -> None:
    if cells[0].casefold() != note.casefold():
        raise IncompleteError(f"{where}, row 1: {cells[0]!r}, where it must be {note!r}")


def _check_in_order(
    lines: Iterator[_Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
) -> int:
    """Compares; gives how many rows are missing at the end."""
    for number, (line, key) in enumerate(zip_longest(lines, keys)):
        if line is None:
            return len(keys) - number
        if key is None:
            raise IncompleteError(f"{line.where}: is one too many")
        if shown.key(line.cells) != key:
            record = next(islice(records(), number, None))
            raise IncompleteError(f"{line.where}, {shown.difference(line.cells, shown.told(record))}")
    return 0


def _check_any_order(
    lines: Iterator[_Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
) -> int:
    """Compares; gives how many rows are missing."""
    left = Counter(keys)
    for line in lines:
        key = shown.key(line.cells)
        if not left[key]:
            raise IncompleteError(f"{line.where}, {_nearest(line, shown, records())}")
        left[key] -= 1
    return left.total()


def _nearest(line: _Line, shown: Plan, records: Iterator[Cells]) -> str:
    """What is wrong with a row that must not be there: a cell of its customer, or the row itself."""
    differences = [
        shown.difference(line.cells, told) for told in map(shown.told, records) if told[-1] == line.cells[-1]
    ]
    named = [difference for difference in differences if difference]
    return named[0] if named else f"Customer id: {line.cells[-1]!r} must not be there"
