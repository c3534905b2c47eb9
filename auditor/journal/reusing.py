"""Answers of earlier runs that may serve again. Rule: only of customers whose newest answer makes them eligible.

Whoever was blocked or undetermined when last asked may have changed for the better and is asked again; whoever was
eligible is believed for as long as the user says. Each answer keeps the time at which it was given.

The customers are gone through in parts, the journals once for each, so that a million of them take no memory to speak of.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
from auditor.journal.shapes import Header

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


class _Found(NamedTuple):
    """An answer: when it came, whether it makes eligible, in which journal and where it begins."""

    when: datetime
    eligible: bool
    journal: BinaryIO
    place: int


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
    if not own.settings.get("tenant_id"):
        warned("no answer is reused: which partner tenant is asked is not known; set AUDITOR_TENANT_ID")
        return
    with ExitStack() as stack:
        others: dict[BinaryIO, str] = {
            stack.enter_context((folder / JOURNAL).open("rb")): folder.name
            for folder in folders(run.parent)
            if folder.name != run.name and _comparable(folder, own, since, warned)
        }
        since = max([since, *_damaged(others, run.parent, warned)])
        parts = own.customers // AT_ONCE + 1 if others else 0
        for part in range(parts):
            newest: dict[str, _Found] = {}
            for journal in others:
                _take(journal, newest, part, parts)
            for row, customer_id in wanted(run):
                found = newest.get(customer_id)
                if found is not None and found.eligible and since <= found.when <= until:
                    yield row, {**_document(found), "reused_from": others[found.journal]}


def _comparable(folder: Path, own: Header, since: datetime, warned: Callable[[str], None]) -> bool:
    try:
        written = datetime.fromtimestamp((folder / JOURNAL).stat().st_mtime, UTC)
        if written < since - _SKEW:
            # every answer in it is older: none serves, and none says otherwise than a younger one
            return False
        other = read_header(folder)
        if other.run_id != folder.name:
            return False
        if is_simulated(folder) and not own.simulated:
            return False
    except (IncompleteError, OSError) as error:
        warned(f"no answer of {folder} is reused: {error}")
        return False
    same = (other.api, other.type, other.settings.get("tenant_id"))
    return same == (own.api, own.type, own.settings.get("tenant_id"))


def _damaged(journals: dict[BinaryIO, str], reports: Path, warned: Callable[[str], None]) -> Iterator[datetime]:
    """When the runs began whose journals have damaged lines: any of these may have said otherwise than an older answer."""
    for journal, name in journals.items():
        journal.seek(0)
        lines = sum(not sound(line) for line in journal)
        if lines:
            warned(f"{reports / name}: {lines} damaged lines of its journal: no answer from before that run is reused")
            yield read_header(reports / name).started_at


def _take(journal: BinaryIO, newest: dict[str, _Found], part: int, parts: int) -> None:
    """Takes in the newest answer of each customer of the part; one that is not final makes nobody eligible."""
    decode = msgspec.json.Decoder(_Told).decode
    place = 0
    journal.seek(0)
    for line in journal:
        if line.startswith(ANSWER) and sound(line):
            told = _understood(decode, line)
            if told is not None and zlib.crc32(told.customer_id.encode()) % parts == part:
                known = newest.get(told.customer_id)
                if known is None or known.when < told.checked_at:
                    eligible = told.final and told.reason.verdict is Verdict.ELIGIBLE
                    newest[told.customer_id] = _Found(told.checked_at, eligible, journal, place)
        place += len(line)


def _understood(decode: Callable[[bytes], _Told], line: bytes) -> _Told | None:
    """What an answer says; None where this version does not write such."""
    try:
        return decode(line)
    except (msgspec.MsgspecError, ValueError):
        return None


def _document(found: _Found) -> dict[str, Any]:
    found.journal.seek(found.place)
    answer: dict[str, Any] = msgspec.json.decode(found.journal.readline())
    del answer["crc"]
    return answer
