"""An independent recount: what each record of `results` must say, from rows.jsonl and journal.jsonl.

Its own readers, in plain Python and msgspec, share no code with `records` and the journal. A record is a tuple of texts as
results.csv has them, None for null.
"""

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from auditor.core.judge import apply_membership, is_contradictory
from auditor.core.model import Reason
from auditor.core.results import Ledger, Tally, build_ledger
from auditor.core.run_facts import Freshness, MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS
from auditor.report.schema import FIXED

Cells = tuple[str | None, ...]
"""A record of a file."""

_ANSWER, _MEMBER, _CHECKSUM = b'{"kind":"answer",', b'{"kind":"member",', b',"crc":"'
_JUDGED = {
    (given.value, member): (reason.verdict.value, reason.value)
    for given in Reason
    for member in (True, False, None)
    for reason in [apply_membership(given, member=member)]
}
_CHECKED_AT = [field.name for field in FIXED].index("checked_at")
_MOST_ATTEMPTS = 2**15 - 1
_TIME = re.compile(
    r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])?"
)
_TIME_LENGTH = len("2021-07-14T18:02:00.000000Z")


class _Row(msgspec.Struct):
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
_NO_ANSWER = _Answer()


class _Deciding:
    """The deciding answer of each customer: where its line is in the journal, and what is asked of all answers together.

    The answers themselves are read again for their records: those of a million customers need a gigabyte.

    Args:
        rows: number of rows; an answer is found by the first row of its customer.

    Attributes:
        reused, without_status: for each row 1 where an earlier run gave the answer; where there is no account status.
    """

    def __init__(self, rows: int) -> None:
        self._places, self._attempts, self._final = array("q", [-1]) * rows, [0] * rows, bytearray(rows)
        self.reused, self.without_status = bytearray(rows), bytearray(rows)

    def add(self, first: int, answer: _Answer, place: int) -> None:
        """Take an answer in: the last final one decides, else the last one.

        Args:
            first: number of its customer's first row.
            answer: the next one of the journal.
            place: offset of its line.
        """
        self._attempts[first] += answer.attempts
        if answer.final or not self._final[first]:
            self._places[first], self._final[first] = place, answer.final
            self.reused[first] = answer.reused_from is not None
            self.without_status[first] = answer.reason == Reason.NO_ACCOUNT_STATUS

    def read(self, journal: BinaryIO, first: int) -> _Answer:
        """Read the deciding answer, with the requests of all answers, from the open journal."""
        if self._places[first] < 0:
            return _NO_ANSWER
        journal.seek(self._places[first])
        answer = _decode_answer(journal.readline())
        answer.attempts = self._attempts[first]
        return answer


@dataclass(slots=True)
class SourceIndex:
    """What the reports must follow from.

    Attributes:
        run: the run's folder.
        facts: what the journal says of the run as a whole.
        customers: for each row its customer's id; None where the row was rejected or left out.
        firsts: for each row the number of its customer's first row.
        left_out: ids on the rows that were left out.
        answers: the deciding answer of each customer.
        oldest: time of the oldest answer among the records that were read so far.
        members: the last line about the partner's own list by customer id, in the journal's order.
        lines: how many lines the journal has.
        damaged: numbers of those that count as not written.
    """

    run: Path
    facts: RunFacts
    customers: list[str | None] = field(default_factory=list)
    firsts: "array[int]" = field(default_factory=lambda: array("q"))
    left_out: set[str | None] = field(default_factory=set)
    answers: _Deciding = field(default_factory=lambda: _Deciding(0))
    oldest: str | None = None
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
        member_of = self._member_of()
        doubtful = compress(self.customers, self.answers.without_status)
        return sum(member_of(customer or "").member is None for customer in doubtful)

    def freshness(self) -> Freshness:
        """Age of the deciding answers, after all records were read."""
        return Freshness(datetime.fromisoformat(self.oldest) if self.oldest else None, sum(self.answers.reused))

    def records(self) -> Generator[Cells]:
        """What each record of `results` must say, in order.

        Raises:
            OSError, KeyError, msgspec.MsgspecError: rows.jsonl is missing or damaged.
        """
        nobody, member_of = _Member(), self._member_of()
        with (self.run / ROWS).open("rb") as file, (self.run / JOURNAL).open("rb") as answers:
            for line, customer, first in zip(file, self.customers, self.firsts, strict=True):
                member = nobody if customer is None else member_of(customer)
                answer = self.answers.read(answers, first)
                row = _decode_row(line)
                # one text for each customer, however many records are kept
                row.customer_id = customer or row.customer_id
                record = _record(row, answer, member, self.facts.columns)
                if (checked := record[_CHECKED_AT]) and (self.oldest is None or checked < self.oldest):
                    self.oldest = checked
                yield record

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
    index, place = SourceIndex(run, facts), 0
    customers = _read_rows(index)
    index.answers = _Deciding(len(index.customers))
    with (run / JOURNAL).open("rb") as file:
        for index.lines, line in enumerate(file, 1):
            start, place = place, place + len(line)
            body, _, seal = line.rpartition(_CHECKSUM)
            is_damaged = seal != b'%08x"}\n' % zlib.crc32(body)
            if is_damaged or (line.startswith(_ANSWER) and not _add_answer(index, line, start)):
                index.damaged.append(index.lines)
            elif line.startswith(_MEMBER):
                member = _decode_member(line)
                index.members.pop(member.customer_id, None)
                index.members[member.customer_id] = member
    for what, said, found in (("rows", facts.rows, len(index.customers)), ("customers", facts.customers, customers)):
        if said != found:
            raise IncompleteError(f"{JOURNAL}: speaks of {said} {what}, where {ROWS} has {found}")
    if index.damaged != [*facts.damaged_lines]:
        raise IncompleteError(f"{JOURNAL}: lines {index.damaged} are damaged, not {[*facts.damaged_lines]}")
    return index


def _read_rows(index: SourceIndex) -> int:
    """Note each row's customer; gives the number of customers."""
    firsts: dict[str, int] = {}
    with (index.run / ROWS).open("rb") as file:
        for number, row in enumerate(map(_decode_row, file)):
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
    return len(firsts)


def _add_answer(index: SourceIndex, line: bytes, place: int) -> bool:
    """Take an answer in; False where it contradicts itself and so counts as damaged."""
    answer = _decode_answer(line)
    if is_contradictory(answer):
        return False
    customer = index.customers[answer.row] if 0 <= answer.row < len(index.customers) else None
    if customer is None or customer != answer.customer_id:
        raise IncompleteError(
            f"{JOURNAL}: an answer for {answer.customer_id} names row {answer.row}, where {ROWS} has another"
        )
    index.answers.add(index.firsts[answer.row], answer, place)
    return True


def _record(row: _Row, answer: _Answer, member: _Member, columns: tuple[str, ...]) -> Cells:
    verdict, reason = _JUDGED[row.reason or answer.reason, member.member]
    last, checked = _time(answer.last_update_raw), _own_time(answer.checked_at)
    # schema version 1 has the text of an invalid id in `customer_id`
    given = row.customer_id if row.raw_id is None else row.raw_id
    is_raw = row.reason == Reason.INVALID_ID or row.raw_id is not None
    customer, raw = (None, given) if is_raw else (row.customer_id, None)
    return (
        customer,
        member.company_name if row.company_name is None else row.company_name,
        member.domain if row.domain is None else row.domain,
        verdict,
        answer.status,
        reason,
        last,
        answer.last_update_raw,
        _days(last, checked),
        checked,
        str(min(answer.attempts, _MOST_ATTEMPTS)),
        None if answer.http_status is None else str(answer.http_status),
        answer.error_code,
        answer.error_name,
        answer.error_message,
        answer.request_id,
        answer.correlation_id,
        row.owner,
        row.source_file,
        str(row.source_row),
        raw,
        *map(row.other.get, columns),
    )


def _time(raw: str | None) -> str | None:
    """The time that a text is taken for, in the form of the reports; None where it is no time."""
    found = _TIME.fullmatch(raw or "")
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


def _own_time(raw: str | None) -> str | None:
    """The same of a time that the journal wrote, which nearly always is in the form of the reports already."""
    return raw if raw is not None and len(raw) == _TIME_LENGTH and raw[10] == "T" and raw[-1] == "Z" else _time(raw)


def _days(since: str | None, until: str | None) -> str | None:
    """Whole days between two times."""
    if since is None or until is None:
        return None
    return str(max(0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days))


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


def count_records(records: Iterable[Counted]) -> Ledger:
    """The ledger of these records: its `rows` and `customers` are those that they hold."""
    rows: Counter[tuple[str, str, str]] = Counter()
    customers, of_owner = rows.copy(), rows.copy()
    owners: dict[str, str] = {}
    more_owners: set[tuple[str, str]] = set()
    for one in records:
        key = (one.reason, one.status or "", owner := one.owner or "")
        rows[key] += 1
        if one.customer_id is None or one.reason == Reason.NOT_SELECTED:
            continue
        known = owners.get(one.customer_id)
        if known is None:
            owners[one.customer_id] = owner
            customers[key] += 1
            of_owner[key] += 1
        elif known != owner and (one.customer_id, owner) not in more_owners:
            more_owners.add((one.customer_id, owner))
            of_owner[key] += 1
    tallies = [Tally(Reason(key[0]), key[1], key[2], rows[key], customers[key], of_owner[key]) for key in rows]
    return build_ledger(tallies, rows.total(), customers.total())
