"""Why a run's exit code is not 0, and the next command, on standard error. Rule: no hint leads back to the same hint."""

from typing import TYPE_CHECKING

from auditor import journal
from auditor.cli.terminal import note, say, say_next
from auditor.core.model import Verdict
from auditor.core.results import FAILED, MATCHED, FailOn, count_internal_errors, unresolved_step
from auditor.core.run_facts import MembershipSource
from auditor.core.text import count_noun, shell_quote
from auditor.runs.find import LATEST, LATEST_SIMULATED, latest_run_id

if TYPE_CHECKING:
    from auditor.runs.render import Rendered


def print_hints(rendered: "Rendered", *, quiet: bool) -> None:
    """Prints why the exit code is not 0, and the next command."""
    if rendered.exit_code == MATCHED:
        say(f"auditor: Run complete. --fail-on matched: {', '.join(_matches(rendered))}.")
        return
    if rendered.end is not None:
        say(f"auditor: {_early_end(rendered.end.message)}")
        say_next(rendered.end.hint)
    elif not rendered.facts.finished:
        say(f"auditor: the run did not finish: {rendered.facts.message}")
    elif rendered.exit_code == FAILED:
        rows = count_noun(count_internal_errors(rendered.ledger), "row")
        say(f"auditor: {rows} could not be checked because of a defect in auditor")
        say("  this is a defect of auditor: report the lines of the log that say so")
    else:
        undetermined = rendered.ledger.rows_of(Verdict.UNDETERMINED)
        limit = rendered.facts.max_undetermined
        say(f"auditor: {are_undetermined(undetermined)}; the limit is {limit:,} (--max-undetermined).")
        say(f"  {_what_may_change(rendered)}")
        if not rendered.tries and (rendered.run / "undetermined.csv").exists():
            say_next(f"see {rendered.run / 'undetermined.csv'} for each row's reason")
    _print_resume_hint(rendered)
    name = LATEST_SIMULATED if rendered.facts.simulated else LATEST
    if run_id := latest_run_id(rendered.run.parent, name):
        note(f"{rendered.run.parent / name} still points to run {run_id}, which is complete", quiet=quiet)


def are_undetermined(rows: int) -> str:
    """That so many rows are undetermined."""
    return f"{count_noun(rows, 'row')} {'is' if rows == 1 else 'are'} undetermined"


def _matches(rendered: "Rendered") -> list[str]:
    """What of --fail-on was found, each with how many customers or rows."""
    customers = {count.verdict: count.customers for count in rendered.ledger.by_verdict()}
    changes = rendered.changes
    counts = {
        FailOn.BLOCKED: count_noun(customers.get(Verdict.BLOCKED, 0), "customer"),
        FailOn.NEWLY_BLOCKED: count_noun(changes.newly_blocked_count if changes else 0, "customer"),
        FailOn.UNDETERMINED: count_noun(rendered.ledger.rows_of(Verdict.UNDETERMINED), "row"),
        FailOn.CHANGES: count_noun(changes.total if changes else 0, "customer"),
    }
    return [f"{what} ({counts[what]})" for what in rendered.matched]


def _print_resume_hint(rendered: "Rendered") -> None:
    """Prints whether another session is of use."""
    pending = _pending_customers(rendered)
    if journal.read_header(rendered.run).simulated:
        say_next("a demo cannot be resumed; start it again: auditor demo")
    elif pending and not rendered.tries:
        say(f"  {count_noun(pending, 'customer')} {'has' if pending == 1 else 'have'} no final answer yet")
        say_next(f"auditor resume {shell_quote(rendered.run)}")
    elif not rendered.facts.finished:
        say("  every customer has a final answer, but the run did not finish")
        say_next(f"auditor resume {shell_quote(rendered.run)}")


def _pending_customers(rendered: "Rendered") -> int:
    """How many customers `resume` asks for: those without a final answer."""
    facts = rendered.facts
    if facts.finished:
        return rendered.unanswered
    return facts.customers - len(journal.finally_answered(rendered.run, facts.rows))


def _early_end(message: str) -> str:
    rest = message.removeprefix("stopped ")
    return f"stopped early: {message}" if rest == message else f"stopped early {rest}"


def _what_may_change(rendered: "Rendered") -> str:
    """Which of the undetermined rows another try may settle, and what is left to do for the others."""
    open_, settled = rendered.undetermined
    allow = f"allow them: auditor resume {shell_quote(rendered.run)} --max-undetermined"
    if open_ and rendered.tries:
        files = (
            rendered.run / name for name in ("undetermined.csv", "results.csv", "results.parquet", journal.JOURNAL)
        )
        where = next(path for path in files if path.exists())
        tried = "1 try" if rendered.tries == 1 else f"{rendered.tries:,} tries"
        return (
            f"{open_:,} unchanged after {tried}: open a support case with the request ids in {where}, "
            f"or {allow} {open_ + settled}"
        )
    sentences = [f"{open_:,} may be answered on a further try (resume)"] if open_ else []
    if settled:
        seen_in = "undetermined.csv" if (rendered.run / "undetermined.csv").is_file() else "the reports"
        reasons = {one.reason for one in rendered.ledger.by_reason() if one.reason is not None}
        known = rendered.facts.membership
        what = unresolved_step(reasons, listed=known is None or known.way is not MembershipSource.OWN)
        sentences.append(f"{settled:,} will not change: look at {seen_in} and {what}, or {allow} {settled}")
    return "; ".join(sentences)
