"""Who may order tonight: audits, single questions, stored runs and errors, with every public name of auditor."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

import auditor
from auditor import Reason, Verdict

CALL_THE_CUSTOMER = frozenset({Reason.UNDER_REVIEW, Reason.NOT_ALLOWED})


@dataclass(frozen=True)
class Night:
    """What the order system is told: ids by what to do, and why the audit ended early, if it did."""

    release: frozenset[str]
    hold: frozenset[str]
    ask_again: frozenset[str]
    complete: bool
    ended_early: str = ""


def audit_orders(orders: pd.DataFrame, reports: Path, limit: int | None = None) -> Night:
    """Audit the customers of tonight's orders, a table with a column `customer_id`."""
    progress: list[str] = []

    def count(result: auditor.CustomerResult) -> None:
        progress.append(result.customer_id)

    observer = auditor.RunObserver(answered=count, warned=progress.append)
    result = auditor.audit(orders, reports=reports, observer=observer, format=["parquet"], limit=limit)
    return _night(result)


def finish(run: auditor.Run) -> Night:
    """Ask again for the customers of a run that have no final answer."""
    return _night(auditor.resume(run))


def _night(result: auditor.AuditResult) -> Night:
    end: auditor.RunEnd | None = result.end
    return Night(
        _ids(result.eligible),
        _ids(result.blocked),
        _ids(result.undetermined),
        result.complete,
        end.message if end else "",
    )


def _ids(rows: pd.DataFrame) -> frozenset[str]:
    return frozenset(rows["customer_id"].astype(str))


async def audit_partners(lists: Mapping[str, list[str]], reports: Path) -> dict[str, bool]:
    """Audit several lists, each in a folder of its own, without blocking the service; list -> complete."""
    audits = (auditor.audit_async(ids, reports=reports / name) for name, ids in lists.items())
    results = await asyncio.gather(*audits)
    finished = [result if result.complete else await auditor.resume_async(result) for result in results]
    return {name: result.complete for name, result in zip(lists, finished, strict=True)}


async def verdicts(ids: Iterable[str]) -> dict[str, Verdict]:
    """Ask for some customers now, without files."""
    async with auditor.Client.from_settings() as client:
        return {result.customer_id: result.finding.verdict async for result in client.validation_statuses(ids)}


async def may_order(customer_id: str) -> bool:
    """Ask for one customer now. A customer that could not be checked may not."""
    async with auditor.Client.from_settings() as client:
        result = await client.validation_status(customer_id)
    return result.finding.verdict is Verdict.ELIGIBLE


async def company_names() -> dict[str, str]:
    """The partner's own customers: id -> company name."""
    async with auditor.Client.from_settings() as client:
        customers: list[auditor.ListedCustomer] = [customer async for customer in client.customers()]
    return {customer.id: customer.company_name or "" for customer in customers}


def must_call(status: int, body: bytes, customer_id: str) -> bool:
    """Judge a response that another program received."""
    finding: auditor.Finding = auditor.classify(status=status, body=body, customer_id=customer_id)
    return finding.reason in CALL_THE_CUSTOMER


def newly_blocked(reports: Path) -> list[str]:
    """The customers that the latest run found blocked and its baseline did not."""
    changes = auditor.open_run("latest", reports=reports).changes()
    if changes is None:
        return []
    return [str(each) for each in changes.loc[changes["change"] == "newly_blocked", "customer_id"]]


def complete_runs(reports: Path) -> list[str]:
    """The names of the complete runs, newest first."""
    runs: list[auditor.ListedRun] = auditor.list_runs(reports)
    return [each.run_id for each in runs if each.complete]


def nights_blocked(customer_id: str, reports: Path, since: date) -> int:
    """How often a customer was found blocked since a day."""
    history = auditor.read_history(reports, customers=customer_id, since=since)
    return int((history["verdict"] == Verdict.BLOCKED.value).sum())


def what_next(error: auditor.AuditorError) -> str:
    """What the operator on duty is told."""
    match error:
        case auditor.SettingsError() | auditor.CustomerListError():
            return f"change the call: {error.hint}"
        case auditor.SignInError():
            return f"sign in again: {error.hint}"
        case auditor.StoppedEarlyError():
            return f"resume {error.run} later"
        case auditor.OutputError() | auditor.IncompleteError():
            return f"look at {error.run}: {error.hint}"
        case auditor.LockHeldError():
            return "wait for the other audit"
        case _:
            return f"report a defect of auditor {auditor.__version__}: {error.message}"
