"""How `run`, `resume`, `report`, `demo` and `verify` print. Rule: results to standard output, notes to standard error.

Rich prints the table; it honours NO_COLOR and writes plain text into a pipe.
"""

import json
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.cli.hints import are_undetermined, print_hints
from auditor.cli.render_changes import changes_since_baseline, column_sums
from auditor.cli.terminal import VERDICT_COLOURS, console, note
from auditor.core.model import Reason, Verdict
from auditor.core.pacing import describe_usage
from auditor.core.results import Count, Ledger
from auditor.core.text import count_noun, shell_quote

if TYPE_CHECKING:
    from auditor.report import Verified
    from auditor.runs.render import Rendered

_WIDTH = 68
"""Characters of an indented line."""
_FILES = {
    "report.html": "the answer on one page",
    "audit.xlsx": "all of it as a workbook",
    "by-owner/": "a workbook for each account manager",
    "summary.csv": "counts by verdict, reason, status and owner",
    "summary.json": "the same for programs, with the run's facts",
    "blocked.csv": "who cannot buy now",
    "undetermined.csv": "who is not known, and why",
    "eligible.csv": "who can buy",
    "results.csv": "every row of the list",
    "results.parquet": "the same, typed",
    "changes.csv": "what changed since the run before",
    "unlisted.csv": "your customers that no list mentions",
    "manifest.json": "SHA-256 of every file",
    "rows.jsonl": "the list as it was read",
    "journal.jsonl": "every answer as it came",
    "before.parquet": "what was known before",
}


def print_run(rendered: "Rendered", *, as_json: bool, quiet: bool, demo: bool = False, resumed: bool = False) -> None:
    """Prints the result of a run: the table, the ledger, the files, what to do next.

    Args:
        rendered: the run.
        as_json: print its summary.json instead.
        quiet: print no notes.
        demo: the run was a demo.
        resumed: the run has several sessions.
    """
    if as_json:
        click.echo((rendered.run / "summary.json").read_text(encoding="utf-8"), nl=False)
        for line in _latest(rendered):
            note(line, quiet=quiet)
        return
    output = console()
    output.print(_table(rendered))
    for line in [*_ledger(rendered, resumed=resumed), *column_sums(rendered.run), *changes_since_baseline(rendered)]:
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    output.print()
    _print_files(output, rendered)
    for line in _latest(rendered):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    output.print()
    if rendered.facts.simulated:
        output.print(Text("The data are simulated: no real customer was asked for.", style="bold"))
    if demo and rendered.facts.finished:
        output.print(_as_a_run(rendered), highlight=False, soft_wrap=True)
    elif rendered.exit_code:
        print_hints(rendered, quiet=quiet)


def _table(rendered: "Rendered") -> Table:
    """Verdict x status, in rows and customers."""
    ledger = rendered.ledger
    state = "complete" if rendered.complete else "NOT COMPLETE"
    table = Table(title=f"Run {rendered.facts.run_id}, {state}", title_justify="left")
    table.add_column("verdict")
    table.add_column("status")
    table.add_column("reason")
    table.add_column("rows", justify="right")
    table.add_column("customers", justify="right")
    for verdict in VERDICT_COLOURS:
        found = ledger.by_status(verdict)
        if not found:
            table.add_row(Text(verdict, style=VERDICT_COLOURS[verdict]), "", "", "0", "0")
        for count in found:
            table.add_row(
                Text(verdict, style=VERDICT_COLOURS[verdict]),
                Text(_status(count)),
                Text(count.reason or ""),
                f"{count.rows:,}",
                f"{count.customers:,}",
            )
        table.add_section()
    return table


def _status(count: Count) -> str:
    """The status; in quotes, as received, where the documentation does not classify it."""
    if count.reason is Reason.UNRECOGNIZED_STATUS:
        return f'"{count.status}"' if count.status else "none"
    return count.status or "-"


def _unrecognized(ledger: Ledger) -> list[str]:
    """Why an answer with a documented status may not be recognized."""
    if not any(count.reason is Reason.UNRECOGNIZED_STATUS for count in ledger.by_status()):
        return []
    return [
        "unrecognized_status: the status in quotes is not a documented one, or came with",
        "        something undocumented, such as another type than account;",
        "        error_message in undetermined.csv has the reply",
    ]


def _ledger(rendered: "Rendered", *, resumed: bool) -> list[str]:
    facts = rendered.facts
    lines = _balance(rendered.ledger)
    used = describe_usage(facts.requests, facts.pace, facts.elapsed_seconds)
    if resumed:
        used[0] += ", in all sessions of the run together"
    # lines break after a comma only: `wrap` does not see the other blanks
    hidden = (line.replace(" ", "\0").replace(",\0", ", ") for line in used)
    wrapped = [part.replace("\0", " ") for line in hidden for part in wrap(line, _WIDTH)]
    lines += [f"{'' if number else 'Requests:':9} {line}" for number, line in enumerate(wrapped)]
    lines += _unrecognized(rendered.ledger)
    fresh = rendered.freshness
    if fresh.reused and fresh.oldest:
        lines.append(
            f"Taken from earlier runs: {count_noun(fresh.reused, 'answer')}; the oldest evidence is of {fresh.oldest:%Y-%m-%d %H:%M} UTC"
        )
    if facts.damaged_lines:
        numbers = ", ".join(map(str, facts.damaged_lines[:10]))
        lines.append(f"Damaged lines of the journal, counted as not answered: {numbers}")
    return lines


def _balance(ledger: Ledger) -> list[str]:
    counts = ledger.by_verdict()
    return [
        f"Ledger: {count_noun(ledger.rows, 'row')} = "
        + " + ".join(f"{count.rows:,} {count.verdict}" for count in counts),
        f"        {count_noun(ledger.customers, 'customer')} = "
        + " + ".join(f"{count.customers:,} {count.verdict}" for count in counts)
        + ("" if ledger.balanced else "  DOES NOT BALANCE"),
    ]


def _print_files(output: Console, rendered: "Rendered") -> None:
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in rendered.run.iterdir())
    known = [name for name in _FILES if name in names]
    output.print(f"Files in {rendered.run}:", highlight=False, soft_wrap=True)
    for name in [*known, *(n for n in names if n not in _FILES)]:
        output.print(f"  {name:<18} {_FILES.get(name, '')}", highlight=False)
    output.print(f"Open first: {rendered.run / _first_to_open(rendered, names)}", highlight=False, soft_wrap=True)


def _latest(rendered: "Rendered") -> list[str]:
    """Why `latest` does not point to this run, and how to change that."""
    pointer = rendered.latest
    if pointer is None or not pointer.reason:
        return []
    target = f"still points to run {pointer.run_id}" if pointer.run_id else "does not point to this run"
    return [
        f"{rendered.run.parent / pointer.name} {target}: {pointer.reason}",
        f"  to point it to this run: auditor runs latest {shell_quote(rendered.run)}",
    ]


def _first_to_open(rendered: "Rendered", names: list[str]) -> str:
    """The page; else the file with the customers to act on."""
    if "report.html" in names:
        return "report.html"
    blocked, undetermined = (rendered.ledger.rows_of(v) for v in (Verdict.BLOCKED, Verdict.UNDETERMINED))
    if "blocked.csv" in names and blocked and rendered.facts.finished:
        return "blocked.csv"
    if "undetermined.csv" in names and undetermined:
        return "undetermined.csv"
    return "summary.csv"


def _as_a_run(rendered: "Rendered") -> str:
    facts = replace(rendered.facts, max_undetermined=0)
    code = replace(rendered, facts=facts).exit_code
    undetermined = rendered.ledger.rows_of(Verdict.UNDETERMINED)
    return (
        f"The list holds deliberate faults, so demo allows undetermined rows and exits with 0; "
        f"run would have exited with {code}: {are_undetermined(undetermined)}."
    )


def print_verification(found: "Verified", *, as_json: bool) -> None:
    """Prints that the files of a run agree."""
    ledger = found.ledger
    if as_json:
        document = {
            "run_id": found.facts.run_id,
            "agrees": True,
            "complete": found.complete,
            "simulated": found.facts.simulated,
            "files": found.files,
            "made_again": found.reproducible,
            "rows": {"listed": ledger.rows} | {str(c.verdict): c.rows for c in ledger.by_verdict()},
            "customers": {"listed": ledger.customers} | {str(c.verdict): c.customers for c in ledger.by_verdict()},
        }
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(
        f"Run {found.facts.run_id}: {count_noun(len(found.files), 'file')} agree, and each of {count_noun(ledger.rows, 'row')} is in them once"
    )
    for line in _balance(ledger):
        click.echo(line)
    if not found.reproducible:
        click.echo("The reports were not made again for comparison: another version of auditor began this run")
    if not found.complete:
        click.echo("The run is NOT COMPLETE: summary.csv says why")
