"""Sign-in in the browser: authorization code with PKCE, and the entry of a device's code."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import msal
import pytest
import requests
from sim_support import OPEN, MsalHttp

from auditor.simulator import IdentityOptions, Simulator, SimulatorOptions, serve_in_thread

SCOPES = ["https://api.partnercenter.microsoft.com/user_impersonation"]
REDIRECT = "http://localhost:1/back"

# MSAL advises against the redirect mode; the service has it all the same.
pytestmark = pytest.mark.filterwarnings("ignore:response_mode:UserWarning")


class Form(HTMLParser):
    """The first form of a page: its target and the fields that would be sent."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the form and its fields."""
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action") or ""
        if tag == "input" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""


def app_of(simulator: Simulator, http: MsalHttp) -> Any:
    """MSAL as a desktop program."""
    return msal.PublicClientApplication(
        simulator.client_id, authority=simulator.authority, instance_discovery=False, http_client=http
    )


def submit(http: MsalHttp, url: str, choice: str) -> requests.Response:
    """Opens a sign-in page and presses one of its buttons."""
    page = http.get(url)
    assert page.status_code == 200
    form = Form(page.text)
    return http.post(urljoin(url, form.action), data={**form.fields, "simulated_choice": choice})


@pytest.fixture
def service() -> Iterator[tuple[Simulator, MsalHttp]]:
    """A simulator on its own thread with an HTTP client; devices wait for a person."""
    identity = IdentityOptions(approve_device=False, device_interval=0)
    with serve_in_thread(SimulatorOptions(throttle=OPEN, identity=identity)) as simulator:
        http = MsalHttp(simulator)
        yield simulator, http
        http.close()


def answer_of(response: requests.Response) -> dict[str, str]:
    """The answer to the application in a redirect."""
    assert response.status_code == 302
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


def test_code_by_redirect(service: tuple[Simulator, MsalHttp]) -> None:
    """MSAL's flow with PKCE, state and nonce works by redirect; the code is valid once."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, login_hint="someone@partner.example")
    answer = answer_of(submit(http, flow["auth_uri"], "accept"))
    result = app.acquire_token_by_auth_code_flow(flow, answer)
    assert result["id_token_claims"]["nonce"]
    assert result["refresh_token"]
    again = app_of(simulator, http).acquire_token_by_auth_code_flow(flow, answer)
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [54005])


def test_code_by_form_post(service: tuple[Simulator, MsalHttp]) -> None:
    """In the response mode of MSAL's own listener, a page posts the answer to the application."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, response_mode="form_post")
    form = Form(submit(http, flow["auth_uri"], "accept").text)
    assert form.action == REDIRECT
    assert "access_token" in app.acquire_token_by_auth_code_flow(flow, form.fields)


def test_cancelled(service: tuple[Simulator, MsalHttp]) -> None:
    """Cancelling returns an error with the application's state."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    result = app.acquire_token_by_auth_code_flow(flow, answer_of(submit(http, flow["auth_uri"], "cancel")))
    assert result["error"] == "access_denied"


def test_login_hint_is_shown(service: tuple[Simulator, MsalHttp]) -> None:
    """The page shows the user name of the login hint."""
    simulator, http = service
    flow = app_of(simulator, http).initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT, login_hint='a"<b>@c')
    form = Form(http.get(flow["auth_uri"]).text)
    assert form.fields["simulated_account"] == 'a"<b>@c'


def test_verifier_must_match(service: tuple[Simulator, MsalHttp]) -> None:
    """PKCE is checked: a code is refused without its verifier."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    answer = answer_of(submit(http, flow["auth_uri"], "accept"))
    result = app.acquire_token_by_auth_code_flow({**flow, "code_verifier": "x" * 43}, answer)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [501481])


def test_redirect_uri_must_be_the_same(service: tuple[Simulator, MsalHttp]) -> None:
    """A code is bound to the address that it was asked for."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    answer = answer_of(submit(http, flow["auth_uri"], "accept"))
    result = app.acquire_token_by_auth_code_flow({**flow, "redirect_uri": "http://localhost:2/back"}, answer)
    assert (result["error"], result["error_codes"]) == ("invalid_grant", [50011])


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"client_id": "nobody"}, "AADSTS700016"),
        ({"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
        ({"response_type": "token"}, "AADSTS700054"),
        ({"code_challenge_method": "plain"}, "AADSTS501491"),
    ],
)
def test_bad_authorization_requests(service: tuple[Simulator, MsalHttp], changed: dict[str, str], number: str) -> None:
    """An invalid request, opened or posted, ends on an error page without a redirect."""
    simulator, http = service
    flow = app_of(simulator, http).initiate_auth_code_flow(SCOPES, redirect_uri=REDIRECT)
    query = {name: values[0] for name, values in parse_qs(urlsplit(flow["auth_uri"]).query).items()} | changed
    url = f"{simulator.authority}/oauth2/v2.0/authorize"
    for response in (http.get(url, params=query), http.post(url, data=query)):
        assert response.status_code == 400
        assert number in response.text


@pytest.mark.parametrize(("choice", "error"), [("accept", None), ("cancel", "authorization_declined")])
def test_device_code_is_entered(service: tuple[Simulator, MsalHttp], choice: str, error: str | None) -> None:
    """A person opens the page that the device shows, enters the code, and approves or declines."""
    simulator, http = service
    app = app_of(simulator, http)
    flow = app.initiate_device_flow(SCOPES)
    assert http.get(flow["verification_uri"]).status_code == 200
    wrong = http.post(flow["verification_uri"], data={"user_code": "nonsense", "choice": "accept"})
    assert wrong.status_code == 400
    right = http.post(flow["verification_uri"], data={"user_code": flow["user_code"], "choice": choice})
    assert right.status_code == 200
    assert app.acquire_token_by_device_flow(flow).get("error") == error


def test_values_are_escaped(service: tuple[Simulator, MsalHttp]) -> None:
    """Values of a request are escaped on the page."""
    simulator, http = service
    url = f"{simulator.authority}/oauth2/v2.0/authorize"
    query = {
        "client_id": simulator.client_id,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "state": '"><script>alert(1)</script>',
    }
    assert "<script>alert" not in http.get(url, params=query).text
    assert "<script>alert" not in http.post(url, data={**query, "response_mode": "form_post"}).text
