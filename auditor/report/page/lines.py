"""Records -> lines of the page's tables. Rule: a line has what its table shows, each thing once, as it is in the record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd

from auditor.core.model import Reason
from auditor.core.results import ADVICE, CHANGES, Change
from auditor.report.page.records import values
from auditor.report.page.words import label, short_step

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading; `count` is how many there are in all, `rows` those that the page has; `known` whether
    it is known that something changed for them.
    """

    label: str
    count: int
    rows: list[Record]
    meaning: str = ""
    next_step: str = ""
    known: bool = True


def leads_out(template: str) -> bool:
    """Whether a template of links is one of web addresses."""
    return template.startswith(("https://", "http://"))


def linking(template: str) -> Callable[[Record], str]:
    """What gives a record's link to its customer, or nothing: an id that is no id leads nowhere."""
    if not leads_out(template):
        return lambda _: ""

    def link(record: Record) -> str:
        if record["reason"] == Reason.INVALID_ID:
            return ""
        return template.replace("{customer_id}", quote(record["customer_id"], safe=""))

    return link


def blocked(frame: pd.DataFrame, own: dict[str, str], link: Callable[[Record], str]) -> Iterator[Record]:
    """The lines of what asks for action; `own` are those of the frame's own columns that a line shows, with their names."""
    wanted = (
        "customer_id",
        "company_name",
        "domain",
        "owner",
        "reason",
        "begun",
        "days",
        "days_in_status",
        "times_blocked",
        "last_update",
    )
    for record in _records(frame, (*wanted, *own)):
        given = [f"{name}: {record[column]}" for column, name in own.items() if record[column]]
        reason = Reason(record["reason"])
        yield _customer(record) | {
            "link": link(record),
            "label": label(reason),
            "step": short_step(reason, record["days_in_status"]),
            "begun": _day(record["begun"]),
            "days": "" if record["days"] is None else f"{record['days']:,}",
            "times": f"blocked {times:,} times" if (times := record["times_blocked"] or 0) > 1 else "",
            "last_update": _day(record["last_update"]),
            "own": " · ".join(given),
        }


def undetermined(frame: pd.DataFrame, counted: dict[str, int]) -> Iterator[Group]:
    """What is not verified, by reason; `counted` are the rows of each reason in all."""
    wanted = (
        "customer_id",
        "company_name",
        "domain",
        "owner",
        "status",
        "reason",
        "request_id",
        "source_file",
        "source_row",
        "raw_id",
    )
    evidence = ("http_status", "error_code", "error_name", "error_message")
    for reason, share in _by_reason(frame):
        lines = [
            _customer(record)
            | {
                "status": record["status"],
                "request_id": record["request_id"],
                "file": record["source_file"],
                "line": record["source_row"],
                "evidence": _evidence(*(record[name] for name in evidence)),
            }
            for record in _records(share, (*wanted, *evidence))
        ]
        yield Group(label(reason), counted[reason], lines, ADVICE[reason].meaning, ADVICE[reason].next_step)


def eligible(frame: pd.DataFrame, counted: dict[str, int]) -> Iterator[Group]:
    """Who is eligible, by reason."""
    for reason, share in _by_reason(frame):
        lines = [_customer(record) for record in _records(share, ("customer_id", "company_name", "domain"))]
        yield Group(label(reason), counted[reason], lines, ADVICE[reason].meaning)


@dataclass(slots=True)
class _Kind:
    rows: list[Record] = field(default_factory=list)


def changes(frames: Iterator[pd.DataFrame], counted: dict[Change, int], most: int) -> list[Group]:
    """What changed, by kind in the order of `Change`; of each kind at most as many lines as are left of `most`."""
    wanted = ("change", "customer_id", "company_name", "domain", "owner", "verdict_before", "status_before")
    kinds = {change: _Kind() for change in Change}
    for frame in frames:
        for record in _records(frame, (*wanted, "verdict", "status", "last_update")):
            rows = kinds[Change(record["change"])].rows
            if len(rows) < most:
                rows.append(
                    _customer(record)
                    | {
                        "before": _state(record["verdict_before"], record["status_before"]),
                        "now": _state(record["verdict"], record["status"]),
                        "last_update": _day(record["last_update"]),
                    }
                )
    groups = []
    for change, kind in kinds.items():
        if counted[change]:
            groups.append(Group(label(change), counted[change], kind.rows[:most], known=change in CHANGES))
            most -= len(groups[-1].rows)
    return groups


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()


def _state(verdict: str | None, status: str | None) -> str:
    if verdict is None:
        return "Not in the list"
    return f"{label(verdict)}, {status}" if status else label(verdict)


def _evidence(http_status: int | None, *texts: str | None) -> str:
    return ", ".join([*([f"HTTP {http_status}"] if http_status else []), *filter(None, texts)])


def _customer(record: Record) -> Record:
    return {
        "id": record.get("raw_id") if record["customer_id"] is None else record["customer_id"],
        "name": record["company_name"],
        "domain": record["domain"],
        "owner": record.get("owner"),
        "link": "",
    }


def alike(frame: pd.DataFrame, own: dict[str, str]) -> dict[str, str]:
    """Which of the lists' own columns say the same in each of several records: (the frame's name for it, what it says)."""
    found = {name: set(values(frame, name)) for name in own}
    return {name: words.pop() or "" for name, words in found.items() if len(words) == 1 < len(frame)}


def _by_reason(frame: pd.DataFrame) -> Iterator[tuple[Reason, pd.DataFrame]]:
    for reason in dict.fromkeys(frame["reason"].tolist()):
        yield Reason(reason), frame[frame["reason"] == reason]


def _records(frame: pd.DataFrame, names: tuple[str, ...]) -> Iterator[Record]:
    """The records as Python values."""
    columns = [values(frame, name) for name in names]
    for cells in zip(*columns, strict=True):
        yield dict(zip(names, cells, strict=True))
