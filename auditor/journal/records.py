"""The lines of journal.jsonl: one declaration of each kind, used by the writer, the readers, resume, reuse and reports.

A line ends with a CRC-32 of everything before the checksum.
"""

import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from auditor.core.ids import is_folder_name, is_plausible_time, is_run_id
from auditor.core.model import Cause, Reason
from auditor.core.run_facts import ListFile, ListWarning, MembershipSource, Presentation, RunFacts

JOURNAL = "journal.jsonl"
WHOLE_LIST_VERSION, SCHEMA_VERSION = 2, 3
"""Versions of the header. Version 2 added `raw_id` and `list_warnings`. Version 3 has `selection` and `not_selected`, and is
written only with them: an earlier version of auditor would take such a run for a whole one."""
ANSWER, MEMBER = b'{"kind":"answer",', b'{"kind":"member",'
"""Start of lines about customers; it tells their kind without parsing."""
SESSION = b'{"kind":"session"'
SIMULATED = b'{"kind":"simulated"'

_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Rows = Annotated[int, Meta(ge=0, le=10**9)]
"""More than any customer list has."""
_Id = Annotated[str, Meta(min_length=36, max_length=36)]
_Time = Annotated[datetime, Meta(tz=True)]


class _BaselineChoice(Struct):
    """The run to compare with, as the header's settings keep it."""

    run_id: str
    folder: str
    note: str


class _Priority(Struct):
    """Who is asked first, as the header's settings keep it."""

    words: tuple[str, ...]
    run_id: str


_KEYS_OF_EARLIER_RUNS: Mapping[str, type[_BaselineChoice | _Priority]] = {
    "baseline": _BaselineChoice,
    "baseline_simulated": _BaselineChoice,
    "priority": _Priority,
}


class Header(Struct, tag_field="kind", tag="header", kw_only=True):
    """The run and its options: the first line, repeated as the second. Fields are written in this order.

    Attributes:
        schema_version: Version of the lines of rows.jsonl and journal.jsonl. A version of auditor that does not know it refuses
            the run.
        auditor: Version of auditor that began the run.
        run_id: When the run began, as `YYYYMMDDTHHMMSSZ`; `-2`, `-3` and so on follow where another run has that id.
        started_at: When the run began.
        api: Base URL of the API.
        type: The `type` of the query to the API: `account`.
        simulated: True where the run was started against the simulator. A `simulated` line says the same later.
        lists: Names of the customer lists as the user gave them. Empty where the partner's own list is audited.
        list_files: The files among them, as they were read.
        list_warnings: Warnings about the lists: the first 50, each of at most 500 characters; the last one may say how many
            more there were. Since version 2.
        list_digest: SHA-256 of rows.jsonl, in hexadecimal digits.
        rows: Number of rows of the lists.
        customers: Number of distinct customer ids among them.
        columns: Names of the lists' other columns, in order of first appearance.
        max_undetermined: Maximum number of undetermined rows for the run to count as complete.
        presentation: Options for workbooks and page.
        settings: What `resume` needs. Other programs should not read it: its keys may change.
        order_time: When the run counts as begun, where runs are put in order. Left out where that is `started_at`; written
            where the clock was behind the run before.
        selection: The options that select rows (`--owner`, `--only`, `--exclude`), as on the command line. Left out where the
            whole list is asked for. Since version 3, which is written only with it.
    """

    schema_version: int
    auditor: str = ""
    run_id: str
    started_at: datetime
    api: str
    type: str
    simulated: bool
    lists: tuple[str, ...]
    list_files: tuple[ListFile, ...] = ()
    list_warnings: tuple[ListWarning, ...] = ()
    list_digest: str
    rows: _Rows
    customers: _Rows
    columns: tuple[str, ...]
    max_undetermined: _Count
    presentation: Presentation = Presentation()
    settings: dict[str, Any]
    order_time: _Time | UnsetType | None = UNSET
    selection: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Check what becomes a file name or is used in arithmetic.

        Raises:
            ValueError: no run has such a name, time or settings.
        """
        if not is_run_id(self.run_id):
            raise ValueError("no run is called so - at `$.run_id`")
        if not is_plausible_time(self.started_at):
            raise ValueError("no run began then - at `$.started_at`")
        if self.order_time and not is_plausible_time(self.order_time):
            raise ValueError("no run is ordered so - at `$.order_time`")
        if self.customers > self.rows:
            raise ValueError("there are more customers than rows - at `$.customers`")
        if not isinstance(self.settings.get("tenant_id"), str | None):
            raise TypeError("no tenant is called so - at `$.settings.tenant_id`")
        for key in _KEYS_OF_EARLIER_RUNS.keys() & self.settings.keys():
            run_id = msgspec.convert(self.settings[key], _KEYS_OF_EARLIER_RUNS[key]).run_id
            if run_id and not is_folder_name(run_id):
                raise ValueError(f"no run is called so - at `$.settings.{key}.run_id`")


HEADER_FACTS = tuple(f.name for f in fields(RunFacts) if f.name in Header.__struct_fields__ and f.name != "selection")
"""Fields that are the same in the header and in `RunFacts`."""


class SessionStart(Struct, tag_field="kind", tag="session"):
    """A session starts: `run`, and each `resume`.

    Attributes:
        started_at: When it started. Null where it is not known: early builds of 0.1 wrote no time.
    """

    started_at: datetime | None = None


class SimulatedMark(Struct, tag_field="kind", tag="simulated"):
    """A response said that it comes from the simulator: the run is a simulated one."""


class AnswerRecord(Struct, tag_field="kind", tag="answer", gc=False):
    """The result for one customer. Fields are written in this order.

    Made positionally: a million are written, and keywords take twice as long.

    Attributes:
        row: Line of rows.jsonl, counted from 0, that has the first row of the customer.
        customer_id: Customer tenant id: a lower-case GUID with dashes.
        reason: Why the customer has its verdict.
        final: True where the API answered about this customer. `resume` asks again where it is false, and where the reason is
            `malformed_reply`.
        status: What the API said: in the documentation's spelling where it classifies the status, else the text as received;
            `NoStatus` for 404 with code 600074. Null where the response has no status.
        last_update_raw: `lastUpdateDateTime` as received. Null where the response has none.
        checked_at: When the response was complete, or the request failed. Null where it is not known; no version writes that.
        attempts: Requests sent for this result, throttled ones included; 0 for a reused answer.
        http_status: HTTP status of the deciding response. Null where there was no complete response.
        error_code: Error code in the body, as text. Null where the body has none.
        error_name: Name of the error in the body. Null where the body has none.
        error_message: Error message in the body, or of the network; cut at 300 characters. Null where there is none.
        request_id: `MS-RequestId` of the response, else as sent; for a support case. Null where no request was sent.
        correlation_id: `MS-CorrelationId` of the response, else as sent; for a support case. Null where no request was sent.
        ms_cv: `MS-CV` of the response: the service's own trace. Null where the response has none.
        server_id: `MS-ServerId` of the response. Null where the response has none.
        reused_from: Run-id of the run that asked. Left out where this run asked; written with `--reuse`.
    """

    row: _Count
    customer_id: _Id
    reason: Reason
    final: bool
    status: str | None = None
    last_update_raw: str | None = None
    checked_at: datetime | None = None
    attempts: _Count = 0
    http_status: int | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    ms_cv: str | None = None
    server_id: str | None = None
    reused_from: str | UnsetType | None = UNSET


class MemberRecord(Struct, tag_field="kind", tag="member"):
    """Whether the partner's own customer list has a customer.

    Attributes:
        customer_id: Customer tenant id: a lower-case GUID with dashes.
        member: True where the partner's own list has the customer.
        company_name: Name of the company in the partner's own list. Null where that list does not have it.
        domain: Domain in the partner's own list. Null where that list does not have it.
        relationship: `relationshipToPartner` in the partner's own list. Null where that list does not have it.
        row: As `row` of an answer. Left out where the customer was found in the list's pages, not by a request of its own.
    """

    customer_id: _Id
    member: bool
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None
    row: _Count | UnsetType | None = UNSET


class MembershipRecord(Struct, tag_field="kind", tag="membership"):
    """How membership in the partner's own customer list was checked. The last such line counts.

    Attributes:
        way: How: `own` (the audited list is the partner's own), `list` (all pages of the list), `singly` (a request for each
            customer whose membership was unknown), `none` (not checked).
        customers: Number of customers in the list, or of single requests.
        complete: True where none of the partner's customers is missing.
        message: Why it is not complete, or another remark; empty where there is none.
    """

    way: MembershipSource
    customers: _Count
    complete: bool
    message: str


class SessionEnd(Struct, tag_field="kind", tag="end"):
    """A session ended in order. A session without such a line was killed.

    Attributes:
        cause: Why it ended.
        message: The cause in words; empty where every customer was asked.
        finished_at: When it ended.
        elapsed_seconds: From its first request to its last answer.
        requests: Requests sent, by outcome, such as `http_200`; `sent` is their sum.
        pace: How the rate limit was used: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; null where it is not
            known.
    """

    cause: Cause
    message: str
    finished_at: _Time
    elapsed_seconds: float
    requests: dict[str, int]
    pace: dict[str, float | None] = {}


class BaselineRecord(Struct, tag_field="kind", tag="baseline"):
    """The baseline run: the one that the run is compared with. The first such line counts.

    Attributes:
        run_id: Of the baseline run; empty where there is none.
        started_at: When the baseline run began. Null where there is none.
        note: Which run it is, with what differs, or why there is none.
        digest: SHA-256 of before.parquet, in hexadecimal digits; empty where there is no such file.
    """

    run_id: str
    started_at: _Time | None
    note: str
    digest: str


class MaxUndetermined(Struct, tag_field="kind", tag="allowance"):
    """Maximum number of undetermined rows, where it was set after the run began. The last such line counts.

    Attributes:
        max_undetermined: As in the header.
    """

    max_undetermined: _Count


class LanguageChoice(Struct, tag_field="kind", tag="language"):
    """The language of the documents, where it was set after the run began. The last such line counts.

    Attributes:
        language: As in the header's `presentation`.
    """

    language: str


Record = (
    Header
    | SessionStart
    | SimulatedMark
    | AnswerRecord
    | MemberRecord
    | MembershipRecord
    | SessionEnd
    | BaselineRecord
    | MaxUndetermined
    | LanguageChoice
)


_encode = msgspec.json.Encoder().encode
decode: Any = msgspec.json.Decoder(Record).decode
"""A line -> its record. Raises MsgspecError, ValueError or RecursionError."""
decode_answer = msgspec.json.Decoder(AnswerRecord).decode
_CRC = len(b',"crc":"12345678"}\n')


def encode(record: Struct | dict[str, Any]) -> bytes:
    """The line for a record, its line end included."""
    line = _encode(record)[:-1]
    return line + b',"crc":"%08x"}\n' % zlib.crc32(line)


def has_checksum(line: bytes) -> bool:
    """True where the checksum is right."""
    return line[-_CRC:] == b',"crc":"%08x"}\n' % zlib.crc32(line[:-_CRC])
