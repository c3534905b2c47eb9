"""Tokens, MFA, roles and the throttle over real sockets."""

import base64
import json
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sim_support import OPEN, OTHER_ID, OWN_ID, bench

from auditor.simulator import (
    AnswerOptions,
    GateOptions,
    IdentityOptions,
    SimulatorOptions,
    ThrottleOptions,
    Window,
)
from auditor.simulator.gate import Gate, Throttle
from auditor.simulator.oauth import OAuthError
from auditor.simulator.options import RetryAfterForm
from auditor.simulator.tokens import TokenMint

PLAIN = SimulatorOptions(tls=False, throttle=OPEN, answers=AnswerOptions(weights={"allowed": 1}))


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer nonsense", "Bearer a.b.c", "Basic dTpw", "bearer ..."]
)
async def test_no_token_or_a_malformed_one(authorization: str | None) -> None:
    """401 as a service error with a challenge, for every text that is not a token."""
    headers = {"Authorization": authorization} if authorization else {}
    async with bench(PLAIN) as b:
        reply = await b.status(token=None, **headers)
    assert (reply.status, reply.json["code"]) == (401, 400)
    assert reply.headers["WWW-Authenticate"].startswith("OAuth realm=urn:cpsvc:cpid:")


async def test_401_may_be_empty() -> None:
    """With the switch on a bad token gets no body, but still a challenge."""
    async with bench(replace(PLAIN, gate=GateOptions(empty_401=True))) as b:
        reply = await b.status(token=None)
    assert (reply.status, reply.body) == (401, b"")
    assert "WWW-Authenticate" in reply.headers


async def test_scheme_in_any_case() -> None:
    """`bearer` works like `Bearer`."""
    async with bench(PLAIN) as b:
        reply = await b.status(token=None, Authorization=f"bearer {b.token}")
    assert reply.status == 200


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"exp": 1}, 401, 400),
        ({"exp": None}, 401, 400),
        ({"aud": "https://graph.windows.net"}, 401, "900420"),
        ({"aud": "https://graph.windows.net/"}, 401, "900420"),
        ({"aud": "https://graph.microsoft.com"}, 401, 400),
        ({"amr": ["pwd"]}, 401, "900421"),
        ({"amr": None}, 401, "900421"),
        ({"app_only": True}, 403, 900329),
        ({"agent_role": ""}, 403, 900150),
        ({"agent_role": None}, 403, 900150),
    ],
)
async def test_refused_tokens(claims: dict[str, Any], status: object, code: object) -> None:
    """Expired, of the wrong audience, without MFA, of an application, without a role: each has its own answer."""
    async with bench(PLAIN) as b:
        reply = await b.status(token=b.simulator.mint_token(**claims))
    assert (reply.status, reply.json["code"]) == (status, code)


async def test_check_can_be_off() -> None:
    """Without the check any token is accepted, and none."""
    async with bench(replace(PLAIN, gate=GateOptions(check=False))) as b:
        assert (await b.status(token="opaque")).status == 200
        assert (await b.status(token=None)).status == 200


async def test_mfa_by_staged_roll_out() -> None:
    """With a share below one, some calls without MFA pass and some are refused."""
    chosen = replace(PLAIN, gate=GateOptions(mfa_enforced=0.5), identity=IdentityOptions(mfa=False))
    async with bench(chosen) as b:
        statuses = [(await b.status()).status for _ in range(40)]
    assert set(statuses) == {200, 401}


@pytest.mark.parametrize(("amr", "expected"), [(["pwd", "mfa"], "true"), (["pwd"], "false")])
async def test_mfa_report(amr: list[str], expected: object) -> None:
    """`isMfaCompliant` is sent only for a request with `ValidateMfa: true`."""
    async with bench(replace(PLAIN, gate=GateOptions(mfa_enforced=0.0))) as b:
        token = b.simulator.mint_token(amr=amr)
        asked, silent = await b.status(token=token, ValidateMfa="true"), await b.status(token=token)
    assert asked.headers["isMfaCompliant"] == expected
    assert "isMfaCompliant" not in silent.headers


async def test_mfa_report_comes_with_the_refusal() -> None:
    """A refusal for missing MFA carries the report as well."""
    async with bench(PLAIN) as b:
        reply = await b.status(token=b.simulator.mint_token(amr=["pwd"]), ValidateMfa="true")
    assert (reply.status, reply.headers["isMfaCompliant"]) == (401, "false")


async def test_revoked_tokens() -> None:
    """After a revocation the old token is refused and a new one is not."""
    async with bench(PLAIN) as b:
        assert (await b.status()).status == 200
        b.simulator.revoke_tokens(refresh=False)
        assert (await b.status()).status == 401
        assert (await b.status(token=b.simulator.mint_token())).status == 200


async def test_revocation_by_count() -> None:
    """The token in use can be revoked at the nth request; the next token is accepted."""
    async with bench(replace(PLAIN, gate=GateOptions(revoke_after=(3,)))) as b:
        assert [(await b.status()).status for _ in range(4)] == [200, 200, 401, 401]
        assert (await b.status(token=b.simulator.mint_token())).status == 200


def throttled(**options: Any) -> SimulatorOptions:
    """One request a minute."""
    return replace(PLAIN, throttle=ThrottleOptions(windows=(Window(1, 60.0),), **options))


async def test_429_is_the_gateways() -> None:
    """The gateway's body, blanks included, Retry-After in whole seconds, and none of the service's headers."""
    async with bench(throttled()) as b:
        await b.status()
        reply = await b.status(ValidateMfa="true")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "60")
    assert reply.body == b'{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 60 seconds." }'
    assert len(reply.body) == 84
    assert reply.headers["Content-Type"] == "application/json"
    assert not [name for name in reply.headers if name.startswith("MS-") or name == "isMfaCompliant"]


async def test_retry_after_as_date() -> None:
    """The header can be an HTTP date."""
    async with bench(throttled(retry_after="date")) as b:
        await b.status()
        reply = await b.status()
    assert 55 < parsedate_to_datetime(reply.headers["Retry-After"]).timestamp() - time.time() <= 61


@pytest.mark.parametrize(("style", "expected"), [("missing", None), ("zero", "0")])
async def test_retry_after_missing_or_zero(style: RetryAfterForm, expected: object) -> None:
    """The header can be missing, or useless."""
    async with bench(throttled(retry_after=style)) as b:
        await b.status()
        reply = await b.status()
    assert reply.headers.get("Retry-After") == expected


async def test_throttle_is_by_the_tokens_tenant() -> None:
    """Two partners do not share a limit."""
    async with bench(throttled()) as b:
        assert (await b.status()).status == 200
        assert (await b.status(token=b.simulator.mint_token(tid=OTHER_ID))).status == 200
        assert (await b.status()).status == 429


async def test_throttle_by_customer() -> None:
    """The second key is partner and customer together."""
    chosen = replace(PLAIN, throttle=ThrottleOptions(windows=(), per_customer=Window(1, 60.0)))
    async with bench(chosen) as b:
        statuses = [(await b.status(each)).status for each in (OWN_ID, OTHER_ID, OWN_ID)]
    assert statuses == [200, 200, 429]


async def test_one_limit_for_all_resources() -> None:
    """Requests for the list and for statuses count together."""
    async with bench(throttled()) as b:
        assert (await b.get("/v1/customers?size=1")).status == 200
        assert (await b.status()).status == 429


async def test_short_window_is_open_again() -> None:
    """A window of a fraction of a second throttles a burst and then accepts requests; Retry-After is one second at least."""
    chosen = replace(PLAIN, throttle=ThrottleOptions(windows=(Window(2, 0.2),), count_rejected=False))
    async with bench(chosen) as b:
        burst = [await b.status() for _ in range(3)]
        assert [reply.status for reply in burst] == [200, 200, 429]
        assert burst[-1].headers["Retry-After"] == "1"
        until = time.monotonic() + 5
        while time.monotonic() < until and (await b.status()).status != 200:
            pass
        assert time.monotonic() < until


async def test_a_claims_challenge_asks_for_an_authentication_context() -> None:
    """From this count: 401 with the claims in base64, until a token has the context."""
    async with bench(replace(PLAIN, gate=GateOptions(ask_for_claims_after=1))) as b:
        assert (await b.status()).status == 200
        reply = await b.status()
        assert (await b.status(token=b.simulator.mint_token(acrs=["c1"]))).status == 200
    challenge = reply.headers["WWW-Authenticate"]
    assert reply.status == 401
    claims = challenge.partition('claims="')[2].rstrip('"')
    wanted = json.loads(base64.b64decode(claims))
    assert wanted == {"access_token": {"acrs": {"essential": True, "value": "c1"}}}


async def test_all_sign_ins_end_at_once() -> None:
    """At the count every access and refresh token given so far is revoked; later ones are accepted."""
    async with bench(replace(PLAIN, gate=GateOptions(end_sign_ins_after=2))) as b:
        refresh_token = b.simulator.mint_refresh_token()
        assert [(await b.status()).status for _ in range(3)] == [200, 401, 401]
        with pytest.raises(OAuthError, match="AADSTS50173"):
            b.simulator.sign_ins.use_refresh_token(refresh_token, confidential=False)
        assert (await b.status(token=b.simulator.mint_token())).status == 200


def test_an_outage_begins_after_its_count_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for this many seconds from the first request of the outage, with any token."""
    now = [100.0]
    monkeypatch.setattr("auditor.simulator.gate.time.monotonic", lambda: now[0])
    options = GateOptions(check=False, outage_after=2, outage_seconds=30)
    open_throttle = Throttle(ThrottleOptions(windows=()), lambda: now[0])
    guard = Gate(options, open_throttle, TokenMint(IdentityOptions()))
    found = []
    for moment in (100.0, 110.0, 120.0, 149.9, 150.0):
        now[0] = moment
        refusal = guard.refuse(None, None)
        found.append((refusal[0], refusal[1].status) if refusal else None)
    assert found == [None, None, ("outage", 503), ("outage", 503), None]
