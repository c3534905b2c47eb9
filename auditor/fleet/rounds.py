"""A round of a fleet: all partners once. Its file is `fleet/<round>.json` in the reports folder; its combined report, `fleet/<round>/`.

A call of `auditor fleet run` finishes the newest round while that is young enough and one of the call's partners has no complete run
in it; else it starts a new one. So a call after a kill, or after a refused sign-in, asks only for what is missing.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from auditor import journal, locks
from auditor.atomic_file import replace_file
from auditor.core.ids import is_future
from auditor.core.language import ENGLISH
from auditor.core.model import Cause
from auditor.core.results import COMPLETE, INCOMPLETE
from auditor.errors import AuditorError, SettingsError, describe_os_error, remedy
from auditor.fleet.results import PartnerResult
from auditor.runs.find import run_folders, summary_of
from auditor.runs.render import load_rendered

_log = logging.getLogger(__name__)

FLEET = "fleet"
"""The folder in the reports folder; no partner may have this name."""
_LOCK_SECONDS = 30.0


class Round(msgspec.Struct, frozen=True):
    """A round.

    Attributes:
        id: its name: the UTC start, `YYYYMMDDTHHMMSSZ`; with `-2`, `-3` on a collision.
        started_at: when it started.
        partners: names of all partners of the fleet, in the order of their file.
        results: how each partner ended, by name, where it has ended.
        language: of the documents, as one of `core.language.LANGUAGES`.
    """

    id: str
    started_at: datetime
    partners: tuple[str, ...] = ()
    results: dict[str, PartnerResult] = {}
    language: str = ENGLISH.code


@dataclass(frozen=True, slots=True)
class PartnerFolder:
    """Where a partner's runs are, and which lists they are of.

    Attributes:
        path: the partner's reports folder.
        lists: paths of its customer lists; empty for its own list.
    """

    path: Path
    lists: tuple[Path, ...] = field(default=())

    def run_of(self, started_at: datetime) -> Path | None:
        """The partner's run of a round that started then: its newest, if it started or ended after that; else None."""
        newest = next(iter(run_folders(self.path)), None)
        if newest is None:
            return None
        try:
            if journal.read_header(newest).started_at >= started_at:
                return newest
            ended = journal.read_facts(newest).finished_at
        except (AuditorError, OSError):
            return None
        return newest if ended is not None and ended >= started_at else None

    def complete_run(self, started_at: datetime) -> Path | None:
        """The partner's complete run of the round; None where there is none, or where a list was written after the run started."""
        run = self.run_of(started_at)
        found = summary_of(run) if run else None
        if run is None or found is None or not found.complete:
            return None
        begun = journal.read_header(run).started_at.timestamp()
        return None if any(_written_at(path) > begun for path in self.lists) else run


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def can_resume(run: Path) -> bool:
    """Whether another session of a run that was not complete can change that: an outage ended it, or answers are missing."""
    try:
        facts = journal.read_facts(run)
        if not facts.finished:
            return facts.cause in (Cause.SERVICE, Cause.INTERRUPTED, Cause.TERMINATED)
        return bool(journal.pending_rows(run, facts.rows))
    except (AuditorError, OSError):
        return False


def describe_run(name: str, run: Path | None, exit_code: int, reason: str = "") -> PartnerResult:
    """The result of a partner, with the counts of its run's summary.

    Args:
        name: of the partner.
        run: its run in this round; None where there is none.
        exit_code: of the process that audited it.
        reason: why it ended so.
    """
    found = summary_of(run) if run else None
    if found is None:
        return PartnerResult(name, run, exit_code, reason)
    counts = {verdict: count for verdict, count in found.ledger.customers.items() if verdict != "listed"}
    return PartnerResult(name, run, exit_code, reason, counts, found.complete)


def describe_complete_run(name: str, run: Path) -> PartnerResult:
    """The result of a partner whose complete run another call has left, perhaps without recording it.

    Args:
        name: of the partner.
        run: its complete run.
    """
    try:
        # only `fail_on` makes the exit code of a complete run another than 0
        code = load_rendered(run)[0].exit_code if journal.read_header(run).settings.get("fail_on") else COMPLETE
    except (AuditorError, OSError) as error:
        return describe_run(name, run, INCOMPLETE, f"its run cannot be read: {error}")
    return describe_run(name, run, code)


def open_round(
    reports: Path,
    names: Sequence[str],
    within: float,
    is_open: Callable[[Round], bool],
    language: str = ENGLISH.code,
) -> Round:
    """Find the round to finish, or start a new one. A round without any of these partners is of another fleet.

    Args:
        reports: the reports folder.
        names: of all partners of the fleet.
        within: seconds; an older round is not finished.
        is_open: whether one of the partners has no complete run in a round.
        language: of the documents.

    Raises:
        SettingsError: the folder cannot be written to.
    """
    try:
        with _locked(reports):
            now = datetime.now(UTC)
            own = (one for one in _rounds(reports) if not set(names).isdisjoint(one.partners))
            newest = max(own, key=lambda one: one.started_at, default=None)
            if newest is not None and (now - newest.started_at).total_seconds() < within and is_open(newest):
                found = msgspec.structs.replace(newest, partners=tuple(names), language=language)
            else:
                found = Round(_new_id(reports, now), now, tuple(names), language=language)
            _write(reports, found)
            return found
    except OSError as error:
        raise SettingsError(
            f"{reports / FLEET} cannot be written to: {describe_os_error(error)}",
            remedy(error, "name a folder that you may write to"),
        ) from error


def record(reports: Path, one: Round, results: Iterable[PartnerResult] = (), language: str = "") -> Round:
    """Add results to a round's file, and set its language where one is given; return the round with the results of other calls as well.

    A file that cannot be written ends no audit: the next call finds the complete runs themselves.
    """
    own = {result.name: result for result in results}
    try:
        with _locked(reports):
            stored = next((known for known in _rounds(reports) if known.id == one.id), one)
            found = msgspec.structs.replace(
                stored, results={**stored.results, **own}, language=language or stored.language
            )
            _write(reports, found)
            return found
    except OSError as error:
        _log.warning(
            "%s: the file of round %s cannot be written: %s", reports / FLEET, one.id, describe_os_error(error)
        )
        return msgspec.structs.replace(one, results={**one.results, **own}, language=language or one.language)


def results_of(one: Round, names: Sequence[str]) -> list[PartnerResult]:
    """A result for each partner of the fleet; one that was not asked in this round is incomplete."""
    return [
        one.results.get(name) or PartnerResult(name, None, INCOMPLETE, "this partner was not asked in this round")
        for name in names
    ]


def find_round(reports: Path, round_id: str | None) -> Round:
    """Find a stored round; without an id, the newest.

    Raises:
        SettingsError: there is no such round, or its file cannot be read.
    """
    found = [one for one in _rounds(reports) if round_id in (None, one.id)]
    if not found:
        raise SettingsError(
            f"{reports / FLEET} has no round {round_id or 'at all'}",
            "name the reports folder of the fleet with --reports",
        )
    return max(found, key=lambda one: one.started_at)


@contextmanager
def _locked(reports: Path) -> Iterator[None]:
    folder = reports / FLEET
    folder.mkdir(parents=True, exist_ok=True)
    with locks.acquire(folder / ".lock", timeout=_LOCK_SECONDS):
        yield


def _rounds(reports: Path) -> list[Round]:
    """The stored rounds; a damaged file, and a round that says that it started in the future, are left out."""
    found: list[Round] = []
    for path in (reports / FLEET).glob("*.json"):
        try:
            one = msgspec.json.decode(path.read_bytes(), type=Round, dec_hook=lambda _, text: Path(text))
        except (OSError, ValueError):
            continue
        if one.id == path.stem and one.started_at.tzinfo and not is_future(one.started_at, datetime.now(UTC)):
            found.append(one)
    return found


def _new_id(reports: Path, now: datetime) -> str:
    name = f"{now:%Y%m%dT%H%M%SZ}"
    taken = {path.stem for path in (reports / FLEET).iterdir()}
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    return unique


def _write(reports: Path, one: Round) -> None:
    content = msgspec.json.format(msgspec.json.encode(one, enc_hook=str), indent=2)
    replace_file(reports / FLEET / f"{one.id}.json", content + b"\n")
