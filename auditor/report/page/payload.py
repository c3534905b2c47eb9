"""The JSON beside the page's tables: what the script needs of each record that the tables do not show, in few bytes.

Records are in the order of the tables' rows. A column is one of

==================================  =====================================================================================
`{"each": value}`                   every record has this value
`{"words": […], "codes": […]}`      `codes` says for each record which of the words it has
`{"list": […]}`                     the values one by one
`{"steps": […]}`                    numbers, each as the difference from the one before
`{"as": column, "but": {n: value}}` as another column, except for these records (counted from 0)
==================================  =====================================================================================

Times are days since 1970-01-01. `kind` is a reason and a status; `row_offset` is `source_row` less `place`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.core.model import Reason, Verdict
from auditor.core.results import ADVICE, LONG_REVIEW, Change, next_step
from auditor.report.data import RunData
from auditor.report.page.rows import is_web_address
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.page.wording import label
from auditor.report.schema import own_columns, own_names, to_arrow

Column = dict[str, Any]

_ADDED = frozenset({"evidence", "change", "since", "days", "times_blocked"})
"""Columns that the page's CSV has beside those of `results`."""


def build_payload(data: RunData, selection: PageSelection, flags: Sequence[str]) -> dict[str, Any]:
    """What the script needs.

    Args:
        data: the run.
        selection: the records on the page.
        flags: what is wrong with the run, for the name of the file that the script saves.
    """
    records, facts = selection.records, data.facts
    names = [f"input.{name}" if name.casefold() in _ADDED else name for name in own_names(facts.columns).values()]
    link = facts.presentation.customer_link
    return {
        "count": len(records),
        "columns": columns(records),
        "own": [
            (name, encode(_values(records[own]))) for name, own in zip(names, own_columns(len(names)), strict=True)
        ],
        "verdicts": [verdict.value for verdict in ORDER],
        "verdict_of": {reason.value: reason.verdict.value for reason in Reason},
        "labels": {word.value: label(word) for word in [*Reason, *Verdict, *Change]},
        "advice": {reason.value: [advice.meaning, advice.next_step] for reason, advice in ADVICE.items()},
        "long": [LONG_REVIEW, {reason.value: next_step(reason, LONG_REVIEW) for reason in ADVICE}],
        "link": link if is_web_address(link) else "",
        "file": "-".join(["customers", facts.run_id, *(flag.upper() for flag in flags)]) + ".csv",
    }


def columns(records: pd.DataFrame) -> dict[str, Column]:
    """The columns by name, of records in the order of the page."""
    last_update, begun = _days_since_1970(records["last_update"]), _days_since_1970(records["begun"])
    in_status, days = _values(records["days_in_status"]), _values(records["days"])
    place, row = records["place"].to_numpy(np.int64), records["source_row"].to_numpy(np.int64)
    return {
        "kind": encode(list(zip(_values(records["reason"]), _values(records["status"]), strict=True))),
        "last_update": encode(last_update),
        "begun": {"as": "last_update", "but": _differences(last_update, begun)},
        "days_in_status": encode(in_status),
        "days": {"as": "days_in_status", "but": _differences(in_status, days)},
        "place": {"steps": np.diff(place, prepend=0).tolist()},
        "row_offset": encode((row - place).tolist()),
        **{name: encode(_values(records[name])) for name in ("owner", "change", "times_blocked", "source_file")},
    }


def encode(values: Sequence[Any]) -> Column:
    """A column in the shortest of the first three forms; the most frequent words have the shortest codes."""
    words = [word for word, _ in Counter(values).most_common()]
    if len(words) <= 1:
        return {"each": words[0] if words else None}
    codes = {word: code for code, word in enumerate(words)}
    forms: list[Column] = [{"list": list(values)}, {"words": words, "codes": [codes[value] for value in values]}]
    return min(forms, key=lambda form: len(as_json(form)))


def as_json(document: Any) -> str:
    """JSON that is safe in a script element: no `<` can end it there."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _values(column: "pd.Series[Any]") -> list[Any]:
    """Python values, None for null."""
    values: list[Any] = to_arrow(column).to_pylist()
    return values


def _days_since_1970(times: "pd.Series[Any]") -> list[int | None]:
    days: list[int | None] = to_arrow(times).cast(pa.date32()).cast(pa.int32()).to_pylist()
    return days


def _differences(base: Sequence[Any], values: Sequence[Any]) -> dict[str, Any]:
    return {str(n): value for n, (usual, value) in enumerate(zip(base, values, strict=True)) if value != usual}
