"""What a journal says. Rule: a damaged line counts as not written, and is reported with its number."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor.core.model import Cause, Membership, Reason, RunFacts, Way
from auditor.core.presentation import Presentation
from auditor.errors import IncompleteError
from auditor.journal.lines import JOURNAL, SCHEMA_VERSION, read_lines

ANSWER, MEMBER = b'{"kind":"answer"', b'{"kind":"member",'
_BLOCK = 4 << 20


@dataclass(slots=True)
class _Reading:
    header: dict[str, Any] | None = None
    ends: list[dict[str, Any]] = field(default_factory=list)
    membership: Membership | None = None
    damaged: list[int] = field(default_factory=list)
    in_session: bool = True

    def take(self, document: dict[str, Any]) -> None:
        """Takes in a line that is neither an answer nor a member."""
        kind = document["kind"]
        if kind == "header":
            self.header = self.header or document
        elif kind == "end":
            self.ends.append(document)
        elif kind == "membership":
            way, rest = Way(document["way"]), (document["customers"], document["complete"], document["message"])
            self.membership = Membership(way, *rest)
        self.in_session = kind != "end"


def read_facts(run: Path) -> RunFacts:
    """What the journal says of the run as a whole.

    Raises:
        IncompleteError: there is no journal with a header this version can read.
    """
    reading = _Reading()
    for number, line in read_lines(run):
        if line is None:
            reading.damaged.append(number)
        elif not line.startswith((ANSWER, MEMBER)):
            reading.take(msgspec.json.decode(line))
    return _facts(run, reading)


def read_settings(run: Path) -> dict[str, Any]:
    """The settings that the run was started with.

    Raises:
        IncompleteError: the header cannot be read.
    """
    lines = (line for _, line in read_lines(run))
    line = next((line for line in lines if line is not None and line.startswith(b'{"kind":"header"')), None)
    if line is None:
        raise IncompleteError(f"{run / JOURNAL}: no readable header", "audit the list again")
    settings: dict[str, Any] = msgspec.json.decode(line)["settings"]
    return settings


def _facts(run: Path, reading: _Reading) -> RunFacts:
    header = reading.header
    if header is None or header["schema_version"] != SCHEMA_VERSION:
        found = "no readable header" if header is None else f"schema version {header['schema_version']}"
        raise IncompleteError(
            f"{run / JOURNAL}: {found}, where schema version {SCHEMA_VERSION} was expected",
            "use the version of auditor that wrote it, or audit the list again",
        )
    requests: dict[str, int] = {}
    for end in reading.ends:
        for outcome, count in end["requests"].items():
            requests[outcome] = requests.get(outcome, 0) + count
    last = None if reading.in_session else reading.ends[-1]
    return RunFacts(
        run_id=header["run_id"],
        api=header["api"],
        validation_type=header["type"],
        simulated=header["simulated"],
        lists=tuple(header["lists"]),
        list_digest=header["list_digest"],
        rows=header["rows"],
        customers=header["customers"],
        columns=tuple(header["columns"]),
        max_undetermined=header["max_undetermined"],
        presentation=Presentation.from_document(header.get("presentation", {})),
        started_at=datetime.fromisoformat(header["started_at"]),
        finished_at=datetime.fromisoformat(last["finished_at"]) if last else None,
        cause=Cause(last["cause"]) if last else Cause.INTERRUPTED,
        message=last["message"] if last else "the run ended without a word",
        elapsed_seconds=sum(end["elapsed_seconds"] for end in reading.ends),
        requests=requests,
        pace=reading.ends[-1].get("pace", {}) if reading.ends else {},
        membership=reading.membership,
        damaged_lines=tuple(reading.damaged),
    )


def answer_blocks(run: Path) -> Iterator[bytes]:
    """The journal's undamaged answer lines as they stand, in blocks of a few megabytes."""
    return _blocks(run, ANSWER)


def member_blocks(run: Path) -> Iterator[bytes]:
    """The journal's undamaged lines about who is in the partner's own list, likewise."""
    return _blocks(run, MEMBER)


def _blocks(run: Path, beginning: bytes) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for _, line in read_lines(run):
        if line is not None and line.startswith(beginning):
            block.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield b"".join(block)
                block, size = [], 0
    if block:
        yield b"".join(block)


class _MemberId(msgspec.Struct):
    customer_id: str


class _AnswerId(msgspec.Struct):
    customer_id: str
    final: bool
    reason: str


def finally_answered(run: Path) -> set[str]:
    """Ids of the customers that need not be asked again."""
    return {answer.customer_id for answer in _answers(run) if answer.final}


def looked_up(run: Path) -> set[str]:
    """Ids of the customers of whom it is written down whether the partner's own list has them."""
    decode = msgspec.json.Decoder(_MemberId).decode
    return {decode(line).customer_id for block in member_blocks(run) for line in block.splitlines()}


def doubtful(run: Path) -> set[str]:
    """Ids of the customers whose answer says only that there is no account status."""
    return {a.customer_id for a in _answers(run) if a.final and a.reason == Reason.NO_ACCOUNT_STATUS.value}


def _answers(run: Path) -> Iterator[_AnswerId]:
    decode = msgspec.json.Decoder(_AnswerId).decode
    return (decode(line) for block in answer_blocks(run) for line in block.splitlines())
