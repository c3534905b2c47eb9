"""What changed, what adds up, and which runs there are, for people and as JSON. Rule: results to standard output."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.cli.words import many
from auditor.core.changes import Change
from auditor.core.model import Verdict

if TYPE_CHECKING:
    from auditor.commands.compare import Compared
    from auditor.commands.prune import Pruned
    from auditor.commands.render import Rendered
    from auditor.commands.runs import Stored

SHOWN = 100
"""Changes that are shown one by one."""
_WORDS = {
    Change.NEWLY_BLOCKED: "newly blocked",
    Change.NEWLY_ELIGIBLE: "newly eligible",
    Change.STATUS_MOVED: "with another status",
    Change.RE_REVIEWED: "reviewed again",
    Change.NEW_IN_LIST: "new in the list",
    Change.GONE_FROM_LIST: "gone from the list",
    Change.NOT_COMPARED: "not comparable, because undetermined",
}


def in_words(counts: Mapping[Change, int]) -> str:
    """How many customers of each change there are."""
    told = [
        f"{count:+,} {_WORDS[change]}"
        for change, count in counts.items()
        if count and change is not Change.NOT_COMPARED
    ]
    lost = counts.get(Change.NOT_COMPARED, 0)
    return "; ".join(
        [", ".join(told) or "nothing changed", *([f"{lost:,} {_WORDS[Change.NOT_COMPARED]}"] if lost else [])]
    )


def since_before(rendered: "Rendered") -> list[str]:
    """What became of the customers since the run before."""
    baseline, changes = rendered.facts.baseline, rendered.changes
    if changes is None or baseline is None or baseline.started_at is None:
        return [f"Changes: {baseline.note}"] if baseline and baseline.note else []
    began = _shown(baseline.started_at)
    lines = [f"Changes since run {baseline.run_id} ({began}): {in_words(changes.customers)}"]
    more = changes.news - changes.customers[Change.NEWLY_BLOCKED]
    if more:
        lines.append(f"        {more:,} more are blocked that were undetermined or not listed then")
    return lines


def money(run: Path) -> list[str]:
    """What the columns add up to, by verdict."""
    document = json.loads((run / "summary.json").read_bytes())
    customers = document["ledger"]["customers"]
    lines = []
    for one in document.get("sums", []):
        if "owner" in one:
            continue
        left = f" ({many(one['unparsed'], 'row')} without a certain number)" if one["unparsed"] else ""
        who = many(customers[one["verdict"]], "customer")
        lines.append(f"{one['column']}, {one['verdict']}: {who}, {_amount(one['total'])}{left}")
    return lines


def _amount(text: str) -> str:
    number = Decimal(text)
    # money has two decimals, or none; whatever has more is shown as it is
    exponent = number.as_tuple().exponent
    return f"{number:,.2f}" if exponent in (-1, -2) else f"{number:,f}"


def compared(found: "Compared", *, as_json: bool) -> None:
    """Prints what changed between two runs."""
    records: list[dict[Any, Any]] = [one for frame in found.changed.frames() for one in frame.to_dict("records")]
    if as_json:
        _print_json(found, records)
        return
    old, new = found.old, found.new
    click.echo(f"Run {new.run_id} ({_shown(new.started_at)}) compared with run {old.run_id} ({_shown(old.started_at)})")
    if found.changed.note:
        click.echo(f"Mind: {found.changed.note}")
    click.echo(in_words(found.changed.counts))
    changes = [record for record in records if record["change"] != Change.NOT_COMPARED]
    if changes:
        order = list(Change)
        changes.sort(key=lambda record: order.index(record["change"]))
        Console().print(_table(changes[:SHOWN]))
    if len(changes) > SHOWN:
        click.echo(f"… and {len(changes) - SHOWN:,} more: --json prints all of them")


def _table(records: list[dict[Any, Any]]) -> Table:
    table = Table()
    for name in ("change", "company", "owner", "before", "now"):
        table.add_column(name, overflow="fold")
    table.add_column("customer", no_wrap=True)
    for record in records:
        cells = [Text(_text(record[name])) for name in ("company_name", "owner")]
        states = [Text(_state(record, end)) for end in ("_before", "")]
        table.add_row(_text(record["change"]).replace("_", " "), *cells, *states, Text(_text(record["customer_id"])))
    return table


def _state(record: dict[Any, Any], end: str) -> str:
    verdict, status = _text(record[f"verdict{end}"]), _text(record[f"status{end}"])
    return f"{verdict} ({status})" if status else verdict or "-"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _print_json(found: "Compared", records: list[dict[Any, Any]]) -> None:
    document = {
        "old": {"run_id": found.old.run_id, "started_at": _time(found.old.started_at), "finished": found.old.finished},
        "new": {"run_id": found.new.run_id, "started_at": _time(found.new.started_at), "finished": found.new.finished},
        "note": found.changed.note,
        "changed": found.changed.total,
        "blocked_and_not_before": found.changed.news,
        "customers": {str(change): count for change, count in found.changed.counts.items()},
        "changes": [{name: _plain(value) for name, value in record.items()} for record in records],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    """A cell of a frame as JSON has it: what is not there has no type of its own there."""
    if isinstance(value, datetime):
        return None if value != value else _time(value)  # noqa: PLR0124 - pandas' NaT is a datetime unequal to itself
    return value if isinstance(value, str | int) else None


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def runs(found: list["Stored"], *, as_json: bool) -> None:
    """Prints the stored runs."""
    if as_json:
        click.echo(json.dumps([_document(run) for run in found], indent=2, ensure_ascii=False))
        return
    table = Table()
    table.add_column("run", no_wrap=True)
    for name in ("lists", "state"):
        table.add_column(name, overflow="fold")
    for name in ("blocked", "eligible", "undetermined", "size"):
        table.add_column(name, justify="right")
    for run in found:
        counts = [f"{run.counts[verdict]:,}" if verdict in run.counts else "-" for verdict in _ORDER]
        table.add_row(run.run_id, Text(", ".join(run.lists)), state(run), *counts, size(run.bytes))
    Console().print(table)


_ORDER = (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)


def state(run: "Stored") -> str:
    """Whether a run is complete, in a word or two."""
    what = "complete" if run.complete else "not complete" if run.rendered else "no reports"
    return f"{what}, simulated" if run.simulated else what


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
        "started_at": _time(run.started_at),
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
        f"{len(found.removed):,} of {many(len(found.removed) + len(found.kept), 'run')}, {size(freed)} {what}; history/ stays"
    )
