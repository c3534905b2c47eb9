"""An independent recount: what each record of `results` must say, from rows.jsonl and journal.jsonl.

Its own readers, in msgspec, numpy and Arrow, share no code with `records` and the journal. A cell is a text as results.csv has
it, or null.
"""

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress, islice
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.judge import apply_membership, is_contradictory
from auditor.core.model import Reason
from auditor.core.results import Ledger, Tally, build_ledger
from auditor.core.run_facts import Freshness, MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.schema import FIXED, results_schema

Cells = tuple[str | None, ...]
"""A record of a file."""

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
_TEXTS_OF_ROW = ("reason", "company_name", "domain", "owner", "source_file")
_KINDS = {"row": pa.int64(), "final": pa.bool_(), "attempts": pa.int64(), "http_status": pa.int64()}
_SAME = ("status", "last_update_raw", "attempts", "http_status", "error_code", "error_name")
_SAME += ("error_message", "request_id", "correlation_id")
"""Columns that are those of the deciding answer."""
_ANSWERS = pa.schema(
    [pa.field(name, _KINDS.get(name, pa.string())) for name in _Answer.__struct_fields__ if name != "customer_id"]
)


@dataclass(slots=True)
class SourceIndex:
    """What the reports must follow from.

    Attributes:
        facts: what the journal says of the run as a whole.
        rows: the cells that follow from the rows alone, and each row's own reason.
        customers: for each row its customer's id; None where the row was rejected or left out.
        firsts: for each row the number of its customer's first row.
        left_out: ids on the rows that were left out.
        answers: for each row the deciding answer of its customer, with the requests of all answers; null where there is none.
        members: the last line about the partner's own list by customer id, in the journal's order.
        lines: how many lines the journal has.
        damaged: numbers of those that count as not written.
    """

    facts: RunFacts
    rows: pa.Table = None
    customers: list[str | None] = field(default_factory=list)
    firsts: "array[int]" = field(default_factory=lambda: array("q"))
    left_out: set[str | None] = field(default_factory=set)
    answers: pa.Table = None
    members: dict[str, _Member] = field(default_factory=dict)
    lines: int = 0
    damaged: list[int] = field(default_factory=list)

    def unlisted(self) -> list[Cells]:
        """What each record of unlisted.csv must say."""
        listed = {*self.customers, *self.left_out}
        others = (one for customer, one in self.members.items() if customer not in listed)
        return [(one.customer_id, one.company_name, one.domain, one.relationship) for one in others if one.member]

    def membership_unchecked(self) -> int:
        """Customers without an account status whose membership in the partner's list is unknown."""
        without_status = pc.equal(self.answers["reason"], Reason.NO_ACCOUNT_STATUS.value).to_pylist()
        doubtful = {*compress(self.customers, without_status)} - {None}
        member_of = self._member_of()
        return sum(member_of(customer).member is None for customer in doubtful)

    def freshness(self) -> Freshness:
        """Age of the deciding answers, and how many of them are of earlier runs."""
        reused = self.answers["reused_from"].is_valid().to_numpy() & (
            _numbers(self.firsts) == np.arange(len(self.firsts))
        )
        oldest = pc.min(_times(self.answers["checked_at"])).as_py()
        return Freshness(datetime.fromisoformat(oldest) if oldest else None, int(reused.sum()))

    def cells(self) -> pa.Table:
        """What each record of `results` must say, in order."""
        rows, answers, names = self.rows, self.answers, results_schema(self.facts.columns).names
        nobody, member_of = _Member(), self._member_of()
        members = [nobody if customer is None else member_of(customer) for customer in self.customers]
        given = texts(pc.coalesce(rows["reason"], answers["reason"], Reason.NOT_ATTEMPTED.value))
        judged = [_JUDGED[reason, one.member] for reason, one in zip(given, members, strict=True)]
        last, checked = _times(answers["last_update_raw"]), _times(answers["checked_at"])
        columns = {name: rows[name] for name in rows.column_names} | {name: answers[name] for name in _SAME}
        columns |= {
            "verdict": pa.array([verdict for verdict, _ in judged], pa.string()),
            "reason": pa.array([reason for _, reason in judged], pa.string()),
            "last_update": last,
            "days_in_status": _days(last, checked),
            "checked_at": checked,
        }
        for name in ("company_name", "domain"):
            columns[name] = pc.coalesce(rows[name], _column(name, members))
        order = [field.name for field in FIXED] + _own(self.facts.columns)
        return pa.table([pc.cast(columns[name], pa.string()) for name in order], names)

    def _member_of(self) -> Callable[[str], _Member]:
        """What tells what the partner's own list says of a customer."""
        found = self.facts.membership
        way = found.way if found else MembershipSource.NONE
        absent = (
            True
            if way is MembershipSource.OWN
            else False
            if found and way is MembershipSource.LIST and found.complete
            else None
        )
        members, unknown = (
            self.members if way in (MembershipSource.LIST, MembershipSource.SINGLY) else {},
            _Member(member=absent),
        )
        return lambda customer: members.get(customer, unknown)


def read_sources(run: Path, facts: RunFacts) -> SourceIndex:
    """Read rows.jsonl and journal.jsonl.

    Raises:
        IncompleteError: the two are not of one run, or contradict themselves.
        OSError, ValueError, msgspec.MsgspecError: a file is missing or damaged.
    """
    index = SourceIndex(facts)
    customers = _read_rows(index, run / ROWS)
    answers = pa.Table.from_batches(_read_journal(index, run / JOURNAL), _ANSWERS)
    for what, said, found in (("rows", facts.rows, len(index.customers)), ("customers", facts.customers, customers)):
        if said != found:
            raise IncompleteError(f"{JOURNAL}: speaks of {said} {what}, where {ROWS} has {found}")
    if index.damaged != [*facts.damaged_lines]:
        raise IncompleteError(f"{JOURNAL}: lines {index.damaged} are damaged, not {[*facts.damaged_lines]}")
    index.answers = _deciding(answers, _numbers(index.firsts))
    return index


def _read_rows(index: SourceIndex, path: Path) -> int:
    """Note each row's customer and cells; gives the number of customers."""
    firsts: dict[str, int] = {}
    cells = [_row_cells([], index.facts.columns)]
    with path.open("rb") as file:
        while rows := [*map(_decode_row, islice(file, _BLOCK))]:
            for number, row in enumerate(rows, len(index.customers)):
                _add_row(index, firsts, number, row)
            cells.append(_row_cells(rows, index.facts.columns))
    index.rows = pa.Table.from_batches(cells)
    return len(firsts)


def _add_row(index: SourceIndex, firsts: dict[str, int], number: int, row: _Row) -> None:
    """Note whose row it is, and which is the first of that customer."""
    customer = row.customer_id if row.reason is None else None
    if row.reason is None and customer is None:
        raise IncompleteError(f"{ROWS}, row {number + 1}: has no customer_id")
    first = number if customer is None else firsts.setdefault(customer, number)
    if row.first not in (None, customer is not None and first == number):
        # a customer is asked for where its first row says so
        raise IncompleteError(f"{ROWS}, row {number + 1}: is wrong about being the first of its customer")
    if row.reason == Reason.NOT_SELECTED:
        index.left_out.add(row.customer_id)
    index.firsts.append(first)
    index.customers.append(customer if first == number else index.customers[first])


def _row_cells(rows: list[_Row], columns: tuple[str, ...]) -> pa.RecordBatch:
    """The cells that follow from these rows alone, and each row's own reason."""
    # schema version 1 has the text of an invalid id in `customer_id`
    is_raw = [row.reason == Reason.INVALID_ID or row.raw_id is not None for row in rows]
    ids = [None if raw else row.customer_id for raw, row in zip(is_raw, rows, strict=True)]
    texts_found = [
        (row.customer_id if row.raw_id is None else row.raw_id) if raw else None
        for raw, row in zip(is_raw, rows, strict=True)
    ]
    found = {"customer_id": pa.array(ids, pa.string()), "raw_id": pa.array(texts_found, pa.string())}
    found |= {name: _column(name, rows) for name in _TEXTS_OF_ROW}
    found["source_row"] = _column("source_row", rows, pa.int64())
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
                _check_customer(index, answer)
                answers.append(answer)
                if len(answers) == _BLOCK:
                    yield _answer_cells(answers)
                    answers.clear()
            elif line.startswith(_MEMBER):
                member = _decode_member(line)
                index.members.pop(member.customer_id, None)
                index.members[member.customer_id] = member
    yield _answer_cells(answers)


def _check_customer(index: SourceIndex, answer: _Answer) -> None:
    """The row that an answer names is of its customer."""
    customer = index.customers[answer.row] if 0 <= answer.row < len(index.customers) else None
    if customer is None or customer != answer.customer_id:
        raise IncompleteError(
            f"{JOURNAL}: an answer for {answer.customer_id} names row {answer.row}, where {ROWS} has another"
        )


def _answer_cells(answers: list[_Answer]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_column(one.name, answers, one.type) for one in _ANSWERS], schema=_ANSWERS)


def _deciding(answers: pa.Table, firsts: "np.ndarray[Any, Any]") -> pa.Table:
    """For each row the deciding answer of its customer: the last final one, else the last; `attempts` of all of them together.

    Args:
        answers: all of the journal, in order.
        firsts: for each row the number of its customer's first row.
    """
    first, number = firsts[answers["row"].to_numpy()], np.arange(len(answers))
    final = answers["final"].to_numpy()
    place, attempts = np.full(len(firsts), -1), np.zeros(len(firsts), np.int64)
    # of several values for one element, numpy keeps the last
    place[first] = number
    place[first[final]] = number[final]
    np.add.at(attempts, first, np.minimum(answers["attempts"].to_numpy(), _MOST_ATTEMPTS))
    chosen = place[firsts]
    deciding = answers.drop_columns(["row", "final", "attempts"]).take(pa.array(chosen, mask=chosen < 0))
    return deciding.append_column("attempts", pa.array(np.minimum(attempts[firsts], _MOST_ATTEMPTS)))


def _numbers(firsts: "array[int]") -> "np.ndarray[Any, Any]":
    return np.array(firsts, np.int64)


def _times(raw: pa.ChunkedArray) -> pa.ChunkedArray:
    """The times that texts are taken for, in the form of the reports; null where a text is no time."""
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


def _days(since: pa.ChunkedArray, until: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole days between two times."""
    begin, end = (pc.cast(pc.cast(times, _UTC), pa.int64()) for times in (since, until))
    return pc.max_element_wise(pc.divide(pc.subtract(end, begin), _DAY), 0, skip_nulls=False)


def records_of(table: pa.Table) -> Iterator[Cells]:
    """The records of a table."""
    return zip(*map(texts, table.columns), strict=True)


def texts(column: pa.ChunkedArray) -> list[Any]:
    """A column as results.csv would have it; through numpy, which is ten times as fast as `to_pylist`."""
    if pa.types.is_timestamp(column.type):
        times = np.datetime_as_string(column.to_numpy(), unit="us").tolist()
        return [None if time == "NaT" else f"{time}Z" for time in times]
    found: list[Any] = pc.cast(column, pa.string()).to_numpy().tolist()
    return found


class Counted(NamedTuple):
    """What the ledger and the documents need of one record of `results`."""

    customer_id: str | None
    raw_id: str | None
    verdict: str
    reason: str
    status: str | None
    owner: str | None

    @property
    def shown_id(self) -> str:
        """What people see as the customer's id."""
        return self.customer_id or self.raw_id or ""


def counted_of(cells: pa.Table) -> list[Counted]:
    """What the ledger and the documents need, of each record. The words are few, so that one text serves for all that say the same."""
    words = (_shared(cells[name]) for name in Counted._fields[2:])
    return [*map(Counted, *map(texts, (cells["customer_id"], cells["raw_id"])), *words)]


def _shared(column: pa.ChunkedArray) -> list[Any]:
    encoded = column.combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    found: list[Any] = words[encoded.indices.fill_null(-1).to_numpy()].tolist()
    return found


def count_records(records: Iterable[Counted]) -> Ledger:
    """The ledger of these records: its `rows` and `customers` are those that they hold."""
    keys: list[tuple[str, str, str]] = []
    first: dict[str, tuple[str, str, str]] = {}
    first_of_owner: dict[tuple[str, str], tuple[str, str, str]] = {}
    for customer, _, _, reason, status, owner in records:
        key = (reason, status or "", owner or "")
        keys.append(key)
        if customer is not None and reason != Reason.NOT_SELECTED:
            first.setdefault(customer, key)
            first_of_owner.setdefault((customer, key[2]), key)
    rows, customers, of_owner = map(Counter, (keys, first.values(), first_of_owner.values()))
    tallies = [Tally(Reason(key[0]), key[1], key[2], rows[key], customers[key], of_owner[key]) for key in rows]
    return build_ledger(tallies, rows.total(), customers.total())
