"""Print the output of `compare`, and the changes and sums of a run."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import terminal
from auditor.core.results import Change, format_total
from auditor.core.text import count_noun, format_time

if TYPE_CHECKING:
    from auditor.commands.compare import Comparison
    from auditor.runs.render import Rendered

SHOWN = 100
"""Maximum number of changes on a terminal."""
_WORDS = {
    Change.NEWLY_BLOCKED: "newly blocked",
    Change.NEWLY_ELIGIBLE: "newly eligible",
    Change.STATUS_MOVED: "with another status",
    Change.RE_REVIEWED: "reviewed again",
    Change.NEW_IN_LIST: "new in the list",
    Change.GONE_FROM_LIST: "gone from the list",
    Change.NOT_COMPARED: "not comparable, because not verified",
}


def _describe_changes(counts: Mapping[Change, int]) -> str:
    """The number of customers by change, in words."""
    parts = [
        f"{count:+,} {_WORDS[change]}"
        for change, count in counts.items()
        if count and change is not Change.NOT_COMPARED
    ]
    lost = counts.get(Change.NOT_COMPARED, 0)
    return "; ".join(
        [", ".join(parts) or "nothing changed", *([f"{lost:,} {_WORDS[Change.NOT_COMPARED]}"] if lost else [])]
    )


def changes_since_baseline(rendered: "Rendered") -> list[str]:
    """The changes since the baseline run, in words."""
    baseline, changes = rendered.facts.baseline, rendered.changes
    if changes is None or baseline is None or baseline.started_at is None:
        return [f"Changes: {baseline.note}"] if baseline and baseline.note else []
    started = _format_start(baseline.started_at)
    lines = [f"Changes since run {baseline.run_id} ({started}): {_describe_changes(changes.customers)}"]
    more = changes.newly_blocked_count - changes.customers[Change.NEWLY_BLOCKED]
    if more:
        lines.append(f"        {more:,} more are blocked that were not verified or not listed then")
    return lines


def column_sums(run: Path) -> list[str]:
    """The sums of the chosen columns, by verdict."""
    document = json.loads((run / "summary.json").read_bytes())
    customers = document["ledger"]["customers"]
    lines = []
    for one in document.get("sums", []):
        if "owner" in one:
            continue
        who = count_noun(customers[one["verdict"]], "customer")
        # version 0.1 wrote no amounts by currency
        amounts = one.get("amounts", {"": one["total"]})
        total = format_total({currency: Decimal(amount) for currency, amount in amounts.items()}, one["unparsed"])
        lines.append(f"{one['column']}, {one['verdict']}: {who}, {total}")
    return lines


def print_changes(found: "Comparison", *, as_json: bool) -> None:
    """Print what changed between two runs."""
    records: list[dict[str, Any]] = found.changes.table.to_pylist()
    if as_json:
        _print_json(found, records)
        return
    old, new = found.old, found.new
    times = _format_start(new.started_at), _format_start(old.started_at)
    click.echo(f"Run {new.run_id} ({times[0]}) compared with run {old.run_id} ({times[1]})")
    if found.changes.note:
        click.echo(f"Note: {found.changes.note}")
    click.echo(_describe_changes(found.changes.counts.customers))
    changes = [record for record in records if record["change"] != Change.NOT_COMPARED]
    order = list(Change)
    changes.sort(key=lambda record: order.index(record["change"]))
    shown = changes[:SHOWN] if terminal.on_terminal() else changes
    if shown:
        click.echo()
        names = ("change", "before", "now", "company", "owner", "customer")
        terminal.print_table(names, [_cells(one) for one in shown])
    if len(changes) > len(shown):
        click.echo(f"… and {len(changes) - len(shown):,} more; --json, or a pipe, prints all")


def _cells(record: dict[str, Any]) -> list[str]:
    states = [_state(record, end) for end in ("_before", "")]
    names = [record[name] or "-" for name in ("company_name", "owner")]
    return [record["change"].replace("_", " "), *states, *names, record["customer_id"]]


def _state(record: dict[str, Any], end: str) -> str:
    verdict, status = record[f"verdict{end}"], record[f"status{end}"]
    return f"{verdict} ({status})" if status else verdict or "-"


def _print_json(found: "Comparison", records: list[dict[str, Any]]) -> None:
    runs = {"old": found.old, "new": found.new}
    document = {
        name: {"run_id": run.run_id, "started_at": format_time(run.started_at), "finished": run.finished}
        for name, run in runs.items()
    } | {
        "note": found.changes.note,
        "changed": found.changes.counts.total,
        "blocked_and_not_before": found.changes.counts.newly_blocked_count,
        "customers": {str(change): count for change, count in found.changes.counts.customers.items()},
        "changes": [
            {name: format_time(value) if isinstance(value, datetime) else value for name, value in record.items()}
            for record in records
        ],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _format_start(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
