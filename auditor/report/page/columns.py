"""What the page's tables leave out, as columns in JSON. Rule: in the order of the tables' rows, each value as `results` has it.

The tables hold names, domains, ids and evidence; the rest of a record is here, once, and in few bytes. A column is one of

==================================  =====================================================================================
`{"each": value}`                   every record has this value
`{"words": […], "codes": […]}`      `codes` says for each record which of the words it has
`{"list": […]}`                     the values one by one
`{"steps": […]}`                    numbers, each as what it is more than the one before
`{"as": column, "but": {n: value}}` as another column, but for these records (counted from 0)
==================================  =====================================================================================

Times are days since 1970-01-01. `kind` is a reason and a status; `row_offset` how far `source_row` is from `place`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditor.report.page.records import Shown, own_columns, values

Column = dict[str, Any]

_DAY = 86_400


def columns(shown: Shown) -> dict[str, Column]:
    """The columns by name."""
    every = shown.every
    last, begun = days_since_1970(every, "last_update"), days_since_1970(every, "begun")
    in_status, days = values(every, "days_in_status"), values(every, "days")
    place = every["place"].to_numpy(np.int64)
    return {
        "kind": encoded(list(zip(values(every, "reason"), values(every, "status"), strict=True))),
        "last_update": encoded(last),
        "begun": {"as": "last_update", "but": _but(last, begun)},
        "days_in_status": encoded(in_status),
        "days": {"as": "days_in_status", "but": _but(in_status, days)},
        "place": {"steps": np.diff(place, prepend=0).tolist()},
        "row_offset": encoded((every["source_row"].to_numpy(np.int64) - place).tolist()),
        **{name: encoded(values(every, name)) for name in ("owner", "change", "times_blocked", "source_file")},
    }


def own(shown: Shown) -> list[Column]:
    """The lists' own columns, in order."""
    return [encoded(values(shown.every, name)) for name in own_columns(shown.every)]


def days_since_1970(frame: pd.DataFrame, name: str) -> list[int | None]:
    """A column of timestamps as whole days."""
    return [None if time is None else int(time.timestamp() // _DAY) for time in values(frame, name)]


def encoded(found: Sequence[Any]) -> Column:
    """A column in the shortest of the first three forms; the most frequent words have the shortest codes."""
    words = [word for word, _ in Counter(found).most_common()]
    if len(words) <= 1:
        return {"each": words[0] if words else None}
    place = {word: code for code, word in enumerate(words)}
    forms: list[Column] = [{"list": list(found)}, {"words": words, "codes": [place[word] for word in found]}]
    return min(forms, key=lambda form: len(as_json(form)))


def _but(base: Sequence[Any], found: Sequence[Any]) -> dict[str, Any]:
    return {str(n): value for n, (one, value) in enumerate(zip(base, found, strict=True)) if value != one}


def as_json(document: Any) -> str:
    """JSON that may stand in a script element: no `<` can end it there."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
