"""The blocked customers in the order in which people act on them: one record a customer, for workbook, page and mail.

First those that were not blocked at the last audit; then the others; last those that are blocked for more than 90 days. In each group
the largest amount of the first column that is added up comes first, then the youngest case, then the order of the lists. Amounts in
several currencies are compared by their numbers.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

import pandas as pd

from auditor.core.model import Verdict
from auditor.core.results import Amounts, CaseGroup, Sum, add_exactly, case_group
from auditor.report.data import RunData
from auditor.report.schema import own_columns, to_arrow
from auditor.report.times import whole_days

_ORDER = MappingProxyType({group.value: place for place, group in enumerate(CaseGroup)})


def amount_columns(data: RunData) -> dict[str, str]:
    """The lists' columns that are added up -> the columns of `list_cases` with their amounts, in the order of the option."""
    names = dict.fromkeys(name for name in data.facts.presentation.sums if name in data.facts.columns)
    return {name: f"amounts.{place}" for place, name in enumerate(names)}


def list_cases(data: RunData, results: pd.DataFrame | None = None) -> pd.DataFrame:
    """The blocked customers, in order.

    Args:
        data: of the whole run.
        results: the records of one account manager; all of them where None.

    Returns:
        One record a customer: the columns of its first record; `owner` and the lists' own columns (`own.0`, …) have every distinct text
        of its records, with `; ` between them. Additional columns: `group` (a value of `CaseGroup`), `days_blocked` (whole days; None
        where not known), `rows` (number of its records), and those of `amount_columns` (`Amounts` of all its records).
    """
    results = data.results if results is None else results
    blocked = results[results["verdict"] == Verdict.BLOCKED.value]
    cases = list_customers(data, blocked)
    cases["days_blocked"] = whole_days(cases["blocked_since"], cases["checked_at"])
    for column, name in amount_columns(data).items():
        cases[name] = pd.Series(_amounts(data, blocked, column, cases), dtype=object)
    cases["group"] = _groups(cases, compared=data.changes is not None)
    names = [*amount_columns(data).values()]
    return in_order(cases, cases[names[0]] if names else [{}] * len(cases))


def list_customers(data: RunData, records: pd.DataFrame) -> pd.DataFrame:
    """One record a customer: of `records`, each of which has one; in their order, with the columns that `list_cases` says; by `customer`."""
    customers = records.drop_duplicates("customer").set_index("customer", drop=False)
    rows = records.groupby("customer").size()
    own = own_columns(len(data.facts.columns))
    _join_texts(customers, records[records["customer"].isin(rows[rows > 1].index)], ["owner", *own])
    customers["rows"] = rows
    return customers


def _join_texts(cases: pd.DataFrame, repeated: pd.DataFrame, names: Sequence[str]) -> None:
    """Give the customers on several rows the distinct texts of all of them."""
    for name in names if len(repeated) else ():
        texts: pd.Series[Any] = repeated.groupby("customer")[name].agg(_distinct)
        cases.loc[texts.index, name] = texts


def _distinct(column: "pd.Series[Any]") -> str | None:
    """The distinct texts in one; None where there is none."""
    return "; ".join(dict.fromkeys(filter(None, column.dropna()))) or None


def _amounts(data: RunData, blocked: pd.DataFrame, column: str, cases: pd.DataFrame) -> dict[int, dict[str, Decimal]]:
    """The amounts of each case in one of the lists' columns."""
    read = _reader(next(one for one in data.sums if one.column == column))
    name = own_columns(len(data.facts.columns))[data.facts.columns.index(column)]
    found: dict[int, dict[str, Decimal]] = {customer: {} for customer in cases.index}
    for customer, text in zip(blocked["customer"], to_arrow(blocked[name]).to_pylist(), strict=True):
        currency, amount = read(text or "")
        if amount is not None:
            found[customer][currency] = add_exactly(found[customer].get(currency, Decimal(0)), amount)
    return found


def _reader(total: Sum) -> Callable[[str], tuple[str, Decimal | None]]:
    return cache(total.amount)


def _groups(cases: pd.DataFrame, *, compared: bool) -> list[str]:
    was_blocked = cases["verdict_before"].isin([Verdict.BLOCKED.value])
    days = to_arrow(cases["days_blocked"]).to_pylist()
    return [
        case_group(day, is_new=compared and not before).value for day, before in zip(days, was_blocked, strict=True)
    ]


def in_order(cases: pd.DataFrame, amounts: Iterable[Amounts]) -> pd.DataFrame:
    """The cases in the order in which people act on them.

    Args:
        cases: with the columns `group` and `blocked_since`.
        amounts: of each, in the first column that is added up.
    """
    largest = [max(one.values(), default=Decimal(0)) for one in amounts]
    since = [0 if one is None else one.timestamp() for one in to_arrow(cases["blocked_since"]).to_pylist()]
    keys = zip((_ORDER[group] for group in cases["group"]), largest, since, strict=True)
    order = [
        place
        for place, _ in sorted(enumerate(keys), key=lambda item: (item[1][0], item[1][1].copy_negate(), -item[1][2]))
    ]
    return cases.iloc[order].reset_index(drop=True)
