"""What a journal says. Rule: a damaged line counts as not written, and is reported with its number."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from auditor.core.baseline import Baseline
from auditor.core.model import Cause
from auditor.core.run_facts import Membership, RunFacts
from auditor.errors import IncompleteError
from auditor.journal.lines import ANSWER, JOURNAL, MEMBER, SCHEMA_VERSION, SIMULATED, read_lines, undamaged
from auditor.journal.shapes import (
    Allowance,
    Answer,
    Compared,
    End,
    Header,
    Line,
    Member,
    Members,
    Session,
    Simulated,
    understood,
)

_BLOCK = 4 << 20
_NO_REPLY = (b'"http_status":null', b'"reused_from":"')
"""In an answer that no reply of this run stands behind; a quote inside a text is escaped."""


@dataclass(slots=True)
class _Reading:
    header: Header | None = None
    ends: list[End] = field(default_factory=list)
    membership: Membership | None = None
    baseline: Baseline | None = None
    allowed: int | None = None
    damaged: list[int] = field(default_factory=list)
    in_session: bool = True
    simulated: bool = False

    def take(self, line: Line) -> None:
        """Takes in what a line says of the run as a whole."""
        match line:
            case Answer() | Member():
                return
            case Compared():
                # written after a session's end, when the reports are made
                known = Baseline(line.run_id, line.started_at, line.note, line.digest)
                self.baseline = self.baseline or known
                return
            case Allowance():
                # belongs to no session either
                self.allowed = line.max_undetermined
                return
            case Session() | Simulated():
                self.simulated |= isinstance(line, Simulated)
            case Header():
                self.header = self.header or line
            case End():
                self.ends.append(line)
            case Members():
                self.membership = Membership(line.way, line.customers, line.complete, line.message)
        self.in_session = not isinstance(line, End)


def read_facts(run: Path) -> RunFacts:
    """What the journal says of the run as a whole.

    Raises:
        IncompleteError: there is no journal with a header this version can read, or an undamaged line that it cannot
            understand; the message names the line.
        OSError: the file cannot be read.
    """
    reading = _Reading()
    for number, line in read_lines(run):
        if line is None:
            reading.damaged.append(number)
        else:
            reading.take(understood(run, number, line))
    return _facts(run, reading)


def read_header(run: Path) -> Header:
    """The journal's header alone, without reading on.

    Raises:
        IncompleteError: it cannot be read.
        OSError: the file cannot be read.
    """
    lines = (understood(run, number, line) for number, line in undamaged(run))
    return next((line for line in lines if isinstance(line, Header)), None) or _no_header(run)


def is_simulated(run: Path) -> bool:
    """Whether the run's answers come from the simulator, without reading further than its first reply.

    Raises:
        IncompleteError, OSError: as `read_header`.
    """
    if read_header(run).simulated:
        return True
    for _, line in undamaged(run):
        if line.startswith(ANSWER) and not any(words in line for words in _NO_REPLY):
            # the mark is written before the first answer that a reply came for
            return False
        if line.startswith(SIMULATED):
            return True
    return False


def read_settings(run: Path) -> dict[str, Any]:
    """The settings that the run was started with.

    Raises:
        IncompleteError: the header cannot be read.
    """
    return read_header(run).settings


def _no_header(run: Path) -> NoReturn:
    damaged = [number for number, line in islice(read_lines(run), _SHOWN) if line is None]
    lines = ", ".join(map(str, damaged))
    why = f": line {lines} is damaged" if len(damaged) == 1 else f": lines {lines} are damaged" if damaged else ""
    raise IncompleteError(
        f"{run / JOURNAL}: no readable header, where schema version {SCHEMA_VERSION} or an earlier one was expected{why}",
        "put the file back as it was, with the line ends that it had, or audit the list again",
    )


_SHOWN = 2
"""Lines in which the header stands."""


def _facts(run: Path, reading: _Reading) -> RunFacts:
    header = reading.header or _no_header(run)
    requests: dict[str, int] = {}
    for end in reading.ends:
        for outcome, count in end.requests.items():
            requests[outcome] = requests.get(outcome, 0) + count
    last = None if reading.in_session else reading.ends[-1]
    return RunFacts(
        run_id=header.run_id,
        api=header.api,
        validation_type=header.type,
        simulated=header.simulated or reading.simulated,
        lists=header.lists,
        list_files=header.list_files,
        list_warnings=header.list_warnings,
        list_digest=header.list_digest,
        rows=header.rows,
        customers=header.customers,
        columns=header.columns,
        max_undetermined=header.max_undetermined if reading.allowed is None else reading.allowed,
        presentation=header.presentation,
        started_at=header.started_at,
        finished_at=last.finished_at if last else None,
        cause=last.cause if last else Cause.INTERRUPTED,
        message=last.message if last else "the run ended without a word",
        elapsed_seconds=sum(end.elapsed_seconds for end in reading.ends),
        requests=requests,
        pace=reading.ends[-1].pace if reading.ends else {},
        membership=reading.membership,
        baseline=reading.baseline,
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
    for _, line in undamaged(run, beginning):
        block.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)
