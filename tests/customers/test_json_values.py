"""Tests of `auditor.customers.json_values`: JSON text to values, and values to cells."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_support import JSON_VALUES
from list_support import ONE, rows_in

from auditor.customers import source
from auditor.customers.json_values import DECODER, Scanner
from auditor.customers.source import Source, Text


def test_values_keep_their_text() -> None:
    """Numbers keep their digits, null is blank, arrays are written as JSON, a repeated member is kept twice."""
    item = f'{{"id":"{ONE}","a":1.50,"b":1e5,"c":null,"d":true,"e":[1.0,{{"f":"ü"}},[]],"g":{{"h":-0}},"a":12345678901234567890,"n":NaN}}'
    other = rows_in(f"[{item}]".encode())[0].row.other
    assert other == {
        "a": "1.50",
        "b": "1e5",
        "c": "",
        "d": "true",
        "e": '[1.0,{"f":"ü"},[]]',
        "g.h": "-0",
        "a (2)": "12345678901234567890",
        "n": "NaN",
    }


def test_half_surrogates_are_replaced() -> None:
    """Half a surrogate pair is replaced; whole pairs and escapes are kept."""
    other = rows_in(f'[{{"id":"{ONE}","a":"x\\ud83d","b":"\\ud83d\\ude80","\\udc00":"\\u00fc"}}]'.encode())[0].row.other
    assert other == {"a": "x\ufffd", "b": "🚀", "\ufffd": "ü"}


@given(st.lists(JSON_VALUES, min_size=1, max_size=5), st.integers(1, 9), st.sampled_from([None, 1]))
def test_items_in_pieces(values: list[object], size: int, indent: int | None) -> None:
    """For any division of a text into pieces, the scanner gives the same items as the json module."""
    data = json.dumps(values, ensure_ascii=False, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        scanner = Scanner(Text(Source("-", data[:1], io.BytesIO(data[1:]), owned=False), []), json.JSONDecoder())
        assert list(scanner.read_items()) == values
        scanner.expect_end()


@given(st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4), st.integers(1, 9))
def test_members_in_pieces(members: dict[str, object], size: int) -> None:
    """The same for the members of an object."""
    data = json.dumps(members).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        scanner = Scanner(Text(Source("-", data[:1], io.BytesIO(data[1:]), owned=False), []), json.JSONDecoder())
        found = {}
        for key in scanner.read_keys():
            found[key] = scanner.read_value()
        assert found == members


def test_numbers_are_decoded_as_text() -> None:
    """The decoder leaves no number to be rounded."""
    assert DECODER.decode("[1, 2.0, 3e400]") == ["1", "2.0", "3e400"]
