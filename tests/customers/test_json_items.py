"""Properties of `auditor.customers.json_items` and `json_scanner`: JSON and JSON Lines."""

import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, THREE, TWO, ids_in, opened, refusal, rows_in

from auditor.core.rows import Customer, Row
from auditor.customers import Columns, Format, source
from auditor.customers.json_items import DECODER
from auditor.customers.json_scanner import Scanner
from auditor.customers.source import Source
from auditor.customers.text import Text
from auditor.errors import CustomerListError

_json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_json_lines() -> None:
    """An object a line is a row; the line is its number, and blank lines are passed over."""
    data = f'{{"Tenant ID": "{ONE}", "name": "a"}}\n\n{{"Tenant ID": "x", "name": "b"}}\r\n"{TWO}"\n'
    rows = rows_in(data.encode())
    assert ids_in(rows[:2]) == [ONE, "x"]
    assert [row.row.source_row for row in rows] == [1, 3, 4]
    assert rows[2].row.other == {"item": TWO}


def test_the_form_of_the_api() -> None:
    """Customers as Partner Center's API lists them: nested members have dotted names, and the roles are found."""
    item = {
        "id": ONE,
        "companyProfile": {"companyName": "Amber", "domain": "amber.example"},
        "relationshipToPartner": "reseller",
    }
    data = (
        b"\xef\xbb\xbf"
        + json.dumps({"totalCount": 1, "items": [item], "attributes": {"objectType": "Collection"}}).encode()
    )
    found = opened(data)
    assert found.format is Format.JSON
    assert found.columns == Columns("id", "companyProfile.companyName", "companyProfile.domain")
    assert list(found) == [
        Customer(ONE, Row("-", 1, "Amber", "amber.example", None, {"relationshipToPartner": "reseller"}))
    ]
    assert found.warnings == []


def test_array_of_ids() -> None:
    """An array of texts is a list of ids; the item is the row's number."""
    rows = rows_in(f'["{ONE}", "nobody",\n "{TWO}"]'.encode())
    assert ids_in(rows) == [ONE, "nobody", TWO]
    assert [row.row.source_row for row in rows] == [1, 2, 3]


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
    """What no file can hold does not get into a row; whole pairs and escapes do."""
    other = rows_in(f'[{{"id":"{ONE}","a":"x\\ud83d","b":"\\ud83d\\ude80","\\udc00":"\\u00fc"}}]'.encode())[0].row.other
    assert other == {"a": "x\ufffd", "b": "🚀", "\ufffd": "ü"}


def test_members_that_differ_from_item_to_item() -> None:
    """Each item has its own members; one that comes late is not lost."""
    rows = rows_in(f'[{{"id":"{ONE}","a":"1"}},{{"b":"2","id":"{TWO}"}},{{"a":"3"}}]'.encode())
    assert [row.row.other for row in rows] == [{"a": "1"}, {"b": "2"}, {"a": "3"}]
    assert ids_in(rows) == [ONE, TWO, ""]


def test_one_page_of_a_list() -> None:
    """A page that says that others follow, and a second list beside the first, are warned of."""
    page = (
        f'{{"continuationToken": "t", "items": [{{"id": "{ONE}"}}], "former": [{{"id": "{TWO}"}}], "nextLink": null}}'
    )
    found = opened(page.encode())
    assert ids_in(list(found)) == [ONE]
    assert ["continuationToken" in found.warnings[0], "former" in found.warnings[1], len(found.warnings)] == [
        True,
        True,
        2,
    ]


def test_one_object() -> None:
    """A single object, on one line or on several, is one row or no list of customers."""
    assert ids_in(rows_in(f'{{"id": "{ONE}", "tags": ["a"]}}'.encode())) == [ONE]
    assert "holds no array of objects" in refusal(f'{{\n "id": "{ONE}"\n}}'.encode()).message


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'[\n{{"id":"{ONE}"}},\n{{"id":}}]', "line 3 is no JSON"),
        (f'[{{"id":"{ONE}"}}', "is missing"),
        (f'[{{"id":"{ONE}"}} {{"id":"{TWO}"}}]', ", or ] is missing"),
        (f'[{{"id":"{ONE}"}}]\n[{{"id":"{TWO}"}}]', "line 2 goes on after the end"),
        (f'[{{"id":"{ONE}"}}, 7]', "item 2 is a number"),
        (f'[{{"id":"{ONE}"}}, null]', "item 2 is null"),
        (f'[{{"id":"{ONE}"}}, [1]]', "item 2 is an array"),
        (f'{{"id":"{ONE}"}}\n{{"id":', "line 2 is no JSON"),
        (f'{{"id":"{ONE}"}}\ntrue\n', "item 2 is true"),
        ('{"items":[{"id":1}],7:8}', "key that is no text"),
        ('{"items" [1]}', ": is missing"),
        ("[" + '{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_broken_json(text: str, found: str) -> None:
    """Text that is no JSON, or no list, is refused with its line or item; nothing after it is guessed at."""
    assert found in refusal(text.encode()).message


@pytest.mark.parametrize("depth", [300, 700, 900, 960, 980, 1000])
def test_deep_items(depth: int) -> None:
    """However deep an item is nested, there is a row or our error."""
    item = f'{{"id":"{ONE}","a":' + '{"b":' * depth + "1" + "}" * (depth + 1)
    with suppress(CustomerListError):
        assert len(rows_in(f"[{item}]".encode())) == 1


@given(st.lists(_json_values, min_size=1, max_size=5), st.integers(1, 9), st.sampled_from([None, 1]))
def test_pieces_do_not_matter(values: list[object], size: int, indent: int | None) -> None:
    """However a text is cut into pieces, the scanner gives the items that the json module gives."""
    data = json.dumps(values, ensure_ascii=False, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        scanner = Scanner(Text(Source("-", data[:1], io.BytesIO(data[1:]), owned=False), []), json.JSONDecoder())
        assert list(scanner.items()) == values
        scanner.finish()


@given(st.dictionaries(st.text(max_size=4), _json_values, max_size=4), st.integers(1, 9))
def test_members_in_pieces(members: dict[str, object], size: int) -> None:
    """The same for the members of an object."""
    data = json.dumps(members).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        scanner = Scanner(Text(Source("-", data[:1], io.BytesIO(data[1:]), owned=False), []), json.JSONDecoder())
        found = {}
        for key in scanner.members():
            starts_list = scanner.at_array_of_objects()
            found[key] = scanner.value()
            assert starts_list == (
                isinstance(found[key], list) and found[key] != [] and isinstance(found[key][0], dict)
            )
        assert found == members


def test_many_items() -> None:
    """A list longer than what is held at a time comes out whole and in order, from an array and from lines alike."""
    items = [{"id": f"5d31b3a8-1f0c-4c0e-9a57-{n:012x}", "n": n} for n in range(1, 20_001)]
    array = json.dumps({"value": items}, indent=2).encode()
    lines = "\n".join(map(json.dumps, items)).encode()
    expected = [str(n) for n in range(1, 20_001)]
    assert [row.row.other["n"] for row in rows_in(array)] == expected
    assert [row.row.other["n"] for row in rows_in(lines)] == expected


def test_numbers_are_decoded_as_text() -> None:
    """The decoder leaves no number to be rounded."""
    assert DECODER.decode("[1, 2.0, 3e400]") == ["1", "2.0", "3e400"]


def test_ids_from_three_lines_of_text() -> None:
    """Quoted ids, one a line, are plain text, not JSON."""
    found = opened(f'"{ONE}"\n"{TWO}"\n"{THREE}"\n'.encode())
    assert found.format is Format.TEXT
    assert ids_in(list(found)) == [ONE, TWO, THREE]
