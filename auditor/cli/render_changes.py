"""How `compare` prints, and the changes and sums of a run. Rule: results to standard output."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import terminal
from auditor.core.results import Change
from auditor.core.text import count_noun

if TYPE_CHECKING:
    from auditor.commands.compare import Compared
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
    Change.NOT_COMPARED: "not comparable, because undetermined",
}


def in_words(counts: Mapping[Change, int]) -> str:
    """How many customers have each change."""
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
    """How many customers changed since the baseline run."""
    baseline, changes = rendered.facts.baseline, rendered.changes
    if changes is None or baseline is None or baseline.started_at is None:
        return [f"Changes: {baseline.note}"] if baseline and baseline.note else []
    began = _shown(baseline.started_at)
    lines = [f"Changes since run {baseline.run_id} ({began}): {in_words(changes.customers)}"]
    more = changes.newly_blocked_count - changes.customers[Change.NEWLY_BLOCKED]
    if more:
        lines.append(f"        {more:,} more are blocked that were undetermined or not listed then")
    return lines


def column_sums(run: Path) -> list[str]:
    """The sums of the chosen columns, by verdict."""
    document = json.loads((run / "summary.json").read_bytes())
    customers = document["ledger"]["customers"]
    lines = []
    for one in document.get("sums", []):
        if "owner" in one:
            continue
        left = f" ({count_noun(one['unparsed'], 'row')} without a certain number)" if one["unparsed"] else ""
        who = count_noun(customers[one["verdict"]], "customer")
        lines.append(f"{one['column']}, {one['verdict']}: {who}, {_amount(one['total'])}{left}")
    return lines


def _amount(text: str) -> str:
    number = Decimal(text)
    # money has two decimals, or none; whatever has more is shown as it is
    exponent = number.as_tuple().exponent
    return f"{number:,.2f}" if exponent in (-1, -2) else f"{number:,f}"


def print_changes(found: "Compared", *, as_json: bool) -> None:
    """Prints what changed between two runs."""
    records: list[dict[str, Any]] = found.changed.table.to_pylist()
    if as_json:
        _print_json(found, records)
        return
    old, new = found.old, found.new
    click.echo(f"Run {new.run_id} ({_shown(new.started_at)}) compared with run {old.run_id} ({_shown(old.started_at)})")
    if found.changed.note:
        click.echo(f"Mind: {found.changed.note}")
    click.echo(in_words(found.changed.counts.customers))
    changes = [record for record in records if record["change"] != Change.NOT_COMPARED]
    order = list(Change)
    changes.sort(key=lambda record: order.index(record["change"]))
    shown = changes[:SHOWN] if terminal.on_terminal() else changes
    if shown:
        click.echo()
        terminal.print_table(
            ("change", "before", "now", "company", "owner", "customer"), [_cells(one) for one in shown]
        )
    if len(changes) > len(shown):
        click.echo(f"… and {len(changes) - len(shown):,} more: into a pipe, or with --json, go all of them")


def _cells(record: dict[str, Any]) -> list[str]:
    states = [_state(record, end) for end in ("_before", "")]
    names = [record[name] or "-" for name in ("company_name", "owner")]
    return [record["change"].replace("_", " "), *states, *names, record["customer_id"]]


def _state(record: dict[str, Any], end: str) -> str:
    verdict, status = record[f"verdict{end}"], record[f"status{end}"]
    return f"{verdict} ({status})" if status else verdict or "-"


def _print_json(found: "Compared", records: list[dict[str, Any]]) -> None:
    document = {
        "old": {
            "run_id": found.old.run_id,
            "started_at": time(found.old.started_at),
            "finished": found.old.finished,
        },
        "new": {
            "run_id": found.new.run_id,
            "started_at": time(found.new.started_at),
            "finished": found.new.finished,
        },
        "note": found.changed.note,
        "changed": found.changed.counts.total,
        "blocked_and_not_before": found.changed.counts.newly_blocked_count,
        "customers": {str(change): count for change, count in found.changed.counts.customers.items()},
        "changes": [
            {name: time(value) if isinstance(value, datetime) else value for name, value in record.items()}
            for record in records
        ],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def time(moment: datetime) -> str:
    """A time as the reports write it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
