"""The commands about the history of all runs: `history compact`, `history query` and `history export`."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import options

if TYPE_CHECKING:
    from auditor.report import MergedMonth
    from auditor.settings import Settings

_AT_ONCE = 1000
"""Records that are printed between two checks of standard output."""


@click.group(help="Ask the history of all runs, merge its files, or export them.")
@options.REPORTS
@options.common(quiet=False)
def history(**_: Any) -> None:
    """`auditor history`: its options may stand before the name of a subcommand."""


@history.command(
    short_help="Merge the files of each closed month into one.",
    help="Merge the files of each closed month into one.\n\n"
    "Every reader gets the same records as before. A run of a merged month may be rendered again. Where this is interrupted, "
    "nothing is lost and auditor counts nothing twice; run it again.",
)
@options.REPORTS
@options.common()
def compact(*, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor history compact`."""
    from auditor.cli.terminal import warn
    from auditor.commands import history as command
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        months = []
        for month in command.compact(Path(settings.reports)):
            months.append(month)
            for name, reason in month.left.items():
                warn(f"{name} stays as it is: {reason}")
            if month.runs and not as_json and not quiet:
                click.echo(_describe(month))
    if as_json:
        click.echo(json.dumps([asdict(month) for month in months], indent=2))
    elif not quiet and not any(month.runs for month in months):
        click.echo("Nothing to merge.")
    return 0


@history.command(
    short_help="Ask the history in SQL.",
    help="Ask the history in SQL, through DuckDB.\n\n"
    "SQL is one statement that selects from the views history (one record a customer and run), current (the newest record of "
    "each customer), blocked_since (who is blocked now) and stretches (each time in which a customer had one verdict). "
    "Nothing is written.",
)
@click.argument("sql", metavar="SQL")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@options.REPORTS
@options.common(quiet=False)
def query(*, sql: str, settings: "Settings", as_json: bool, as_csv: bool) -> int:
    """`auditor history query`."""
    from auditor.cli.streams import check_output
    from auditor.cli.terminal import print_table
    from auditor.commands import history as command
    from auditor.runs.signals import exit_on_signals

    if as_json and as_csv:
        raise click.UsageError("choose --json or --csv")
    with exit_on_signals():
        answer = command.query(Path(settings.reports), sql)
        records = _until_output_fails(answer.records)
        if as_json:
            _print_json(answer.columns, records)
        elif as_csv:
            _print_csv(answer.columns, records)
        else:
            print_table(answer.columns, ([_as_text(value) for value in record] for record in records))
    check_output("the answer", "print it where there is space")
    return 0


@history.command(
    short_help="Write the history into a Delta table.",
    help="Write the history into a Delta table: the runs that are new or have changed since the last export, in one "
    "transaction each.\n\n"
    "docs/tables-and-databases.md has the steps for Fabric, Databricks and Power BI.",
)
@click.option(
    "--delta",
    metavar="URL",
    required=True,
    help="The table: a folder, or an address such as s3://BUCKET/TABLE; credentials come from the environment.",
)
@options.REPORTS
@options.common(json="what was written as JSON")
def export(*, delta: str, settings: "Settings", as_json: bool, quiet: bool) -> int:
    """`auditor history export`."""
    from auditor.commands.history_export import export_history
    from auditor.core.text import count_noun
    from auditor.runs.signals import exit_on_signals

    with exit_on_signals():
        done = export_history(settings.reports, delta)
    if as_json:
        click.echo(json.dumps({"table": delta, **asdict(done)}, indent=2))
    elif not quiet:
        written = f"{count_noun(len(done.written), 'run')} ({count_noun(done.rows, 'record')}) written to {delta}"
        click.echo(f"{written}; {done.unchanged:,} unchanged")
    return 0


def _until_output_fails(records: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Stop where nothing can be printed any more: the disk is full, or a reader such as `head` has ended."""
    from auditor.cli.streams import output_failure

    for number, record in enumerate(records):
        if number % _AT_ONCE == 0 and output_failure():
            return
        yield record


def _print_json(columns: Sequence[str], records: Iterator[tuple[Any, ...]]) -> None:
    """Print a list of objects."""
    end = "[]\n"
    while some := [dict(zip(columns, map(_finite, record), strict=True)) for record in islice(records, _AT_ONCE)]:
        text = json.dumps(some, indent=2, ensure_ascii=False, default=_as_json)
        sys.stdout.write(("[" if end == "[]\n" else ",") + text.removeprefix("[").removesuffix("\n]"))
        end = "\n]\n"
    sys.stdout.write(end)


def _print_csv(columns: Sequence[str], records: Iterable[tuple[Any, ...]]) -> None:
    """Print records as results.csv has them: times in ISO 8601, null as an empty cell."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_as_text(value) for value in record] for record in records)


def _finite(value: Any) -> Any:
    """The same value, or null for a number that JSON does not have, such as 1 / 0."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_json(value: Any) -> object:
    # sums of whole numbers come as decimal numbers
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _as_text(value)


def _as_text(value: Any) -> str:
    from auditor.core.text import format_time

    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return format_time(value) if isinstance(value, datetime) and value.tzinfo else str(value)


def _describe(month: "MergedMonth") -> str:
    from auditor.core.text import count_noun

    sizes = f"{month.bytes_before / 1e6:,.1f} MB before, {month.bytes_after / 1e6:,.1f} MB now"
    return f"{month.month}: {count_noun(month.runs, 'run')} merged, {count_noun(month.records, 'record')}; {sizes}"


COMMANDS = (history,)
