"""`auditor export`: write a stored run into the tables of a database. The run itself stays as it is."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor import journal
from auditor.core.model import Verdict
from auditor.core.text import shell_quote
from auditor.errors import SettingsError
from auditor.runs.find import find_run, is_from_the_future, load_stored_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.settings import Settings
from auditor.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from auditor.report import RunData


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        run_id: of the run.
        rows: how many rows of the lists.
        database: its URL, without the password.
        replaced: whether the run was there before.
    """

    run_id: str
    rows: int
    database: str
    replaced: bool


def export(run: str, settings: Settings, *, simulated: bool = False) -> Exported:
    """Verify a run, and write it into the database of the settings.

    Args:
        run: a folder, a run-id, or `latest`.
        settings: `reports`, `database` and `database_password`.
        simulated: accept a simulated run.

    Raises:
        SettingsError: there is no such run, it is simulated, or the database cannot be used: no driver, other columns.
        IncompleteError: one of the run's files was changed.
        LockHeldError: another process works on the run.
        OutputError: the database cannot be reached or written to; nothing was written.
    """
    if settings.database is None:
        raise SettingsError(
            "no database is set",
            "name one with --database URL, AUDITOR_DATABASE or database = ... in the settings file",
        )
    try:
        from auditor.export.database import Database
    except ModuleNotFoundError as error:
        raise SettingsError(
            "the export to a database needs SQLAlchemy, which is not installed",
            'pip install "partner-center-auditor[sql]"',
        ) from error
    folder = find_run(run, settings.reports)
    command = f"auditor export {shell_quote(folder)} --database {shell_quote(settings.database)}"
    password = settings.database_password.reveal() if settings.database_password else None
    with (
        Database(settings.database, password, f"the run is safe; then again: {command}") as database,
        one_writer_at_a_time(folder),
    ):
        # a mistake in the URL shows before the run is verified, which takes longer
        database.prepare()
        data = _load(folder, command, simulated=simulated)
        newest = not (data.facts.simulated or is_from_the_future(folder))
        replaced = database.write(_run_record(folder, data), *_results(data), newest=newest)
    return Exported(data.facts.run_id, data.ledger.rows, database.name, replaced)


def _load(folder: "Path", command: str, *, simulated: bool) -> "RunData":
    from auditor import report

    stored = load_stored_run(folder)
    if stored.facts.simulated and not simulated:
        raise SettingsError(
            f"{folder} is a simulated run: it is not about real customers",
            f"name a run of real customers; to export it all the same, to try: {command} --simulated",
        )
    report.verify_run(stored, strays=False)
    with report.as_disagreement(folder):
        return report.load(stored)


def _run_record(folder: "Path", data: "RunData") -> dict[str, Any]:
    """The record of audit_runs."""
    from auditor import report

    facts, ledger = data.facts, data.ledger
    customers = {verdict: ledger.customers_of(verdict) for verdict in Verdict}
    return {
        "partner_tenant": journal.read_header(folder).settings.get("tenant_id") or "",
        "run_id": facts.run_id,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "api": facts.api,
        "validation_type": facts.validation_type,
        "lists": list(facts.lists),
        "complete": data.complete,
        "simulated": facts.simulated,
        "listed_rows": ledger.rows,
        "listed_customers": ledger.customers,
        "eligible_customers": customers[Verdict.ELIGIBLE],
        "blocked_customers": customers[Verdict.BLOCKED],
        "undetermined_customers": customers[Verdict.UNDETERMINED],
        "rows_sha256": facts.list_digest,
        "manifest_sha256": hashlib.sha256((folder / report.MANIFEST).read_bytes()).hexdigest(),
        "auditor_version": __version__,
        "exported_at": datetime.now(UTC),
    }


def _results(data: "RunData") -> "tuple[pa.Table, pa.Table]":
    """The fixed columns of results.parquet, each row with whether it is its customer's first; and the lists' own columns."""
    from auditor import report

    table = report.results_table(data)
    fixed = table.num_columns - len(data.facts.columns)
    first_row = report.to_arrow(data.results["first_row"])
    return (
        table.select(range(fixed)).append_column("first_row", first_row),
        table.select(range(fixed, table.num_columns)),
    )
