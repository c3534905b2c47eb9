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

from auditor.core.language import Language, message
from auditor.core.model import Reason
from auditor.core.results import CHANGE_NAMES, LONG_REVIEW, REASONS, VERDICTS, next_step
from auditor.report.data import RunData
from auditor.report.page.rows import is_web_address
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.schema import own_columns, own_names, to_arrow

Column = dict[str, Any]

_ADDED = frozenset({"evidence", "change", "since", "days", "times_blocked"})
"""Columns that the page's CSV has beside those of `results`."""
SCRIPT_TEXTS = (
    *(message("No name"), message("Details"), message("Details of {name}"), message("Meaning"), message("Next step")),
    *(message("Since"), message("Times blocked"), message("Since the last audit"), message("Evidence")),
    *(message("Request id"), message("Row"), message("{file}, row {row}"), message("API status")),
    *(message("Partner Center"), message("Open the customer"), message("Unassigned"), message("{n} chosen")),
    *(message("{found} of {all} customers found. Shown: {first} to {last}."), message("Copy")),
    *(
        message("None of {all} customers found."),
        message("Page {n} of {pages}"),
        message("Copy id {id}"),
        message("Copied"),
    ),
    *(message("Copied {id}"), message("{n} customers saved as {file}"), message("Show fewer"), message("Show all {n}")),
)
"""The messages of page.js."""


def build_payload(data: RunData, selection: PageSelection, flags: Sequence[str]) -> dict[str, Any]:
    """What the script needs.

    Args:
        data: the run.
        selection: the records on the page.
        flags: what is wrong with the run, for the name of the file that the script saves.
    """
    records, facts, language = selection.records, data.facts, data.language
    names = [f"input.{name}" if name.casefold() in _ADDED else name for name in own_names(facts.columns).values()]
    link = facts.presentation.customer_link
    return {
        "count": len(records),
        "columns": columns(records),
        "own": [
            (name, encode(_values(records[own]))) for name, own in zip(names, own_columns(len(names)), strict=True)
        ],
        "owners": sorted({count.owner for count in data.ledger.owners if count.owner}),
        "verdicts": [verdict.value for verdict in ORDER],
        "verdict_of": {reason.value: reason.verdict.value for reason in Reason},
        "labels": _labels(language),
        "advice": {
            reason.value: [language.text(words.meaning), next_step(reason, None, language)]
            for reason, words in REASONS.items()
        },
        "long": [LONG_REVIEW, {reason.value: next_step(reason, LONG_REVIEW, language) for reason in REASONS}],
        "texts": {text: translated for text in SCRIPT_TEXTS if (translated := language.text(text)) != text},
        "link": link if is_web_address(link) else "",
        "file": "-".join(["customers", facts.run_id, *(flag.upper() for flag in flags)]) + ".csv",
    }


def _labels(language: Language) -> dict[str, str]:
    """The words for verdicts, reasons and changes."""
    names = {
        **{reason.value: words.name for reason, words in REASONS.items()},
        **{verdict.value: words.name for verdict, words in VERDICTS.items()},
        **{change.value: name for change, name in CHANGE_NAMES.items()},
    }
    return {word: language.text(name) for word, name in names.items()}


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
