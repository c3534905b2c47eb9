"""What one workbook tells of: the whole run, or the rows of one account manager. Rule: a share is counted from its own
records, so that the shares' counts can be compared with the whole's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Reason, Verdict
from auditor.core.results import CHANGES, Ledger, Sum, Tally, fold
from auditor.report.schema import FIXED, own_names
from auditor.report.told import BESIDE, Told

Tables = Callable[[], Iterator[pa.Table]]

FIRST, OWNER_FIRST = "first", "owner_first"
OWN = "own {}"
"""The name, in a share's tables, of the lists' own column with this number."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How a column that is added up is shown.

    Attributes:
        sum: how its texts are read.
        whole: whether all its numbers are written without decimals.
    """

    sum: Sum
    whole: bool


@dataclass(slots=True)
class Survey:
    """What one pass over the records of a share tells.

    Attributes:
        widths: column -> characters of its longest text.
        bytes: of all texts together.
        blocked: the records that are blocked.
        before: customers by verdict in the baseline run, those gone from the lists left out.
        changes: customers by what changed for them, likewise.
        changed: ids of these customers, where the share is an account manager's.
    """

    widths: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    blocked: list[pa.Table] = field(default_factory=list)
    before: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    changed: list[str] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Share:
    """The matter of one workbook.

    Attributes:
        told: of the whole run.
        tables: gives the share's records in input order, in batches; columns as in `Told.frames`, but texts for words and
            `own 0`, `own 1` for the lists' own.
        ledger: of the share.
        survey: of its records.
        owner: the account manager; empty for rows without one; None for the whole run.
    """

    told: Told
    tables: Tables
    ledger: Ledger
    survey: Survey
    owner: str | None = None

    @property
    def own(self) -> dict[str, Amounts | None]:
        """Names of the lists' own columns, with how their numbers are shown where they are added up."""
        return {label: self.amounts(name) for name, label in own_names(self.told.facts.columns).items()}

    def amounts(self, column: str) -> Amounts | None:
        """How the numbers of a column that is added up are shown: the same in every workbook."""
        sums = [one for one in self.told.sums if one.column == column and one.owner is None]
        return Amounts(sums[0], all("." not in f"{one.total:f}" for one in sums)) if sums else None

    @property
    def sums(self) -> dict[str, dict[Verdict, Sum]]:
        """The share's sums: column -> verdict -> sum."""
        found: dict[str, dict[Verdict, Sum]] = {}
        for one in self.told.sums:
            if one.owner == self.owner:
                found.setdefault(one.column, {})[one.verdict] = one
        return found

    def changes(self) -> Iterator[pa.Table]:
        """What changed for the share's customers since the baseline run, in batches."""
        mine = pa.array(self.survey.changed, pa.string())
        for frame in self.told.changes.frames() if self.told.changes else ():
            table = _words_as_texts(pa.Table.from_pandas(frame, preserve_index=False))
            if self.owner is not None:
                # whoever is on rows of two account managers has changed for both; whoever is gone was the one's
                gone = pc.and_(pc.is_null(table["verdict"]), pc.equal(pc.fill_null(table["owner"], ""), self.owner))
                table = table.filter(pc.or_(pc.is_in(table["customer_id"], mine), gone))
            yield table


def whole(told: Told, passing: Callable[[pa.Table], None]) -> Share:
    """The whole run; each table of the first pass is given to `passing` too."""

    def tables() -> Iterator[pa.Table]:
        return (plain(frame) for frame in told.frames())

    def shown() -> Iterator[pa.Table]:
        for table in tables():
            passing(table)
            yield table

    return Share(told, tables, told.ledger, survey(shown(), FIRST))


def owned(told: Told, owner: str, tables: Tables) -> Share:
    """The rows of one account manager."""
    found = survey(tables(), OWNER_FIRST)
    rows, customers = (sum(getattr(tally, unit) for tally in found.tallies) for unit in ("rows", "customers"))
    return Share(told, tables, fold(found.tallies, rows, customers), found, owner)


def plain(frame: pd.DataFrame) -> pa.Table:
    """A frame of `Told` as an Arrow table with texts for words; a list's own column may have any name, one of ours too."""
    own = len(frame.columns) - len(FIXED) - len(BESIDE)
    names = [*(column.name for column in FIXED), *map(OWN.format, range(own)), *BESIDE.names]
    return _words_as_texts(pa.Table.from_pandas(frame.set_axis(names, axis="columns"), preserve_index=False))


def _words_as_texts(table: pa.Table) -> pa.Table:
    fields = [
        pa.field(one.name, pa.string()) if pa.types.is_dictionary(one.type) or pa.types.is_null(one.type) else one
        for one in table.schema
    ]
    return table.cast(pa.schema(fields)).combine_chunks()


def survey(tables: Iterable[pa.Table], first: str) -> Survey:
    """Goes over the records once.

    Args:
        tables: of a share.
        first: the column that tells a customer's first record in this share.
    """
    found = Survey()
    for table in tables:
        for column in table.schema:
            if pa.types.is_string(column.type):
                values = table[column.name]
                longest = pc.max(pc.utf8_length(values)).as_py() or 0
                found.widths[column.name] = max(found.widths.get(column.name, 0), longest)
                found.bytes += pc.sum(pc.binary_length(values)).as_py() or 0
        found.blocked.append(table.filter(pc.equal(table["verdict"], Verdict.BLOCKED)))
        firsts = table.filter(table[first])
        found.before.update(_counted(firsts["verdict_before"]))
        found.changes.update(_counted(firsts["change"]))
        if first == OWNER_FIRST:
            found.changed += firsts.filter(pc.is_valid(firsts["change"]))["customer_id"].to_pylist()
        found.tallies += _tallies(table, first)
    return found


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist() if one["values"] is not None}


def _tallies(table: pa.Table, first: str) -> Iterator[Tally]:
    flags = table.select(["reason", "status"]).append_column("customers", pc.cast(table[first], pa.int64()))
    for one in flags.group_by(["reason", "status"]).aggregate([([], "count_all"), ("customers", "sum")]).to_pylist():
        yield Tally(
            Reason(one["reason"]),
            one["status"] or "",
            rows=one["count_all"],
            customers=one["customers_sum"],
            owner_customers=one["customers_sum"],
        )


@dataclass(frozen=True, slots=True)
class Since:
    """A share beside the baseline run.

    Attributes:
        before: customers by verdict in the baseline run.
        changes: customers by what changed for them; those that could not be compared among them.
    """

    before: Mapping[str, int]
    changes: Mapping[str, int]

    @property
    def changed(self) -> int:
        """Customers for whom something changed."""
        return sum(self.changes.get(change, 0) for change in CHANGES)


def since(share: Share) -> Since | None:
    """The share beside the baseline run; None where there is none."""
    if share.told.changes is None:
        return None
    before, changes = Counter(share.survey.before), Counter(share.survey.changes)
    for table in share.changes():
        # of whom nothing was known, it cannot be said that something changed; of those too a verdict is one fewer
        gone = table.filter(pc.is_null(table["verdict"]))
        before.update(_counted(gone["verdict_before"]))
        changes.update(_counted(gone["change"]))
    return Since(before, changes)
