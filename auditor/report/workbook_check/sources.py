"""Where the records of each sheet come from. Rule: of a million records a number each is kept, not the records."""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path

from auditor.core.model import Reason, Verdict
from auditor.report import expected
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.schema import own_names, results_schema
from auditor.report.sums_check import Adding
from auditor.report.workbook_check.expected import ACTION, ALL, CHANGES, NOT_VERIFIED, AsNumber, Plan, plan
from auditor.report.written import Cells, csv_file

_CHANGES_CSV = "changes.csv"
_VERDICT_OF = {ALL: None, NOT_VERIFIED: Verdict.UNDETERMINED, ACTION: Verdict.BLOCKED}
Keys = dict[str | None, "array[int]"]
"""Account manager -> a number for each record, in order; None for audit.xlsx."""


@dataclass(frozen=True, slots=True)
class Source:
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


def sources_of(run: Path, inventory: Inventory, evidence: Evidence, owners: set[str]) -> dict[str, Source]:
    """Sheet -> where its records come from, their numbers counted."""
    columns, linked = evidence.facts.columns, bool(evidence.facts.presentation.customer_link)
    names, own = tuple(results_schema(columns).names), tuple(own_names(columns).values())
    results = partial(expected.results, run, evidence)
    own_cells = _own_cells(own, evidence, results)
    sources = {
        sheet: Source(plan(sheet, names, own_cells, linked=linked), names, results, verdict)
        for sheet, verdict in _VERDICT_OF.items()
    }
    _count(sources.values(), results(), owners)
    if _CHANGES_CSV in inventory.files:
        header = tuple(name or "" for name in next(csv_file(run / _CHANGES_CSV)))
        changed = Source(plan(CHANGES, header), header, lambda: islice(csv_file(run / _CHANGES_CSV), 1, None))
        sources[CHANGES] = replace(changed, shared=_shared(changed, sources[ALL]))
        _count([sources[CHANGES]], changed.records(), owners)
    return sources


def _own_cells(own: Collection[str], evidence: Evidence, results: Callable[[], Iterator[Cells]]) -> dict[str, AsNumber]:
    """The lists' own columns, with what reads their cells as numbers: of a column that is added up all texts decide how."""
    adding = Adding(evidence.facts)
    for record in results() if adding.numbers else ():
        adding.take(record)
    return {name: adding.numbers.get(name, lambda _text: None) for name in own}


def _count(sources: Collection[Source], records: Iterator[Cells], owners: set[str]) -> None:
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


def gained(changed: Source | None) -> Counter[str] | None:
    """By how many customers each verdict grew since the baseline run: all others have the verdict that they had."""
    if changed is None:
        return None
    now, before = (changed.names.index(name) for name in ("verdict", "verdict_before"))
    gained: Counter[str] = Counter()
    for record in changed.records():
        gained[record[now] or ""] += 1
        gained[record[before] or ""] -= 1
    return gained


def _shared(changed: Source, everybody: Source) -> dict[str, set[str]]:
    """The account managers of each customer that changed and is in the lists."""
    place = changed.names.index("customer_id")
    owners: dict[str, set[str]] = {record[place] or "": set() for record in changed.records()}
    of_id, of_owner, of_reason = map(everybody.names.index, ("customer_id", "owner", "reason"))
    for record in everybody.records():
        if record[of_id] in owners and record[of_reason] != Reason.INVALID_ID:
            owners[record[of_id] or ""].add(record[of_owner] or "")
    return owners
