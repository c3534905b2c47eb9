"""audit.xlsx and the packs against the records. Rule: every row of every sheet is met once; whatever differs is named.

In each workbook: `All customers`, `Not verified` and `Changes` in their order, `Action needed` in any order, the Summary's
counts, every sheet's first line. The packs together have every row of whoever they are for, and by-owner/index.csv has
everybody's counts. Of a million rows a number each is kept, not the rows.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
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
from auditor.report.workbook_check.read import Line, Reader
from auditor.report.workbook_check.summary import Numbers, check_summary, totals
from auditor.report.written import Cells, csv_file

_CHANGES_CSV = "changes.csv"
_VERDICT_OF = {NOT_VERIFIED: Verdict.UNDETERMINED, ACTION: Verdict.BLOCKED}
_SHEETS = (ALL, NOT_VERIFIED, ACTION, CHANGES)
Digests = dict[str, "array[int]"]


@dataclass(frozen=True, slots=True)
class _Source:
    """What the records of a sheet come from.

    Attributes:
        names: of the columns.
        records: gives the records.
        verdict: of those that the sheet shows; None for all.
        shared: the account managers of a customer, where they are not the record's own.
    """

    names: tuple[str, ...]
    records: Callable[[], Iterator[Cells]]
    verdict: Verdict | None = None
    shared: Mapping[str, set[str]] = field(default_factory=dict)

    def divided(self) -> Iterator[tuple[Cells, Collection[str]]]:
        """The sheet's records, each with the account managers in whose workbooks it stands."""
        of_id, of_owner, of_verdict = map(self.names.index, ("customer_id", "owner", "verdict"))
        for record in self.records():
            if self.verdict in (None, record[of_verdict]):
                yield record, self.shared.get(record[of_id] or "") or (record[of_owner] or "",)

    def of(self, owner: str | None) -> Iterator[Cells]:
        """The records that the sheet has in the workbook of this account manager; None for audit.xlsx."""
        return (record for record, owners in self.divided() if owner is None or owner in owners)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every workbook must hold.

    Attributes:
        sources: sheet -> where its records come from.
        plans: sheet -> how it shows them; the same in every workbook.
        note: the first line of every sheet.
        digests: sheet -> account manager -> a number for each record, in order; None for audit.xlsx.
    """

    sources: Mapping[str, _Source]
    plans: Mapping[str, Plan]
    note: str
    digests: dict[str, dict[str | None, "array[int]"]] = field(default_factory=dict)


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
    whole = Reader(run, NAME)
    wanted = _wanted(run, inventory, evidence, whole)
    for sheet, source in wanted.sources.items():
        wanted.digests[sheet] = _digests(source, wanted.plans[sheet], {*packs})
    _check_book(whole, wanted, None)
    document = json.loads((run / summary.JSON).read_bytes())
    check_summary(whole, Numbers(ledger, _gained(wanted.sources.get(CHANGES)), totals(document)))
    for owner, pack in packs.items():
        if pack.file:
            _check_book(Reader(run, pack.file), wanted, owner)
    return {NAME: ledger.rows, **{pack.file: pack.rows for pack in packs.values() if pack.file}, **_index(files, packs)}


def _index(files: set[str], packs: Mapping[str, object]) -> dict[str, int]:
    return {name: len(packs) for name in files if name.endswith(".csv")}


def _wanted(run: Path, inventory: Inventory, evidence: Evidence, whole: Reader) -> _Wanted:
    columns = evidence.facts.columns
    names = tuple(results_schema(columns).names)
    results = partial(expected.results, run, evidence)
    sources = {sheet: _Source(names, results, _VERDICT_OF.get(sheet)) for sheet in _SHEETS if sheet != CHANGES}
    if _CHANGES_CSV in inventory.files:
        header = tuple(name or "" for name in next(csv_file(run / _CHANGES_CSV)))
        changed = _Source(header, lambda: islice(csv_file(run / _CHANGES_CSV), 1, None))
        sources[CHANGES] = replace(changed, shared=_shared(changed, sources[ALL]))
    own = tuple(own_names(columns).values())
    plans = {}
    for sheet, source in sources.items():
        line = next(whole.lines(sheet))
        plans[sheet] = plan(line.where, sheet, line.cells, source.names, own)
    note: str = json.loads((run / summary.JSON).read_bytes())["note"]
    return _Wanted(sources, plans, note)


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
    of_id, of_reason = (everybody.names.index(name) for name in ("customer_id", "reason"))
    for record, (owner,) in everybody.divided():
        if record[of_id] in owners and record[of_reason] != Reason.INVALID_ID:
            owners[record[of_id] or ""].add(owner)
    return owners


def _digests(source: _Source, shown: Plan, owners: set[str]) -> dict[str | None, "array[int]"]:
    found: dict[str | None, array[int]] = {owner: array("q") for owner in (None, *owners)}
    for record, whose in source.divided():
        key = shown.key(shown.told(record))
        for owner in (None, *whose):
            if owner in found:
                found[owner].append(key)
    return found


def _check_book(book: Reader, wanted: _Wanted, owner: str | None) -> None:
    for sheet in book.sheets:
        first = next(book.rows(sheet), ("",))[0]
        if first.casefold() != wanted.note.casefold():
            raise IncompleteError(f"{book.name}, {sheet}, row 1: {first!r}, where it must be {wanted.note!r}")
    for sheet, digests in wanted.digests.items():
        shown, keys = wanted.plans[sheet], digests.get(owner, array("q"))
        lines = book.lines(sheet)
        header = next(lines)
        if header.cells != shown.header:
            raise IncompleteError(f"{header.where}: other columns than in {NAME}")
        check = _check_any_order if sheet == ACTION else _check_in_order
        left = check(lines, keys, shown, partial(wanted.sources[sheet].of, owner))
        if left:
            raise IncompleteError(f"{book.name}, {sheet}: {left} rows are missing")


def _check_in_order(
    lines: Iterator[Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
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
    lines: Iterator[Line], keys: "array[int]", shown: Plan, records: Callable[[], Iterator[Cells]]
) -> int:
    """Compares; gives how many rows are missing."""
    left = Counter(keys)
    for line in lines:
        key = shown.key(line.cells)
        if not left[key]:
            raise IncompleteError(f"{line.where}, {_nearest(line, shown, records())}")
        left[key] -= 1
    return left.total()


def _nearest(line: Line, shown: Plan, records: Iterator[Cells]) -> str:
    """What is wrong with a row that must not be there: a cell of its customer, or the row itself."""
    differences = [
        shown.difference(line.cells, told) for told in map(shown.told, records) if told[-1] == line.cells[-1]
    ]
    named = [difference for difference in differences if difference]
    return named[0] if named else f"Customer id: {line.cells[-1]!r} must not be there"
