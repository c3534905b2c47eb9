"""The validation status over real sockets: bodies, headers, ids that are no customers, unrouted paths."""

import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sim_support import OPEN, OTHER_ID, OWN_ID, bench

from auditor.simulator import (
    KINDS,
    AnswerOptions,
    CustomerListOptions,
    SimulatorOptions,
)
from auditor.simulator.options import Bom

BOM = "\ufeff".encode()


def options(kind: str = "allowed", **answers: Any) -> SimulatorOptions:
    """Plain http, no throttle, one customer's kind."""
    return SimulatorOptions(
        tls=False, throttle=OPEN, answers=AnswerOptions(overrides={OWN_ID: kind}, stall_seconds=0.1, **answers)
    )


@pytest.mark.parametrize("spelling", ["account", "Account", "ACCOUNT"])
async def test_type_in_any_case(spelling: str) -> None:
    """The documentation sends `account`, Microsoft's own client `Account`: both are answered."""
    async with bench(options()) as b:
        reply = await b.get(f"/v1/customers/{OWN_ID}/validationStatus?type={spelling}")
    assert reply.status == 200
    assert reply.json["type"] == "account"


@pytest.mark.parametrize("query", ["", "?type=", "?type=foo"])
async def test_type_missing_or_wrong(query: str) -> None:
    """Another type than `account` is a value that cannot be parsed."""
    async with bench(options()) as b:
        reply = await b.get(f"/v1/customers/{OWN_ID}/validationStatus{query}")
    assert (reply.status, reply.json["code"]) == (400, 900126)


async def test_success_is_compact_json_with_exact_length() -> None:
    """A success is compact JSON of exactly three members, with the right type and length."""
    async with bench(options()) as b:
        reply = await b.status()
    pattern = rb'\{"type":"account","status":"Allowed","lastUpdateDateTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"\}'
    assert reply.body.startswith(BOM)
    assert re.fullmatch(pattern, reply.body.removeprefix(BOM))
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert int(reply.headers["Content-Length"]) == len(reply.body)


@pytest.mark.parametrize(
    ("bom", "on_success", "on_error"),
    [("success", True, False), ("all", True, True), ("none", False, False)],
)
async def test_byte_order_mark_switch(bom: Bom, *, on_success: bool, on_error: bool) -> None:
    """The switch decides which JSON bodies begin with a byte order mark."""
    overrides = {OWN_ID: "allowed", OTHER_ID: "no_account_status"}
    answers = AnswerOptions(overrides=overrides, bom=bom)
    async with bench(SimulatorOptions(tls=False, throttle=OPEN, answers=answers)) as b:
        success, error = await b.status(OWN_ID), await b.status(OTHER_ID)
    assert success.body.startswith(BOM) is on_success
    assert error.body.startswith(BOM) is on_error
    assert error.json["code"] == 600074


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("allowed", "Allowed"),
        ("under_review", "UnderReview"),
        ("not_allowed", "NotAllowed"),
        ("unknown", "Unknown"),
        ("not_ready", "Not Ready"),
        ("approved", "Approved"),
        ("under_review_snake", "under_review"),
        ("status_null", None),
        ("status_number", 3),
    ],
)
async def test_statuses(kind: str, status: object) -> None:
    """All five documented statuses, and what the documentation does not list."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert reply.json["status"] == status


@pytest.mark.parametrize(("kind", "member"), [("status_missing", "status"), ("allowed_type_missing", "type")])
async def test_members_may_be_missing(kind: str, member: str) -> None:
    """A member can be absent."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert member not in reply.json


async def test_no_account_status_as_documented() -> None:
    """404 with code 600074: every member as the documentation prints it, the requested id in the message."""
    async with bench(options("no_account_status")) as b:
        reply = await b.status(OWN_ID.upper())
    text = f"Account Status for the customer, {OWN_ID.upper()} was not found."
    assert reply.status == 404
    assert reply.json == {
        "code": 600074,
        "message": text,
        "description": text,
        "errorName": "AccountStatusNotFound",
        "isRetryable": False,
        "errorMessageExtended": "InternalErrorCode=600074",
    }


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("no_account_status_string", "code", "600074"),
        ("no_account_status_parameters", "parameters", {}),
        ("no_status_retryable", "isRetryable", True),
        ("no_status_other_name", "errorName", "TenantNotFound"),
    ],
)
async def test_variants_of_no_account_status(kind: str, member: str, value: object) -> None:
    """The same error with one member changed."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert reply.status == 404
    assert reply.json[member] == value


async def test_no_account_status_of_another() -> None:
    """An answer about another customer."""
    async with bench(options("no_status_other_id")) as b:
        reply = await b.status()
    assert OWN_ID not in reply.json["message"]
    assert re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", reply.json["message"])


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("tenant_not_found", 404, 60003),
        ("not_found", 404, 1000),
        ("relationship_gone", 404, 3000),
        ("no_relationship", 403, 20002),
        ("authorization_failed", 403, 1002),
        ("invalid_input", 400, 2000),
        ("invalid_customer_id", 400, 900118),
        ("precondition_failed", 417, 800036),
        ("not_implemented", 501, 0),
    ],
)
async def test_errors_of_the_service(kind: str, status: object, code: object) -> None:
    """Code, description, data and source, under the HTTP status of the error table."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert (reply.status, reply.json["code"]) == (status, code)
    assert set(reply.json) == {"code", "description", "data", "source"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("gateway_not_found", b'{ "statusCode": 404, "message": "Resource not found" }'),
        ("empty_not_found", b""),
    ],
)
async def test_not_found_without_a_code(kind: str, body: bytes) -> None:
    """404 of the gateway, and 404 without content."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    assert (reply.status, reply.body) == (404, body)
    assert reply.headers["Content-Length"] == str(len(body))


async def test_not_found_as_page() -> None:
    """404 with a page of HTML."""
    async with bench(options("html_not_found")) as b:
        reply = await b.status()
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html")
    assert reply.body.startswith(b"<html>")


@pytest.mark.parametrize(
    "path", ["/", "/v2/customers", f"/v1//v1/customers/{OWN_ID}", f"/v1/customers/{OWN_ID}/validationstatus/x"]
)
async def test_unrouted_paths(path: str) -> None:
    """The gateway answers for any unknown path, without the service's headers."""
    async with bench(options()) as b:
        reply = await b.get(path)
    assert (reply.status, reply.body) == (404, b'{ "statusCode": 404, "message": "Resource not found" }')
    assert not [name for name in reply.headers if name.startswith("MS-")]


async def test_other_methods_are_unrouted() -> None:
    """Only GET has a route."""
    async with bench(options()) as b:
        url = f"{b.simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
        async with b.session.post(url, headers={"Authorization": f"Bearer {b.token}"}) as response:
            assert response.status == 404


async def test_ids_are_echoed() -> None:
    """MS-RequestId and MS-CorrelationId come back exactly as they were sent."""
    async with bench(options()) as b:
        reply = await b.status(MS_RequestId="ABC-1", MS_CorrelationId="def-2")
    assert reply.headers["MS-RequestId"] == "ABC-1"
    assert reply.headers["MS-CorrelationId"] == "def-2"


@pytest.mark.parametrize("kind", ["allowed", "no_account_status", "error_lasting"])
async def test_trace_headers(kind: str) -> None:
    """Ids are generated where none was sent, and every reply of the service carries its trace."""
    async with bench(options(kind)) as b:
        reply = await b.status()
    for name in ("MS-RequestId", "MS-CorrelationId"):
        assert str(uuid.UUID(reply.headers[name])) == reply.headers[name]
    assert re.fullmatch(r"[A-Za-z0-9+/]{16}\.0", reply.headers["MS-CV"])
    assert re.fullmatch(r"[0-9A-F]{8}", reply.headers["MS-ServerId"])
    assert reply.headers["Request-Context"].startswith("appId=cid-v1:")
    assert reply.headers["Date"].endswith("GMT")


async def test_contract_version_is_not_required() -> None:
    """The header that the documentation calls required changes nothing."""
    async with bench(options()) as b:
        without, with_it = await b.status(), await b.status(MS_Contract_Version="v1")
    assert without.body == with_it.body


ROSTER = (
    f"\ufeffMicrosoft ID,Company name,Primary domain name,Relationship,Tags\n{OWN_ID},Own,own.example,Cloud Reseller,\n"
)


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [
        ("no_relationship", 403, 20002),
        ("tenant_not_found", 404, 60003),
        ("invalid_customer_id", 400, 900118),
        ("invalid_input", 400, 2000),
        ("no_account_status", 404, 600074),
    ],
)
async def test_policies_for_unlisted_ids(tmp_path: Path, policy: str, status: object, code: object) -> None:
    """The policy decides the reply for a tenant outside the roster, but not for the partner's own customers."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    customers = CustomerListOptions(roster=roster, foreign=policy, foreign_share=1.0)
    answers = AnswerOptions(weights={"allowed": 1})
    async with bench(SimulatorOptions(tls=False, throttle=OPEN, answers=answers, customers=customers)) as b:
        own, other = await b.status(OWN_ID.upper()), await b.status(OTHER_ID)
    assert own.json["status"] == "Allowed"
    assert (other.status, other.json["code"]) == (status, code)


async def test_foreign_and_missing_tenants_differ(tmp_path: Path) -> None:
    """By default some unlisted ids are another partner's tenants and some are no tenants, always the same ones."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    chosen = SimulatorOptions(tls=False, throttle=OPEN, customers=CustomerListOptions(roster=roster))
    ids = [str(uuid.UUID(int=each)) for each in range(20)]
    async with bench(chosen) as b:
        first = [(await b.status(each)).json["code"] for each in ids]
        again = [(await b.status(each)).json["code"] for each in ids]
    assert set(first) == {20002, 60003}
    assert first == again


async def test_override_makes_an_unlisted_id_a_customer(tmp_path: Path) -> None:
    """A test may choose the kind of an id that the roster does not name."""
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    chosen = replace(options("no_account_status"), customers=CustomerListOptions(roster=roster))
    async with bench(replace(chosen, answers=AnswerOptions(overrides={OTHER_ID: "no_account_status"}))) as b:
        reply = await b.status(OTHER_ID)
    assert reply.json["code"] == 600074


@pytest.mark.parametrize("wrong", ["7", "not-a-guid", "%7B11111111-2222-4333-8444-555555555555%7D"])
async def test_malformed_ids(wrong: str) -> None:
    """An id that is no GUID is invalid input by default."""
    async with bench(options()) as b:
        reply = await b.status(wrong)
    assert (reply.status, reply.json["code"], reply.json["description"]) == (400, 2000, "Tenant Id must be a GUID.")


async def test_every_kind_can_be_asked_for() -> None:
    """Each kind answers, or fails to, over a real connection as planned."""
    ids = {str(uuid.UUID(int=each + 1)): kind for each, kind in enumerate(KINDS)}
    answers = AnswerOptions(overrides=ids, stall_seconds=0.01)
    async with bench(SimulatorOptions(tls=False, throttle=OPEN, answers=answers)) as b:
        for customer_id in ids:
            planned = b.simulator.scenario.reply(customer_id, 1)
            if planned.fault in {None, "slow_headers", "slow_body"}:
                reply = await b.status(customer_id)
                assert (reply.status, reply.body.removeprefix(BOM)) == (planned.status, planned.body)
