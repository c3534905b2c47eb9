"""A run folder -> its reports. Rule: nothing but the folder is read: no network, no credentials, no customer list."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from auditor import journal
from auditor.commands.standing import LATEST, LATEST_SIMULATED, is_stored, latest_run_id
from auditor.core.changes import Counts
from auditor.core.ledger import STOPPED, FailOn, Ledger, complete, exit_code, matched
from auditor.core.model import RunEnd, Verdict
from auditor.core.os_errors import remedy
from auditor.core.run_facts import Freshness, RunFacts
from auditor.core.words import typed
from auditor.errors import IncompleteError, OutputError, SettingsError
from auditor.settings import values

if TYPE_CHECKING:
    from auditor.commands.latest import Pointer
    from auditor.report import StoredRun, Verified


@dataclass(frozen=True, slots=True)
class Rendered:
    """What stands in a run folder now.

    Attributes:
        run: the folder.
        facts: of the run, from its journal.
        ledger: counted again from the written files.
        freshness: of the answers that decide.
        changes: customers by what became of them since the baseline run, likewise; None where there is none.
        fail_on: what the user wants to hear of by the exit code.
        tries: in how many sessions the customers without a final answer were asked for, where the last changed nothing;
            else 0.
        latest: what became of `latest`; None where the run is not complete, or is one that `latest` never leads to.
        end: why the session just over was ended early, with the next thing to do; None where it was not.
    """

    run: Path
    facts: RunFacts
    ledger: Ledger
    freshness: Freshness = field(default_factory=Freshness)
    end: RunEnd | None = None
    changes: Counts | None = None
    fail_on: tuple[FailOn, ...] = ()
    tries: int = 0
    latest: "Pointer | None" = None

    def unchanged_after(self, tries: int) -> Self:
        """The same, with how often the customers without a final answer were asked for, the last time to no avail."""
        return replace(self, tries=tries)

    def ended_by(self, end: RunEnd) -> Self:
        """The same, with the reason for an early end."""
        return replace(self, end=end)

    def failing_on(self, what: Iterable[str]) -> Self:
        """The same, with what the user wants to hear of by the exit code."""
        return replace(self, fail_on=tuple(map(FailOn, what)))

    @property
    def exit_code(self) -> int:
        """What the command returns."""
        if self.end:
            # a full disk may have refused the line that says so
            return STOPPED[self.end.cause]
        return exit_code(self.ledger, self.facts, self.fail_on, self._changed)

    @property
    def matched(self) -> tuple[FailOn, ...]:
        """What of it was found."""
        return matched(self.ledger, self.fail_on, self._changed)

    @property
    def _changed(self) -> set[FailOn]:
        changed = {FailOn.NEWLY_BLOCKED} if self.changes and self.changes.news else set()
        return changed | ({FailOn.CHANGES} if self.changes and self.changes.total else set())

    @property
    def unanswered(self) -> int:
        """How many customers `resume` would ask for."""
        return sum(c.customers for c in self.ledger.by_reason() if c.reason is not None and c.reason.asked_again)

    @property
    def undetermined(self) -> tuple[int, int]:
        """(undetermined rows that another try may settle, those that it will not)."""
        counts = [c for c in self.ledger.by_reason() if c.reason is not None and c.verdict is Verdict.UNDETERMINED]
        again = sum(c.rows for c in counts if c.reason is not None and c.reason.asked_again)
        return again, sum(c.rows for c in counts) - again

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return complete(self.ledger, self.facts)


def render(run: Path, formats: Collection[str]) -> Rendered:
    """Writes every report of a run, verifies all that was written, and lets the history and `latest` follow.

    Raises:
        OutputError: a report could not be written, or the written files disagree; the journal is untouched.
        IncompleteError: the journal has no readable header, or rows and journal disagree.
    """
    from auditor import report
    from auditor.commands.baseline import settle, source_of

    source = source_of(run)
    source = replace(source, facts=settle(run, source.facts))
    with ExitStack() as stack:
        with _mended_by_report(run):
            record = stack.enter_context(report.history_file(run.resolve().parent, source.facts))
            report.render(source, formats, record)
        verified = _verified(source)
        if record:
            with _mended_by_report(run):
                record.publish()
    facts = source.facts
    rendered = Rendered(run, facts, verified.ledger, verified.freshness, changes=verified.changes)
    return replace(rendered, latest=_latest(run)) if rendered.complete else rendered


def _latest(run: Path) -> "Pointer | None":
    """Lets `latest` lead to a complete run, where it is to; made-up data have a name of their own, and the demo's none."""
    from auditor import report
    from auditor.commands.latest import decide

    if not is_stored(run.resolve()) or journal.read_header(run).simulated:
        return None
    pointer = decide(run)
    if pointer.moves:
        report.point_latest(run.parent, run.name, pointer.name)
    return pointer


@contextmanager
def _mended_by_report(run: Path) -> Iterator[None]:
    """Lets an OutputError name the command that tries again for this run: not all that is written stands in its folder."""
    try:
        yield
    except OutputError as error:
        raise OutputError(
            error.message, f"the answers are safe; {remedy(error, 'fix the cause')}, then: auditor report {typed(run)}"
        ) from error


def _verified(stored: "StoredRun") -> "Verified":
    from auditor import report

    run = stored.folder
    try:
        # what else a person keeps in the folder does not make the run less complete
        return report.verify_run(stored, strays=False)
    except IncompleteError as error:
        if error.message.startswith((journal.ROWS, journal.JOURNAL)):
            # what the reports are made from was changed: making them again would not help
            raise
        raise OutputError(
            f"the reports of {run} do not agree with its journal: {error.message}; this is a defect of auditor, please "
            "report it; the answers are safe",
            f"auditor verify {typed(run)} says it again; auditor report {typed(run)} makes the reports again, without a request",
        ) from error


def find_run(run: str, reports: str) -> Path:
    """The folder that RUN means: a folder, a run-id, `latest`, or `latest-simulated`.

    Raises:
        SettingsError: there is no such run.
    """
    try:
        folder = Path(values.folder(run))
    except ValueError as error:
        raise SettingsError(f"{run}: {error}", "auditor runs lists the stored runs") from None
    if journal.holds_journal(folder):
        # `latest` must never come to lead to itself
        return folder.resolve() if folder.is_symlink() or folder.name in {"", ".."} else folder
    is_pointer = run in (LATEST, LATEST_SIMULATED)
    newest = latest_run_id(Path(reports), run) if is_pointer else run
    named = Path(reports) / (newest or run)
    # a link called `latest` that leads to no stored run leads nowhere
    if journal.holds_journal(named) and not (is_pointer and named.is_symlink()):
        return named
    if not newest:
        kind = "of real customers" if run == LATEST else "against a simulator"
        raise SettingsError(
            f"{run}: no run {kind} is complete in {reports}; latest never points to a simulated run",
            f"name the run: auditor runs --reports {typed(reports)} lists them",
        )
    raise SettingsError(f"{run}: no such run, neither as a folder nor in {reports}", "auditor runs lists them")
