"""Print the output of `config`, `status` and `doctor`: plain lines of text, or JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from auditor.cli.terminal import VERDICT_COLOURS, say, say_next, wrap_behind
from auditor.core.diagnosis import CheckResult, CheckState, exit_code
from auditor.core.text import count_noun

if TYPE_CHECKING:
    from auditor.commands.config import Setting
    from auditor.commands.doctor import Doctor
    from auditor.commands.status import CustomerStatus, StatusResult

_STATE_COLOURS = {
    CheckState.OK: "green",
    CheckState.WARNING: "yellow",
    CheckState.FAILED: "red",
    CheckState.SKIPPED: "bright_black",
}
_CHECK_WIDTH = 15
"""Of the name of a check."""


def print_settings(found: tuple["Setting", ...], effective: dict[str, str], *, as_json: bool) -> None:
    """Print the settings, and the addresses that follow from them."""
    if as_json:
        by_name = {one.name: {k: v for k, v in asdict(one).items() if k != "name"} for one in found}
        click.echo(json.dumps({"settings": by_name, "effective": effective}, ensure_ascii=False, indent=2))
        return
    width = max(len(one.name) for one in found)
    values = {one.name: _format_value(one) for one in found}
    width_of_values = min(60, max(map(len, values.values())))
    for one in found:
        click.echo(f"{one.name:<{width}}  {values[one.name]:<{width_of_values}}  {one.origin}")
    click.echo()
    for name, value in effective.items():
        click.echo(f"{name:<{width}}  {value}")


def _format_value(one: "Setting") -> str:
    if one.secret:
        return "set, not shown" if one.is_set else "not set"
    if isinstance(one.value, bool):
        return str(one.value).lower()
    return f"{one.value:g}" if isinstance(one.value, float) else str(one.value) if one.is_set else "not set"


def print_statuses(found: "StatusResult", *, as_json: bool) -> None:
    """Print the answer for each id, and on standard error why the command ended early."""
    since = _status_times(found)
    documents = [_document(one, *times) for one, times in zip(found.customers, since, strict=True)]
    if as_json:
        whole = {"api": found.api, "simulated": found.simulated, "customers": documents}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for one, document in zip(found.customers, documents, strict=True):
            _print_status(console, one, document)
        if found.simulated:
            console.print(Text("The answers are simulated: no real customer was asked for.", style="bold"))
    if found.end is not None:
        say(f"auditor: stopped early: {found.end.message}")
        say_next(found.end.hint)


def _status_times(found: "StatusResult") -> list[tuple[datetime | None, int | None]]:
    """When each status last changed and how many days ago, computed by the code of the reports."""
    answers = [one.answer for one in found.customers]
    if not any(answer and answer.finding.last_update_raw for answer in answers):
        return [(None, None)] * len(answers)
    import pandas as pd

    from auditor.report import times

    raw = [answer.finding.last_update_raw if answer else None for answer in answers]
    checked = pd.Series([answer.response.received_at if answer else None for answer in answers])
    since = times.parse(pd.Series(raw, dtype=pd.StringDtype("pyarrow")))
    days = times.whole_days(since, pd.to_datetime(checked, utc=True).astype(since.dtype))
    return [
        (None if pd.isna(at) else at.to_pydatetime(), None if pd.isna(number) else int(number))
        for at, number in zip(since, days, strict=True)
    ]


def _document(one: "CustomerStatus", since: datetime | None, days: int | None) -> dict[str, Any]:
    """The columns of `results`, by their names, and the columns that only this command has."""
    finding = one.answer.finding if one.answer else None
    reply = one.answer.response if one.answer else None
    return {
        "given": one.given,
        "customer_id": one.customer_id,
        "verdict": one.verdict,
        "status": finding and finding.status,
        "reason": one.reason,
        "last_update": since.isoformat() if since else None,
        "last_update_raw": finding and finding.last_update_raw,
        "days_in_status": days,
        "checked_at": reply and reply.received_at.isoformat(),
        "attempts": one.answer.attempts if one.answer else 0,
        "http_status": reply and reply.http_status,
        "error_code": finding and finding.error_code,
        "error_name": finding and finding.error_name,
        "error_message": finding and finding.error_message,
        "request_id": reply and reply.request_id,
        "correlation_id": reply and reply.correlation_id,
        "in_customer_list": one.member,
    }


def _print_status(console: Console, one: "CustomerStatus", document: dict[str, Any]) -> None:
    line = Text(one.customer_id or repr(one.given[:80]))
    line.append("  ").append(one.verdict, style=VERDICT_COLOURS[one.verdict])
    line.append("".join(f"  {word}" for word in (document["status"], one.reason) if word))
    console.print(line)
    invalid = "" if one.customer_id else "not asked: this is not a customer tenant id (GUID)"
    for words in (invalid, _status_age(document), _error_text(document), _request_text(document)):
        if words:
            console.print(Text(f"  {words}"))


def _status_age(document: dict[str, Any]) -> str:
    if not document["last_update_raw"]:
        return ""
    days = document["days_in_status"]
    at = document["last_update"] or f"{document['last_update_raw']} (as received)"
    return f"since {at}" + (f", {count_noun(days, 'day')}" if days is not None else "")


def _error_text(document: dict[str, Any]) -> str:
    code, words = document["error_code"], document["error_message"]
    return ": ".join(filter(None, [f"code {code}" if code else "", words or ""]))


def _request_text(document: dict[str, Any]) -> str:
    if not document["attempts"]:
        return ""
    known = {True: "; in your customer list", False: "; not in your customer list"}
    http = f"HTTP {document['http_status']}" if document["http_status"] else "no answer"
    return (
        f"{http}; request {document['request_id']}; correlation {document['correlation_id']}; "
        f"attempts {document['attempts']}{known.get(document['in_customer_list'], '')}"
    )


def print_doctor(doctor: "Doctor", *, as_json: bool, quiet: bool) -> int:
    """Print the result of each check as it is made, or all as JSON; return the exit code that a run would end with."""
    results = list(doctor.run_checks()) if as_json else print_checks(doctor.run_checks(), quiet=quiet)
    code = exit_code(results)
    if as_json:
        click.echo(json.dumps(doctor_document(doctor, results), ensure_ascii=False, indent=2))
    elif not quiet:
        if doctor.simulated:
            click.echo("The service is the simulator: no real customer was asked for.")
        counts = {state: sum(one.result.state is state for one in results) for state in CheckState}
        words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        failed = next((one.name for one in results if one.result.state is CheckState.FAILED), "")
        outcome = f"a run would end with exit code {code}; fix first: {failed}" if failed else "a run can start"
        click.echo(f"{words}: {outcome}")
    return code


def doctor_document(doctor: "Doctor", results: Sequence[CheckResult]) -> dict[str, Any]:
    """What `auditor doctor --json` prints."""
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
    return {"exit_code": exit_code(results), "simulated": doctor.simulated, "checks": checks}


def print_checks(results: Iterable[CheckResult], *, quiet: bool) -> list[CheckResult]:
    """Print each result as it comes, with what to do, and return them all; quiet leaves out those that need no action."""
    console = Console(highlight=False, soft_wrap=True)
    printed: list[CheckResult] = []
    for one in results:
        printed.append(one)
        state, result = one.result.state, one.result
        if quiet and state in {CheckState.OK, CheckState.SKIPPED}:
            continue
        first, *others = wrap_behind(f"{state:<8} {one.name:<{_CHECK_WIDTH}} ", result.found)
        console.print(Text(first[:8], style=_STATE_COLOURS[state]).append(first[8:], style="default"))
        others += wrap_behind(f"{'':<{9 + _CHECK_WIDTH}} next: ", result.next) if result.next.strip() else []
        for line in others:
            console.print(Text(line))
    return printed
