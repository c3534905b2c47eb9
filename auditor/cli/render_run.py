"""Print the result of `run`, `resume`, `report`, `demo` and `verify`: results to standard output, notes and hints to standard error.

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

from auditor.cli.render_changes import changes_since_baseline, column_sums
from auditor.cli.run_end import count_matches, count_undetermined, print_hints
from auditor.cli.terminal import PRINTED, VERDICT_COLOURS, console, note
from auditor.core.house_style import LOGO_NAMES
from auditor.core.model import Reason, Verdict
from auditor.core.pacing import describe_usage
from auditor.core.results import COMPLETE, MATCHED, Count, Ledger
from auditor.core.text import count_noun, describe_left_out, shell_quote

if TYPE_CHECKING:
    from auditor.report import Verified
    from auditor.runs.render import Rendered

_KEPT = "kept, because somebody changed it or has it open"
_WIDTH = 68
"""Characters of an indented line."""
_FILES = {
    "report.html": "the answer on one page",
    "audit.xlsx": "the same as a workbook, with every row",
    "by-owner/": "a workbook for each account manager",
    "summary.csv": "counts by verdict, reason, status and owner",
    "summary.json": "the same for programs, with the run's facts",
    "blocked.csv": "who cannot buy now",
    "undetermined.csv": "who could not be checked, and why",
    "eligible.csv": "who can buy",
    "results.csv": "every row of the list",
    "results.parquet": "the same, typed",
    "changes.csv": "what changed since the run before",
    "unlisted.csv": "your customers that no list has",
    "manifest.json": "SHA-256 of every file",
    "rows.jsonl": "the list as it was read",
    "journal.jsonl": "every answer as received",
    "before.parquet": "what was known before",
    "notes.jsonl": "what people typed into the workbooks",
    **dict.fromkeys(LOGO_NAMES, "the logo, as it was when the run began"),
}
_UNRECOGNIZED = (
    "unrecognized_status: the status in quotes is not a documented one, or came with",
    "        something undocumented, such as another type than account;",
    "        error_message in undetermined.csv has the reply",
)


def print_run(rendered: "Rendered", *, as_json: bool, quiet: int, demo: bool = False, resumed: bool = False) -> None:
    """Print the result of a run: the table, the ledger, the files, the next command.

    Args:
        rendered: the run.
        as_json: print its summary.json instead.
        quiet: 1 prints one line, 2 prints none; where the run is no success, the line with the cause and the next command.
        demo: the run was a demo.
        resumed: the run has several sessions.
    """
    PRINTED.info("%s", describe_result(rendered))
    if as_json:
        click.echo((rendered.run / "summary.json").read_text(encoding="utf-8"), nl=False)
        for line in _explain_latest(rendered):
            note(line, quiet=bool(quiet))
        return
    if quiet:
        _print_result(rendered, quiet=quiet, demo=demo)
    else:
        _print_all(rendered, demo=demo, resumed=resumed)


def _print_result(rendered: "Rendered", *, quiet: int, demo: bool) -> None:
    """Print one line; where the run is no success, also why, and the next command."""
    is_success = rendered.exit_code in (COMPLETE, MATCHED) or (demo and rendered.facts.finished)
    if quiet == 1 or not is_success:
        click.echo(describe_result(rendered))
    if not is_success:
        print_hints(rendered, quiet=True)


def _print_all(rendered: "Rendered", *, demo: bool, resumed: bool) -> None:
    output = console()
    output.print(_table(rendered))
    for line in [
        *_describe_ledger(rendered, resumed=resumed),
        *column_sums(rendered.run),
        *changes_since_baseline(rendered),
    ]:
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    output.print()
    _print_files(output, rendered)
    for line in _explain_latest(rendered):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    output.print()
    if rendered.facts.simulated:
        output.print(Text("The data are simulated: no real customer was asked for.", style="bold"))
    if demo and rendered.facts.finished:
        output.print(_compare_with_run(rendered), highlight=False, soft_wrap=True)
    elif rendered.exit_code:
        print_hints(rendered, quiet=False)


def describe_result(rendered: "Rendered") -> str:
    """The result of a run in one line: state, customers by verdict, the file to open."""
    facts, ledger = rendered.facts, rendered.ledger
    blocked, undetermined, eligible = (
        ledger.customers_of(verdict) for verdict in (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)
    )
    newly = f" ({rendered.changes.newly_blocked_count:,} newly)" if rendered.changes else ""
    counts = [f"{blocked:,} blocked{newly}", f"{undetermined:,} not verified", f"{eligible:,} eligible"]
    invalid = ledger.invalid_rows
    names = [path.name for path in rendered.run.iterdir()]
    parts = [
        f"Run {facts.run_id}: {'complete' if rendered.complete else 'NOT COMPLETE'}",
        *([f"--fail-on matched: {', '.join(count_matches(rendered))}"] if rendered.exit_code == MATCHED else []),
        *([f"selection: {facts.selection}, {describe_left_out(ledger.not_selected)}"] if facts.selection else []),
        *(["simulated"] if facts.simulated else []),
        ", ".join(counts),
        *([f"{count_noun(invalid, 'row')} without a valid id"] if invalid else []),
        *(
            [f"{rendered.latest.name} not moved"]
            if rendered.latest and rendered.latest.reason and not facts.selection
            else []
        ),
        str(rendered.run / _choose_first_file(rendered, names)),
    ]
    return "; ".join(parts)


def _table(rendered: "Rendered") -> Table:
    """Create the table of rows and customers by verdict and status."""
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


def _describe_ledger(rendered: "Rendered", *, resumed: bool) -> list[str]:
    facts = rendered.facts
    lines = _describe_balance(rendered.ledger)
    used = describe_usage(facts.requests, facts.pace, facts.elapsed_seconds)
    if resumed:
        used[0] += ", in all sessions of the run together"
    # lines break after a comma only: `wrap` does not see the other blanks
    hidden = (line.replace(" ", "\0").replace(",\0", ", ") for line in used)
    wrapped = [part.replace("\0", " ") for line in hidden for part in wrap(line, _WIDTH)]
    lines += [f"{'' if number else 'Requests:':9} {line}" for number, line in enumerate(wrapped)]
    if any(count.reason is Reason.UNRECOGNIZED_STATUS for count in rendered.ledger.by_status()):
        lines += _UNRECOGNIZED
    fresh = rendered.freshness
    if fresh.reused and fresh.oldest:
        lines.append(
            f"Taken from earlier runs: {count_noun(fresh.reused, 'answer')}; the oldest evidence is of {fresh.oldest:%Y-%m-%d %H:%M} UTC"
        )
    if facts.damaged_lines:
        numbers = ", ".join(map(str, facts.damaged_lines[:10]))
        lines.append(f"Damaged lines of the journal, counted as not answered: {numbers}")
    return lines


def _describe_balance(ledger: Ledger) -> list[str]:
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
    output.print(f"Files in {rendered.run}:", highlight=False, soft_wrap=True, markup=False)
    for name in [*known, *(n for n in names if n not in _FILES)]:
        output.print(
            f"  {name:<18} {_FILES.get(name, _KEPT if '(changed ' in name else '')}", highlight=False, markup=False
        )
    first = rendered.run / _choose_first_file(rendered, names)
    output.print(f"Open first: {first}", highlight=False, soft_wrap=True, markup=False)


def _explain_latest(rendered: "Rendered") -> list[str]:
    """Say why `latest` does not point to this run, and how to change that."""
    pointer = rendered.latest
    if pointer is None or not pointer.reason:
        return []
    target = f"still points to run {pointer.run_id}" if pointer.run_id else "does not point to this run"
    lines = [f"{rendered.run.parent / pointer.name} {target}: {pointer.reason}"]
    if not rendered.facts.selection:
        lines.append(f"  to point it to this run: auditor runs latest {shell_quote(rendered.run)}")
    return lines


def _choose_first_file(rendered: "Rendered", names: list[str]) -> str:
    """Choose the page; else the file with the customers to act on."""
    if "report.html" in names:
        return "report.html"
    blocked, undetermined = (rendered.ledger.rows_of(v) for v in (Verdict.BLOCKED, Verdict.UNDETERMINED))
    if "blocked.csv" in names and blocked and rendered.facts.finished:
        return "blocked.csv"
    if "undetermined.csv" in names and undetermined:
        return "undetermined.csv"
    return "summary.csv"


def _compare_with_run(rendered: "Rendered") -> str:
    """Say with which exit code `run` would have ended where `demo` ends with 0."""
    facts = replace(rendered.facts, max_undetermined=0)
    code = replace(rendered, facts=facts).exit_code
    undetermined = rendered.ledger.open_rows
    return (
        f"The list has deliberate faults, so demo allows undetermined rows and exits with 0; "
        f"run would have exited with {code}: {count_undetermined(undetermined)}."
    )


def print_verification(found: "Verified", *, as_json: bool) -> None:
    """Print that the files of a run agree."""
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
    for line in _describe_balance(ledger):
        click.echo(line)
    if not found.reproducible:
        click.echo(
            "Workbooks, page and summaries were not compared byte for byte: another version of auditor started this run"
        )
    if not found.complete:
        click.echo("The run is NOT COMPLETE: summary.csv says why")
