"""Customer lists, as people see them: the partner's own, and what a run would do with one. Rule: results to standard output."""

import csv
import errno
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from auditor.cli.progress import warn
from auditor.cli.streams import output_failure
from auditor.core.judge import Listed
from auditor.core.text import escaped, lasting, many
from auditor.errors import OutputError

if TYPE_CHECKING:
    from auditor.commands.dry_run import ListFound, Preview


@contextmanager
def customer_table(output: str | None, *, as_json: bool) -> Iterator[Callable[[Listed], None]]:
    """Gives what writes a partner's customers, one by one, to standard output, or to a file that is there whole or not.

    Raises:
        OutputError: the file cannot be written; standard output took not everything.
    """
    if output is None:
        yield _customer_writer(sys.stdout, as_json=as_json)
        _check_whole()
        return
    part = Path(f"{output}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield _customer_writer(file, as_json=as_json)
        part.replace(output)
    except OSError as error:
        raise OutputError(f"{output}: {error.strerror}", "name another file with -o") from error
    finally:
        part.unlink(missing_ok=True)


def _check_whole() -> None:
    """A list that a full disk cut short must not pass for the whole; a reader who left has what it wanted."""
    failure = output_failure()
    if failure is not None and failure.errno not in {errno.EPIPE, errno.EINVAL}:
        message = f"standard output: {failure.strerror}; the customer list there is not whole"
        raise OutputError(message, "auditor customers -o FILE writes a file that is there whole or not at all")


def _customer_writer(file: TextIO, *, as_json: bool) -> Callable[[Listed], None]:
    writer = csv.writer(file, lineterminator="\n")
    names = ("customer_id", "company_name", "domain", "relationship")
    headed = as_json

    def take(one: Listed) -> None:
        nonlocal headed
        if not headed:
            writer.writerow(names)
            headed = True
        values = (one.id, one.company_name, one.domain, one.relationship)
        if as_json:
            file.write(json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False) + "\n")
        else:
            writer.writerow(values)

    return take


def preview(found: "Preview", *, as_json: bool) -> None:
    """Prints what a run would do."""
    if as_json:
        click.echo(json.dumps(asdict(found) | {"minutes": found.minutes}, ensure_ascii=False, indent=2))
        return
    for one in found.lists:
        _list_found(one)
    click.echo(
        f"{many(found.rows, 'row')}, {many(found.customers, 'customer')}, {many(found.duplicates, 'duplicate')}, "
        f"{found.invalid:,} invalid"
    )
    for name, row, text in found.invalid_rows:
        click.echo(f"  invalid id: {name}, row {row}: {text[:60]!r}")
    if found.invalid > len(found.invalid_rows):
        click.echo(f"  … and {found.invalid - len(found.invalid_rows):,} more")
    for warning in found.warnings:
        warn(warning)
    if found.reused:
        click.echo(f"{many(found.reused, 'answer')} of earlier runs would be reused")
    at = "as fast as the service answers" if found.seconds is None else f"{lasting(found.seconds)} {_paced(found)}"
    click.echo(f"{many(found.calls, 'call')}, {at}; nothing was sent.")


def _list_found(one: "ListFound") -> None:
    click.echo(f"{one.name}: {one.format}")
    for role, name in one.columns.items():
        click.echo(f"  {role:<8} {escaped(name)}")
    if one.other_columns:
        click.echo(f"  others   {', '.join(map(escaped, one.other_columns))}")
    for warning in one.warnings:
        warn(f"{one.name}: {warning}")


def _paced(found: "Preview") -> str:
    if found.learned_per_minute is None:
        return "at the set rate"
    return f"beginning with the {found.learned_per_minute:,.0f} requests a minute that an earlier run learned"
