"""An independent recount: what each record of `results` must say, from rows.jsonl and journal.jsonl.

Its own readers, in msgspec, numpy and Arrow, share no code with `records` and the journal. Cells are as of `cells`.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.judge import apply_membership, is_contradictory
from auditor.core.model import Reason
from auditor.core.run_facts import Freshness, MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.schema import FIXED, results_schema
from auditor.report.verify.cells import Cells, codes

_ANSWER, _MEMBER, _CHECKSUM = b'{"kind":"answer",', b'{"kind":"member",', b',"crc":"'
_JUDGED = {
    (given.value, member): (reason.verdict.value, reason.value)
    for given in Reason
    for member in (True, False, None)
    for reason in [apply_membership(given, member=member)]
}
_MOST_ATTEMPTS = 2**15 - 1
_BLOCK = 4096
"""Lines of a file that are Python objects at a time."""
_DAY = 86_400_000_000
_UTC = pa.timestamp("us", "UTC")
_TIME = re.compile(
    r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])?"
)
_COMMON_TIME = (
    r"^(19|20|21)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{6}Z)?$"
)
"""The two forms that nearly all times have: as the documentation shows it, and as the journal writes it. Without 29 February."""
_TIME_LENGTH = len("2021-07-14T18:02:00.000000Z")


class _Row(msgspec.Struct, gc=False):
    """A line of rows.jsonl."""

    source_file: str
    source_row: int
    customer_id: str | None = None
    raw_id: str | None = None
    reason: str | None = None
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    first: bool | None = None
    other: dict[str, str | None] = {}


class _Answer(msgspec.Struct, gc=False):
    """A line of the journal about a customer's status."""

    customer_id: str = ""
    row: int = -1
    final: bool = False
    reason: str = Reason.NOT_ATTEMPTED.value
    status: str | None = None
    last_update_raw: str | None = None
    checked_at: str | None = None
    attempts: int = 0
    http_status: int | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    reused_from: str | None = None


class _Member(msgspec.Struct, gc=False):
    """A line of the journal about the partner's own list."""

    customer_id: str = ""
    member: bool | None = None
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None


_decode_row = msgspec.json.Decoder(_Row).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_member = msgspec.json.Decoder(_Member).decode
_TEXTS_OF_ROW = ("customer_id", "raw_id", "reason", "company_name", "domain", "owner", "source_file")
_KINDS = {"row": pa.int64(), "final": pa.bool_(), "attempts": pa.int64(), "http_status": pa.int64()}
_ANSWERS = pa.schema(
    [pa.field(name, _KINDS.get(name, pa.string())) for name in _Answer.__struct_fields__ if name != "customer_id"]
)
_SAME = {field.name for field in FIXED} & {*_ANSWERS.names} - {"reason", "checked_at"}
"""Columns that are those of the deciding answer."""


@dataclass(slots=True)
class SourceIndex:
    """What the reports must follow from.

    Attributes:
        facts: what the journal says of the run as a whole.
        rows: the cells that follow from the rows alone, and each row's own reason.
        customers: for each row its customer's id; null where the row was rejected or left out.
        firsts: for each row the number of its customer's first row.
        answers: for each row the deciding answer of its customer, with the requests of all answers and its time as of `_times`; null where there is none.
        members: the last line about the partner's own list by customer id, in the journal's order.
        lines: how many lines the journal has.
        damaged: numbers of those that count as not written.
    """

    facts: RunFacts
    rows: pa.Table
    customers: pa.Array
    firsts: "np.ndarray[Any, Any]"
    answers: pa.Table = None
    members: dict[str, _Member] = field(default_factory=dict)
    lines: int = 0
    damaged: list[int] = field(default_factory=list)

    def is_first(self) -> "np.ndarray[Any, Any]":
        """For each row whether it is the first of its customer; true where it has none."""
        found: np.ndarray[Any, Any] = self.firsts == np.arange(len(self.firsts))
        return found

    def unlisted(self) -> list[Cells]:
        """What each record of unlisted.csv must say."""
        left_out = self.rows.filter(pc.equal(self.rows["reason"], Reason.NOT_SELECTED.value))["customer_id"]
        listed = {*self.customers.to_pylist(), *left_out.to_pylist()}
        others = (one for customer, one in self.members.items() if customer not in listed)
        return [(one.customer_id, one.company_name, one.domain, one.relationship) for one in others if one.member]

    def membership_unchecked(self) -> int:
        """Customers without an account status whose membership in the partner's list is unknown."""
        without_status = pc.equal(self.answers["reason"], Reason.NO_ACCOUNT_STATUS.value)
        is_unknown = pc.and_(without_status, self._members()["member"].is_null())
        return len(self.customers.filter(is_unknown.combine_chunks()).unique())

    def freshness(self) -> Freshness:
        """Age of the deciding answers, and how many of them are of earlier runs."""
        is_reused = self.answers["reused_from"].is_valid().to_numpy() & self.is_first()
        oldest = pc.min(self.answers["checked_at"]).as_py()
        return Freshness(datetime.fromisoformat(oldest) if oldest else None, int(is_reused.sum()))

    def cells(self) -> pa.Table:
        """What each record of `results` must say, in order."""
        rows, answers, names = self.rows, self.answers, results_schema(self.facts.columns).names
        members = self._members()
        given = pc.coalesce(rows["reason"], answers["reason"], Reason.NOT_ATTEMPTED.value).combine_chunks()
        last, checked = _times(answers["last_update_raw"]), answers["checked_at"]
        columns = {name: rows[name] for name in rows.column_names} | {name: answers[name] for name in _SAME}
        columns |= _judge(given.dictionary_encode(), members["member"])
        columns |= {"last_update": last, "days_in_status": _days(last, checked), "checked_at": checked}
        for name in ("company_name", "domain"):
            columns[name] = pc.coalesce(rows[name], members[name])
        order = [field.name for field in FIXED] + _own(self.facts.columns)
        return pa.table([pc.cast(columns[name], pa.string()) for name in order], names)

    def _members(self) -> pa.Table:
        """For each row what the partner's own list says of its customer; `member` is null where that is not known."""
        found = self.facts.membership
        way = found.way if found else MembershipSource.NONE
        absent = True if way is MembershipSource.OWN else None
        if found and way is MembershipSource.LIST and found.complete:
            absent = False
        listed = [*self.members.values()] if way in (MembershipSource.LIST, MembershipSource.SINGLY) else []
        place = pc.index_in(self.customers, value_set=_column("customer_id", listed))
        kinds = {"member": pa.bool_(), "company_name": pa.string(), "domain": pa.string()}
        columns = {name: _column(name, listed, kind).take(place) for name, kind in kinds.items()}
        of_absent = pc.if_else(self.customers.is_valid(), pa.scalar(absent, pa.bool_()), None)
        columns["member"] = pc.if_else(place.is_valid(), columns["member"], of_absent)
        return pa.table(columns)


def _judge(given: pa.DictionaryArray, members: pa.ChunkedArray) -> dict[str, pa.Array]:
    """Verdicts and reasons, from the reasons without regard to membership and from whether each customer is a member."""
    reasons = given.dictionary.to_pylist()
    judged = [_JUDGED[reason, member] for member in (None, False, True) for reason in reasons]
    which = pc.fill_null(pc.add(members.cast(pa.int32()), 1), 0)
    place = pc.add(given.indices, pc.multiply(which, len(reasons)))
    verdicts, found = ([pair[at] for pair in judged] for at in (0, 1))
    return {"verdict": pa.array(verdicts, pa.string()).take(place), "reason": pa.array(found, pa.string()).take(place)}


def read_sources(run: Path, facts: RunFacts) -> SourceIndex:
    """Read rows.jsonl and journal.jsonl.

    Raises:
        IncompleteError: the two are not of one run, or contradict themselves.
        OSError, ValueError, msgspec.MsgspecError: a file is missing or damaged.
    """
    index = _read_rows(facts, run / ROWS)
    index.answers = _deciding(pa.Table.from_batches(_read_journal(index, run / JOURNAL), _ANSWERS), index.firsts)
    rows = len(index.customers)
    customers = np.count_nonzero(index.customers.is_valid().to_numpy(zero_copy_only=False) & index.is_first())
    for what, said, found in (("rows", facts.rows, rows), ("customers", facts.customers, customers)):
        if said != found:
            raise IncompleteError(f"{JOURNAL}: speaks of {said} {what}, where {ROWS} has {found}")
    if index.damaged != [*facts.damaged_lines]:
        raise IncompleteError(f"{JOURNAL}: lines {index.damaged} are damaged, not {[*facts.damaged_lines]}")
    return index


def _read_rows(facts: RunFacts, path: Path) -> SourceIndex:
    """The cells of the rows, and whose row each is."""
    cells = [_row_cells([], facts.columns)]
    with path.open("rb") as file:
        while rows := [*map(_decode_row, islice(file, _BLOCK))]:
            cells.append(_row_cells(rows, facts.columns))
    table = pa.Table.from_batches(cells)
    customers = pc.if_else(table["reason"].is_null(), table["customer_id"], None)
    firsts = _firsts(codes(customers))
    for number in pc.indices_nonzero(pc.and_(table["reason"].is_null(), customers.is_null())).to_pylist():
        raise IncompleteError(f"{ROWS}, row {number + 1}: has no customer_id")
    # a customer is asked for where its first row says so
    is_first = pa.array(firsts == np.arange(len(firsts)))
    is_wrong = pc.not_equal(table["first"], pc.and_(customers.is_valid(), is_first)).fill_null(False)  # noqa: FBT003 - the value itself
    for number in pc.indices_nonzero(is_wrong).to_pylist():
        raise IncompleteError(f"{ROWS}, row {number + 1}: is wrong about being the first of its customer")
    return SourceIndex(facts, table.drop_columns("first"), customers.combine_chunks(), firsts)


def _firsts(customers: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """For each row the number of its customer's first row; its own where it has no customer (-1)."""
    numbers = np.arange(len(customers))
    found = np.full(customers.max(initial=-1) + 2, len(customers))  # one more, which is the place of -1
    np.minimum.at(found, customers, numbers)
    return np.where(customers < 0, numbers, found[customers])


def _row_cells(rows: list[_Row], columns: tuple[str, ...]) -> pa.RecordBatch:
    """The cells that follow from these rows alone, and each row's own reason."""
    found = {name: _column(name, rows) for name in _TEXTS_OF_ROW}
    found["source_row"] = _column("source_row", rows, pa.int64())
    found["first"] = _column("first", rows, pa.bool_())
    # schema version 1 has the text of an invalid id in `customer_id`
    is_invalid = pc.fill_null(pc.equal(found["reason"], Reason.INVALID_ID.value), False)  # noqa: FBT003 - the value itself
    is_raw = pc.or_(is_invalid, found["raw_id"].is_valid())
    found["raw_id"] = pc.if_else(is_raw, pc.coalesce(found["raw_id"], found["customer_id"]), None)
    found["customer_id"] = pc.if_else(is_raw, None, found["customer_id"])
    own = zip(_own(columns), columns, strict=True)
    found |= {name: pa.array([row.other.get(column) for row in rows], pa.string()) for name, column in own}
    return pa.RecordBatch.from_pydict(found)


def _own(columns: tuple[str, ...]) -> list[str]:
    """What the lists' own columns are called here; no other column is called a number."""
    return [str(place) for place in range(len(columns))]


def _column(name: str, lines: Iterable[msgspec.Struct], kind: pa.DataType = pa.string()) -> pa.Array:  # noqa: B008 - it never changes
    return pa.array(list(map(attrgetter(name), lines)), kind)


def _read_journal(index: SourceIndex, path: Path) -> Iterator[pa.RecordBatch]:
    """The answers, in order, without those that count as damaged."""
    answers: list[_Answer] = []
    with path.open("rb") as file:
        for index.lines, line in enumerate(file, 1):
            body, _, seal = line.rpartition(_CHECKSUM)
            if seal != b'%08x"}\n' % zlib.crc32(body):
                index.damaged.append(index.lines)
            elif line.startswith(_ANSWER):
                answer = _decode_answer(line)
                if is_contradictory(answer):
                    index.damaged.append(index.lines)
                    continue
                answers.append(answer)
                if len(answers) == _BLOCK:
                    yield _answer_cells(index, answers)
                    answers.clear()
            elif line.startswith(_MEMBER):
                member = _decode_member(line)
                index.members.pop(member.customer_id, None)
                index.members[member.customer_id] = member
    yield _answer_cells(index, answers)


def _answer_cells(index: SourceIndex, answers: list[_Answer]) -> pa.RecordBatch:
    """The answers as columns; each names a row of its customer."""
    found = pa.RecordBatch.from_arrays([_column(one.name, answers, one.type) for one in _ANSWERS], schema=_ANSWERS)
    rows = found["row"].to_numpy()
    row = pa.array(rows, mask=(rows < 0) | (rows >= len(index.customers)))
    is_right = pc.equal(index.customers.take(row), _column("customer_id", answers)).fill_null(False)  # noqa: FBT003 - the value itself
    for number in pc.indices_nonzero(pc.invert(is_right)).to_pylist():
        one = answers[number]
        raise IncompleteError(
            f"{JOURNAL}: an answer for {one.customer_id} names row {one.row}, where {ROWS} has another"
        )
    return found


def _deciding(answers: pa.Table, firsts: "np.ndarray[Any, Any]") -> pa.Table:
    """For each row the deciding answer of its customer: the last final one, else the last; `attempts` of all of them together.

    Args:
        answers: all of the journal, in order.
        firsts: for each row the number of its customer's first row.
    """
    first, number = firsts[answers["row"].to_numpy()], np.arange(len(answers))
    final = answers["final"].to_numpy()
    place, attempts = np.full(len(firsts), -1), np.zeros(len(firsts), np.int64)
    np.maximum.at(place, first, number + len(answers) * final)
    np.add.at(attempts, first, np.minimum(answers["attempts"].to_numpy(), _MOST_ATTEMPTS))
    place = np.where(place < len(answers), place, place - len(answers))
    chosen = pa.array(place[firsts], mask=place[firsts] < 0)
    columns = {"attempts": pa.array(np.minimum(attempts[firsts], _MOST_ATTEMPTS))}
    for name in set(answers.column_names) - {"row", "final", "attempts"}:
        columns[name] = answers[name].take(chosen)
        answers = answers.drop_columns(name)  # no column is in memory twice for longer than needed
    columns["checked_at"] = _times(columns["checked_at"])
    return pa.table(columns)


def _times(raw: pa.ChunkedArray) -> pa.Array:
    """The times that texts are taken for, in the form of the reports; null where a text is no time."""
    raw = raw.combine_chunks()
    is_common = pc.fill_null(pc.match_substring_regex(raw, _COMMON_TIME), fill_value=False)
    completed = pc.binary_join_element_wise(raw, ".000000Z", "")
    common = pc.if_else(pc.equal(pc.binary_length(raw), _TIME_LENGTH), raw, completed)
    other = pc.and_not(raw.is_valid(), is_common)
    found = pc.if_else(is_common, common, None)
    if not pc.any(other).as_py():
        return found
    read = pa.array([_time(text) for text in raw.filter(other).to_pylist()], pa.string())
    return pc.replace_with_mask(found, other, read)


def _time(raw: str) -> str | None:
    """The same of one text, in any form."""
    found = _TIME.fullmatch(raw)
    if found is None:
        return None
    date, time, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(found.string)
    except ValueError:
        return None  # a day that no month has, or the like
    if zone not in (None, "Z"):
        date, time = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds").split("T")
    return f"{date}T{time}{(fraction or '.')[:7]:0<7}Z"


def _days(since: pa.Array, until: pa.Array) -> pa.Array:
    """Whole days between two times."""
    begin, end = (pc.cast(pc.cast(times, _UTC), pa.int64()) for times in (since, until))
    return pc.max_element_wise(pc.divide(pc.subtract(end, begin), _DAY), 0, skip_nulls=False)
