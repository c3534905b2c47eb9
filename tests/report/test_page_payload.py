"""The JSON beside the tables: what is encoded is decoded the same, in any form."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from page_support import SCRIPT, ago, run_data
from report_support import TEXTS

from auditor.report.page.payload import as_json, build_payload, columns, encode
from auditor.report.page.selection import select
from oracle.page import unpack

VALUES = (
    st.lists(st.none() | TEXTS) | st.lists(st.none() | st.integers()) | st.lists(st.tuples(TEXTS, st.none() | TEXTS))
)


@given(VALUES)
def test_a_column_is_read_back_the_same(found: list[Any]) -> None:
    """Nulls, empty texts and repeated values stay apart, through JSON and back."""
    packed = json.loads(as_json(encode(found)))
    assert unpack("c", {"c": packed}, len(found)) == json.loads(json.dumps(found))


def test_few_words_take_codes_and_the_frequent_ones_the_shortest() -> None:
    """One value for all is said once; different values stand as they are."""
    assert encode(["gold"] * 9) == {"each": "gold"}
    assert encode(["silver"] * 2 + ["gold"] * 9) == {"words": ["gold", "silver"], "codes": [1, 1, *[0] * 9]}
    assert encode([3, 1, 2]) == {"list": [3, 1, 2]}
    assert encode([]) == {"each": None}


def test_columns_that_follow_others_cost_their_exceptions() -> None:
    """`begun` is `last_update` but where earlier runs know better; places are told as steps."""
    records = [{"reason": "under_review", "last_update": ago(n)} for n in range(5)]
    records[2]["blocked_since"] = ago(90)
    found = columns(select(run_data(records)).records)
    # it is the only one whose age is known
    assert found["days"] == {"as": "days_in_status", "but": {"0": 90}}
    assert found["begun"]["as"] == "last_update"
    assert list(found["begun"]["but"]) == ["0"]
    assert found["place"] == {"steps": [3, -2, 1, 2, 1]}
    assert found["row_offset"] == {"each": 1}


def test_no_text_ends_the_script_element() -> None:
    """Neither `</script>` nor `<!--` can stand in the JSON."""
    data = run_data([{"reason": "allowed", "owner": SCRIPT, "own": {"<!--": f"</script>{SCRIPT}"}}], ("<!--",))
    text = as_json(build_payload(data, select(data), ()))
    assert "<" not in text
    assert SCRIPT in json.dumps(json.loads(text))
