"""What each line of the journal looks like. Rule: a line whose checksum fits and whose shape does not is no accident.

Damage is expected, and costs its line only. But a line that was sealed whole and says something else than this version
writes was written by another version, or by nobody's auditor: then the journal is refused, with the line's number.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from auditor.core.ids import is_folder_name, is_run_id, is_time_of_a_run
from auditor.core.model import Cause, Reason
from auditor.core.presentation import Presentation
from auditor.core.run_facts import ListFile, ListWarning, Way
from auditor.errors import IncompleteError
from auditor.journal.lines import ANSWER, JOURNAL, MEMBER, READABLE, SCHEMA_VERSION

_Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Rows = Annotated[int, Meta(ge=0, le=10**9)]
"""Who is done is kept in a bit a row."""
_Id = Annotated[str, Meta(min_length=36, max_length=36)]
_Time = Annotated[datetime, Meta(tz=True)]
_MEND = "use the version of auditor that wrote it, put the file back as it was, or audit the list again"


class _Chosen(Struct):
    """The run to compare with, as the header keeps it."""

    run_id: str
    folder: str
    note: str


class Header(Struct, tag_field="kind", tag="header"):
    """The first line, and once more the second."""

    schema_version: int
    run_id: str
    started_at: datetime
    api: str
    type: str
    simulated: bool
    lists: tuple[str, ...]
    list_digest: str
    rows: _Rows
    customers: _Rows
    columns: tuple[str, ...]
    max_undetermined: _Count
    settings: dict[str, Any]
    auditor: str = ""
    presentation: Presentation = Presentation()
    list_files: tuple[ListFile, ...] = ()
    order_time: _Time | None = None
    """Written where it is not `started_at`: the clock was behind the run before."""
    list_warnings: tuple[ListWarning, ...] = ()

    def __post_init__(self) -> None:
        """What becomes the name of a file, or is reckoned with.

        Raises:
            ValueError: no run of ours is called so, began then, or keeps such settings.
        """
        if not is_run_id(self.run_id):
            raise ValueError("no run is called so - at `$.run_id`")
        if not is_time_of_a_run(self.started_at):
            raise ValueError("no run began then - at `$.started_at`")
        if self.order_time is not None and not is_time_of_a_run(self.order_time):
            raise ValueError("no run is ordered so - at `$.order_time`")
        if self.customers > self.rows:
            raise ValueError("there are more customers than rows - at `$.customers`")
        if not isinstance(self.settings.get("tenant_id"), str | None):
            raise TypeError("no tenant is called so - at `$.settings.tenant_id`")
        for key in {"baseline", "baseline_simulated"}.intersection(self.settings):
            chosen = msgspec.convert(self.settings[key], _Chosen)
            if chosen.run_id and not is_folder_name(chosen.run_id):
                raise ValueError(f"no run is called so - at `$.settings.{key}.run_id`")


class Session(Struct, tag_field="kind", tag="session"):
    """A session of asking starts."""


class Simulated(Struct, tag_field="kind", tag="simulated"):
    """A reply said that it comes from the simulator: the run is a simulated one."""


class Answer(Struct, tag_field="kind", tag="answer"):
    """One customer's answer."""

    row: _Count
    customer_id: _Id
    reason: Reason
    final: bool
    attempts: _Count
    checked_at: datetime | None = None
    status: str | None = None
    last_update_raw: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_name: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    reused_from: str | None = None


class WrittenAnswer(Struct, tag_field="kind", tag="answer", gc=False):
    """An answer as it is written, in the order of its fields; a struct is encoded in half the time of a dictionary."""

    row: int
    customer_id: str
    reason: Reason
    final: bool
    status: str | None
    last_update_raw: str | None
    checked_at: datetime
    attempts: int
    http_status: int | None
    error_code: str | None
    error_name: str | None
    error_message: str | None
    request_id: str | None
    correlation_id: str | None
    ms_cv: str | None
    server_id: str | None


class Member(Struct, tag_field="kind", tag="member"):
    """Whether the partner's own list has a customer; `row` where it was asked for singly."""

    customer_id: _Id
    member: bool
    company_name: str | None = None
    domain: str | None = None
    relationship: str | None = None
    row: _Count | None = None


class Members(Struct, tag_field="kind", tag="membership"):
    """How the partner's own list was asked for."""

    way: Way
    customers: _Count
    complete: bool
    message: str


class End(Struct, tag_field="kind", tag="end"):
    """A session of asking ended in order."""

    cause: Cause
    message: str
    finished_at: _Time
    elapsed_seconds: float
    requests: dict[str, int]
    pace: dict[str, float | None] = {}


class Compared(Struct, tag_field="kind", tag="baseline"):
    """What the run is compared with."""

    run_id: str
    started_at: _Time | None
    note: str
    digest: str


class Allowance(Struct, tag_field="kind", tag="allowance"):
    """How many rows may stay undetermined, where that was said after the run had begun; the last such line counts."""

    max_undetermined: _Count


Line = Header | Session | Simulated | Answer | Member | Members | End | Compared | Allowance


class _Version(Struct):
    schema_version: int


_ABOUT_CUSTOMERS = (Answer, Member)
_HEADER = b'{"kind":"header"'
_line: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_version = msgspec.json.Decoder(_Version)


def understood(run: Path, number: int, line: bytes) -> Line:
    """What an undamaged line says.

    Raises:
        IncompleteError: it is not of the shape that this version writes; the message names it.
    """
    try:
        if line.startswith(_HEADER):
            _check_version(run, _version.decode(line).schema_version)
        found = _line.decode(line)
        if isinstance(found, _ABOUT_CUSTOMERS) and not line.startswith((ANSWER, MEMBER)):
            raise ValueError("its kind does not stand first")  # noqa: TRY301 - told like any other wrong shape
        return found  # noqa: TRY300 - what is decoded is what is returned
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise IncompleteError(
            f"{run / JOURNAL}, line {number}: is whole, but is not what this version of auditor writes: {error}", _MEND
        ) from error


def _check_version(run: Path, found: int) -> None:
    if found not in READABLE:
        raise IncompleteError(
            f"{run / JOURNAL}: schema version {found}, where schema version {SCHEMA_VERSION} or an earlier one was expected",
            "use the version of auditor that wrote it, or audit the list again",
        )
