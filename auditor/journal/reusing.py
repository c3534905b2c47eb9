"""Answers of earlier runs that may serve again. Rule: only of customers whose newest answer makes them eligible.

Whoever was blocked or undetermined when last asked may have changed for the better and is asked again; whoever was
eligible is believed for as long as the user says. Each answer keeps the time at which it was given. A clock that was set
back makes an answer look older than it is: an answer of a run that began later is never overruled by it.

The customers are gone through in parts, the journals once for each, so that a million of them take no memory to speak of.
"""

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import msgspec

from auditor.core.model import Reason, Verdict
from auditor.errors import IncompleteError
from auditor.journal.folders import folders
from auditor.journal.lines import ANSWER, JOURNAL, sound
from auditor.journal.reading import is_simulated, read_header
from auditor.journal.rows import wanted

AT_ONCE = 100_000
"""Customers of one part."""
_SKEW = timedelta(days=1)
"""How far the clock of a file server is trusted."""


class _Told(msgspec.Struct):
    """What of an answer decides whether it serves."""

    customer_id: str
    final: bool
    reason: Reason
    checked_at: Annotated[datetime, msgspec.Meta(tz=True)]


class _Earlier(NamedTuple):
    """An earlier run: its journal, open; its folder's name; the time by which it is ordered."""

    journal: BinaryIO
    name: str
    order: datetime


class _Found(NamedTuple):
    """An answer: when it came, whether it makes eligible, of which run and where it begins."""

    when: datetime
    eligible: bool
    run: _Earlier
    place: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run asks, and of whom: only answers to the same question, by the same service and partner, serve it again.

    Attributes:
        api: base URL.
        type: the `type` of the query.
        tenant: the partner's tenant; empty where it is not known.
        simulated: True where the answers are made up.
    """

    api: str
    type: str
    tenant: str
    simulated: bool = False


@dataclass(slots=True)
class _Newest:
    """The newest answer of each customer, and the order of the last run that found it not eligible."""

    answers: dict[str, _Found] = field(default_factory=dict)
    not_eligible: dict[str, datetime] = field(default_factory=dict)

    def take(self, told: _Told, run: _Earlier, place: int) -> None:
        """Takes in an answer; one that is not final makes nobody eligible."""
        one, eligible = told.customer_id, told.final and told.reason.verdict is Verdict.ELIGIBLE
        known = self.answers.get(one)
        if known is None or known.when < told.checked_at:
            self.answers[one] = _Found(told.checked_at, eligible, run, place)
        if not eligible:
            self.not_eligible[one] = max(run.order, self.not_eligible.get(one, run.order))

    def eligible(self, customer_id: str, since: datetime, until: datetime) -> _Found | None:
        """The answer that serves again; None where there is none."""
        found = self.answers.get(customer_id)
        if found is None or not found.eligible or not since <= found.when <= until:
            return None
        return found if self.not_eligible.get(customer_id, found.run.order) <= found.run.order else None


def reusable(
    run: Path, since: datetime, until: datetime, warned: Callable[[str], None] = lambda _sentence: None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row, the journal document of an answer that need not be asked for again), in any order.

    Args:
        run: the new run's folder; the runs beside it against the same API and partner are searched, each in the folder
            that has its name: a copy under another name is somebody's own.
        since: answers older than this do not serve.
        until: now; a later answer is of a clock that was wrong, and serves for nothing.
        warned: is told of runs that cannot be searched.
    """
    own = read_header(run)
    asked = Asked(own.api, own.type, own.settings.get("tenant_id") or "", own.simulated)
    others = [folder for folder in folders(run.parent) if folder.name != run.name]
    for row, found in _search(others, asked, _Wanted(own.customers, lambda: wanted(run)), (since, until), warned):
        yield row, {**_document(found), "reused_from": found.run.name}


def reusable_customers(
    reports: Path,
    asked: Asked,
    customer_ids: Collection[str],
    times: tuple[datetime, datetime],
    warned: Callable[[str], None] = lambda _sentence: None,
) -> Iterator[int]:
    """The positions of the customers for whom a run that begins now would reuse an answer, in any order.

    Args:
        reports: where the runs are.
        asked: what the run would ask.
        customer_ids: of the customers.
        times: as `reusable`: since, until.
        warned: likewise.
    """
    who = _Wanted(len(customer_ids), lambda: enumerate(customer_ids))
    found = _search(folders(reports), asked, who, times, warned)
    return (position for position, _ in found)


class _Wanted(NamedTuple):
    """Who is looked for: how many they are, and what gives (number, customer id) of each, as often as it is called."""

    customers: int
    ids: Callable[[], Iterable[tuple[int, str]]]


def _search(
    others: Iterable[Path],
    asked: Asked,
    who: _Wanted,
    times: tuple[datetime, datetime],
    warned: Callable[[str], None],
) -> Iterator[tuple[int, _Found]]:
    """(number, answer) of each wanted customer whose newest answer serves again."""
    since, until = times
    if not asked.tenant:
        warned("no answer is reused: which partner tenant is asked is not known; set AUDITOR_TENANT_ID")
        return
    with ExitStack() as stack:
        unreadable: list[datetime] = []
        runs = [_opened(folder, stack) for folder in others if _comparable(folder, asked, since, warned, unreadable)]
        since = max([since, *unreadable, *_damaged(runs, warned)])
        parts = who.customers // AT_ONCE + 1 if runs else 0
        for part in range(parts):
            newest = _Newest()
            for run in runs:
                _take(run, newest, part, parts)
            for number, customer_id in who.ids():
                if found := newest.eligible(customer_id, since, until):
                    yield number, found


def _opened(folder: Path, stack: ExitStack) -> _Earlier:
    header = read_header(folder)
    journal = stack.enter_context((folder / JOURNAL).open("rb"))
    return _Earlier(journal, folder.name, header.order_time or header.started_at)


def _comparable(
    folder: Path, asked: Asked, since: datetime, warned: Callable[[str], None], unreadable: list[datetime]
) -> bool:
    """True for a run that was asked the same. When a run that cannot be read was written goes into `unreadable`: it may say
    otherwise than an older answer.
    """
    written = datetime.now(UTC)
    try:
        written = datetime.fromtimestamp((folder / JOURNAL).stat().st_mtime, UTC)
        if written < since - _SKEW:
            # every answer in it is older: none serves, and none says otherwise than a younger one
            return False
        other = read_header(folder)
        if other.run_id != folder.name:
            return False
        if is_simulated(folder) and not asked.simulated:
            return False
    except (IncompleteError, OSError) as error:
        if _has_answers(folder):
            warned(f"no answer of {folder}, and none from before it, is reused: {error}")
            unreadable.append(written)
        else:
            warned(f"no answer of {folder} is reused: {error}")
        return False
    return (other.api, other.type, other.settings.get("tenant_id")) == (asked.api, asked.type, asked.tenant)


def _damaged(runs: list[_Earlier], warned: Callable[[str], None]) -> Iterator[datetime]:
    """When the runs began whose journals have damaged lines: any of these may have said otherwise than an older answer."""
    decode = msgspec.json.Decoder(_Told).decode
    for run in runs:
        run.journal.seek(0)
        lines = sum(not _is_known(line, decode) for line in run.journal)
        if lines:
            folder = Path(run.journal.name).parent
            warned(f"{folder}: {lines} damaged lines of its journal: no answer from before that run is reused")
            yield read_header(folder).started_at


def _take(run: _Earlier, newest: _Newest, part: int, parts: int) -> None:
    """Takes in the answers of a run about the customers of the part."""
    decode = msgspec.json.Decoder(_Told).decode
    place = 0
    run.journal.seek(0)
    for line in run.journal:
        if line.startswith(ANSWER) and sound(line):
            told = _understood(decode, line)
            if told is not None and zlib.crc32(told.customer_id.encode()) % parts == part:
                newest.take(told, run, place)
        place += len(line)


def _has_answers(folder: Path) -> bool:
    """Whether a journal that cannot be read may say anything about a customer."""
    try:
        with (folder / JOURNAL).open("rb") as file:
            return any(b'"answer"' in line for line in file)
    except OSError:
        return True


def _is_known(line: bytes, decode: Callable[[bytes], _Told]) -> bool:
    """False for a damaged line, and for an answer that another version wrote."""
    return sound(line) and not (line.startswith(ANSWER) and _understood(decode, line) is None)


def _understood(decode: Callable[[bytes], _Told], line: bytes) -> _Told | None:
    """What an answer says; None where this version does not write such."""
    try:
        return decode(line)
    except (msgspec.MsgspecError, ValueError):
        return None


def _document(found: _Found) -> dict[str, Any]:
    found.run.journal.seek(found.place)
    answer: dict[str, Any] = msgspec.json.decode(found.run.journal.readline())
    del answer["crc"]
    return answer
