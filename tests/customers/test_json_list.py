"""Tests of `auditor.customers.json_list`: JSON and JSON Lines."""

import io
import json
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_support import JSON_VALUES
from list_support import ONE, THREE, TWO, ids_in, open_list, refusal, rows_in

from auditor.core.model import Customer, Row
from auditor.customers import Columns, Format, Parts, read, source
from auditor.errors import CustomerListError

LISTS = Path(__file__).parent / "lists"


def test_json_lines() -> None:
    """An object a line is a row; the line is its number, and blank lines are passed over."""
    data = f'{{"Tenant ID": "{ONE}", "name": "a"}}\n\n{{"Tenant ID": "x", "name": "b"}}\r\n"{TWO}"\n'
    rows = rows_in(data.encode())
    assert ids_in(rows[:2]) == [ONE, "x"]
    assert [row.row.source_row for row in rows] == [1, 3, 4]
    assert rows[2].row.other == {"item": TWO}


def test_customers_as_the_api_lists_them() -> None:
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
    found = open_list(data)
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


def test_members_that_differ_from_item_to_item() -> None:
    """Each item has its own members; one that comes late is not lost."""
    rows = rows_in(f'[{{"id":"{ONE}","a":"1"}},{{"b":"2","id":"{TWO}"}},{{"a":"3"}}]'.encode())
    assert [row.row.other for row in rows] == [{"a": "1"}, {"b": "2"}, {"a": "3"}]
    assert ids_in(rows) == [ONE, TWO, ""]


@pytest.mark.parametrize(
    "said",
    [
        '"continuationToken": "t"',
        '"nextLink": "https://x/?page=2"',
        '"@odata.nextLink": "https://x/?page=2"',
        '"odata.nextLink": "x"',
        '"links": {"self": {"uri": "/customers"}, "next": {"uri": "/customers?seek", "method": "GET", "headers": [{"key": "k"}]}}',
        '"links": {"next": "https://x/?page=2"}',
        '"meta": {"paging": {"next_cursor": "abc"}}',
        '"hasMore": true',
        '"totalCount": 2',
        '"@odata.count": 3',
        '"page": {"totalElements": 12}',
    ],
)
def test_missing_pages_are_a_warning(said: str) -> None:
    """A page that says that others follow, or that there are more customers, causes a warning, in any member."""
    items = f'"items": [{{"id": "{ONE}", "name": "a"}}]'
    for page in (f"{{{said}, {items}}}", f"{{{items}, {said}}}", f"{{\n{items},\n{said}\n}}", f"[{{{items}, {said}}}]"):
        found = open_list(page.encode())
        assert ids_in(list(found)) == [ONE]
        assert len(found.warnings) == 1
        assert "fetch the other pages" in found.warnings[0]
        assert found.warnings[0].split('"')[1].split(".")[0] == said.split('"')[1].split(".", maxsplit=1)[0]


@pytest.mark.parametrize(
    "said",
    [
        '"totalCount": 1',
        '"Count": 1',
        '"nextLink": null',
        '"@odata.nextLink": ""',
        '"hasMore": false',
        '"links": {"self": {"uri": "/customers", "method": "GET", "headers": []}}',
        '"totalCount": "many"',
    ],
)
def test_complete_list_has_no_warning(said: str) -> None:
    """Members that say that nothing follows cause no warning."""
    found = open_list(f'{{"items": [{{"id": "{ONE}"}}], {said}}}'.encode())
    assert (ids_in(list(found)), found.warnings) == ([ONE], [])


def test_the_page_of_partner_center() -> None:
    """A saved page of GET /v1/customers with `links.next` and a larger `totalCount`."""
    found = read(str(LISTS / "W4__pc_page_with_next_link.json"), columns=Columns(id="id"))
    assert len(list(found)) == 4
    assert found.warnings == [
        (
            'this is one page of a list: "links.next.uri" says that more follow; '
            "fetch the other pages as well, and hand in all of them"
        )
    ]


def test_several_pages() -> None:
    """Pages in an array, one after another, or one a line are one list; links between them cause no warning."""
    pages = [
        {"value": [{"id": ONE}], "@odata.nextLink": "x"},
        {"value": [{"id": TWO}, {"id": "wrong"}], "@odata.nextLink": "y"},
        {"value": [{"id": THREE}]},
    ]
    texts = [json.dumps(pages), json.dumps(pages, indent=2), "\n".join(map(json.dumps, pages))]
    texts += ["".join(map(json.dumps, pages)), "\n".join(json.dumps(page, indent=1) for page in pages)]
    for text in texts:
        found = open_list(text.encode())
        rows = list(found)
        assert ids_in(rows) == [ONE, TWO, "wrong", THREE]
        assert [row.row.source_row for row in rows] == [1, 2, 3, 4]
        assert found.warnings == []
    assert "more follow" in " ".join(_warnings(json.dumps(pages[:2])))


def test_arrays_one_after_another_and_in_an_array() -> None:
    """Several arrays are pages as well."""
    for text in (
        f'[{{"id":"{ONE}"}}]\n[{{"id":"{TWO}"}}]',
        f'[[{{"id":"{ONE}"}}],[],[{{"id":"{TWO}"}}]]',
        f'["{ONE}"]["{TWO}"]',
    ):
        assert ids_in(rows_in(text.encode())) == [ONE, TWO]


def test_broken_last_page_is_refused() -> None:
    """A later page that is not JSON is an error; the pages before it do not count as the whole list."""
    pages = "\n".join(json.dumps({"value": [{"id": ONE}]}, indent=1) for _ in range(600))
    assert "is no JSON" in refusal(f'{pages}\n{{"value": [{{"id": '.encode()).message


def test_one_object() -> None:
    """A single object, on one line or on several, is one row."""
    assert ids_in(rows_in(f'{{"id": "{ONE}", "tags": ["a"]}}'.encode())) == [ONE]
    assert ids_in(rows_in(f'{{\n "id": "{ONE}",\n "a": {{"b": []}}, "tags": ["a", {{"n": 1}}]\n}}'.encode())) == [ONE]
    listed = list(read(str(LISTS / "F5__ps5_single_object.json")))
    assert [(row.id, row.row.company_name) for row in listed if isinstance(row, Customer)] == [
        ("3a68cd4c-89d9-456b-8832-d1c3ed90f5f6", "Kunde 0 GmbH")
    ]


def test_objects_one_after_another() -> None:
    """Objects over several lines each, without an array around them, are rows; long ones too."""
    items = [{"id": ONE, "n": "1", "long": "x" * 70_000}, {"id": TWO, "plans": [{"n": "2"}]}, {"id": "wrong"}]
    assert ids_in(rows_in("\n".join(json.dumps(item, indent=2) for item in items).encode())) == [ONE, TWO, "wrong"]


def test_rows_with_arrays_in_them() -> None:
    """An array within each row is a cell, not the list, however many ids it holds."""
    items = [{"tenantId": one, "subscriptions": [{"id": THREE}, {"id": THREE}]} for one in (ONE, TWO)]
    for text in (
        json.dumps(items),
        "\n".join(map(json.dumps, items)),
        "\n".join(json.dumps(i, indent=1) for i in items),
    ):
        assert ids_in(rows_in(text.encode())) == [ONE, TWO]
    assert ids_in(rows_in(json.dumps({"data": {"value": items}}).encode())) == [ONE, TWO]


def test_ids_in_an_object() -> None:
    """An array of ids in an object, as PowerShell 5.1 writes it, is a list."""
    found = read(str(LISTS / "F5__ps51_value_count_ids.json"))
    assert len({row.id for row in found if isinstance(row, Customer)}) == 12
    assert found.warnings == []
    assert ids_in(rows_in(f'{{"d":{{"results":["{ONE}","wrong"]}}}}'.encode())) == [ONE, "wrong"]


@pytest.mark.parametrize(
    "text", ['{"@odata.context": "x", "value": []}', '{\n"value": []\n}', '{"value":[],"Count":0}', '[{"value":[]}]']
)
def test_empty_list_is_refused(text: str) -> None:
    """An empty array in an object is called an empty list."""
    assert 'the list "value" is empty' in refusal(text.encode()).message


def test_object_without_a_list_is_refused() -> None:
    """Arrays that hold neither objects nor ids are no list."""
    assert "holds no array of objects or ids" in refusal(b'{"value": [1, 2]}').message
    assert "has no id column" in refusal(b'{"value": [{"name": "a"}]}').message
    assert "has no id column" in refusal(b'{"a": 1}').message


def test_the_array_with_the_tenant_ids() -> None:
    """Arrays of other things before or after the list do not matter; they are named."""
    others = [{"subscriptionId": THREE, "n": 1}]
    listed = [{"tenantId": ONE}, {"tenantId": TWO}]
    for members in ({"a": others, "b": listed}, {"b": listed, "a": others}):
        for indent in (None, 1):
            found = open_list(json.dumps(members, indent=indent).encode())
            assert ids_in(list(found)) == [ONE, TWO]
            assert 'the list is array "b"; further arrays hold ids and were not read: "a"' in found.warnings[0]


def test_two_possible_arrays_are_ambiguous() -> None:
    """Two arrays that could each be the list are listed; --array answers, by path or by last name, or with the nearest."""
    text = json.dumps({"now": {"items": [{"id": ONE}]}, "former": [{"id": TWO, "name": "b"}]}, indent=1)
    error = refusal(text.encode())
    assert (
        '2 arrays could each be the list: array "now.items" has "id"; array "former" has "id", "name"' in error.message
    )
    assert error.hint == 'choose with --array "now.items"'
    assert [_choose_array(text, name) for name in ("former", "now.items", "ITEMS")] == [[TWO], [ONE], [ONE]]
    with pytest.raises(CustomerListError) as caught:
        _choose_array(text, "formr")
    assert 'has no array "formr"; it has "now.items", "former"' in caught.value.message
    assert caught.value.hint == 'did you mean --array "former"?'


def test_object_with_an_id_around_a_list_is_ambiguous() -> None:
    """If the object around a list has an id as well, the list is refused as ambiguous."""
    text = json.dumps({"tenantId": THREE, "value": [{"id": ONE}, {"id": TWO}]}, indent=1)
    assert 'array "." has "tenantId"; array "value" has "id"' in refusal(text.encode()).message
    assert (_choose_array(text, "value"), _choose_array(text, ".")) == ([ONE, TWO], [THREE])
    named = json.dumps({"id": THREE, "value": [{"tenantId": ONE}]})
    assert ids_in(rows_in(named.encode())) == [ONE]


def test_the_example_with_two_arrays() -> None:
    """Subscriptions first, customers with named tenant ids second."""
    found = read(str(LISTS / "W3__two_arrays.json"))
    expected = json.loads((LISTS / "W3__two_arrays.json").read_text())["customers"]
    rows = list(found)
    assert len(rows) == len(expected) == 12
    assert ids_in(rows) == [next(value for value in item.values() if value.count("-") == 4) for item in expected]


def test_object_from_a_pipe() -> None:
    """A list that is read twice can come from a pipe, and be longer than the buffer."""
    items = [{"tenantId": f"5d31b3a8-1f0c-4c0e-9a57-{n:012x}", "n": str(n)} for n in range(1, 5001)]
    data = json.dumps({"a": [{"id": ONE}], "value": items}, indent=1).encode()
    assert len(data) > source.CHUNK_SIZE
    reading, writing = os.pipe()
    writer = threading.Thread(target=_write_all, args=(writing, data))
    writer.start()
    with os.fdopen(reading, "rb") as pipe, read("-", content=pipe) as found:
        assert [row.row.other["n"] for row in found] == [item["n"] for item in items]
    writer.join()


def _write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _choose_array(text: str, array: str) -> list[str]:
    return ids_in(list(read("-", parts=Parts(array=array), content=io.BytesIO(text.encode()))))


def _warnings(text: str) -> list[str]:
    found = open_list(text.encode())
    list(found)
    return found.warnings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'[\n{{"id":"{ONE}"}},\n{{"id":}}]', "line 3 is no JSON"),
        (f'[{{"id":"{ONE}"}}', "is missing"),
        (f'[{{"id":"{ONE}"}} {{"id":"{TWO}"}}]', ", or ] is missing"),
        (f'[{{"id":"{ONE}"}}]\n{{"id":"{TWO}"}}', "line 2 goes on after the end"),
        (f'[[{{"id":"{ONE}"}}], {{"id":"{TWO}"}}]', "item 2 is no array"),
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
def test_broken_json_is_refused(text: str, found: str) -> None:
    """Text that is not JSON, or not a list, is refused with its line or item."""
    assert found in refusal(text.encode()).message


@pytest.mark.parametrize("depth", [300, 700, 900, 960, 980, 1000])
def test_deep_items(depth: int) -> None:
    """For any depth of an item, there is a row or our error."""
    item = f'{{"id":"{ONE}","a":' + '{"b":' * depth + "1" + "}" * (depth + 1)
    with suppress(CustomerListError):
        assert len(rows_in(f"[{item}]".encode())) == 1


@given(JSON_VALUES, st.sampled_from([None, 1]), st.integers(1, 3))
def test_any_json_ends_in_rows_or_in_our_error(value: object, indent: int | None, times: int) -> None:
    """For any JSON text, alone or repeated, there are rows or our error."""
    for text in (value, {"value": value, "id": ONE}, [{"tenantId": ONE, "x": value}]):
        data = "\n".join([json.dumps(text, indent=indent)] * times).encode()
        with suppress(CustomerListError):
            assert rows_in(data)


@pytest.mark.parametrize("depth", [5, 19, 25, 300, 990, 100_000])
def test_deep_wrapping(depth: int) -> None:
    """For any number of objects around a list, there are rows or our error."""
    for between in ("", "\n"):
        with suppress(CustomerListError):
            text = f'{{{between}"a":' * depth + f'[{{"id":"{ONE}"}}]' + "}" * depth
            assert len(rows_in(text.encode())) == 1


def test_many_items() -> None:
    """A list longer than the buffer comes out complete and in order, from an array and from lines."""
    items = [{"id": f"5d31b3a8-1f0c-4c0e-9a57-{n:012x}", "n": n} for n in range(1, 20_001)]
    array = json.dumps({"value": items}, indent=2).encode()
    lines = "\n".join(map(json.dumps, items)).encode()
    expected = [str(n) for n in range(1, 20_001)]
    assert [row.row.other["n"] for row in rows_in(array)] == expected
    assert [row.row.other["n"] for row in rows_in(lines)] == expected


def test_ids_from_three_lines_of_text() -> None:
    """Quoted ids, one a line, are plain text, not JSON."""
    found = open_list(f'"{ONE}"\n"{TWO}"\n"{THREE}"\n'.encode())
    assert found.format is Format.TEXT
    assert ids_in(list(found)) == [ONE, TWO, THREE]
