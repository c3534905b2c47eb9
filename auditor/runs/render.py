"""Render the reports of a run folder, verify them, and move `latest`. Only the folder is read: no network, no credentials, no list."""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import journal
from auditor.core.model import RunEnd
from auditor.core.results import (
    STOP_EXIT_CODES,
    ChangeCounts,
    FailOn,
    Ledger,
    counts_as_complete,
    exit_code,
    match_fail_on,
)
from auditor.core.run_facts import Freshness, RunFacts
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, OutputError, remedy
from auditor.runs.baseline import freeze_baseline
from auditor.runs.find import identity, is_stored, load_stored_run
from auditor.runs.latest import Pointer, decide_latest
from auditor.runs.notes import NotesSource, collect_notes

if TYPE_CHECKING:
    from auditor.report import RunData, StoredRun, Verified

_log = logging.getLogger("auditor")
_KEPT = "somebody changed a workbook, or has it open: it is kept as {}; what was typed into it is carried over"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The result of rendering a run.

    Attributes:
        run: the folder.
        facts: of the run, from its journal.
        ledger: recounted from the written files.
        freshness: of the deciding answers.
        changes: customers by change since the baseline run, recounted as well; None without a baseline.
        fail_on: what makes the command exit with 10.
        tries: number of sessions that asked for the customers without a final answer, where the last one changed nothing; else 0.
        latest: where `latest` points now; None where the run is not complete, or `latest` never points to such a run.
        end: why the session ended early, with a hint; None where it did not.
    """

    run: Path
    facts: RunFacts
    ledger: Ledger
    freshness: Freshness = field(default_factory=Freshness)
    end: RunEnd | None = None
    changes: ChangeCounts | None = None
    fail_on: tuple[FailOn, ...] = ()
    tries: int = 0
    latest: Pointer | None = None

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        if self.end:
            # with a full disk, the journal may lack the line that says so
            return STOP_EXIT_CODES[self.end.cause]
        return exit_code(self.ledger, self.facts, self.fail_on, self._find_changes())

    @property
    def matched(self) -> tuple[FailOn, ...]:
        """The parts of `fail_on` that apply."""
        return match_fail_on(self.ledger, self.fail_on, self._find_changes())

    def _find_changes(self) -> set[FailOn]:
        changes = {FailOn.NEWLY_BLOCKED} if self.changes and self.changes.newly_blocked_count else set()
        return changes | ({FailOn.CHANGES} if self.changes and self.changes.total else set())

    @property
    def unanswered(self) -> int:
        """Number of customers that `resume` would ask for."""
        return sum(c.customers for c in self.ledger.by_reason() if c.reason is not None and c.reason.retried_on_resume)

    @property
    def undetermined(self) -> tuple[int, int]:
        """(undetermined rows that `resume` may resolve, those that it cannot)."""
        counts = [c for c in self.ledger.by_reason() if c.reason is not None]
        again = sum(c.rows for c in counts if c.reason is not None and c.reason.retried_on_resume)
        return again, self.ledger.open_rows - again

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more are undetermined than allowed."""
        return counts_as_complete(self.ledger, self.facts)


def load_rendered(run: Path) -> "tuple[Rendered, RunData]":
    """Load the result of a rendered run, and all that its reports say, from its folder alone.

    Raises:
        IncompleteError: its files are damaged.
        OutputError: they cannot be read.
    """
    from auditor import report

    with report.as_disagreement(run):
        data = report.load(load_stored_run(run))
        fail_on = journal.read_header(run).settings.get("fail_on") or ()
    changes = data.changes.counts if data.changes else None
    matching = tuple(FailOn(one) for one in fail_on if one in [*FailOn])
    return Rendered(run, data.facts, data.ledger, data.freshness, changes=changes, fail_on=matching), data


def render(
    run: Path,
    formats: Collection[str],
    noted: Callable[[str], object] = _log.info,
    warned: Callable[[str], object] = _log.warning,
    notes: str | None = None,
) -> Rendered:
    """Write every report of a run, verify it, then update the history and `latest`.

    Args:
        run: the folder.
        formats: which of `report.FORMATS` to write.
        noted: receives notes, one sentence each.
        warned: receives warnings, one sentence each.
        notes: a folder of workbooks that people typed into; None for only those that are in place.

    Raises:
        OutputError: a report could not be written, or the written files disagree; the journal is untouched.
        IncompleteError: the journal has no readable header, or rows and journal disagree.
    """
    from auditor import report

    source = load_stored_run(run)
    source = replace(source, facts=freeze_baseline(run, source.facts, noted))
    with ExitStack() as stack:
        with _hint_to_render_again(run):
            tenant = identity(run).tenant or None
            record = stack.enter_context(report.history_file(run.resolve().parent, source.facts, tenant))
            typed = collect_notes(run, NotesSource(notes, noted, warned))
            report.render(source, formats, record, notes=typed, kept=lambda path: warned(_KEPT.format(path)))
        verified = _verify(source)
        if record:
            with _hint_to_render_again(run):
                record.publish()
    facts = source.facts
    rendered = Rendered(run, facts, verified.ledger, verified.freshness, changes=verified.changes)
    return replace(rendered, latest=_move_latest(run)) if rendered.complete else rendered


def _move_latest(run: Path) -> Pointer | None:
    """Move `latest` to a complete run where it should move; simulated runs have `latest-simulated`, a demo has none."""
    from auditor import report

    if not is_stored(run.resolve()) or journal.read_header(run).simulated:
        return None
    pointer = decide_latest(run)
    if pointer.moves:
        report.point_latest(run.parent, run.name, pointer.name)
    return pointer


@contextmanager
def _hint_to_render_again(run: Path) -> Iterator[None]:
    """Make an OutputError name the command that renders this run again."""
    try:
        yield
    except OutputError as error:
        raise OutputError(
            error.message,
            f"the answers are safe; {remedy(error, 'fix the cause')}, then: auditor report {shell_quote(run)}",
        ) from error


def _verify(stored: "StoredRun") -> "Verified":
    from auditor import report

    run = stored.folder
    try:
        # other files in the folder do not make the run incomplete
        return report.verify_run(stored, strays=False)
    except IncompleteError as error:
        if error.message.startswith(
            (journal.ROWS, journal.JOURNAL, str(run / journal.ROWS), str(run / journal.JOURNAL))
        ):
            # the sources of the reports were changed: rendering again would not help
            raise
        raise OutputError(
            f"the reports of {run} do not agree with its journal: {error.message}; this is a defect of auditor, please "
            "report it; the answers are safe",
            f"auditor verify {shell_quote(run)} checks them again; auditor report {shell_quote(run)} renders them again",
        ) from error
