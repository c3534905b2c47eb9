"""Find answers of earlier runs that may be used again: only of customers whose newest answer makes them eligible.

A customer that was blocked or undetermined may have changed and is asked again. Each answer keeps the time at which it
was given. A clock that was set back makes an answer look older than it is: an answer of a run that began later is never
overruled by it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from auditor.core.judge import is_contradictory
from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.journal.reader import is_simulated, read_header, run_folders
from auditor.journal.records import ANSWER, JOURNAL, AnswerRecord, Header, decode_answer, has_checksum
from auditor.journal.rows import read_customers

_CLOCK_TOLERANCE = timedelta(days=1)
"""How far the clock of a file server is trusted."""
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Query:
    """What a run asks, which API and which partner: only answers to the same query are used again.

    Attributes:
        api: base URL.
        type: the `type` of the query.
        tenant: the partner's tenant; empty where it is not known.
        simulated: True where the answers come from the simulator.
    """

    api: str
    type: str
    tenant: str
    simulated: bool = False


class _Newest(NamedTuple):
    """The newest answer of one customer: when it came, its run's order, and the record where it makes eligible."""

    when: datetime
    order: datetime
    eligible: AnswerRecord | None


@dataclass(slots=True)
class _Answers:
    """The newest answer of each customer, and the order of the last run that found the customer not eligible."""

    newest: dict[str, _Newest] = field(default_factory=dict)
    not_eligible: dict[str, datetime] = field(default_factory=dict)

    def add(self, answer: AnswerRecord, when: datetime, order: datetime, run_name: str) -> None:
        """Add an answer; an answer that is not final is ignored."""
        customer_id, eligible = answer.customer_id, answer.final and answer.reason.verdict is Verdict.ELIGIBLE
        known = self.newest.get(customer_id)
        if known is None or known.when < when:
            answer.reused_from = run_name
            self.newest[customer_id] = _Newest(when, order, answer if eligible else None)
        if not eligible:
            self.not_eligible[customer_id] = max(order, self.not_eligible.get(customer_id, order))

    def reusable(self, customer_id: str, since: datetime, until: datetime) -> AnswerRecord | None:
        """The answer to use again; None where there is none."""
        found = self.newest.get(customer_id)
        if found is None or not since <= found.when <= until:
            return None
        return found.eligible if self.not_eligible.get(customer_id, found.order) <= found.order else None


def find_reusable(
    run: Path, since: datetime, until: datetime, warn: Warn = lambda _sentence: None
) -> Iterator[tuple[int, AnswerRecord]]:
    """(row, answer) of the customers that need not be asked, in list order; `reused_from` names the earlier run.

    Args:
        run: the new run's folder; the runs beside it against the same API and partner are searched, each in the folder
            that has its name: a copy under another name is ignored.
        since: older answers are not used.
        until: now; a later answer comes from a wrong clock, and is not used.
        warn: is given the runs that cannot be searched.
    """
    own = read_header(run)
    query = Query(own.api, own.type, own.settings.get("tenant_id") or "", own.simulated)
    others = [folder for folder in run_folders(run.parent) if folder.name != run.name]
    return _search(others, query, read_customers(run), (since, until), warn)


def find_reusable_customers(
    reports: Path,
    query: Query,
    customer_ids: Collection[str],
    times: tuple[datetime, datetime],
    warn: Warn = lambda _sentence: None,
) -> Iterator[int]:
    """The positions of the customers for whom a run that begins now would use an answer again.

    Args:
        reports: where the runs are.
        query: what the run would ask.
        customer_ids: of the customers.
        times: as `find_reusable`: since, until.
        warn: as `find_reusable`.
    """
    found = _search(run_folders(reports), query, enumerate(customer_ids), times, warn)
    return (position for position, _ in found)


def _search(
    folders: Iterable[Path],
    query: Query,
    customers: Iterable[tuple[int, str]],
    times: tuple[datetime, datetime],
    warn: Warn,
) -> Iterator[tuple[int, AnswerRecord]]:
    """(number, answer) of each customer whose newest answer is used again."""
    since, until = times
    if not query.tenant:
        warn("no answer is reused: which partner tenant is asked is not known; set AUDITOR_TENANT_ID")
        return
    unreadable: list[datetime] = []
    runs = [folder for folder in folders if _is_comparable(folder, query, since, warn, unreadable)]
    since = max([since, *unreadable])
    answers = _Answers()
    for run in runs:
        header = read_header(run)
        damaged = _read_answers(run, header, answers)
        if damaged:
            # any of these may have said otherwise than an older answer
            warn(f"{run}: {damaged} damaged lines of its journal: no answer from before that run is reused")
            since = max(since, header.started_at)
    for number, customer_id in customers if runs else ():
        if answer := answers.reusable(customer_id, since, until):
            yield number, answer


def _read_answers(run: Path, header: Header, answers: _Answers) -> int:
    """Add the answers of a run; return how many lines are damaged, or are answers of another shape."""
    damaged, order, run_id = 0, header.order_time or header.started_at, header.run_id
    with (run / JOURNAL).open("rb") as file:
        for line in file:
            if not has_checksum(line):
                damaged += 1
            elif line.startswith(ANSWER):
                answer = _decode(line)
                if answer is None or answer.checked_at is None:
                    damaged += 1
                else:
                    answers.add(answer, answer.checked_at, order, run_id)
    return damaged


def _decode(line: bytes) -> AnswerRecord | None:
    """The answer; None where it has another shape, contradicts itself, or has no time with a zone."""
    try:
        answer = decode_answer(line)
        is_usable = answer.checked_at is not None and answer.checked_at.tzinfo and not is_contradictory(answer)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return answer if is_usable else None


def _is_comparable(folder: Path, query: Query, since: datetime, warn: Warn, unreadable: list[datetime]) -> bool:
    """True for a run with the same query. The time at which an unreadable run was written goes into `unreadable`: it may
    say otherwise than an older answer.
    """
    written = datetime.now(UTC)
    try:
        written = datetime.fromtimestamp((folder / JOURNAL).stat().st_mtime, UTC)
        if written < since - _CLOCK_TOLERANCE:
            # every answer in it is older than `since`, and overrules no younger one
            return False
        other = read_header(folder)
        if other.run_id != folder.name:
            return False
        asked = (other.api, other.type, other.settings.get("tenant_id"))
        if asked != (query.api, query.type, query.tenant):
            return False
        return query.simulated or not is_simulated(folder)
    except (IncompleteError, OSError) as error:
        why = error.message if isinstance(error, IncompleteError) else str(error)
        if _may_have_answers(folder):
            warn(f"no answer of {folder}, and none from before it, is reused: {why}")
            unreadable.append(written)
        else:
            warn(f"no answer of {folder} is reused: {why}")
        return False


def _may_have_answers(folder: Path) -> bool:
    """Whether an unreadable journal may say anything about a customer."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            return any(b'"answer"' in line for line in file)
    except OSError:
        return True
