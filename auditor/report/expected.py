"""What each record of a report must say, worked out once more, a row at a time. Rule: no code of those who rendered it.

A record is as `written` reads it: texts as results.csv has them, None for null.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TypeVar

import msgspec

from auditor.core.membership import with_membership
from auditor.core.model import Reason, Way
from auditor.report.evidence import NONE, Evidence
from auditor.report.schema import JOURNAL, ROWS
from auditor.report.written import Cells

_JUDGED = {
    (reason.value, member): with_membership(reason, member=member) for reason in Reason for member in (True, False, None)
}
_MOST = 2**15 - 1
_YEARS = range(1900, 2200)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-5][0-9])?"
)

T = TypeVar("T", bound=msgspec.Struct)


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


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one row's customer."""

    answer: _Answer = _Answer()  # noqa: RUF009 - nobody changes it
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
    columns, nobody = evidence.facts.columns, _Known()
    with (run / ROWS).open("rb") as file, _lines(run) as line_at:
        known = _knowing(evidence, line_at)
        for line, customer in zip(file, memoryview(evidence.customers), strict=True):
            yield _record(decode(line), nobody if customer == NONE else known(customer), columns)


def unlisted(run: Path, evidence: Evidence) -> Generator[Cells]:
    """What each record of unlisted.csv must say, in order.

    Raises:
        OSError, ValueError, msgspec.MsgspecError: the journal is missing or damaged.
    """
    decode = msgspec.json.Decoder(_Member).decode
    with _lines(run) as line_at:
        for place in evidence.unlisted.tolist():
            line = decode(line_at(place))
            if line.member:
                yield (line.customer_id, line.company_name, line.domain, line.relationship)


def unchecked(run: Path, evidence: Evidence) -> int:
