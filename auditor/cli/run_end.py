"""Why the exit code of a run is not 0, and the next command. Who follows a hint never gets the same hint again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from auditor import journal
from auditor.cli import job
from auditor.cli.terminal import note, say, say_next
from auditor.core.model import Verdict
from auditor.core.results import COMPLETE, FAILED, MATCHED, FailOn, count_internal_errors, unresolved_step
from auditor.core.run_facts import MembershipSource
from auditor.core.text import count_noun, shell_quote
from auditor.runs.find import LATEST, LATEST_SIMULATED, latest_run_id

if TYPE_CHECKING:
    from auditor.runs.render import Rendered


def print_hints(rendered: "Rendered", *, quiet: bool) -> None:
    """Print why the exit code is not 0, and the next command."""
    for line in explain_end(rendered):
        (say_next if line.next_step else say)(line.text)
    if rendered.exit_code == MATCHED:
        return
    name = LATEST_SIMULATED if rendered.facts.simulated else LATEST
    if run_id := latest_run_id(rendered.run.parent, name):
        note(f"{rendered.run.parent / name} still points to run {run_id}, which is complete", quiet=quiet)


class Line(NamedTuple):
    """A line about the end of a run: what happened, or what to do next."""

    text: str
    next_step: bool = False


def explain_end(rendered: "Rendered") -> list[Line]:
    """Why the exit code of a run is not 0, and what to do next; empty where it is 0."""
    if rendered.exit_code == COMPLETE:
        return []
    if rendered.exit_code == MATCHED:
        return [Line(f"auditor: Run complete. --fail-on matched: {', '.join(count_matches(rendered))}.")]
    return [*_explain_exit_code(rendered), *_explain_resuming(rendered)]


def find_next_steps(rendered: "Rendered") -> list[str]:
    """The next steps from `explain_end`, with absolute paths, because the reader of a message is in another folder."""
    whole = replace(rendered, run=rendered.run.absolute())
    return [job.add_options(line.text) for line in explain_end(whole) if line.next_step and line.text.strip()]


def _explain_exit_code(rendered: "Rendered") -> Iterator[Line]:
    if rendered.end is not None:
        yield Line(f"auditor: {_describe_early_end(rendered.end.message)}")
        yield Line(rendered.end.hint, next_step=True)
    elif not rendered.facts.finished:
        yield Line(f"auditor: the run did not finish: {rendered.facts.message}")
    elif rendered.exit_code == FAILED:
        rows = count_noun(count_internal_errors(rendered.ledger), "row")
        yield Line(f"auditor: {rows} could not be checked because of a defect in auditor")
        yield Line("  this is a defect of auditor: report the lines of the log that say so")
    else:
        undetermined = rendered.ledger.open_rows
        limit = rendered.facts.max_undetermined
        yield Line(f"auditor: {count_undetermined(undetermined)}; the limit is {limit:,} (--max-undetermined).")
        yield Line(f"  {_describe_undetermined(rendered)}")
        if not rendered.tries and (rendered.run / "undetermined.csv").exists():
            yield Line(f"see {rendered.run / 'undetermined.csv'} for each row's reason", next_step=True)


def count_undetermined(rows: int) -> str:
    """How many rows are undetermined, as a sentence without its end."""
    return f"{count_noun(rows, 'row')} {'is' if rows == 1 else 'are'} undetermined"


def count_matches(rendered: "Rendered") -> list[str]:
    """Which parts of --fail-on matched, each with a count of customers or rows."""
    customers = {count.verdict: count.customers for count in rendered.ledger.by_verdict()}
    changes = rendered.changes
    counts = {
        FailOn.BLOCKED: count_noun(customers.get(Verdict.BLOCKED, 0), "customer"),
        FailOn.NEWLY_BLOCKED: count_noun(changes.newly_blocked_count if changes else 0, "customer"),
        FailOn.UNDETERMINED: count_noun(rendered.ledger.open_rows, "row"),
        FailOn.CHANGES: count_noun(changes.total if changes else 0, "customer"),
    }
    return [f"{what} ({counts[what]})" for what in rendered.matched]


def _explain_resuming(rendered: "Rendered") -> Iterator[Line]:
    """Say who has no final answer yet, where another session can change the result."""
    facts = rendered.facts
    pending = rendered.unanswered
    if not facts.finished:
        pending = facts.customers - len(journal.finally_answered(rendered.run, facts.rows))
    if journal.read_header(rendered.run).simulated:
        yield Line("a demo cannot be resumed; start it again: auditor demo", next_step=True)
        return
    if pending and not rendered.tries:
        yield Line(f"  {count_noun(pending, 'customer')} {'has' if pending == 1 else 'have'} no final answer yet")
    elif not facts.finished:
        yield Line("  every customer has a final answer, but the run did not finish")
    else:
        return
    yield Line(f"auditor resume {shell_quote(rendered.run)}", next_step=True)


def _describe_early_end(message: str) -> str:
    rest = message.removeprefix("stopped ")
    return f"stopped early: {message}" if rest == message else f"stopped early {rest}"


def _describe_undetermined(rendered: "Rendered") -> str:
    """Say which undetermined rows another try may resolve, and what to do about the others."""
    open_, final = rendered.undetermined
    allow = f"allow them: auditor resume {shell_quote(rendered.run)} --max-undetermined"
    if open_ and rendered.tries:
        files = (
            rendered.run / name for name in ("undetermined.csv", "results.csv", "results.parquet", journal.JOURNAL)
        )
        where = next(path for path in files if path.exists())
        tried = "1 try" if rendered.tries == 1 else f"{rendered.tries:,} tries"
        return (
            f"{open_:,} unchanged after {tried}: open a support case with the request ids in {where}, "
            f"or {allow} {open_ + final}"
        )
    sentences = [f"{open_:,} may be answered on a further try (resume)"] if open_ else []
    if final:
        seen_in = "undetermined.csv" if (rendered.run / "undetermined.csv").is_file() else "the reports"
        reasons = {one.reason for one in rendered.ledger.by_reason() if one.reason is not None}
        known = rendered.facts.membership
        what = unresolved_step(reasons, listed=known is None or known.way is not MembershipSource.OWN)
        sentences.append(f"{final:,} will not change: look at {seen_in} and {what}, or {allow} {final}")
    return "; ".join(sentences)
