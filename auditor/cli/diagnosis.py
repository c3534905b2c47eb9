"""How `doctor` prints its results: a line a check, as it is made, with what to do below it; or JSON at the end."""

import json
from collections.abc import Iterable

import click
from rich.console import Console
from rich.text import Text

from auditor.cli import columns
from auditor.core.doctor import Named, State

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.SKIPPED: "bright_black"}
_WIDTH = 15


def show(results: Iterable[Named], *, quiet: bool) -> list[Named]:
    """Prints each result as it comes, and returns them all; quiet leaves out those that need no action."""
    console = Console(highlight=False, soft_wrap=True)
    printed: list[Named] = []
    for one in results:
        printed.append(one)
        state, result = one.result.state, one.result
        if quiet and state in {State.OK, State.SKIPPED}:
            continue
        first, *others = columns.hanging(f"{state:<8} {one.name:<{_WIDTH}} ", result.found)
        console.print(Text(first[:8], style=_COLOURS[state]).append(first[8:], style="default"))
        others += columns.hanging(f"{'':<{9 + _WIDTH}} next: ", result.next) if result.next.strip() else []
        for line in others:
            console.print(Text(line))
    return printed


def summary(results: list[Named], *, exit_code: int, simulated: bool, quiet: bool) -> None:
    """Prints how many checks ended how, and how a run would end."""
    if simulated and not quiet:
        click.echo("The service is the simulator: no real customer was asked for.")
    counts = {state: sum(one.result.state is state for one in results) for state in State}
    words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    first = next((one.name for one in results if one.result.state is State.FAILED), "")
    if not quiet:
        click.echo(
            f"{words}: a run would end with exit code {exit_code}; fix first: {first}"
            if first
            else f"{words}: a run can go"
        )


def as_json(results: list[Named], *, exit_code: int, simulated: bool) -> None:
    """Prints everything for programs."""
    checks = [
        {
            "name": one.name,
            "state": one.result.state,
            "found": one.result.found,
            "next": one.result.next,
            "exit_code": one.result.exit_code,
            "facts": dict(one.result.facts),
        }
        for one in results
    ]
    document = {"exit_code": exit_code, "simulated": simulated, "checks": checks}
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
