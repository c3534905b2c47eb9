"""rows.jsonl and journal.jsonl read once more, for whoever checks the reports. Rule: no code of those who wrote them or
rendered from them; of a million lines the places in the file are kept, not the lines.
"""

import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from auditor.core.judge import contradictory
from auditor.core.model import Reason
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.report.facts import facts_of
from auditor.report.schema import JOURNAL, ROWS

NONE = -1
"""No customer; no line."""
_ANSWER, _MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
_CHECKSUM = b',"crc":"'

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the reports must follow from. A customer is a distinct id of the rows and of the partner's own list.

    Attributes:
        facts: of the run, from the journal.
        rows, lines: how many lines rows.jsonl and journal.jsonl have.
        reused: how many of the deciding lines were taken from earlier runs.
        customers: for each row the number of its customer, or NONE.
        answers: for each customer where its deciding line begins in the journal, or NONE.
        attempts: for each customer the requests of all its lines.
        members: for each customer where its last line about the partner's own list begins, or NONE.
        unlisted: where those of these lines begin that are about customers of no row, in the journal's order.
    """

    facts: RunFacts
    rows: int
    lines: int
    reused: int
    customers: "array[int]"
    answers: "array[int]"
    attempts: "array[int]"
    members: "array[int]"
    unlisted: "array[int]"


class _About(msgspec.Struct):
    """A line of the journal about a customer."""

    customer_id: str
    row: int = NONE
    final: bool = False
    attempts: int = 0
    reused_from: str | None = None
    reason: Reason | None = None
    status: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    checked_at: str | None = None

    @property
    def wrong(self) -> bool:
        """True where it contradicts itself: then it counts as damaged."""
        return contradictory(self)


class _Row(msgspec.Struct):
    customer_id: str | None = None
    reason: str | None = None
    first: bool | None = None


@dataclass(slots=True)
class _Column:
    """Lines about customers, in the journal's order: where they begin, and what they say."""

    places: "array[int]" = field(default_factory=lambda: array("q"))
    ids: bytearray = field(default_factory=bytearray)
    rows: "array[int]" = field(default_factory=lambda: array("q"))
    finals: bytearray = field(default_factory=bytearray)
    attempts: "array[int]" = field(default_factory=lambda: array("q"))
    reused: bytearray = field(default_factory=bytearray)

    def add(self, place: int, line: _About) -> None:
        self.places.append(place)
        self.ids += bytes.fromhex(line.customer_id.replace("-", ""))
        self.rows.append(line.row)
        self.finals.append(line.final)
        self.attempts.append(line.attempts)
        self.reused.append(line.reused_from is not None)


@dataclass(slots=True)
class _Journal:
    """What was found in the journal."""

    answers: _Column = field(default_factory=_Column)
    members: _Column = field(default_factory=_Column)
    others: list[dict[str, Any]] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    lines: int = 0


def read_evidence(run: Path) -> Evidence:
    """Reads both files.

    Raises:
        IncompleteError: the journal has no header, or an answer for another customer than its row's.
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file is missing or damaged.
    """
    named, valid, marked = _rows(run)
    found = _journal(run)
    row = _answered_rows(found.answers, named)
    numbers, count = _numbers(named + found.members.ids)
    customers = np.where(valid, numbers[: len(valid)], NONE)
    _check_marks(customers, marked)
    asked, listed = customers[row], numbers[len(valid) :]
    attempts = np.bincount(asked, np.array(found.answers.attempts), count)
    members = _last(listed, np.array(found.members.places), count)
    unlisted = np.sort(members[np.setdiff1d(listed, customers)])
    deciding = _deciding(found.answers, asked, count)
    reused = np.isin(deciding, np.array(found.answers.places)[np.frombuffer(found.answers.reused, bool)]).sum()
    arrays = (customers, deciding, attempts, members, unlisted)
    facts = facts_of(found.others, found.damaged)
    return Evidence(facts, len(valid), found.lines, int(reused), *map(_kept, arrays))


def _kept(numbers: npt.NDArray[Any]) -> "array[int]":
    """The same as what gives Python's own numbers, and quickly."""
    return array("q", numbers.astype(np.int64).tobytes())


def _rows(run: Path) -> tuple[bytearray, npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
    """(sixteen bytes a row: its id, or zeros where the row was rejected; whether it was not; whether it says that it is the
    first of its customer, or NONE where it does not say).
    """
    decode = msgspec.json.Decoder(_Row).decode
    named, valid, marked = bytearray(), bytearray(), array("b")
    with (run / ROWS).open("rb") as file:
        for row in map(decode, file):
            valid.append(row.reason is None)
            marked.append(NONE if row.first is None else row.first)
            named += bytes(16) if row.reason else _packed(row.customer_id, len(valid))
    return named, np.frombuffer(valid, bool), np.array(marked, np.int8)


def _packed(customer_id: str | None, row: int) -> bytes:
    if customer_id is None:
        raise IncompleteError(f"{ROWS}, row {row}: has no customer_id")
    return bytes.fromhex(customer_id.replace("-", ""))


def _check_marks(customers: Places, marked: npt.NDArray[np.int8]) -> None:
    """Only whoever is marked is asked for: a row says truly whether it is the first of its customer."""
    (named,) = np.nonzero(customers != NONE)
    right = np.zeros(len(customers), np.int8)
    first = _last(customers[named][::-1], named[::-1], int(customers.max(initial=NONE)) + 1)
    right[first[first != NONE]] = 1
    wrong = np.flatnonzero((marked != NONE) & (marked != right))
    if len(wrong):
        raise IncompleteError(f"{ROWS}, row {wrong[0] + 1}: is wrong about being the first of its customer")


def _journal(run: Path) -> _Journal:
    found = _Journal()
    decode = msgspec.json.Decoder(_About).decode
    for place, line in _undamaged(run, found):
        if line.startswith(_ANSWER):
            answer = decode(line)
            if answer.wrong:
                found.damaged.append(found.lines)
            else:
                found.answers.add(place, answer)
        elif line.startswith(_MEMBER):
            found.members.add(place, decode(line))
        else:
            found.others.append(msgspec.json.decode(line))
    return found


def _undamaged(run: Path, found: _Journal) -> Iterator[tuple[int, bytes]]:
    """(where it begins, the line) of each line whose checksum fits; notes those whose does not."""
    place = 0
    with (run / JOURNAL).open("rb") as file:
        for line in file:
            found.lines += 1
            body, _, seal = line.rpartition(_CHECKSUM)
            if seal == b'%08x"}\n' % zlib.crc32(body):
                yield place, line
            else:
                found.damaged.append(found.lines)
            place += len(line)


def _answered_rows(answers: _Column, named: bytearray) -> Places:
    """For each answer the row that it names, after the ids were compared."""
    rows = np.array(answers.rows, np.int64)
    ids, own = (np.frombuffer(part, np.uint64).reshape(-1, 2) for part in (answers.ids, named))
    inside = (rows >= 0) & (rows < len(own))
    wrong = np.flatnonzero(~inside)
    if not len(wrong):
        wrong = np.flatnonzero((ids != own[rows]).any(axis=1))
    if len(wrong):
        told = answers.ids[16 * wrong[0] : 16 * wrong[0] + 16].hex()
        raise IncompleteError(f"{JOURNAL}: an answer for {told} names row {rows[wrong[0]]}, where {ROWS} has another")
    return rows


def _numbers(ids: bytearray) -> tuple[Places, int]:
    """(a number for each id, the same for the same id; how many there are)."""
    high, low = np.frombuffer(ids, np.uint64).reshape(-1, 2).T
    order = np.lexsort((low, high))
    changes = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
    numbers = np.zeros(len(order), np.int64)
    numbers[order[1:]] = np.cumsum(changes)
    return numbers, int(numbers.max(initial=NONE)) + 1


def _deciding(answers: _Column, asked: Places, count: int) -> Places:
    """For each customer where its last final answer begins, else its last."""
    places, finals = np.array(answers.places, np.int64), np.frombuffer(answers.finals, bool)
    final = _last(asked[finals], places[finals], count)
    return np.where(final != NONE, final, _last(asked, places, count))


def _last(numbers: Places, places: Places, count: int) -> Places:
    """For each number the last of its places; NONE where it has none."""
    found = np.full(count, NONE, np.int64)
    found[numbers] = places
    return found
