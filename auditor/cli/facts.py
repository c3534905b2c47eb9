"""How `config` and `status` print what they found. Rule: plain lines of text that may be pasted anywhere, or JSON."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from auditor.cli.notify import say, say_next
from auditor.core.model import Verdict
from auditor.core.words import many

if TYPE_CHECKING:
    from auditor.commands.config import Setting
    from auditor.commands.status import CustomerStatus, Statuses

COLOURS = {Verdict.BLOCKED: "red", Verdict.ELIGIBLE: "green", Verdict.UNDETERMINED: "yellow"}


def settings(found: tuple["Setting", ...], effective: dict[str, str], *, as_json: bool) -> None:
    """Prints the settings, and what follows from them."""
    if as_json:
        by_name = {one.name: {k: v for k, v in asdict(one).items() if k != "name"} for one in found}
        click.echo(json.dumps({"settings": by_name, "effective": effective}, ensure_ascii=False, indent=2))
        return
    width = max(len(one.name) for one in found)
    values = {one.name: _value(one) for one in found}
    across = min(60, max(map(len, values.values())))
    for one in found:
        click.echo(f"{one.name:<{width}}  {values[one.name]:<{across}}  {one.origin}")
    click.echo()
    for name, value in effective.items():
        click.echo(f"{name:<{width}}  {value}")


def _value(one: "Setting") -> str:
    if one.secret:
        return "set, not shown" if one.is_set else "not set"
    if isinstance(one.value, bool):
        return str(one.value).lower()
    return f"{one.value:g}" if isinstance(one.value, float) else str(one.value) if one.is_set else "not set"


def statuses(found: "Statuses", *, as_json: bool) -> None:
    """Prints what was found out about each id, and on standard error why that is not everything."""
    since = _since(found)
    documents = [_document(one, *times) for one, times in zip(found.customers, since, strict=True)]
    if as_json:
        whole = {"api": found.api, "simulated": found.simulated, "customers": documents}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for one, document in zip(found.customers, documents, strict=True):
            _print(console, one, document)
        if found.simulated:
            console.print(Text("The answers are simulated: no real customer was asked for.", style="bold"))
    if found.end is not None:
        say(f"auditor: stopped early: {found.end.message}")
        say_next(found.end.hint)


def _since(found: "Statuses") -> list[tuple[datetime | None, int | None]]:
    """Since when each status has stood, and for how many days, by the code that reports are made with."""
    answers = [one.answer for one in found.customers]
    if not any(answer and answer.finding.last_update_raw for answer in answers):
        return [(None, None)] * len(answers)
    import pandas as pd

    from auditor.report import times

    raw = [answer.finding.last_update_raw if answer else None for answer in answers]
    checked = pd.Series([answer.reply.received_at if answer else None for answer in answers])
    since = times.parse(pd.Series(raw, dtype=pd.StringDtype("pyarrow")))
    days = times.whole_days(since, pd.to_datetime(checked, utc=True).astype(since.dtype))
    return [
        (None if pd.isna(at) else at.to_pydatetime(), None if pd.isna(number) else int(number))
        for at, number in zip(since, days, strict=True)
    ]


def _document(one: "CustomerStatus", since: datetime | None, days: int | None) -> dict[str, Any]:
    """The columns of `results`, under their names, and what only this command knows."""
    finding = one.answer.finding if one.answer else None
    reply = one.answer.reply if one.answer else None
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


def _print(console: Console, one: "CustomerStatus", document: dict[str, Any]) -> None:
    line = Text(one.customer_id or repr(one.given[:80]))
    line.append("  ").append(one.verdict, style=COLOURS[one.verdict])
    line.append("".join(f"  {word}" for word in (document["status"], one.reason) if word))
    console.print(line)
    stranger = "" if one.customer_id else "not asked: this is no customer tenant id (GUID)"
    for words in (stranger, _since_words(document), _error_words(document), _evidence(document)):
        if words:
            console.print(Text(f"  {words}"))


def _since_words(document: dict[str, Any]) -> str:
    if not document["last_update_raw"]:
        return ""
    days = document["days_in_status"]
    at = document["last_update"] or f"{document['last_update_raw']} (as received)"
    return f"since {at}" + (f", {many(days, 'day')}" if days is not None else "")


def _error_words(document: dict[str, Any]) -> str:
    code, words = document["error_code"], document["error_message"]
    return ": ".join(filter(None, [f"code {code}" if code else "", words or ""]))


def _evidence(document: dict[str, Any]) -> str:
    if not document["attempts"]:
        return ""
    known = {True: "; in your customer list", False: "; not in your customer list"}
    http = f"HTTP {document['http_status']}" if document["http_status"] else "no answer"
    return (
        f"{http}; request {document['request_id']}; correlation {document['correlation_id']}; "
        f"attempts {document['attempts']}{known.get(document['in_customer_list'], '')}"
    )
