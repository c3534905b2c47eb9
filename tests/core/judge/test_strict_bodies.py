"""Classification of bodies that are not strict JSON, or nested too deep: never an exception, never a verdict."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.body import DEEPEST, read_body
from auditor.core.judge.classification import classify
from auditor.core.judge.membership import judge_page, read_page
from auditor.core.model import ApiResponse, Finding, Next, Reason, Verdict
from conftest import CUSTOMER, many_examples

ALLOWED = '{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00","x":%s}'
NO_STATUS = (
    '{"code":600074,"message":"none","description":"none","errorName":"AccountStatusNotFound","isRetryable":false,'
    '"parameters":%s}'
)
STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 408, 409, 429, 500, 501, 503, 999]


def _nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + "1" + closing * levels


NO_JSON = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "NaN further in": '{"a":[NaN]}',
    "a number beyond all floats": "1e999",
    "a number of five thousand digits": "9" * 5000,
    "500 arrays": _nested(500),
    "50,000 arrays": _nested(50_000),
    "500 objects": _nested(500, '{"a":', "}"),
    "50,000 objects": _nested(50_000, '{"a":', "}"),
    "100,000 arrays without an end": "[" * 100_000,
    "arrays and objects in turn": _nested(300, '[{"a":', "}]"),
    "a key twice": '{"a":1,"a":2}',
    "a leading zero": "01",
    "a plus sign": "+1",
    "hexadecimal": "0x1",
    "no quotes": "{a:1}",
    "single quotes": "'a'",
    "a comma too many": "[1,]",
    "a comment": "1/**/",
    "a control character": '"\x01"',
    "an escape that is none": '"\\x"',
    "half an escape": '"\\ud8"',
    "nothing": "",
}


def _reply(status: int, body: bytes) -> ApiResponse:
    return ApiResponse(http_status=status, body=body, received_at=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON.keys())
@pytest.mark.parametrize("status", STATUSES)
def test_invalid_json_decides_nothing(value: str, status: int) -> None:
    """In an unknown field of either documented body, at every HTTP status: undetermined; a 200 is malformed."""
    for body in (ALLOWED % value, NO_STATUS % value):
        finding = classify(_reply(status, body.encode()), CUSTOMER)
        assert finding.verdict is Verdict.UNDETERMINED
        if status == 200:
            assert (finding.reason, finding.next, finding.final) == (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, False)


@pytest.mark.parametrize(
    "body",
    [
        (ALLOWED % '"\xff"').encode("latin-1"),
        (ALLOWED % "1").encode("utf-16"),
        (ALLOWED % "1").encode() + b"garbage",
        (ALLOWED % "1").encode() * 2,
        (ALLOWED % "1").encode() + b"\x00",
        b"\xef\xbb\xbf\xef\xbb\xbf" + (ALLOWED % "1").encode(),
        (ALLOWED % '"\xed\xa0\x80"').encode("latin-1"),
        b"[" + (ALLOWED % "1").encode() + b"]",
        b"NaN",
        b'"Allowed"',
    ],
)
def test_bytes_that_are_no_utf_8_or_no_object_alone_are_malformed(body: bytes) -> None:
    """Invalid UTF-8, another encoding, text before or after the object."""
    assert classify(_reply(200, body), CUSTOMER).reason is Reason.MALFORMED_REPLY


@pytest.mark.parametrize("place", ["x", "note", "type", "lastUpdateDateTime"])
def test_a_lone_surrogate_is_not_accepted(place: str) -> None:
    """In a value or a key: the body was cut."""
    for extra in ({place: "\ud83d"}, {f"{place}\udc00": 1}):
        body = json.dumps({"type": "account", "status": "Allowed", **extra}).encode()
        assert classify(_reply(200, body), CUSTOMER).verdict is Verdict.UNDETERMINED
        body = json.dumps({"code": 600074, **extra}).encode()
        assert classify(_reply(404, body), CUSTOMER).verdict is Verdict.UNDETERMINED


def test_the_depth_of_a_body_is_limited() -> None:
    """Independent of the depth of the caller's stack."""
    assert classify(_reply(200, (ALLOWED % _nested(DEEPEST - 1)).encode()), CUSTOMER).reason is Reason.ALLOWED
    assert classify(_reply(200, (ALLOWED % _nested(DEEPEST)).encode()), CUSTOMER).reason is Reason.MALFORMED_REPLY


def test_a_nested_status_in_a_404_is_found() -> None:
    """The documented code beside another status at any depth."""
    body = (NO_STATUS % '{"a":[{"status":"NotAllowed"}]}').encode()
    assert classify(_reply(404, body), CUSTOMER).reason is Reason.UNEXPECTED_REPLY


@pytest.mark.parametrize("value", NO_JSON.values(), ids=NO_JSON.keys())
def test_a_page_of_customers_is_read_as_strictly(value: str) -> None:
    """An invalid page is retried, without an exception."""
    body = b'{"items":[{"id":"%s","x":%s}]}' % (CUSTOMER.encode(), value.encode())
    assert read_page(body) is None
    assert judge_page(_reply(200, body), "").reason is Reason.MALFORMED_REPLY


def test_a_lone_surrogate_in_a_company_name_is_replaced() -> None:
    """The name is only shown: half of a character becomes a question mark."""
    page = read_page(json.dumps({"items": [{"id": CUSTOMER, "companyProfile": {"companyName": "a\ud83d"}}]}).encode())
    assert page is not None
    assert page.customers[0].company_name == "a?"


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["Allowed", "account", "600074", CUSTOMER, "\ud800", "AccountStatusNotFound"]),
)
_KEYS = st.sampled_from(["type", "status", "code", "isRetryable", "errorName", "lastUpdateDateTime", "message", "x"])
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=3), inner, max_size=3),
)
_TOKENS = st.sampled_from(
    [*NO_JSON.values(), "{", "}", "[", "]", ",", ":", "null", "1", '"Allowed"', '"\\ud800"', '"status":"NotAllowed",']
)


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """A documented body with something else in one of its places, or with a piece of text put anywhere into it."""
    template = draw(st.sampled_from([ALLOWED, NO_STATUS]))
    if draw(st.booleans()):
        document = json.loads(template % "null")
        key = draw(st.sampled_from(sorted(document)) | _KEYS)
        depth = draw(st.sampled_from([0, 1, 5, DEEPEST, 400]))
        return json.dumps(document | {key: "@"}).replace('"@"', _wrapped(json.dumps(draw(_TREES)), depth)).encode()
    text = template % "null"
    place = draw(st.integers(0, len(text)))
    end = draw(st.integers(place, min(len(text), place + 12)))
    body = bytearray((text[:place] + draw(_TOKENS) + text[end:]).encode())
    for at in draw(st.lists(st.integers(0, len(body) - 1), max_size=2)):
        body[at] = draw(st.integers(0, 255))
    return bytes(body)


def _wrapped(text: str, depth: int) -> str:
    return "[" * depth + text + "]" * depth


def _strict(body: bytes) -> dict[str, object] | None:
    """An oracle of its own: the object, if the body is one of I-JSON that is not too deep."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def refuse(_: str) -> object:
        raise AssertionError

    try:
        text = body.decode("utf-8-sig", "strict")
        found = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError, AssertionError):
        return None
    return found if isinstance(found, dict) else None


@many_examples()
@given(body=_bodies(), status=st.sampled_from(STATUSES) | st.integers(100, 999))
def test_only_the_documented_body_decides(body: bytes, status: int) -> None:
    """For any body: no exception, and a verdict only if a strict reader finds the documented one."""
    finding = classify(_reply(status, body), CUSTOMER)
    assert isinstance(finding, Finding)
    if finding.verdict is Verdict.UNDETERMINED:
        return
    document = _strict(body)
    assert document is not None
    if status == 200:
        assert str(document["status"]).casefold().replace(" ", "") in {
            "allowed",
            "underreview",
            "notallowed",
            "unknown",
        }
        assert str(document.get("type", "account")).casefold() == "account"
        assert not {"code", "errorName", "isRetryable"} & document.keys()
    else:
        assert status == 404
        assert str(document["code"]) == "600074"
        assert document.get("isRetryable", False) is False
        assert "status" not in document


@many_examples()
@given(levels=st.integers(0, 3000), opening=st.sampled_from(["[", '{"a":', '[{"a":', "[[", "[1,"]))
def test_deep_bodies_never_raise(levels: int, opening: str) -> None:
    """Properly closed or not."""
    closing = "".join({"[": "]", "{": "}"}.get(sign, "") for sign in reversed(opening))
    for text in (opening * levels + "1" + closing * levels, opening * levels):
        body = read_body(('{"x":' + text + "}").encode())
        assert body.document is None or levels <= DEEPEST
