"""Records -> rows of the page's tables, as dicts: what a table shows of a record, as text."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa

from auditor.core.language import Language
from auditor.core.model import Reason, Verdict
from auditor.core.results import CHANGE_NAMES, CHANGES, REASONS, VERDICTS, Change, advice, list_amounts, status_text
from auditor.core.run_facts import CUSTOMER_ID
from auditor.report.schema import to_arrow

Row = dict[str, Any]
Group = dict[str, Any]
"""Rows under one heading: `label`; `count` (of all of them, on the page or not); `rows`; and what the heading says."""

_CUSTOMER = ("customer_id", "raw_id", "company_name", "domain", "owner", "reason")
_EVIDENCE = ("http_status", "error_code", "error_name", "error_message")


def is_web_address(template: str) -> bool:
    """Whether links may be made from a template."""
    return template.startswith(("https://", "http://"))


def case_rows(
    cases: pd.DataFrame, own: Mapping[str, str], amounts: Mapping[str, str], link: str, language: Language
) -> Iterator[Row]:
    """The rows of blocked customers.

    Args:
        cases: to show, in order.
        own: the lists' own columns that a row shows: the records' column -> its name.
        amounts: as of `report.cases.amount_columns`.
        link: template of the links to customers.
        language: of the page.
    """
    names = ("status", "begun", "days", "days_in_status", "times_blocked")
    money = {column: cases[name].tolist() for column, name in amounts.items()}
    for n, record in enumerate(_as_dicts(cases, (*_CUSTOMER, *names, *own))):
        reason, days, times = Reason(record["reason"]), record["days"], record["times_blocked"] or 0
        yield _customer(record) | {
            "link": _link(record, link),
            "label": language.text(REASONS[reason].name),
            "step": advice(reason, record["days_in_status"], language),
            "begun": _day(record["begun"], language),
            "days": "" if days is None else language.number(days),
            "times": language.text("blocked {n} times", n=times) if times > 1 else "",
            "status": record["status"],
            "own": " · ".join(f"{name}: {record[column]}" for column, name in own.items() if record[column]),
            "amounts": [list_amounts(of[n], language) if of[n] else [] for of in money.values()],
        }


def undetermined_groups(records: pd.DataFrame, counts: Mapping[str, str], language: Language) -> Iterator[Group]:
    """What is not verified, by reason; `counts` are the customers of each reason in the whole list, as text."""
    names = (*_CUSTOMER, "status", "request_id", "source_file", "source_row", *_EVIDENCE)

    def as_row(record: Row) -> Row:
        shown = {name: record[name] for name in ("status", "request_id", "source_file", "source_row")}
        return _customer(record) | shown | {"evidence": _evidence(record)}

    return _by_reason(records, names, as_row, counts, language)


def eligible_groups(records: pd.DataFrame, counts: Mapping[str, str], language: Language) -> Iterator[Group]:
    """The eligible customers, by reason; `counts` as of `undetermined_groups`."""
    return _by_reason(records, _CUSTOMER, _customer, counts, language)


def change_groups(
    changed: pd.DataFrame, counts: Mapping[Change, int], most: int, language: Language
) -> Iterator[Group]:
    """What changed, by kind in the order of `Change`.

    Args:
        changed: records with the columns of `history.changes.CHANGED`.
        counts: customers by change.
        most: how many rows all groups have together.
        language: of the page.
    """
    names = ("verdict_before", "status_before", "verdict", "status", "last_update")
    for change in Change:
        if not counts[change]:
            continue
        records = changed[changed["change"] == change.value].head(most)
        most -= len(records)
        rows = [
            _customer(record)
            | {
                "before": _state(record["verdict_before"], record["status_before"], language),
                "now": _state(record["verdict"], record["status"], language),
                "last_update": _day(record["last_update"], language),
            }
            for record in _as_dicts(records, (*(n for n in _CUSTOMER if n != "raw_id"), *names))
        ]
        name = language.text(CHANGE_NAMES[change])
        yield {"label": name, "count": counts[change], "rows": rows, "known": change in CHANGES}


def common_texts(records: pd.DataFrame, columns: Iterable[str]) -> dict[str, str]:
    """Those of the lists' own columns that say the same in each of several records, with what they say."""
    texts = {column: {*to_arrow(records[column]).to_pylist()} for column in columns}
    return {column: found.pop() or "" for column, found in texts.items() if len(found) == 1 < len(records)}


def _by_reason(
    records: pd.DataFrame,
    names: Iterable[str],
    as_row: Callable[[Row], Row],
    counts: Mapping[str, str],
    language: Language,
) -> Iterator[Group]:
    for word, group in records.groupby("reason", observed=True):
        reason = Reason(str(word))
        yield {
            "label": language.text(REASONS[reason].name),
            "count": counts[reason],
            "meaning": language.text(REASONS[reason].meaning),
            "next_step": language.text(REASONS[reason].next_step),
            "rows": [as_row(record) for record in _as_dicts(group, names)],
        }


def _as_dicts(records: pd.DataFrame, names: Iterable[str]) -> list[Row]:
    """The records as Python values, None for null."""
    values: list[Row] = pa.Table.from_pandas(records[[*names]], preserve_index=False).to_pylist()
    return values


def _customer(record: Row) -> Row:
    return {
        "id": record.get("raw_id") if record["customer_id"] is None else record["customer_id"],
        "name": record["company_name"],
        "domain": record["domain"],
        "owner": record["owner"],
        "link": "",
    }


def _link(record: Row, template: str) -> str:
    """The URL of the customer's page; empty where the record's id is no id."""
    if not is_web_address(template) or record["reason"] == Reason.INVALID_ID:
        return ""
    return template.replace(CUSTOMER_ID, quote(record["customer_id"], safe=""))


def _day(time: datetime | None, language: Language) -> str:
    return "" if time is None else language.short_date(time)


def _state(verdict: str | None, status: str | None, language: Language) -> str:
    if verdict is None:
        return language.text("Not in the list")
    name = language.text(VERDICTS[Verdict(verdict)].name)
    return f"{name}: {status_text(status, language)}" if status else name


def _evidence(record: Row) -> str:
    http_status, *texts = (record[name] for name in _EVIDENCE)
    return ", ".join([*([f"HTTP {http_status}"] if http_status else []), *filter(None, texts)])
