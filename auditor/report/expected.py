"""What each record of a report must say, worked out once more, a row at a time. Rule: no code of those who rendered it.

A record is as `written` reads it: texts as results.csv has them, None for null.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path

import msgspec

from auditor.core.membership import with_membership
from auditor.core.model import Reason, Way
from auditor.report.evidence import NONE, Evidence
from auditor.report.schema import JOURNAL, ROWS
from auditor.report.written import Cells

_JUDGED = {
    (given.value, member): (reason.verdict.value, reason.value)
    for given in Reason
    for member in (True, False, None)
    for reason in [with_membership(given, member=member)]
}
_ASKED = (Way.LIST, Way.SINGLY)
_MOST = 2**15 - 1
_TIME = re.compile(
    r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])?"
)


class _Row(msgspec.Struct):
    """A line of rows.jsonl."""

    customer_id: str
    source_file: str
    source_row: int
    reason: str | None = None
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    other: dict[str, str | None] = {}


class _Answer(msgspec.Struct):
    """A line of the journal about a customer's status."""

    reason: str = Reason.NOT_ATTEMPTED.value
    status: str | None = None
    last_update_raw: str | None = None
    checked_at: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None


class _Member(msgspec.Struct):
    """A line of the journal about the partner's own list."""

    customer_id: str
    member: bool
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None


class _Known(msgspec.Struct):
    """What is known of one row's customer."""

    answer: _Answer
    attempts: int = 0
    member: bool | None = None
    company_name: str | None = None
    domain: str | None = None


def results(run: Path, evidence: Evidence) -> Generator[Cells]:
    """What each record of `results` must say, in order.

    Raises:
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file is missing or damaged.
    """
    decode = msgspec.json.Decoder(_Row).decode
    columns, nobody = evidence.facts.columns, _Known(_Answer())
    with (run / ROWS).open("rb") as file, _lines(run) as line_at:
        known = _knowing(evidence, line_at)
        for line, customer in zip(file, evidence.customers, strict=True):
            yield _record(decode(line), nobody if customer == NONE else known(customer), columns)


def unlisted(run: Path, evidence: Evidence) -> Generator[Cells]:
    """What each record of unlisted.csv must say, in order.

    Raises:
        OSError, ValueError, msgspec.MsgspecError: the journal is missing or damaged.
    """
    decode = msgspec.json.Decoder(_Member).decode
    with _lines(run) as line_at:
        for place in evidence.unlisted:
            line = decode(line_at(place))
            if line.member:
                yield (line.customer_id, line.company_name, line.domain, line.relationship)


def unchecked(run: Path, evidence: Evidence, doubtful: int) -> int:
    """How many of the `doubtful` customers without an account status nothing says of whether they are the partner's.

    Raises:
        OSError, ValueError, msgspec.MsgspecError: the journal is missing or damaged.
    """
    way, whole = _way(evidence)
    if way not in _ASKED:
        return 0 if way is Way.OWN else doubtful
    if way is Way.LIST and whole:
        return 0
    decode = msgspec.json.Decoder(_Answer).decode
    answered = zip(evidence.answers, evidence.members, strict=True)
    with _lines(run) as line_at:
        untold = [line_at(answer) for answer, member in answered if answer != NONE and member == NONE]
    return sum(decode(line).reason == Reason.NO_ACCOUNT_STATUS for line in untold)


@contextmanager
def _lines(run: Path) -> Iterator[Callable[[int], bytes]]:
    """Gives what reads the line of the journal that begins at a place."""
    with (run / JOURNAL).open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        yield lambda place: content[place : content.find(b"\n", place)]


def _way(evidence: Evidence) -> tuple[Way, bool]:
    """(how it was found out who is in the partner's own list, whether whoever was not found is not in it)."""
    found = evidence.facts.membership
    return (found.way, found.complete) if found else (Way.NONE, False)


def _knowing(evidence: Evidence, line_at: Callable[[int], bytes]) -> Callable[[int], _Known]:
    """What tells what is known of a customer."""
    as_answer, as_member = msgspec.json.Decoder(_Answer).decode, msgspec.json.Decoder(_Member).decode
    answers, attempts, members = evidence.answers, evidence.attempts, evidence.members
    way, whole = _way(evidence)
    without = True if way is Way.OWN else False if way is Way.LIST and whole else None

    def known(customer: int) -> _Known:
        answer = as_answer(line_at(answers[customer])) if answers[customer] != NONE else _Answer()
        if way not in _ASKED or members[customer] == NONE:
            return _Known(answer, attempts[customer], without)
        line = as_member(line_at(members[customer]))
        return _Known(answer, attempts[customer], line.member, line.company_name, line.domain)

    return known


def _record(row: _Row, known: _Known, columns: tuple[str, ...]) -> Cells:
    answer = known.answer
    verdict, reason = _JUDGED[row.reason or answer.reason, known.member]
    last, checked = _time(answer.last_update_raw), _time(answer.checked_at)
    return (
        row.customer_id,
        known.company_name if row.company_name is None else row.company_name,
        known.domain if row.domain is None else row.domain,
        verdict,
        answer.status,
        reason,
        last,
        answer.last_update_raw,
        _days(last, checked),
        checked,
        str(min(known.attempts, _MOST)),
        None if answer.http_status is None else str(answer.http_status),
        answer.error_code,
        answer.error_name,
        answer.error_message,
        answer.request_id,
        answer.correlation_id,
        row.owner,
        row.source_file,
        str(row.source_row),
        *map(row.other.get, columns),
    )


def _time(raw: str | None) -> str | None:
    """The time that a text is taken for, in the form of the reports; None where it is taken for none."""
    found = _TIME.fullmatch(raw or "")
    if found is None:
        return None
    date, time, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(found.string)
    except ValueError:
        return None  # a day that no month has, or the like
    if zone not in (None, "Z"):
        # the only form that costs much; the service and the journal write UTC
        date, time = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds").split("T")
    return f"{date}T{time}{(fraction or '.')[:7]:0<7}Z"


def _days(since: str | None, until: str | None) -> str | None:
    """Whole days between two times."""
    if since is None or until is None:
        return None
    return str(max(0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days))
