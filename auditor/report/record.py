"""One record of `results`, from its row and what the journal says of its customer. Rule: no code of those who rendered it.

A record is as `written` reads it: texts as results.csv has them, None for null.
"""

import re
from datetime import UTC, datetime

import msgspec

from auditor.core.judge import with_membership
from auditor.core.model import Reason
from auditor.report.schema import FIXED, SCHEMA_VERSION
from auditor.report.written import Cells

_JUDGED = {
    (given.value, member): (reason.verdict.value, reason.value)
    for given in Reason
    for member in (True, False, None)
    for reason in [with_membership(given, member=member)]
}
_RAW_ID = [field.name for field in FIXED].index("raw_id")
_MOST = 2**15 - 1
_LENGTH = len("2021-07-14T18:02:00.000000Z")
_TIME = re.compile(
    r"((?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2})[T ]((?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-5][0-9])?"
)


class Row(msgspec.Struct):
    """A line of rows.jsonl."""

    source_file: str
    source_row: int
    customer_id: str | None = None
    raw_id: str | None = None
    reason: str | None = None
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    other: dict[str, str | None] = {}


class Answer(msgspec.Struct):
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


class Member(msgspec.Struct):
    """A line of the journal about the partner's own list."""

    customer_id: str
    member: bool
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None


class Known(msgspec.Struct):
    """What is known of one row's customer."""

    answer: Answer
    attempts: int = 0
    member: bool | None = None
    company_name: str | None = None
    domain: str | None = None


def record(row: Row, known: Known, columns: tuple[str, ...]) -> Cells:
    """What the row's record must say.

    Args:
        row: of the list.
        known: of its customer; `Known(Answer())` where it has none.
        columns: the lists' other columns.

    Raises:
        KeyError: a reason that this version does not know.
    """
    answer = known.answer
    verdict, reason = _JUDGED[row.reason or answer.reason, known.member]
    last, checked = _time(answer.last_update_raw), _own_time(answer.checked_at)
    customer, raw = ids(row.customer_id, row.raw_id, row.reason)
    return (
        customer,
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
        raw,
        *map(row.other.get, columns),
    )


def ids(customer_id: str | None, raw_id: str | None, reason: str | None) -> tuple[str | None, str | None]:
    """(`customer_id`, `raw_id`) of a record, from those of its row; an earlier version has both texts in `customer_id`."""
    if reason == Reason.INVALID_ID:
        return None, customer_id if raw_id is None else raw_id
    return customer_id, None


def in_version(cells: Cells, version: int) -> Cells:
    """The record as that schema version has it."""
    if version == SCHEMA_VERSION:
        return cells
    return (cells[0] if cells[_RAW_ID] is None else cells[_RAW_ID], *cells[1:_RAW_ID], *cells[_RAW_ID + 1 :])


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


def _own_time(raw: str | None) -> str | None:
    """The same of a time that the journal wrote: that is in the form of the reports already, a million times over."""
    return raw if raw is not None and len(raw) == _LENGTH and raw[10] == "T" and raw[-1] == "Z" else _time(raw)


def _days(since: str | None, until: str | None) -> str | None:
    """Whole days between two times."""
    if since is None or until is None:
        return None
    return str(max(0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days))
