"""Why a run's exit code is not 0, and the next command. Rule: talk, on standard error; nobody is sent round in a circle."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor import journal
from auditor.cli.progress import say, say_next
from auditor.core.model import Verdict
from auditor.core.results import FAILED, MATCHED, internal_errors, unresolved_step
from auditor.core.run_facts import Way
from auditor.core.text import many, typed
from auditor.runs.find import LATEST, LATEST_SIMULATED, latest_run_id

if TYPE_CHECKING:
    from auditor.runs.render import Rendered


def what_next(rendered: "Rendered", note: Callable[[str], None]) -> None:
    """Says on standard error why the exit code is not 0, and the next command."""
    undetermined = rendered.ledger.rows_of(Verdict.UNDETERMINED)
    if rendered.exit_code == MATCHED:
        say(f"auditor: complete, and what --fail-on names was found: {', '.join(rendered.matched)}")
        return
    if rendered.end is not None:
        say(f"auditor: {_early(rendered.end.message)}")
        say_next(rendered.end.hint)
    elif not rendered.facts.finished:
        say(f"auditor: the run did not finish: {rendered.facts.message}")
    elif rendered.exit_code == FAILED:
        say(
            f"auditor: {many(internal_errors(rendered.ledger), 'row')} could not be checked because of a defect in auditor"
        )
        say("  this is a defect of auditor: report the lines of the log that say so")
    else:
        allowed = rendered.facts.max_undetermined
        say(f"auditor: {are_undetermined(undetermined)}, and {allowed:,} may be (--max-undetermined)")
        say(f"  {_what_may_change(rendered)}")
        if not rendered.tries and (rendered.run / "undetermined.csv").exists():
            say_next(f"see {rendered.run / 'undetermined.csv'} for each row's reason")
    _again(rendered)
    name = LATEST_SIMULATED if rendered.facts.simulated else LATEST
    if run_id := latest_run_id(rendered.run.parent, name):
        note(f"{rendered.run.parent / name} still leads to run {run_id}, which is complete")


def _again(rendered: "Rendered") -> None:
    """Says whether another session is of use."""
    left = _left(rendered)
    if journal.read_header(rendered.run).simulated:
        say_next("a demo cannot be resumed; start it again")
    elif left and not rendered.tries:
        say(f"  {many(left, 'customer')} {'has' if left == 1 else 'have'} no final answer yet")
        say_next(f"auditor resume {typed(rendered.run)}")
    elif not rendered.facts.finished:
        say("  every customer has a final answer, but the run did not finish")
        say_next(f"auditor resume {typed(rendered.run)}")


def _left(rendered: "Rendered") -> int:
    """How many customers have no final answer, so that `resume` asks for them: never asked, or asked in vain."""
    facts = rendered.facts
    return (
        rendered.unanswered
        if facts.finished
        else facts.customers - len(journal.finally_answered(rendered.run, facts.rows))
    )


def _early(message: str) -> str:
    by = message.removeprefix("stopped ")
    return f"stopped early: {message}" if by == message else f"stopped early {by}"


def are_undetermined(rows: int) -> str:
    """So many rows are undetermined."""
    return f"{many(rows, 'row')} {'is' if rows == 1 else 'are'} undetermined"


def _what_may_change(rendered: "Rendered") -> str:
    """Which of the undetermined rows another try may settle, and what is left to do for the others."""
    open_, settled = rendered.undetermined
    allow = f"allow them: auditor resume {typed(rendered.run)} --max-undetermined"
    if open_ and rendered.tries:
        made = (rendered.run / name for name in ("undetermined.csv", "results.csv", "results.parquet", journal.JOURNAL))
        where = next(path for path in made if path.exists())
        tried = "1 try" if rendered.tries == 1 else f"{rendered.tries:,} tries"
        return (
            f"{open_:,} unchanged after {tried}: open a support case with the request ids in {where}, "
            f"or {allow} {open_ + settled}"
        )
    words = [f"{open_:,} may be answered on a further try (resume)"] if open_ else []
    if settled:
        seen_in = "undetermined.csv" if (rendered.run / "undetermined.csv").is_file() else "the reports"
        reasons = {one.reason for one in rendered.ledger.by_reason() if one.reason is not None}
        known = rendered.facts.membership
        what = unresolved_step(reasons, listed=known is None or known.way is not Way.OWN)
        words.append(f"{settled:,} will not change: look at {seen_in} and {what}, or {allow} {settled}")
    return "; ".join(words)
