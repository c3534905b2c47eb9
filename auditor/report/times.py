"""Times in and out, a column at a time. Rule: a time that does not parse is null and changes nothing else.

In: `2021-07-14T18:02:00` as the page "Retrieve the validation status of a customer" shows it (no zone, so UTC), and
what other Partner Center resources send: `Z` or an offset, up to nine digits of a second (cut to microseconds). Years
outside 1900-2199 are placeholders of the service's runtime (0001-01-01, 9999-12-31), not times.
Out: ISO 8601 with six digits of a second and `Z`.
"""

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.report.schema import TIME

_FORM = (
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_ZONE = r"(?:Z|[+-][0-9]{2}:[0-9]{2})$"
_EARLIEST, _LATEST = pd.Timestamp(0, tz="UTC"), pd.Timestamp("2255-01-01", tz="UTC")
EARLIEST, LATEST = 0, _LATEST.value // 1000
"""Answers come from the first of these moments on and before the second; microseconds since 1970."""


def parse(raw: "pd.Series[Any]") -> "pd.Series[Any]":
    """Text as received -> timestamps (Arrow, microseconds, UTC)."""
    known = raw.where(raw.str.fullmatch(_FORM).fillna(value=False).astype(bool))
    # pandas before 3 gives a text without a zone the zone of the text before it
    zoned = known.str.contains(_ZONE).fillna(value=True).astype(bool)
    times = pd.to_datetime(known.where(zoned, known + "Z"), format="ISO8601", utc=True, errors="coerce")
    return times.dt.floor("us").astype(pd.ArrowDtype(TIME))


def impossible(times: "pd.Series[Any]") -> "pd.Series[Any]":
    """Those of the timestamps at which no answer can have come: before 1970 or after 2254."""
    return times[((times < _EARLIEST) | (times >= _LATEST)).fillna(value=False).astype(bool)]


def whole_days(since: "pd.Series[Any]", until: "pd.Series[Any]") -> "pd.Series[Any]":
    """Whole days between two columns of timestamps (int32); 0 where `since` is the later, as a skewed clock makes it."""
    return (until - since).dt.days.clip(lower=0).astype(pd.ArrowDtype(pa.int32()))


def as_text(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps (microseconds, UTC) -> ISO 8601 text with six digits of a second and `Z`."""
    # casting a time without a zone is twenty times as fast as casting one with a zone; the values are the same
    text = pc.replace_substring(times.cast(pa.timestamp("us")).cast(pa.string()), " ", "T")
    return pc.binary_join_element_wise(text, "Z", "")
