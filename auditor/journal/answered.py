"""Who was asked, and with what result. Rule: a damaged line is no answer, so that its customer is asked again; nor is a
refusal for which the whole session was ended.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from auditor.core.judge import BELIEVING, FIRST, FRESH, RowSet, doubted
from auditor.core.model import Finding, Reason
from auditor.errors import IncompleteError
from auditor.journal.lines import ANSWER, JOURNAL, MEMBER, SESSION, undamaged
from auditor.journal.shapes import Answer, Member, Session, understood


def finally_answered(run: Path, rows: int) -> RowSet:
    """The rows whose customers need not be asked again.

    Args:
        run: the run's folder.
        rows: of the customer lists.

    Raises:
        IncompleteError: a line cannot be understood, or names a row that there is not; the message names it.
        OSError: the journal cannot be read.
    """
    done = RowSet(rows)
    breaker, refused, sessions = FRESH, list[int](), 0
    for line in _answers_and_sessions(run, rows):
        if isinstance(line, Session):
            sessions += 1
            breaker, refused = BELIEVING if sessions > 1 else FRESH, []
            continue
        if breaker.seen < FIRST and line.reused_from is None:
            breaker = breaker.after(Finding(line.reason, error_code=line.error_code))
        if line.final:
            done.add(line.row)
        if doubted(line.reason, line.error_code) and (breaker.seen < FIRST or breaker.alike):
            refused.append(line.row)
        if breaker.alike:
            for row in refused:
                done.discard(row)
            refused = []
    return done


def is_resumed(run: Path) -> bool:
    """Whether the run has more than one session, the one that goes on included."""
    return sum(1 for _ in islice(undamaged(run, SESSION), 2)) > 1


def still_open(run: Path, rows: int) -> dict[int, tuple[Reason, int]]:
    """The rows whose customers were asked for and have no final answer: (the reason last given, answers so far).

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


def doubtful(run: Path, rows: int) -> RowSet:
    """The rows of customers whose answer says only that there is no account status, and who were not looked up singly.

    Raises:
        IncompleteError, OSError: as `finally_answered`.
    """
    found = RowSet(rows)
    for answer in _answers(run, rows):
        if answer.final and answer.reason is Reason.NO_ACCOUNT_STATUS:
            found.add(answer.row)
    for member in _members(run):
        if member.row is not None and member.row < rows:
            found.discard(member.row)
    return found


def looked_up(run: Path, customers: set[str]) -> set[str]:
    """Which of these customers it is written down of whether the partner's own list has them."""
    return {member.customer_id for member in _members(run) if member.customer_id in customers}


def _answers(run: Path, rows: int) -> Iterator[Answer]:
    return (line for line in _answers_and_sessions(run, rows) if isinstance(line, Answer))


def _answers_and_sessions(run: Path, rows: int) -> Iterator[Answer | Session]:
    for number, line in undamaged(run, (ANSWER, SESSION)):
        found = understood(run, number, line)
        if isinstance(found, Answer) and found.row >= rows:
            raise IncompleteError(
                f"{run / JOURNAL}, line {number}: names row {found.row}, where the lists have {rows} rows",
                "put the file back as it was, or audit the list again",
            )
        if isinstance(found, Answer | Session):
            yield found


def _members(run: Path) -> Iterator[Member]:
    lines = (understood(run, number, line) for number, line in undamaged(run, MEMBER))
    return (line for line in lines if isinstance(line, Member))
