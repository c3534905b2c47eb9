"""One record worked out by hand, and its times against the columns that the reports are made of."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model import Reason, Verdict
from auditor.report import times
from auditor.report.record import Answer, Known, Row, _time, record
from auditor.report.schema import FIXED, TIME

FORM = (
    r"(1[89]|2[012])[0-9]{2}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])[T ]([01][0-9]|2[0-5]):[0-6][0-9]:[0-6][0-9]"
    r"(\.[0-9]{1,10})?(Z|[+-]([01][0-9]|2[0-4]):[0-6][0-9])?"
)
ROW = Row("a.csv", 3, "an id", company_name="A", owner="ann", other={"Tags": "x"})


def _as_column(raw: str) -> str | None:
    parsed = times.parse(pd.Series([raw], dtype=pd.ArrowDtype(pa.string())))
    text: str | None = times.as_text(pa.chunked_array([pa.array(parsed, TIME)]))[0].as_py()
    return text


@given(st.from_regex(FORM, fullmatch=True))
def test_times_are_those_of_the_reports(raw: str) -> None:
    """Days that no month has, placeholder years, offsets, digits without end: both readings are one."""
    assert _time(raw) == _as_column(raw)


@given(st.text(max_size=30))
def test_what_is_no_time_is_none_for_both(raw: str) -> None:
    """Likewise for any text."""
    assert _time(raw) == _as_column(raw)


def _record(row: Row = ROW, **known: Any) -> dict[str, str | None]:
    names = [field.name for field in FIXED]
    return dict(zip([*names, "Tags", "Seats"], record(row, Known(**known), ("Tags", "Seats")), strict=True))


def test_a_row_that_was_never_asked_for() -> None:
    """No answer: not attempted, no requests, nothing else; what the list says stands, what it lacks is null."""
    found = _record(answer=Answer())
    assert {name: value for name, value in found.items() if value is not None} == {
        "customer_id": "an id",
        "company_name": "A",
        "verdict": "undetermined",
        "reason": "not_attempted",
        "attempts": "0",
        "owner": "ann",
        "source_file": "a.csv",
        "source_row": "3",
        "Tags": "x",
    }


@pytest.mark.parametrize("member", [True, False, None])
@pytest.mark.parametrize("reason", Reason)
def test_verdict_follows_from_reason_and_membership(reason: Reason, *, member: bool | None) -> None:
    """Only a known stranger without an account status is judged otherwise."""
    found = _record(answer=Answer(reason=reason.value), member=member)
    strange = reason is Reason.NO_ACCOUNT_STATUS and member is False
    assert found["reason"] == (Reason.NOT_IN_CUSTOMER_LIST if strange else reason)
    assert found["verdict"] == (Verdict.UNDETERMINED if strange else reason.verdict)


def test_names_come_from_the_partners_list_where_the_list_has_none() -> None:
    """Null is filled, a text is not."""
    found = _record(answer=Answer(), company_name="B", domain="b.example")
    assert (found["company_name"], found["domain"]) == ("A", "b.example")


def test_a_rejected_row_keeps_its_reason() -> None:
    """Whatever else there is; its text is no customer id."""
    found = _record(Row("a.csv", 1, raw_id="?", reason="invalid_id"), answer=Answer())
    assert (found["customer_id"], found["raw_id"], found["reason"]) == (None, "?", "invalid_id")


def test_a_rejected_row_of_an_earlier_version_has_its_text_where_it_belongs() -> None:
    """Rows that were stored before there was a raw_id."""
    found = _record(Row("a.csv", 1, "?", reason="invalid_id"), answer=Answer())
    assert (found["customer_id"], found["raw_id"]) == (None, "?")


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ("2026-11-20T12:00:00", "2"),
        ("2026-11-20T12:00:01", "1"),
        ("2026-11-23T00:00:00", "0"),
        (None, None),
        ("x", None),
    ],
)
def test_days_in_status(last: str | None, days: str | None) -> None:
    """Whole days until the answer came; a clock that runs ahead gives none."""
    answer = Answer(last_update_raw=last, checked_at="2026-11-22T12:00:00Z", reason="allowed")
    assert _record(answer=answer)["days_in_status"] == days


def test_requests_beyond_the_columns_range_are_cut() -> None:
    """An int16, as declared."""
    assert _record(answer=Answer(), attempts=40_000)["attempts"] == "32767"
