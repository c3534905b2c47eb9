"""Times in and out, against the standard library."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report import times

MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001 - zones are added by the tests


def _texts(values: list[str | None]) -> "pd.Series[Any]":
    return pd.Series(values, dtype=pd.ArrowDtype(pa.string()))


def _parsed(*values: str | None) -> list[datetime | None]:
    return [None if pd.isna(time) else time.to_pydatetime() for time in times.parse(_texts(list(values)))]


def _column(values: list[datetime | None]) -> "pd.Series[Any]":
    return pd.Series(values, dtype=pd.ArrowDtype(pa.timestamp("us", "UTC")))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2021-07-14T18:02:00", datetime(2021, 7, 14, 18, 2, tzinfo=UTC)),
        ("2021-07-14T18:02:00Z", datetime(2021, 7, 14, 18, 2, tzinfo=UTC)),
        ("2021-07-14 18:02:00", datetime(2021, 7, 14, 18, 2, tzinfo=UTC)),
        ("2020-09-02T23:26:19.7753934Z", datetime(2020, 9, 2, 23, 26, 19, 775393, tzinfo=UTC)),
        ("2020-09-02T23:26:19.9999999", datetime(2020, 9, 2, 23, 26, 19, 999999, tzinfo=UTC)),
        ("2021-07-14T18:02:00+05:30", datetime(2021, 7, 14, 12, 32, tzinfo=UTC)),
        ("2024-02-29T00:00:00-01:00", datetime(2024, 2, 29, 1, 0, tzinfo=UTC)),
        ("1969-12-31T23:59:59.5", datetime(1969, 12, 31, 23, 59, 59, 500000, tzinfo=UTC)),
    ],
)
def test_forms_that_the_service_sends(raw: str, expected: datetime) -> None:
    """No zone means UTC; an offset is honoured; digits beyond microseconds are cut, not rounded."""
    assert _parsed(raw) == [expected]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        " ",
        "garbage",
        "2021-07-14",
        "20210714T180200",
        "2021-02-30T00:00:00",
        "2023-02-29T00:00:00",
        "2021-13-01T00:00:00",
        "2021-07-14T25:00:00",
        "2021-07-14T18:02:60",
        "2021-07-14T18:02:00+99:00",
        "7/14/2021 6:02:00 PM",
        "2021-07-14T18:02:00Z ",
        "2021-07-14T18:02:00\n",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.9999999Z",
        "٢٠٢١-07-14T18:02:00",
    ],
)
def test_anything_else_is_null_and_spoils_nothing(raw: str | None) -> None:
    """What does not parse is null, and its neighbours still parse."""
    good = datetime(2021, 7, 14, 18, 2, tzinfo=UTC)
    assert _parsed("2021-07-14T18:02:00", raw, "2021-07-14T20:02:00+02:00") == [good, None, good]


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(["", "Z", "+00:00", "-11:30", "+14:00"])), max_size=8))
def test_parsing_agrees_with_the_standard_library(given_times: list[tuple[datetime, str]]) -> None:
    """Whatever `datetime.fromisoformat` makes of a valid text, we make of it too, in mixed company."""
    raw = [f"{moment.isoformat()}{zone}" for moment, zone in given_times]
    expected = [
        datetime.fromisoformat(text if text[19:] and zone else f"{text}+00:00")
        for text, (_, zone) in zip(raw, given_times, strict=True)
    ]
    assert _parsed(*raw) == expected


@given(st.lists(st.none() | MOMENTS, min_size=1, max_size=8))
def test_times_as_text_are_iso_8601(moments: list[datetime | None]) -> None:
    """Six digits of a second and Z, before 1970 as after it; null stays null."""
    aware = [moment and moment.replace(tzinfo=UTC) for moment in moments]
    texts = times.as_text(pa.chunked_array([pa.array(aware, pa.timestamp("us", "UTC"))])).to_pylist()
    assert texts == [moment and moment.isoformat(timespec="microseconds").replace("+00:00", "Z") for moment in aware]


@pytest.mark.parametrize(
    ("age", "days"),
    [
        (timedelta(0), 0),
        (timedelta(days=1) - timedelta(microseconds=1), 0),
        (timedelta(days=1), 1),
        (timedelta(days=800, hours=23), 800),
        (timedelta(microseconds=-1), 0),
        (timedelta(days=-3), 0),
    ],
)
def test_whole_days_are_floored_and_never_negative(age: timedelta, days: int) -> None:
    """A status set in the future, as a skewed clock makes it, has stood for 0 days."""
    checked = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    assert times.whole_days(_column([checked - age, None]), _column([checked, checked])).to_list()[0] == days


def test_days_need_both_times() -> None:
    """Null where either is null."""
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    days = times.whole_days(_column([None, moment]), _column([moment, None]))
    assert days.isna().all()
    assert days.dtype == pd.ArrowDtype(pa.int32())
