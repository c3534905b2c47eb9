"""`--continue`: whether to finish the newest run of the same list, or to start a new one.

The same list means: the same names, API, partner and selection. Where the rows can be read first, they must be the same too, so
that no row of a changed list is missed; of the partner's own list the name decides.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.core.baseline import RunIdentity
from auditor.core.judge import MembershipCheck
from auditor.core.run_facts import RunFacts
from auditor.core.text import format_duration
from auditor.errors import IncompleteError
from auditor.runs.baseline import identity_of
from auditor.runs.create import SELECTION_DIGEST
from auditor.runs.find import is_from_the_future, run_folders, summary_of
from auditor.runs.latest import is_finished
from auditor.runs.options import RunOptions


@dataclass(frozen=True, slots=True)
class ContinueChoice:
    """What `--continue` does.

    Attributes:
        run: the run to finish; None starts a new one.
        why: the reason, as the end of a sentence.
        list_digest: of the rows of `run`; empty without one.
    """

    run: Path | None
    why: str
    list_digest: str = ""

    @property
    def sentence(self) -> str:
        """What is done, and why."""
        return f"continuing run {self.run.name}: {self.why}" if self.run else f"starting a new run: {self.why}"

    def for_other_rows(self) -> "ContinueChoice":
        """The choice where the rows are not those of the run."""
        if self.run is None:
            return self
        return ContinueChoice(None, f"the list has changed since run {self.run.name}, which is not finished")


def choose_to_continue(options: RunOptions, lists: tuple[str, ...]) -> ContinueChoice:
    """Choose; call it while the lock of the reports folder is held, so that no other run changes what was found.

    Args:
        options: of the run.
        lists: names of the lists.
    """
    if options.continues is None:
        return ContinueChoice(None, "--continue was not given")
    within = options.settings.continue_within
    mine = identity_of(options, lists)
    ids = options.selection.digest if options.selection else ""
    newest = next((run for run in run_folders(Path(options.settings.reports)) if _is_same(run, mine, ids)), None)
    if newest is None:
        return ContinueChoice(None, "there is no earlier run of this list")
    try:
        why_not = _why_not(newest, within)
        header = journal.read_header(newest)
    except (IncompleteError, OSError) as error:
        return ContinueChoice(None, f"run {newest.name} cannot be read: {getattr(error, 'message', error)}")
    if why_not:
        return ContinueChoice(None, why_not)
    return ContinueChoice(newest, f"it began {_age(header)} ago and is not finished", header.list_digest)


def _is_same(run: Path, mine: RunIdentity, ids: str) -> bool:
    """Whether a run is of the same list, API, partner and selection; the simulator of a demo is gone. `ids`: digest of the files."""
    header = journal.read_header(run)
    if header.settings.get(SELECTION_DIGEST, "") != ids:
        return False
    tenant = header.settings.get("tenant_id") or ""
    theirs = RunIdentity(header.api, header.type, mine.simulated, tenant, header.lists, header.selection or "")
    return (
        not header.simulated and theirs.list_paths == mine.list_paths and theirs.comparison_key == mine.comparison_key
    )


def _why_not(run: Path, within: float) -> str:
    """Why a run is not continued; empty where it is."""
    header = journal.read_header(run)
    if is_from_the_future(run):
        return f"run {run.name} says that it began in the future"
    if is_finished(run):
        return f"run {run.name} is complete"
    if (datetime.now(UTC) - header.started_at).total_seconds() >= within:
        return f"run {run.name} is not finished and began {_age(header)} ago (--continue-within)"
    facts = journal.read_facts(run)
    # else every start until --continue-within would fail on the damaged rows
    journal.check_rows(run, facts)
    check = MembershipCheck(header.settings.get("customer_list", MembershipCheck.NEVER))
    if summary_of(run) is not None and not needs_requests(run, facts, check):
        return f"run {run.name} is not complete, but nothing is left to ask in it"
    return ""


def _age(header: journal.Header) -> str:
    return format_duration(max(0.0, (datetime.now(UTC) - header.started_at).total_seconds()))


def needs_requests(run: Path, facts: RunFacts, check: MembershipCheck) -> bool:
    """True where a session would send requests."""
    if not facts.finished or len(journal.finally_answered(run, facts.rows)) < facts.customers:
        return True
    if facts.membership is not None:
        return not facts.membership.complete
    return check is MembershipCheck.ALWAYS or (
        check is MembershipCheck.AUTO and bool(journal.membership_unknown(run, facts.rows))
    )
