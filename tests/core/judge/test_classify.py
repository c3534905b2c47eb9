"""Classification: every stored reply of the decision table, and any other bytes."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge import classification as classify_module
from auditor.core.judge.classification import classify, classify_strictly
from auditor.core.model import ApiResponse, Cause, Finding, Next, Reason, Verdict
from conftest import CUSTOMER, REPLIES, load_reply, many_examples

TABLE = {
    "200-allowed": (Reason.ALLOWED, Next.DONE, "Allowed"),
    "200-allowed-without-bom": (Reason.ALLOWED, Next.DONE, "Allowed"),
    "200-allowed-capital-type": (Reason.ALLOWED, Next.DONE, "Allowed"),
    "200-allowed-without-type": (Reason.ALLOWED, Next.DONE, "Allowed"),
    "200-under-review": (Reason.UNDER_REVIEW, Next.DONE, "UnderReview"),
    "200-snake-case": (Reason.UNDER_REVIEW, Next.DONE, "UnderReview"),
    "200-not-allowed": (Reason.NOT_ALLOWED, Next.DONE, "NotAllowed"),
    "200-unknown": (Reason.UNKNOWN, Next.DONE, "Unknown"),
    "200-not-ready": (Reason.NOT_READY, Next.DONE, "Not Ready"),
    "200-unclassified": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "Approved"),
    "200-other-type": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "Allowed"),
    "200-null-type": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "Allowed"),
    "200-status-null": (Reason.UNRECOGNIZED_STATUS, Next.DONE, None),
    "200-status-missing": (Reason.UNRECOGNIZED_STATUS, Next.DONE, None),
    "200-status-number": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "2"),
    "200-status-list": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "['Allowed']"),
    "200-status-with-marks": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "¬Allowed"),
    "200-status-negated": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "!Allowed"),
    "200-status-half-surrogate": (Reason.UNRECOGNIZED_STATUS, Next.DONE, "Allowed?"),
    "200-no-status-body": (Reason.UNRECOGNIZED_STATUS, Next.DONE, None),
    "200-status-twice": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-empty": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-html": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-array": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-string": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-cut": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-nested-deep": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "200-utf16": (Reason.MALFORMED_REPLY, Next.RETRY_TWICE, None),
    "202": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "204": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "302": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "404-no-status": (Reason.NO_ACCOUNT_STATUS, Next.DONE, "NoStatus"),
    "404-no-status-text-code": (Reason.NO_ACCOUNT_STATUS, Next.DONE, "NoStatus"),
    "404-no-status-bare": (Reason.NO_ACCOUNT_STATUS, Next.DONE, "NoStatus"),
    "404-no-status-retryable": (Reason.UNEXPECTED_REPLY, Next.RETRY, None),
    "404-no-status-other-name": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "404-no-status-null-name": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "404-no-status-other-customer": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "404-no-status-other-in-description": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
    "404-no-status-fraction": (Reason.UNEXPECTED_REPLY, Next.RETRY_TWICE, None),
    "404-60003": (Reason.CUSTOMER_NOT_FOUND, Next.DONE, None),
    "404-1000": (Reason.CUSTOMER_NOT_FOUND, Next.DONE, None),
    "404-3000": (Reason.CUSTOMER_NOT_FOUND, Next.DONE, None),
    "404-gateway": (Reason.UNEXPECTED_REPLY, Next.RETRY_TWICE, None),
    "404-empty": (Reason.UNEXPECTED_REPLY, Next.RETRY_TWICE, None),
    "404-html": (Reason.UNEXPECTED_REPLY, Next.RETRY_TWICE, None),
    "400-2000": (Reason.REJECTED, Next.DONE, None),
    "400-3000": (Reason.REJECTED, Next.DONE, None),
    "400-900118": (Reason.REJECTED, Next.DONE, None),
    "400-800002": (Reason.REJECTED, Next.DONE, None),
    "400-900126": (Reason.REJECTED, Next.DONE, None),
    "400-no-status-body": (Reason.REJECTED, Next.DONE, None),
    "400-other": (Reason.REJECTED, Next.DONE, None),
    "400-empty": (Reason.REJECTED, Next.DONE, None),
    "400-retryable": (Reason.REJECTED, Next.RETRY, None),
    "401-900420": (Reason.UNEXPECTED_REPLY, Next.END_RUN, None),
    "401-900421": (Reason.UNEXPECTED_REPLY, Next.END_RUN, None),
    "401-mfa-text": (Reason.UNEXPECTED_REPLY, Next.END_RUN, None),
    "401-400": (Reason.UNEXPECTED_REPLY, Next.RENEW_TOKEN, None),
    "401-empty": (Reason.UNEXPECTED_REPLY, Next.RENEW_TOKEN, None),
    "403-900329": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-900150": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-900149": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-800039": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-900123": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-900124": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-90000": (Reason.FORBIDDEN, Next.END_RUN, None),
    "403-900308": (Reason.FORBIDDEN, Next.DONE, None),
    "403-900309": (Reason.FORBIDDEN, Next.DONE, None),
    "403-20002": (Reason.NO_RELATIONSHIP, Next.DONE, None),
    "403-1002": (Reason.FORBIDDEN, Next.DONE, None),
    "403-2032": (Reason.FORBIDDEN, Next.DONE, None),
    "403-600006": (Reason.FORBIDDEN, Next.DONE, None),
    "403-html": (Reason.FORBIDDEN, Next.DONE, None),
    "403-retry-after-with-code": (Reason.NO_RELATIONSHIP, Next.DONE, None),
    "403-quota": (Reason.THROTTLED, Next.WAIT, None),
    "405": (Reason.REJECTED, Next.DONE, None),
    "410": (Reason.REJECTED, Next.DONE, None),
    "417": (Reason.REJECTED, Next.DONE, None),
    "408": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "409": (Reason.UNEXPECTED_REPLY, Next.RETRY_ONCE, None),
    "429": (Reason.THROTTLED, Next.WAIT, None),
    "429-html": (Reason.THROTTLED, Next.WAIT, None),
    "500": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "500-retryable": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "500-not-retryable": (Reason.SERVICE_ERROR, Next.DONE, None),
    "501": (Reason.SERVICE_ERROR, Next.DONE, None),
    "502-html": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "503": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "504": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "599": (Reason.SERVICE_ERROR, Next.RETRY, None),
    "999": (Reason.UNEXPECTED_REPLY, Next.DONE, None),
}


def test_every_reply_on_file_has_an_expectation() -> None:
    """Every stored reply is tested."""
    assert set(TABLE) == {path.stem for path in REPLIES.glob("*.http")}


@pytest.mark.parametrize("name", TABLE)
def test_the_decision_table(name: str) -> None:
    """Each reply has the documented reason, next step and status."""
    finding = classify(load_reply(name), CUSTOMER)
    assert TABLE[name] == (finding.reason, finding.next, finding.status)


def test_only_classified_answers_decide() -> None:
    """Of all stored replies, only a status that the documentation classifies makes a customer eligible or blocked."""
    decided = {name for name in TABLE if classify(load_reply(name), CUSTOMER).verdict is not Verdict.UNDETERMINED}
    assert decided == {
        "200-allowed",
        "200-allowed-without-bom",
        "200-allowed-capital-type",
        "200-allowed-without-type",
        "200-under-review",
        "200-snake-case",
        "200-not-allowed",
        "200-unknown",
        "404-no-status",
        "404-no-status-text-code",
        "404-no-status-bare",
    }


def test_an_answer_about_another_customer_is_not_accepted() -> None:
    """The right code with another customer's id in the message: a proxy may have mixed up its cache."""
    other = "99999999-0000-4000-8000-000000000009"
    assert classify(load_reply("404-no-status"), other).reason is Reason.UNEXPECTED_REPLY


def test_a_missing_answer_is_not_final() -> None:
    """A failed request is sent again on resume; a refusal for the customer is not."""
    finals = {name: classify(load_reply(name), CUSTOMER).final for name in TABLE}
    assert not finals["501"]
    assert not finals["500-not-retryable"]
    assert not finals["302"]
    assert not finals["429"]
    assert not finals["200-html"]
    assert finals["403-20002"]
    assert finals["404-60003"]
    assert finals["200-not-ready"]


def test_error_fields_are_kept() -> None:
    """Code, name and message of an error are in the finding as text."""
    finding = classify(load_reply("404-no-status"), CUSTOMER)
    assert finding.error_code == "600074"
    assert finding.error_name == "AccountStatusNotFound"
    assert finding.error_message == f"Account Status for the customer, {CUSTOMER} was not found."


def test_the_time_of_the_last_update_is_kept_as_received() -> None:
    """`lastUpdateDateTime` is stored as text and changes nothing else."""
    assert classify(load_reply("200-allowed"), CUSTOMER).last_update_raw == "2021-07-14T18:02:00"
    for odd in (b'"soon"', b"17", b"null", b"[]", b'""'):
        body = b'{"status":"Allowed","lastUpdateDateTime":' + odd + b"}"
        assert classify(_reply(200, body), CUSTOMER).reason is Reason.ALLOWED


def test_a_sign_in_fault_ends_the_run_with_a_hint() -> None:
    """The finding has the next thing to do."""
    end = classify(load_reply("403-900329"), CUSTOMER).run_end
    assert end is not None
    assert end.cause is Cause.SIGN_IN
    assert "application-only" in end.message
    assert end.hint


def test_a_lost_connection_is_retried_and_an_untrusted_certificate_ends_the_run() -> None:
    """A retry cannot make a certificate trusted."""
    lost = ApiResponse(failure="ServerDisconnectedError", received_at=datetime.now(UTC))
    assert classify(lost, CUSTOMER).next is Next.RETRY
    forged = ApiResponse(failure="self-signed certificate", untrusted=True, received_at=datetime.now(UTC))
    assert classify(forged, CUSTOMER).next is Next.END_RUN


@pytest.mark.parametrize(
    ("code", "words", "cure"),
    [
        (9, "is not valid yet", "clock"),
        (10, "has expired", "clock"),
        (18, "cannot be trusted", "AUDITOR_CA_BUNDLE"),
        (20, "cannot be trusted", "AUDITOR_CA_BUNDLE"),
        (23, "has been revoked", "do not continue"),
        (62, "is for another host", "AUDITOR_API_URL"),
        (64, "is for another host", "AUDITOR_API_URL"),
        (0x800B0101, "has expired", "clock"),
        (0x800B0109, "cannot be trusted", "AUDITOR_CA_BUNDLE"),
        (0x800B010F, "is for another host", "AUDITOR_API_URL"),
        (-67819, "is not valid yet", "clock"),
        (-67602, "is for another host", "AUDITOR_API_URL"),
        (-67843, "cannot be trusted", "AUDITOR_CA_BUNDLE"),
        (None, "cannot be trusted", "AUDITOR_CA_BUNDLE"),
    ],
)
def test_only_an_unknown_authority_can_be_added(code: int | None, words: str, cure: str) -> None:
    """An expired certificate stays expired, whichever authority is trusted."""
    forged = ApiResponse(failure="as OpenSSL says", untrusted=True, verify_code=code, received_at=datetime.now(UTC))
    end = classify(forged, CUSTOMER).run_end
    assert end is not None
    assert f"certificate {words}: as OpenSSL says" in end.message
    assert cure in end.hint
    assert ("AUDITOR_CA_BUNDLE" in end.hint) == (cure == "AUDITOR_CA_BUNDLE")


@given(status=st.integers(100, 999), body=st.binary(max_size=300), retry_after=st.none() | st.text(max_size=20))
def test_classify_is_total_and_fail_closed(status: int, body: bytes, retry_after: str | None) -> None:
    """Any status with any body gives a finding, and invalid bodies never make a customer eligible."""
    finding = classify(_reply(status, body, retry_after), CUSTOMER)
    assert isinstance(finding, Finding)
    if b"llowed" not in body.lower() and b"600074" not in body:
        assert finding.verdict is not Verdict.ELIGIBLE


@given(
    status=st.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503]),
    document=st.dictionaries(
        st.sampled_from(["type", "status", "code", "message", "description", "errorName", "isRetryable", "x"]),
        st.sampled_from(["account", "Allowed", "allowed", "UnderReview", "", 600074, "600074", None, True, False, 1.5]),
    ),
)
def test_eligible_means_exactly_the_documented_answers(status: int, document: dict[str, object]) -> None:
    """Eligible only for 200 with Allowed of type account without error fields, or 404 with 600074."""
    finding = classify(_reply(status, json.dumps(document).encode()), CUSTOMER)
    allowed = (
        status == 200
        and document.get("status") in {"Allowed", "allowed"}
        and document.get("type", "account") == "account"
        and not {"code", "errorName", "isRetryable"} & document.keys()
    )
    no_status = (
        status == 404
        and document.get("code") in (600074, "600074")
        and document.get("isRetryable", False) is False
        and "errorName" not in document
        and "status" not in document
    )
    assert (finding.verdict is Verdict.ELIGIBLE) == (allowed or no_status)


def _reply(status: int, body: bytes, retry_after: str | None = None) -> ApiResponse:
    return ApiResponse(http_status=status, body=body, received_at=datetime.now(UTC), retry_after=retry_after)


OTHER = "99999999000040008000000000000009"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Allowed", "customerId": OTHER},
        {"status": "Allowed", "links": {"self": f"/customers/{OTHER}"}},
        {"status": "Allowed", "code": 900150},
        {"status": "Allowed", "Status": "NotAllowed"},
        {"status": "Allowed", "Type": "account", "type": "account"},
        {"status": "A-l-l_o w e d"},
        {"status": "Al lowed"},
    ],
)
def test_a_contradictory_200_is_not_accepted(body: dict[str, object]) -> None:
    """Another customer's id, an error code, a duplicate key, a damaged word."""
    assert classify(_reply(200, json.dumps(body).encode()), CUSTOMER).reason is Reason.UNRECOGNIZED_STATUS


@pytest.mark.parametrize(
    "extra",
    [
        {"message": f"Account Status for the customer, {OTHER} was not found."},
        {"customerId": OTHER},
        {"parameters": {"customer": OTHER}},
        {"Message": OTHER},
        {"status": "NotAllowed"},
        {"Status": "NotAllowed"},
    ],
)
def test_no_account_status_of_another_customer_is_not_accepted(extra: dict[str, object]) -> None:
    """The right code beside another customer's id, with or without dashes, or beside a status."""
    body = {"code": 600074, "errorName": "AccountStatusNotFound", "isRetryable": False, **extra}
    assert classify(_reply(404, json.dumps(body).encode()), CUSTOMER).reason is Reason.UNEXPECTED_REPLY


def test_control_characters_are_removed() -> None:
    """No escape sequence or line break reaches a report."""
    finding = classify(_reply(200, b'{"status":"a\\rb\\u001b]0;x\\u0007"}'), CUSTOMER)
    assert finding.status == "a b ]0;x "


_FACTS: dict[str, st.SearchStrategy[object]] = {
    "type": st.sampled_from(["account", "Account", "other", None]),
    "status": st.sampled_from(
        ["Allowed", "UnderReview", "NotAllowed", "Unknown", "Not Ready", "allowed", "Approved", 2]
    ),
    "lastUpdateDateTime": st.sampled_from(
        ["2021-07-14T18:02:00", "2021-07-14T18:02:00.1234567Z", "2021-07-14T18:02:00Z", "soon", OTHER, CUSTOMER, None]
    ),
    "code": st.just(600074),
    "customerId": st.sampled_from([OTHER, CUSTOMER]),
    "more": st.dictionaries(st.sampled_from(["status", "x"]), st.just("NotAllowed"), max_size=2),
}
_PAIRS = st.sampled_from(sorted(_FACTS)).flatmap(lambda key: st.tuples(st.just(key), _FACTS[key]))


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    """The documented body, or one with its keys elsewhere, twice, missing or beside others, escaped, cut or damaged."""
    documented = [(key, draw(_FACTS[key])) for key in ("type", "status", "lastUpdateDateTime")]
    pairs = draw(st.just(documented) | st.permutations(documented) | st.lists(_PAIRS, max_size=5))
    escaped = draw(st.sampled_from(["", "", "", "A", "t", "a"]))
    between = draw(st.sampled_from([",", ",", ", "]))
    text = "{" + between.join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in pairs) + "}"
    if escaped:
        text = text.replace(escaped, f"\\u{ord(escaped):04x}", 1)
    body = bytearray(draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"])) + text.encode())
    for place in draw(st.just([]) | st.lists(st.integers(0, len(body) - 1), max_size=2)):
        body[place] = draw(st.integers(0, 255))
    return bytes(body) + draw(st.sampled_from([b"", b"", b"\n", b"}", b" "]))


@many_examples()
@given(body=_bodies(), status=st.sampled_from([200, 200, 200, 404, 204]))
def test_the_fast_path_agrees_with_the_strict_one(body: bytes, status: int) -> None:
    """For any changed documented body, the finding is the same."""
    reply = _reply(status, body)
    assert classify(reply, CUSTOMER) == classify_strictly(reply, CUSTOMER)


@pytest.mark.parametrize("name", TABLE)
def test_the_strict_classification_has_the_same_table(name: str) -> None:
    """Without the fast path."""
    reply = load_reply(name)
    assert classify(reply, CUSTOMER) == classify_strictly(reply, CUSTOMER)


def test_the_fast_path_is_for_documented_answers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four classified statuses need no parser; everything else does."""
    monkeypatch.setattr(classify_module, "classify_strictly", lambda *_: None)
    short = {name for name in TABLE if classify(load_reply(name), CUSTOMER) is not None}
    assert short == {
        "200-allowed",
        "200-allowed-without-bom",
        "200-under-review",
        "200-not-allowed",
        "200-unknown",
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"Type":"nonprofit","status":"Allowed"}',
        b'{"status":"Allowed","errorCode":800002}',
        b'{"status":"Allowed","details":{"status":"NotAllowed"}}',
        b'{"status":"Allowed","status\\u00a0":"NotAllowed"}',
        b'{"status":"Allowed","note":"\\u0031\\u0031111111-1111-4111-8111-111111111111"}',
    ],
)
def test_contradictions_are_found_in_any_spelling(body: bytes) -> None:
    """A key in another case, an error's key, a nested status, an escaped customer id."""
    reply = ApiResponse(http_status=200, body=body, received_at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert classify(reply, "1f2e3d4c-0000-4000-8000-000000000001").reason is Reason.UNRECOGNIZED_STATUS


def test_two_codes_are_not_accepted() -> None:
    """A 404 with two codes in two spellings does not mean no account status."""
    reply = ApiResponse(
        http_status=404, body=b'{"code":600074,"Code":800002}', received_at=datetime(2026, 11, 22, 12, tzinfo=UTC)
    )
    assert classify(reply, "1f2e3d4c-0000-4000-8000-000000000001").reason is not Reason.NO_ACCOUNT_STATUS
