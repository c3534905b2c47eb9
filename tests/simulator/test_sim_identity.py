"""The sign-in service as the real MSAL sees it, over TLS with a throw-away authority."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msal
import pytest
from sim_support import OPEN, OTHER_ID, OWN_ID, MsalHttp

from auditor.simulator import AnswerOptions, IdentityOptions, Simulator, SimulatorOptions, serve_in_thread
from auditor.simulator.oauth import ERRORS, HTML_ERROR
from auditor.simulator.tokens import decode, encode

API = "https://api.partnercenter.microsoft.com"
SCOPES = [f"{API}/user_impersonation"]
DEFAULT = [f"{API}/.default"]


@contextmanager
def sign_in_service(**identity: Any) -> Iterator[tuple[Simulator, MsalHttp]]:
    """A simulator on its own thread, and an HTTP client for MSAL; devices poll without a pause."""
    options = SimulatorOptions(
        throttle=OPEN,
        answers=AnswerOptions(weights={"allowed": 1}),
        identity=IdentityOptions(**{"device_interval": 0, **identity}),
    )
    with serve_in_thread(options) as simulator:
        http = MsalHttp(simulator)
        try:
            yield simulator, http
        finally:
            http.close()


def public(simulator: Simulator, http: MsalHttp, **more: Any) -> Any:
    """MSAL as a desktop program."""
    return msal.PublicClientApplication(
        simulator.client_id, authority=simulator.authority, http_client=http, **{"instance_discovery": False, **more}
    )


def confidential(simulator: Simulator, http: MsalHttp, credential: Any = None) -> Any:
    """MSAL as a service with a secret."""
    return msal.ConfidentialClientApplication(
        simulator.client_id,
        client_credential=credential or simulator.client_secret,
        authority=simulator.authority,
        instance_discovery=False,
        http_client=http,
    )


def ask(simulator: Simulator, http: MsalHttp, token: str) -> tuple[int, Any]:
    """HTTP status and error code of one validation status asked for with this token."""
    url = f"{simulator.api_url}/v1/customers/{OWN_ID}/validationStatus?type=account"
    response = http.get(url, headers={"Authorization": f"Bearer {token}"})
    return response.status_code, json.loads(response.content.decode("utf-8-sig")).get("code")


def grants(simulator: Simulator) -> list[tuple[str | None, int | None, str | None]]:
    """The requested grants of the token endpoint, and its errors."""
    return [(record.kind, record.status, record.error) for record in simulator.log.sign_ins]


def test_device_code_is_approved_at_the_second_poll() -> None:
    """MSAL signs in by device code; the token works at the API and names user, tenant, MFA and scope."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        flow = app.initiate_device_flow(SCOPES)
        assert flow["user_code"] in flow["message"]
        result = app.acquire_token_by_device_flow(flow)
        assert grants(simulator) == [("device_code", 400, "authorization_pending"), ("device_code", 200, None)]
        assert ask(simulator, http, result["access_token"]) == (200, None)
        (account,) = app.get_accounts()
    claims = decode(result["access_token"])
    assert claims is not None
    assert (claims["aud"], claims["tid"], claims["scp"]) == (API, simulator.tenant_id, "user_impersonation")
    assert "mfa" in claims["amr"]
    assert account["username"] == claims["upn"] == "auditor@partner.example"
    assert account["home_account_id"] == f"{claims['oid']}.{claims['tid']}"


@pytest.mark.parametrize(("approved", "error"), [(True, None), (False, "authorization_declined")])
def test_device_code_decided_by_a_person(*, approved: bool, error: str | None) -> None:
    """With automatic approval off, the device waits for the person at the browser."""
    with sign_in_service(approve_device=False) as (simulator, http):
        app = public(simulator, http)
        flow = app.initiate_device_flow(SCOPES)

        def poll() -> Any:
            # An exit condition that always holds makes MSAL poll once.
            return app.acquire_token_by_device_flow({**flow, "interval": 1}, exit_condition=lambda _: True)

        assert [poll()["error"] for _ in range(3)] == ["authorization_pending"] * 3
        assert simulator.sign_ins.decide_device(flow["user_code"].lower(), approved=approved)
        result = poll()
    assert result.get("error") == error
    assert ("access_token" in result) is approved


def test_device_code_expires() -> None:
    """A device that is not approved in time gets expired_token."""
    with sign_in_service(device_lifetime=0) as (simulator, http):
        app = public(simulator, http)
        flow = app.initiate_device_flow(SCOPES)
        assert app.acquire_token_by_device_flow(flow)["error"] == "expired_token"


def test_unknown_device_code() -> None:
    """An unknown device code is refused."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        flow = {**app.initiate_device_flow(SCOPES), "device_code": "nonsense"}
        assert app.acquire_token_by_device_flow(flow)["error"] == "invalid_grant"


def test_refresh_rotates() -> None:
    """Every refresh gives a new refresh token; the old one stays valid, as documented."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        first = simulator.mint_refresh_token()
        second = app.acquire_token_by_refresh_token(first, SCOPES)["refresh_token"]
        third = app.acquire_token_by_refresh_token(second, SCOPES)["refresh_token"]
        again = app.acquire_token_by_refresh_token(first, SCOPES)
    assert len({first, second, third, again["refresh_token"]}) == 4


def test_rotation_may_revoke() -> None:
    """With the switch on, a refresh token can be used once."""
    with sign_in_service(revoke_rotated=True) as (simulator, http):
        app = public(simulator, http)
        first = simulator.mint_refresh_token()
        assert "access_token" in app.acquire_token_by_refresh_token(first, SCOPES)
        # Another application object, as MSAL would answer a repeated question from its own memory.
        result = public(simulator, http).acquire_token_by_refresh_token(first, SCOPES)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [50173])


def test_silent_from_cache_and_forced() -> None:
    """MSAL finds the token in its cache, and refreshes it when told to."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        app.acquire_token_by_device_flow(app.initiate_device_flow(SCOPES))
        (account,) = app.get_accounts()
        calls = len(simulator.log.records)
        assert app.acquire_token_silent_with_error(SCOPES, account)["token_source"] == "cache"
        assert len(simulator.log.records) == calls
        forced = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
        assert forced["token_source"] == "identity_provider"
        assert grants(simulator)[-1] == ("refresh_token", 200, None)


def test_short_lifetime_is_in_the_answer_and_the_token() -> None:
    """A token's lifetime is the option's, in the answer and in the token; afterwards the API refuses it."""
    with sign_in_service(access_lifetime=1) as (simulator, http):
        result = public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        assert result["expires_in"] == 1
        claims = decode(result["access_token"])
        assert claims is not None
        assert claims["exp"] - claims["iat"] == 1
    with sign_in_service(access_lifetime=0) as (simulator, http):
        result = public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        assert ask(simulator, http, result["access_token"]) == (401, 400)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"mfa": False}, (401, "900421")),
        ({"agent_role": ""}, (403, 900150)),
        ({"app_only": True}, (403, 900329)),
    ],
)
def test_tokens_that_the_api_refuses(identity: dict[str, Any], expected: object) -> None:
    """A sign-in can succeed even if the API refuses its token."""
    with sign_in_service(**identity) as (simulator, http):
        result = public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        assert ask(simulator, http, result["access_token"]) == expected


def test_retired_audience_by_scope() -> None:
    """A token that was asked for another resource has that audience, and the API refuses it."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        result = app.acquire_token_by_refresh_token(
            simulator.mint_refresh_token(), ["https://graph.windows.net/user_impersonation"]
        )
        assert ask(simulator, http, result["access_token"]) == (401, "900420")


def test_confidential_client() -> None:
    """The secure application model: a secret and a stored refresh token give an App+User token that works."""
    with sign_in_service() as (simulator, http):
        app = confidential(simulator, http)
        result = app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), DEFAULT)
        assert ask(simulator, http, result["access_token"]) == (200, None)
        assert result["refresh_token"]
        refused = public(simulator, http).acquire_token_by_refresh_token(result["refresh_token"], SCOPES)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000218])


def test_wrong_secret() -> None:
    """A wrong secret is 401 invalid_client."""
    with sign_in_service() as (simulator, http):
        app = confidential(simulator, http, "wrong")
        result = app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        assert grants(simulator) == [("refresh_token", 401, "invalid_client")]
    assert result["error_codes"] == [7000215]


def test_client_credentials_are_app_only() -> None:
    """The application's own token is real, and the API refuses it by its code."""
    with sign_in_service() as (simulator, http):
        result = confidential(simulator, http).acquire_token_for_client(DEFAULT)
        claims = decode(result["access_token"])
        assert claims is not None
        assert claims["idtyp"] == "app"
        assert "scp" not in claims
        assert "refresh_token" not in result
        assert ask(simulator, http, result["access_token"]) == (403, 900329)


def test_client_credentials_need_the_default_scope() -> None:
    """Another scope than the default one is refused."""
    with sign_in_service() as (simulator, http):
        result = confidential(simulator, http).acquire_token_for_client(SCOPES)
    assert (result["error"], result["error_codes"]) == ("invalid_scope", [1002012])


@pytest.mark.parametrize(("offset", "granted"), [(600, True), (-600, False)])
def test_client_assertion(offset: float, *, granted: bool) -> None:
    """A federated or certificate credential is a signed assertion: its issuer and expiry are checked."""
    with sign_in_service() as (simulator, http):
        now = (decode(simulator.mint_token()) or {})["iat"]
        assertion = encode({"iss": simulator.client_id, "sub": simulator.client_id, "exp": now + offset})
        result = confidential(simulator, http, {"client_assertion": lambda: assertion}).acquire_token_for_client(
            DEFAULT
        )
    assert ("access_token" in result) is granted


def test_expired_refresh_token() -> None:
    """A refresh token expires when it is unused for too long."""
    with sign_in_service() as (simulator, http):
        result = public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(-1), SCOPES)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [700082])
    assert "AADSTS700082" in result["error_description"]


def test_revocation() -> None:
    """After a revocation both the access token and the refresh token are refused."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        before = app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        simulator.revoke_tokens()
        assert ask(simulator, http, before["access_token"])[0] == 401
        result = app.acquire_token_by_refresh_token(before["refresh_token"], SCOPES)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [50173])


def test_unknown_refresh_token() -> None:
    """A string that was never a refresh token."""
    with sign_in_service() as (simulator, http):
        result = public(simulator, http).acquire_token_by_refresh_token("nonsense", SCOPES)
    assert result["error"] == "invalid_grant"


def test_mfa_required_is_a_basic_action() -> None:
    """AADSTS50076 carries `suberror` and `claims`, as MSAL hands them on."""
    with sign_in_service() as (simulator, http):
        simulator.identity.fail_next("mfa_required")
        result = public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
    assert (result["error"], result["suberror"], result["error_codes"]) == ("invalid_grant", "basic_action", [50076])
    assert "access_token" in json.loads(result["claims"])


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in {"throttled", "unavailable"}])
def test_planned_errors_are_returned_as_often_as_planned(name: str) -> None:
    """Each planned error is a dictionary with an error, and ends after the planned number of answers."""
    with sign_in_service() as (simulator, http):
        simulator.identity.fail_next(name)
        token = simulator.mint_refresh_token()
        assert "error" in public(simulator, http).acquire_token_by_refresh_token(token, SCOPES)
        assert "access_token" in public(simulator, http).acquire_token_by_refresh_token(token, SCOPES)


@pytest.mark.parametrize(("name", "status"), [("throttled", 429), ("unavailable", 503), (HTML_ERROR, 503)])
def test_overloaded_sign_in(name: str, status: object) -> None:
    """A throttled or unavailable sign-in says how long to wait."""
    with sign_in_service() as (simulator, http):
        simulator.identity.fail_next(name, retry_after=7)
        response = http.post(f"{simulator.authority}/oauth2/v2.0/token", data={"grant_type": "refresh_token"})
    assert (response.status_code, response.headers["Retry-After"]) == (status, "7")


def test_unavailable_raises_in_msal() -> None:
    """A 5xx is an exception of MSAL's, not a dictionary."""
    with sign_in_service() as (simulator, http):
        simulator.identity.fail_next("unavailable")
        with pytest.raises(msal.exceptions.MsalServiceError):
            public(simulator, http).acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)


def test_lasting_error_until_ended() -> None:
    """An error can last until it is ended."""
    with sign_in_service() as (simulator, http):
        token = simulator.mint_refresh_token()
        simulator.identity.fail_always("revoked")
        for _ in range(2):
            assert "error" in public(simulator, http).acquire_token_by_refresh_token(token, SCOPES)
        simulator.identity.fail_always(None)
        assert "access_token" in public(simulator, http).acquire_token_by_refresh_token(token, SCOPES)


def test_unknown_error_name_is_refused() -> None:
    """A misspelt error name fails where it is planned."""
    with sign_in_service() as (simulator, _):
        with pytest.raises(ValueError, match="throttled"):
            simulator.identity.fail_next("nonsense")
        with pytest.raises(ValueError, match="throttled"):
            simulator.identity.fail_always("nonsense")


def test_unknown_application() -> None:
    """Another client id than the registered one."""
    with sign_in_service() as (simulator, http):
        app = msal.PublicClientApplication(
            OTHER_ID, authority=simulator.authority, instance_discovery=False, http_client=http
        )
        assert app.initiate_device_flow(SCOPES)["error"] == "unauthorized_client"
        result = app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
    assert (result["error"], result["error_codes"]) == ("unauthorized_client", [700016])


def test_unknown_tenant() -> None:
    """Another tenant has no discovery document, and MSAL says so."""
    with sign_in_service() as (simulator, http):
        authority = simulator.authority.replace(simulator.tenant_id, OTHER_ID)
        with pytest.raises(ValueError, match="tenant"):
            msal.PublicClientApplication(
                simulator.client_id, authority=authority, instance_discovery=False, http_client=http
            )


def test_instance_discovery() -> None:
    """With instance discovery pointed at the simulator, MSAL accepts its answer."""
    with sign_in_service() as (simulator, http):
        endpoint = simulator.authority.rpartition("/")[0] + "/common/discovery/instance"
        app = public(simulator, http, instance_discovery=endpoint)
        result = app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        paths = [record.path for record in simulator.log.records]
    assert "access_token" in result
    assert "/common/discovery/instance" in paths


def test_oidc_authority() -> None:
    """MSAL's generic OpenID Connect authority works as well: issuer and origin agree."""
    with sign_in_service() as (simulator, http):
        app = msal.PublicClientApplication(
            simulator.client_id, oidc_authority=f"{simulator.authority}/v2.0", http_client=http
        )
        assert app.initiate_device_flow(SCOPES)["device_code"]


def test_unsupported_grant() -> None:
    """A password grant is not supported."""
    with sign_in_service() as (simulator, http):
        form = {"grant_type": "password", "client_id": simulator.client_id}
        response = http.post(f"{simulator.authority}/oauth2/v2.0/token", data=form)
        keys = http.get(f"{simulator.authority}/discovery/v2.0/keys")
        assert grants(simulator) == [("password", 400, "unsupported_grant_type")]
    assert response.json()["error"] == "unsupported_grant_type"
    assert keys.json() == {"keys": []}


@pytest.mark.parametrize("error", ["unknown", "expired", "revoked"])
def test_a_refused_refresh_token_may_be_quoted(error: str) -> None:
    """With the switch on, the error's text holds the token; a client must not print it."""
    with sign_in_service(quotes_tokens=True) as (simulator, http):
        token = {"unknown": "a-token", "expired": simulator.mint_refresh_token(-1)}.get(error)
        token = token or simulator.mint_refresh_token()
        if error == "revoked":
            simulator.revoke_tokens()
        result = public(simulator, http).acquire_token_by_refresh_token(token, SCOPES)
    assert token in result["error_description"]


def test_claims_that_are_asked_for_are_in_the_token() -> None:
    """An authentication context, as a claims challenge asks for it; other claims are ignored."""
    with sign_in_service() as (simulator, http):
        app = public(simulator, http)
        app.acquire_token_by_refresh_token(simulator.mint_refresh_token(), SCOPES)
        (account,) = app.get_accounts()
        contexts = []
        for value in ('{"access_token":{"acrs":{"essential":true,"value":"c7"}}}', '{"access_token":{"nbf":{}}}'):
            result = app.acquire_token_silent_with_error(SCOPES, account, claims_challenge=value)
            contexts.append((decode(result["access_token"]) or {}).get("acrs"))
    assert contexts == [["c7"], None]
