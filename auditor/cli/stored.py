"""Which runs there are, and which went, for people and as JSON. Rule: results to standard output."""

import json
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import columns
from auditor.cli.changes import time
from auditor.core.model import Verdict

if TYPE_CHECKING:
    from auditor.commands.prune import Pruned
    from auditor.commands.runs import Stored

_ORDER = (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)


def runs(found: list["Stored"], *, as_json: bool) -> None:
    """Prints the stored runs."""
    if as_json:
        click.echo(json.dumps([_document(run) for run in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No runs.")
        return
    counts = [[f"{run.counts[verdict]:,}" if verdict in run.counts else "-" for verdict in _ORDER] for run in found]
    records = [
        [run.run_id, state(run), *numbers, size(run.bytes), ", ".join(run.lists)]
        for run, numbers in zip(found, counts, strict=True)
    ]
    columns.show(["run", "state", *_ORDER, "size", "lists"], records, numbers=[*_ORDER, "size"])


def state(run: "Stored") -> str:
    """Whether a run is complete, in a word or two."""
    what = "complete" if run.complete else "incomplete" if run.rendered else "no reports"
    what += ", simulated" if run.simulated else ""
    return f"{what}, from the future" if run.from_the_future else what


def size(count: int) -> str:
    """Bytes in the next larger unit."""
    number = float(count)
    for unit in ("B", "kB", "MB"):
        if number < 1000:  # noqa: PLR2004 - what these units are steps of
            return f"{number:,.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} GB"


def _document(run: "Stored") -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "folder": str(run.run),
        "started_at": time(run.started_at),
        "lists": run.lists,
        "api": run.api,
        "simulated": run.simulated,
        "complete": run.complete,
        "rendered": run.rendered,
        "baseline": run.baseline or None,
        "customers": {"listed": run.customers, **run.counts},
        "bytes": run.bytes,
    }


def pruned(found: "Pruned", *, as_json: bool, dry_run: bool) -> None:
    """Prints what was removed and what stays, and why."""
    freed = sum(run.bytes for run in found.removed)
    if as_json:
        document = {
            "dry_run": dry_run,
            "removed": [run.run_id for run in found.removed],
            "kept": {run.run_id: why for run, why in found.kept},
            "bytes": freed,
        }
        click.echo(json.dumps(document, indent=2))
        return
    for run, why in found.kept:
        click.echo(f"kept     {run.run_id}  {why}")
    for run in found.removed:
        click.echo(f"{'would go' if dry_run else 'removed '} {run.run_id}  {size(run.bytes)}")
    what = "would be freed" if dry_run else "freed"
    click.echo(
        f"{len(found.removed):,} of {len(found.removed) + len(found.kept):,} runs, {size(freed)} {what}; history/ stays"
    )


def pointed(path: str, run_id: str, *, as_json: bool, quiet: bool) -> None:
    """Prints where `latest` leads to now."""
    if as_json:
        click.echo(json.dumps({"path": path, "run_id": run_id}, indent=2))
    elif not quiet:
        click.echo(f"{path} leads to run {run_id}")
