"""What is known after a run, as the values of the metrics file."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from auditor.core.model import Verdict
from auditor.core.results import COMPLETE, MATCHED
from auditor.core.text import escape_controls
from auditor.notify import Labels, write_metrics
from auditor.runs.credentials import sign_in_end, tenant_of
from auditor.settings import Settings
from auditor.version import __version__

if TYPE_CHECKING:
    from auditor.runs.render import Rendered


def write_run_metrics(
    file: str, settings: Settings, exit_code: int, rendered: "Rendered | None", lists: Collection[str]
) -> None:
    """Write the metrics file after `run` or `resume`. Does nothing after a run of a selection, which says nothing about the list.

    Args:
        file: its path.
        settings: of the command.
        exit_code: of the command.
        rendered: the run; None where the command ended without one.
        lists: the customer lists; empty where they are not known.

    Raises:
        OutputError: the file cannot be written; an earlier one is unchanged.
        SettingsError: the library for it is missing.
    """
    if rendered and rendered.facts.selection:
        return
    lists = rendered.facts.lists if rendered else lists
    values = _command_values(settings, exit_code) | (_run_values(rendered) if rendered else {})
    if rendered and exit_code in {COMPLETE, MATCHED}:
        values["auditor_last_success_timestamp_seconds"] = values["auditor_last_attempt_timestamp_seconds"]
    file_names = escape_controls(", ".join(PurePath(name).name or name for name in lists))
    write_metrics(file, values, Labels(tenant_of(settings), file_names or None))


def _command_values(settings: Settings, exit_code: int) -> dict[str, dict[str, float]]:
    """What every command knows."""
    return {
        "auditor_info": {__version__: 1},
        "auditor_exit_code": {"": exit_code},
        "auditor_last_attempt_timestamp_seconds": _at(datetime.now(UTC)),
        "auditor_sign_in_end_timestamp_seconds": _at(sign_in_end(settings)),
    }


def _run_values(rendered: "Rendered") -> dict[str, dict[str, float]]:
    """What a run adds."""
    facts, ledger, changes = rendered.facts, rendered.ledger, rendered.changes
    requests: dict[str, float] = {"throttled": 0, **facts.requests}
    # the sum of the others
    requests.pop("sent", None)
    found: dict[str, dict[str, float]] = {
        "auditor_run_complete": {"": float(rendered.complete)},
        "auditor_run_simulated": {"": float(facts.simulated)},
        "auditor_run_start_timestamp_seconds": _at(facts.started_at),
        "auditor_run_end_timestamp_seconds": _at(facts.finished_at),
        "auditor_run_duration_seconds": {"": facts.elapsed_seconds},
        "auditor_customers": {str(one.verdict): one.customers for one in ledger.by_verdict()},
        "auditor_rows": {str(one.verdict): one.rows for one in ledger.by_verdict()},
        "auditor_undetermined_rows": {
            str(one.reason): one.rows for one in ledger.by_reason() if one.verdict is Verdict.UNDETERMINED
        },
        "auditor_newly_blocked_customers": {} if changes is None else {"": changes.newly_blocked_count},
        "auditor_oldest_evidence_timestamp_seconds": _at(rendered.freshness.oldest),
        "auditor_requests": requests,
        "auditor_waited_seconds": _number(facts.pace.get("waited_seconds")),
        "auditor_learned_requests_per_minute": _number(facts.pace.get("learned_per_minute")),
    }
    if rendered.complete:
        found["auditor_last_complete_run_timestamp_seconds"] = _at(facts.finished_at)
    return found


def _at(moment: datetime | None) -> dict[str, float]:
    return {} if moment is None else {"": moment.timestamp()}


def _number(value: float | None) -> dict[str, float]:
    return {} if value is None else {"": value}
