"""Print the output of `customers` and of `run --dry-run`: the partner's own list, and what a run would do."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from auditor.cli.streams import check_output
from auditor.cli.terminal import warn
from auditor.core.judge import ListedCustomer
from auditor.core.text import count_noun, describe_left_out, escape_controls, format_duration
from auditor.errors import OutputError

if TYPE_CHECKING:
    from auditor.commands.dry_run import ListPreview, Preview


@contextmanager
def customer_table(output: str | None, *, as_json: bool) -> Iterator[Callable[[ListedCustomer], None]]:
    """Give a function that writes a customer to standard output, or to a file that appears only when it is complete.

    Raises:
        OutputError: the file cannot be written; standard output did not take everything.
    """
    if output is None:
        yield _customer_writer(sys.stdout, as_json=as_json)
        check_output("the customer list", "auditor customers -o FILE writes a complete file, or none")
        return
    target = Path(output).resolve()
    # a device or a pipe is written to, never replaced
    is_replaced = target.is_file() or not target.exists()
    part = Path(f"{target}.part") if is_replaced else target
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield _customer_writer(file, as_json=as_json)
        if is_replaced:
            part.replace(target)
    except OSError as error:
        raise OutputError(f"{output}: {error.strerror}", "name another file with -o") from error
    finally:
        if is_replaced:
            part.unlink(missing_ok=True)


def _customer_writer(file: TextIO, *, as_json: bool) -> Callable[[ListedCustomer], None]:
    writer = csv.writer(file, lineterminator="\n")
    names = ("customer_id", "company_name", "domain", "relationship")
    has_header = as_json

    def write(one: ListedCustomer) -> None:
        nonlocal has_header
        if not has_header:
            writer.writerow(names)
            has_header = True
        values = (one.id, one.company_name, one.domain, one.relationship)
        if as_json:
            file.write(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n")
        else:
            writer.writerow(values)

    return write


def print_preview(found: "Preview", *, as_json: bool) -> None:
    """Print what a run would do."""
    if as_json:
        click.echo(json.dumps(asdict(found) | {"minutes": found.minutes}, ensure_ascii=False, indent=2))
        return
    for one in found.lists:
        _print_list(one)
    click.echo(
        f"{count_noun(found.rows, 'row')}, {count_noun(found.customers, 'customer')}, {count_noun(found.duplicates, 'duplicate')}, "
        f"{found.invalid:,} invalid"
    )
    _print_invalid_rows(found)
    for warning in found.warnings:
        warn(warning)
    _print_choice(found)
    if found.reused:
        click.echo(f"{count_noun(found.reused, 'answer')} of earlier runs would be reused")
    rate = "at the set rate"
    if found.learned_per_minute is not None:
        rate = f"starting at {found.learned_per_minute:,.0f} requests/min, the limit learned by an earlier run"
    at = "as fast as the service answers" if found.seconds is None else f"{format_duration(found.seconds)} {rate}"
    click.echo(f"{count_noun(found.calls, 'call')}, {at}; nothing was sent.")


def _print_invalid_rows(found: "Preview") -> None:
    for name, row, text in found.invalid_rows:
        click.echo(f"  invalid id: {name}, row {row}: {text[:60]!r}")
    if found.invalid > len(found.invalid_rows):
        click.echo(f"  … and {found.invalid - len(found.invalid_rows):,} more")


def _print_choice(found: "Preview") -> None:
    """Print how many rows are left out, and who is asked first."""
    if found.selection:
        click.echo(f"{describe_left_out(found.not_selected)} ({found.selection})")
    if found.asked_first:
        click.echo("asked first:")
    for customer_id, why in found.asked_first:
        click.echo(f"  {customer_id}  {escape_controls(why)}")


def _print_list(one: "ListPreview") -> None:
    click.echo(f"{one.name}: {one.format}")
    for role, name in one.columns.items():
        click.echo(f"  {role:<8} {escape_controls(name)}")
    if one.other_columns:
        click.echo(f"  others   {', '.join(map(escape_controls, one.other_columns))}")
    for warning in one.warnings:
        warn(f"{one.name}: {warning}")
