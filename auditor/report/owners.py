"""A verified run folder -> what the mail to each account manager with a workbook says."""

import csv
from datetime import datetime
from pathlib import Path

from auditor.core.model import Verdict
from auditor.core.results import OwnerResults
from auditor.core.run_facts import RunFacts
from auditor.report.blocked_customers import blocked_customers
from auditor.report.data import load
from auditor.report.files import PACKS
from auditor.report.records import StoredRun
from auditor.report.remarks import day_of_last_audit, find_zone
from auditor.report.verify.manifest import read_manifest
from auditor.report.workbook.by_owner import INDEX
from auditor.report.workbook.subset import Subset, for_owner, for_run


def read_owner_results(stored: StoredRun) -> tuple[list[OwnerResults], list[str]]:
    """Read what the run found out for each account manager.

    Args:
        stored: a run that was verified.

    Returns:
        (each account manager who has a workbook, by name; the names of all account managers of the run). Both are empty where
        there are no workbooks for account managers.

    Raises:
        IncompleteError: a file is damaged, or the files are not of one run.
        OutputError: a file cannot be read.
    """
    files = _workbooks(stored.folder)
    if not files:
        return [], []
    listed = read_manifest(stored.folder).files
    run = for_run(load(stored))
    owners = run.results["owner"].fillna("")
    found = []
    for owner, results in run.results.groupby(owners, sort=True):
        if name := files[owner]:
            entry = listed[f"{PACKS}/{name}"]
            found.append(_results_of(for_owner(run, owner, results), name, entry.bytes, entry.sha256))
    return found, list(files)


def _workbooks(run: Path) -> dict[str, str]:
    """Account manager -> name of their workbook, both empty for none; from index.csv."""
    if not (run / INDEX).exists():
        return {}
    with (run / INDEX).open(encoding="utf-8", newline="") as file:
        return {line["owner"]: line["file"] for line in csv.DictReader(file)}


def _results_of(subset: Subset, file: str, size: int, digest: str) -> OwnerResults:
    changes = subset.data.changes
    return OwnerResults(
        owner=subset.owner or "",
        file=file,
        bytes=size,
        sha256=digest,
        ledger=subset.ledger,
        cases=blocked_customers(subset.data, subset.results),
        since="" if changes is None else day_of_last_audit(changes, subset.data.language),
        sums=tuple(by_verdict[Verdict.BLOCKED] for by_verdict in subset.sums.values()),
    )


def ended_in_zone(facts: RunFacts) -> datetime:
    """When a run ended, in the time zone of its reports."""
    return (facts.finished_at or facts.started_at).astimezone(find_zone(facts.presentation.zone))
