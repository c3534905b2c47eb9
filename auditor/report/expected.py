"""What each record of a report must say, worked out once more, a row at a time. Rule: no code of those who rendered it."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

import msgspec

from auditor.core.model import Reason
from auditor.core.run_facts import Way
from auditor.report.evidence import NONE, Evidence
from auditor.report.record import Answer, Known, Member, Row, record
from auditor.report.schema import JOURNAL, ROWS
from auditor.report.written import Cells

_ASKED = (Way.LIST, Way.SINGLY)


def results(run: Path, evidence: Evidence) -> Generator[Cells]:
    """What each record of `results` must say, in order.

    Raises:
        OSError, ValueError, KeyError, msgspec.MsgspecError: a file is missing or damaged.
    """
    decode = msgspec.json.Decoder(Row).decode
    columns, nobody = evidence.facts.columns, Known(Answer())
    with (run / ROWS).open("rb") as file, _lines(run) as line_at:
        known = _knowing(evidence, line_at)
        for line, customer in zip(file, evidence.customers, strict=True):
            yield record(decode(line), nobody if customer == NONE else known(customer), columns)


def unlisted(run: Path, evidence: Evidence) -> Generator[Cells]:
    """What each record of unlisted.csv must say, in order.

    Raises:
        OSError, ValueError, msgspec.MsgspecError: the journal is missing or damaged.
    """
    decode = msgspec.json.Decoder(Member).decode
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
    decode = msgspec.json.Decoder(Answer).decode
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


def _knowing(evidence: Evidence, line_at: Callable[[int], bytes]) -> Callable[[int], Known]:
    """What tells what is known of a customer."""
    as_answer, as_member = msgspec.json.Decoder(Answer).decode, msgspec.json.Decoder(Member).decode
    answers, attempts, members = evidence.answers, evidence.attempts, evidence.members
    way, whole = _way(evidence)
    without = True if way is Way.OWN else False if way is Way.LIST and whole else None

    def known(customer: int) -> Known:
        answer = as_answer(line_at(answers[customer])) if answers[customer] != NONE else Answer()
        if way not in _ASKED or members[customer] == NONE:
            return Known(answer, attempts[customer], without)
        line = as_member(line_at(members[customer]))
        return Known(answer, attempts[customer], line.member, line.company_name, line.domain)

    return known
