"""Read a journal: facts of the run, and which customers have a final answer.

A damaged line counts as not written, and is reported with its number. Its customer is asked again, and so is a customer
that was refused together with its whole session.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NoReturn

from msgspec import structs

from auditor.core.baseline import Baseline
from auditor.core.judge import FIRST_ANSWERS, LENIENT_BREAKER, NEW_BREAKER, is_suspect_refusal
from auditor.core.model import Cause, Finding, Reason
from auditor.core.run_facts import Membership, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import records
from auditor.journal.lines import parse, read_lines, undamaged_lines

_BLOCK = 4 << 20
_NO_RESPONSE = (b'"http_status":null', b'"reused_from":"')
"""In an answer without a response in this run; a quote inside a text is escaped."""
_HEADER_LINES = 2
_HEADERS = 4096
"""How many headers are kept."""


def run_folders(reports: Path) -> list[Path]:
    """The folders in `reports` that hold a journal, by name; links and unreadable folders are left out. Never raises."""
    found: list[Path] = []
    with suppress(OSError):
        found = sorted(path for path in reports.iterdir() if not path.is_symlink())
    return [path for path in found if holds_journal(path)]


def holds_journal(folder: Path) -> bool:
    """True where the folder holds a journal. False for a name that is too long. Never raises."""
    with suppress(OSError):
        return (folder / records.JOURNAL).is_file()
    return False


@dataclass
class _RunState:
    """What the lines read so far say of the run as a whole."""

    header: records.Header | None = None
    ends: list[records.SessionEnd] = field(default_factory=list)
    membership: Membership | None = None
    baseline: Baseline | None = None
    max_undetermined: int | None = None
    language: str | None = None
    damaged: list[int] = field(default_factory=list)
    in_session: bool = True
    simulated: bool = False

    def add(self, record: records.Record) -> None:
        match record:
            case records.AnswerRecord() | records.MemberRecord():
                return
            case records.BaselineRecord():
                # written when the reports are made: it belongs to no session, and neither does the next
                self.baseline = self.baseline or Baseline(**structs.asdict(record))
                return
            case records.MaxUndetermined() | records.LanguageChoice():
                vars(self).update(structs.asdict(record))
                return
            case records.SessionStart() | records.SimulatedMark():
                self.simulated |= isinstance(record, records.SimulatedMark)
            case records.Header():
                self.header = self.header or record
            case records.SessionEnd():
                self.ends.append(record)
            case records.MembershipRecord():
                self.membership = Membership(**structs.asdict(record))
        self.in_session = not isinstance(record, records.SessionEnd)


def read_facts(run: Path) -> RunFacts:
    """The facts of the run as a whole.

    Raises:
        IncompleteError: there is no header that this version can read, or an undamaged line of another shape; the message
            names the line.
        OSError: the file cannot be read.
    """
    state = _RunState()
    for number, line in read_lines(run):
        if line is None:
            state.damaged.append(number)
        else:
            state.add(parse(run, number, line))
    header = state.header or _raise_no_header(run)
    requests: dict[str, int] = {}
    for end in state.ends:
        for outcome, count in end.requests.items():
            requests[outcome] = requests.get(outcome, 0) + count
    last = None if state.in_session else state.ends[-1]
    of_header = {name: getattr(header, name) for name in records.HEADER_FACTS}
    of_header["simulated"] |= state.simulated
    if state.max_undetermined is not None:
        of_header["max_undetermined"] = state.max_undetermined
    if state.language is not None:
        of_header["presentation"] = replace(header.presentation, language=state.language)
    return RunFacts(
        **of_header,
        validation_type=header.type,
        selection=header.selection or "",
        finished_at=last.finished_at if last else None,
        cause=last.cause if last else Cause.INTERRUPTED,
        message=last.message if last else "the run ended without a word",
        elapsed_seconds=sum(end.elapsed_seconds for end in state.ends),
        requests=requests,
        pace=state.ends[-1].pace if state.ends else {},
        membership=state.membership,
        baseline=state.baseline,
        damaged_lines=tuple(state.damaged),
    )


def read_header(run: Path) -> records.Header:
    """The header alone; reads no further, and an unchanged journal only once. Callers do not change it.

    Raises:
        IncompleteError: it cannot be read.
        OSError: the file cannot be read.
    """
    found = (run / records.JOURNAL).stat()
    return _read_header(run, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(_HEADERS)
def _read_header(run: Path, _version: tuple[int, ...]) -> records.Header:
    """The header of this version of the journal: to choose from a thousand stored runs, each header is needed often."""
    found = (parse(run, number, line) for number, line in undamaged_lines(run))
    return next((each for each in found if isinstance(each, records.Header)), None) or _raise_no_header(run)


def is_simulated(run: Path) -> bool:
    """True where the run's answers come from the simulator. Reads no further than its first response.

    Raises:
        IncompleteError, OSError: as `read_header`.
    """
    if read_header(run).simulated:
        return True
    for _, line in undamaged_lines(run):
        if line.startswith(records.ANSWER) and not any(words in line for words in _NO_RESPONSE):
            # the mark is written before the first answer with a response
            return False
        if line.startswith(records.SIMULATED):
            return True
    return False


def _raise_no_header(run: Path) -> NoReturn:
    damaged = [number for number, line in islice(read_lines(run), _HEADER_LINES) if line is None]
    lines = ", ".join(map(str, damaged))
    why = f": line {lines} is damaged" if len(damaged) == 1 else f": lines {lines} are damaged" if damaged else ""
    raise IncompleteError(
        f"{run / records.JOURNAL}: no readable header, where schema version {records.SCHEMA_VERSION} or an earlier one was expected{why}",
        "put the file back as it was, with the line ends that it had, or audit the list again",
    )


def answer_blocks(run: Path) -> Iterator[bytes]:
    """The undamaged answer lines (`AnswerRecord`) as they are in the file, in blocks of a few megabytes."""
    return _blocks(run, records.ANSWER)


def member_blocks(run: Path) -> Iterator[bytes]:
    """The undamaged lines about membership (`MemberRecord`), in the same form."""
    return _blocks(run, records.MEMBER)


def _blocks(run: Path, prefix: bytes) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for _, line in undamaged_lines(run, prefix):
        block.append(line)
        size += len(line)
        if size >= _BLOCK:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)


def is_resumed(run: Path) -> bool:
    """True where the run has more than one session, the current one included."""
    return sum(1 for _ in islice(undamaged_lines(run, records.SESSION), 2)) > 1


def finally_answered(run: Path, rows: int) -> set[int]:
    """The rows whose customers have a final answer and are not asked again.

    Args:
        run: the run's folder.
        rows: of the customer lists.

    Raises:
        IncompleteError: a line has another shape, or names a row that the lists do not have; the message names the line.
        OSError: the journal cannot be read.
    """
    done = set[int]()
    breaker, refused, sessions = NEW_BREAKER, list[int](), 0
    for record in _answers_and_sessions(run, rows):
        if isinstance(record, records.SessionStart):
            sessions += 1
            breaker, refused = LENIENT_BREAKER if sessions > 1 else NEW_BREAKER, []
            continue
        if breaker.seen < FIRST_ANSWERS and not record.reused_from:
            breaker = breaker.after(Finding(record.reason, error_code=record.error_code))
        if record.final:
            done.add(record.row)
        if is_suspect_refusal(record.reason, record.error_code) and (breaker.seen < FIRST_ANSWERS or breaker.alike):
            refused.append(record.row)
        if breaker.alike:
            done.difference_update(refused)
            refused = []
    return done


def pending_rows(run: Path, rows: int) -> dict[int, tuple[Reason, int]]:
    """The rows whose customers were asked and have no final answer: (the last reason, answers so far).

    Raises:
        IncompleteError, OSError: as `finally_answered`.
    """
    found: dict[int, tuple[Reason, int]] = {}
    done = finally_answered(run, rows)
    for answer in _answers(run, rows):
        if answer.row not in done:
            _, before = found.get(answer.row, (None, 0))
            found[answer.row] = (answer.reason, before + 1)
    return found


def membership_unknown(run: Path, rows: int) -> set[int]:
    """The rows of customers with no account status whose membership was not checked singly.

    Raises:
        IncompleteError, OSError: as `finally_answered`.
    """
    found = set[int]()
    for answer in _answers(run, rows):
        if answer.final and answer.reason is Reason.NO_ACCOUNT_STATUS:
            found.add(answer.row)
    for member in _members(run):
        if isinstance(member.row, int) and member.row < rows:
            found.discard(member.row)
    return found


def checked_singly(run: Path, customers: set[str]) -> set[str]:
    """Those of the customers for which the journal says whether the partner's own list has them."""
    return {member.customer_id for member in _members(run) if member.customer_id in customers}


def _answers(run: Path, rows: int) -> Iterator[records.AnswerRecord]:
    return (each for each in _answers_and_sessions(run, rows) if isinstance(each, records.AnswerRecord))


def _answers_and_sessions(run: Path, rows: int) -> Iterator[records.AnswerRecord | records.SessionStart]:
    for number, line in undamaged_lines(run, (records.ANSWER, records.SESSION)):
        record = parse(run, number, line)
        if isinstance(record, records.AnswerRecord) and record.row >= rows:
            raise IncompleteError(
                f"{run / records.JOURNAL}, line {number}: names row {record.row}, where the lists have {rows} rows",
                "put the file back as it was, or audit the list again",
            )
        if isinstance(record, records.AnswerRecord | records.SessionStart):
            yield record


def _members(run: Path) -> Iterator[records.MemberRecord]:
    found = (parse(run, number, line) for number, line in undamaged_lines(run, records.MEMBER))
    return (each for each in found if isinstance(each, records.MemberRecord))
