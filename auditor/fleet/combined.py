"""The combined report of a round, from the runs of its partners: no network, no credentials, no lists."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import locks
from auditor.core.language import ENGLISH
from auditor.core.results import INCOMPLETE
from auditor.errors import AuditorError, IncompleteError, OutputError, describe_cause, describe_os_error, remedy
from auditor.fleet.results import PartnerResult
from auditor.fleet.rounds import FLEET, PartnerFolder, Round, describe_complete_run, find_round, record, results_of
from auditor.runs.find import load_stored_run

if TYPE_CHECKING:
    from auditor.report import FleetPartner, FleetSummary, PartnerSummary


_LOCK = ".lock-report"
_LOCK_SECONDS = 3600.0
"""Another call may write the report of a large fleet meanwhile."""


def combine_round(
    reports: Path, round_id: str | None = None, language: str = ""
) -> tuple[Round, Path, list[PartnerResult]]:
    """Write the combined report of a stored round. Calls for single partners may end at the same time: one writes after the other,
    each with what all have found.

    Args:
        reports: the reports folder of the fleet.
        round_id: of the round; None for the newest.
        language: of the documents from now on; empty leaves it as it is.

    Returns:
        The round, the folder of its report, and how each partner ended. Like in the report, a partner whose run cannot be taken
        is not complete.

    Raises:
        SettingsError: there is no such round.
        OutputError: as `combine`.
    """
    current = find_round(reports, round_id)
    with one_report_at_a_time(reports / FLEET, current.id):
        current = record(reports, current, language=language) if language else find_round(reports, current.id)
        results = [_as_it_is_now(reports, current, known) for known in results_of(current, current.partners)]
        folder, summary = combine(reports, current.id, results, current.language)
        return current, folder, [_as_in_report(*each) for each in zip(results, summary.partners, strict=True)]


@contextmanager
def one_report_at_a_time(folder: Path, round_id: str) -> Iterator[None]:
    """Wait until no other call writes or publishes a combined report, and keep others waiting.

    Args:
        folder: `fleet/` in the reports folder.
        round_id: of the round, for a message.

    Raises:
        OutputError: the lock cannot be taken.
    """
    try:
        lock = locks.acquire(folder / _LOCK, timeout=_LOCK_SECONDS)
    except OSError as error:
        raise _as_output_error(folder / round_id, f"{folder / _LOCK}: {describe_os_error(error)}", error) from error
    with lock:
        yield


def _as_it_is_now(reports: Path, current: Round, known: PartnerResult) -> PartnerResult:
    """The result of a partner; its run may have been finished by hand since."""
    run = None if known.complete else PartnerFolder(reports / known.name).complete_run(current.started_at)
    return describe_complete_run(known.name, run) if run else known


def _as_in_report(known: PartnerResult, found: "PartnerSummary") -> PartnerResult:
    """The result of a partner; not complete, and without counts, where the report does not take its run."""
    if found.complete or not known.complete:
        return known
    return replace(known, complete=False, exit_code=INCOMPLETE, reason=found.note, customers={})


def combine(
    reports: Path, round_id: str, partners: Sequence[PartnerResult], language: str = ENGLISH.code
) -> tuple[Path, "FleetSummary"]:
    """Write the combined report of a round, and verify it. A report of the same round is replaced.

    Args:
        reports: the reports folder of the fleet.
        round_id: of the round.
        partners: how the audit of each partner ended, in the order of the partners' file. A partner that is left out is nowhere
            in the report: name those too that failed, or that were not asked.
        language: of the documents, as one of `core.language.LANGUAGES`.

    Returns:
        The folder of the report, `fleet/<round>/`, and the content of its summary.json.

    Raises:
        OutputError: the report could not be written, or its files disagree; the runs of the partners are not touched.
    """
    from auditor import report

    folder = reports / FLEET / round_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        summary = report.render_fleet(folder, round_id, [_describe(one) for one in partners], reports, language)
        report.verify_fleet(folder)
    except OSError as error:
        raise _as_output_error(folder, f"{folder}: {describe_os_error(error)}", error) from error
    except (OutputError, IncompleteError) as error:
        raise _as_output_error(folder, error.message, error) from error
    return folder, summary


def _describe(result: PartnerResult) -> "FleetPartner":
    from auditor import report

    partner = report.FleetPartner(result.name, result.exit_code, result.reason, finished=result.complete)
    if result.run is None:
        return partner
    try:
        return replace(partner, run=load_stored_run(result.run))
    except (AuditorError, OSError) as error:
        why = f"its run cannot be read: {describe_cause(error)}"
        return replace(partner, reason="; ".join(filter(None, [result.reason, why])))


def _as_output_error(folder: Path, message: str, error: Exception) -> OutputError:
    from auditor import report

    return OutputError(
        f"the combined report was not written: {message}",
        f"the partners' runs are safe; {remedy(error, 'fix the cause')}, then: {report.repair_command(folder)}",
    )
