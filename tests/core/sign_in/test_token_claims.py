"""Properties of `auditor.core.sign_in.token_claims`."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.sign_in.token_claims import Claims, TokenKind, find_token_problem, read_claims

API = "https://api.partnercenter.microsoft.com"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
USER = {"aud": API, "tid": "a-tenant", "upn": "ann@partner.example", "scp": "user_impersonation", "amr": ["pwd", "mfa"]}


def jwt(claims: Any) -> str:
    """An unsigned JWT."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJub25lIn0.{payload}.c2lnbmF0dXJl"


def claims_of(**claims: Any) -> Claims:
    """The claims of a token that holds these."""
    found = read_claims(jwt(claims))
    assert found is not None
    return found


def test_the_claims_of_a_users_token() -> None:
    """Audience, tenant, user, application, kind, MFA and times."""
    found = claims_of(**USER, appid="an-app", iat=NOW.timestamp(), exp=NOW.timestamp() + 4500)
    assert found == Claims(
        audience=API,
        tenant_id="a-tenant",
        user_name="ann@partner.example",
        app_id="an-app",
        kind=TokenKind.APP_USER,
        mfa=True,
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=4500),
    )
    assert find_token_problem(found, [API], NOW) is None


@pytest.mark.parametrize(
    ("claims", "kind"),
    [
        ({"idtyp": "app"}, TokenKind.APP_ONLY),
        ({"idtyp": "user"}, TokenKind.APP_USER),
        ({"idtyp": "device"}, TokenKind.UNKNOWN),
        ({"idtyp": "app", "scp": "user_impersonation"}, TokenKind.APP_ONLY),
        ({"scp": "user_impersonation"}, TokenKind.APP_USER),
        ({"scp": "user_impersonation", "roles": ["Reader"]}, TokenKind.APP_USER),
        ({"roles": ["Reader"]}, TokenKind.APP_ONLY),
        ({"roles": []}, TokenKind.APP_ONLY),
        ({"scp": " ", "roles": []}, TokenKind.APP_ONLY),
        ({"oid": "x", "sub": "x"}, TokenKind.APP_ONLY),
        ({"oid": "x", "sub": "x", "scp": "user_impersonation"}, TokenKind.APP_USER),
        ({"oid": "x", "sub": "y"}, TokenKind.UNKNOWN),
        ({}, TokenKind.UNKNOWN),
    ],
)
def test_token_kind(claims: dict[str, Any], kind: TokenKind) -> None:
    """`idtyp` decides if present; else a delegated scope, then roles, then the subject."""
    assert claims_of(**claims).kind is kind


@pytest.mark.parametrize(
    ("amr", "mfa"), [(["pwd", "mfa"], True), (["pwd"], False), ([], False), ("mfa", None), (None, None)]
)
def test_mfa_claim(amr: object, mfa: bool | None) -> None:  # noqa: FBT001 - the expectation
    """By `amr`; None without it."""
    assert claims_of(amr=amr).mfa is mfa


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"idtyp": "app"}, "900329"),
        ({"aud": "https://graph.windows.net"}, "is for https://graph.windows.net"),
        ({"aud": "https://graph.microsoft.com"}, f"ask for one for {API}"),
        ({"exp": NOW.timestamp() - 301}, "expired at 2026-11-22 11:54:59 UTC"),
    ],
)
def test_tokens_with_a_problem(change: dict[str, Any], words: str) -> None:
    """App-only, another audience, expired: each with what to do."""
    assert words in (find_token_problem(claims_of(**{**USER, **change}), ["fa3d", API], NOW) or "")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"aud": f"{API.upper()}/"},
        {"aud": "FA3D"},
        {"aud": None},
        {"aud": [API]},
        {"exp": NOW.timestamp() - 299},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
        {"exp": 1e300},
        {"amr": ["pwd"]},
        {"scp": None},
    ],
)
def test_tokens_without_a_known_problem(change: dict[str, Any]) -> None:
    """Other spellings, small clock differences, missing or odd claims: the API judges them."""
    assert find_token_problem(claims_of(**{**USER, **change}), ["fa3d", API], NOW) is None


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b", "a.b.c", "a.!!.c", "...", jwt([1]), jwt("text"), f"a.{'A' * 70_000}.c", "a.é.c"]
)
def test_opaque_tokens_are_no_error(token: str) -> None:
    """Everything that is not a JWT is opaque."""
    assert read_claims(token) is None


@given(st.text() | st.recursive(st.none() | st.text(), lambda each: st.dictionaries(st.text(), each)).map(jwt))
def test_any_text_is_read_without_an_exception(token: str) -> None:
    """The problem is a sentence or None."""
    found = read_claims(token)
    assert found is None or isinstance(find_token_problem(found, [API], NOW), str | None)


@pytest.mark.parametrize("padding", range(4))
def test_every_length_of_a_payload_is_read(padding: int) -> None:
    """Tokens have no base64 padding."""
    assert claims_of(x="a" * padding, tid="a-tenant").tenant_id == "a-tenant"


@pytest.mark.parametrize("tenant", [5, "", None, []])
def test_claims_of_another_type_are_ignored(tenant: object) -> None:
    """They are no error."""
    assert claims_of(tid=tenant, upn=tenant, aud=tenant, amr=tenant).tenant_id is None


def test_claims_are_printable() -> None:
    """Control characters in a name do not reach a terminal or a log."""
    assert claims_of(upn="ann\x1b[2J\r\n@x").user_name == "ann [2J  @x"
