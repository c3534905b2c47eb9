"""Interactive sign-in through the real MSAL and TLS; a plain HTTP client replaces the browser.

A real browser does the same in tests/system.
"""

import json
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msal
import pytest

from auditor.core.sign_in.token_claims import read_claims
from auditor.errors import SettingsError, SignInError
from auditor.fetch.auth.interactive import BrowserOptions, open_browser, sign_in_by_browser, sign_in_by_device_code
from auditor.fetch.auth.loopback import LoopbackServer
from auditor.fetch.auth.service import msal_application
from auditor.simulator import Simulator
from sign_in_support import SCOPE, confidential, grants, no_wait, registration, say_nothing, sign_in_service

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
ACTION = re.compile(r'action="([^"]+)"')


class Person:
    """Opens the address, presses a button, and lets the page post the answer back, as a browser would."""

    def __init__(
        self, simulator: Simulator, choice: str = "accept", change: Callable[[dict[str, str]], Any] = dict
    ) -> None:
        self._context = ssl.create_default_context(cafile=str(simulator.ca_file))
        self._choice = choice
        self._change = change
        self.addresses: list[str] = []

    def open(self, address: str) -> bool:
        """Sign in within another thread, as a browser does."""
        self.addresses.append(address)
        threading.Thread(target=self._sign_in, args=(address,), daemon=True).start()
        return True

    def _sign_in(self, address: str) -> None:
        fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        page = self._post(address.partition("?")[0], {**fields, "simulated_choice": self._choice})
        answer = {name: value.replace("&amp;", "&") for name, value in HIDDEN.findall(page)}
        action = ACTION.search(page)
        assert action is not None
        self._change(answer)
        with suppress(urllib.error.HTTPError):
            self._post(action.group(1), answer)

    def _post(self, url: str, fields: dict[str, str]) -> str:
        request = urllib.request.Request(url, urlencode(fields).encode())  # noqa: S310 - https to the simulator, http to loopback
        context = self._context if url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=10, context=context) as response:  # noqa: S310 - as above
            return str(response.read().decode())


def complete_sign_in(simulator: Simulator, person: Person, **changes: Any) -> tuple[str, Any, list[str]]:
    """The access token, MSAL's cache, and what the user was told."""
    cache, talk = msal.SerializableTokenCache(), list[str]()
    sign_in = registration(simulator, **changes)
    token = sign_in_by_browser(sign_in, cache, talk.append, no_wait, BrowserOptions(open=person.open, timeout=20))
    return token, cache, talk


@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_browser_sign_in(kind: str) -> None:
    """PKCE, a state, and the answer posted and not in an address; the sign-in can be renewed afterwards."""
    with sign_in_service() as simulator:
        changes = {"credential": confidential(simulator)} if kind == "confidential" else {}
        person = Person(simulator)
        token, cache, talk = complete_sign_in(simulator, person, **changes)
        assert grants(simulator) == [("authorization_code", 200, None)]
        asked = {name: values[0] for name, values in parse_qs(urlsplit(person.addresses[0]).query).items()}
    assert (asked["code_challenge_method"], asked["response_mode"]) == ("S256", "form_post")
    assert asked["amr_values"] == "mfa"
    assert urlsplit(asked["redirect_uri"]).hostname == "localhost"
    assert "offline_access" in asked["scope"]
    assert person.addresses[0] in talk[0]
    claims = read_claims(token)
    assert claims is not None
    assert (claims.user_name, claims.mfa) == ("auditor@partner.example", True)
    assert list(cache.search(msal.TokenCache.CredentialType.REFRESH_TOKEN))


def test_a_browser_in_the_foreground_does_not_block() -> None:
    """Some browsers return from opening only when the user closes them."""
    closed = threading.Event()
    with sign_in_service() as simulator:
        person = Person(simulator)

        def stays(address: str) -> bool:
            person.open(address)
            return closed.wait(60)

        browser = BrowserOptions(open=stays, timeout=20)
        sign_in_by_browser(registration(simulator), msal.SerializableTokenCache(), say_nothing, no_wait, browser)
        assert grants(simulator) == [("authorization_code", 200, None)]
    closed.set()


def test_a_cancelled_browser_sign_in_is_reported() -> None:
    """The code is not redeemed."""
    with sign_in_service() as simulator:
        with pytest.raises(SignInError, match="refused"):
            complete_sign_in(simulator, Person(simulator, "cancel"))
        assert grants(simulator) == []


def test_a_code_with_another_state_is_not_redeemed() -> None:
    """The answer is refused, and the sign-in fails."""
    with sign_in_service() as simulator:
        person = Person(simulator, change=lambda answer: answer.update(state="another"))
        cache = msal.SerializableTokenCache()
        with pytest.raises(SignInError, match="within the time"):
            sign_in_by_browser(
                registration(simulator), cache, say_nothing, no_wait, BrowserOptions(open=person.open, timeout=0.5)
            )
        assert grants(simulator) == []


def test_a_wrong_code_is_not_quoted() -> None:
    """The service's own text may quote it."""
    with sign_in_service() as simulator, pytest.raises(SignInError, match="AADSTS54005") as refused:
        complete_sign_in(simulator, Person(simulator, change=lambda answer: answer.update(code="marked-code")))
    assert "marked" not in f"{refused.value} {refused.value.hint}"


def test_a_taken_port_is_reported() -> None:
    """The message says to name another one."""
    with sign_in_service() as simulator, LoopbackServer() as other, pytest.raises(SettingsError) as taken:
        sign_in_by_browser(registration(simulator), None, say_nothing, no_wait, BrowserOptions(port=other.port))
    assert "--port" in taken.value.hint


def test_without_a_browser_the_address_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a window no browser is opened, and a browser that fails is not an error."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    opened: list[str] = []

    def opens(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", opens)
    monkeypatch.setattr("sys.platform", "linux")
    assert open_browser("https://x.example") is False
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_browser("https://x.example") is True
    assert opened == ["https://x.example"]

    def fails(_address: str) -> bool:
        raise OSError

    monkeypatch.setattr("webbrowser.open", fails)
    assert open_browser("https://x.example") is False


def test_device_code_sign_in() -> None:
    """The user is told which address to open and which code to enter."""
    with sign_in_service() as simulator:
        talk: list[str] = []
        token = sign_in_by_device_code(registration(simulator), msal.SerializableTokenCache(), talk.append, no_wait)
        assert grants(simulator)[-1] == ("device_code", 200, None)
    assert "enter the code" in talk[0]
    assert read_claims(token) is not None


def test_every_sign_in_method_works_while_the_simulator_logs_to_a_file(tmp_path: Path) -> None:
    """Browser, device code and refresh token; each request is in the file, and no token is."""
    log = tmp_path / "requests.jsonl"
    with sign_in_service(log_file=log) as simulator:
        token, cache, _ = complete_sign_in(simulator, Person(simulator))
        another = sign_in_by_device_code(registration(simulator), msal.SerializableTokenCache(), say_nothing, no_wait)
        [refresh_token] = [each["secret"] for each in json.loads(cache.serialize())["RefreshToken"].values()]
        renewed = msal_application(registration(simulator)).acquire_token_by_refresh_token(refresh_token, [SCOPE])
        records = simulator.log.records
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == [record.path for record in records]
    assert {"authorization_code", "device_code", "refresh_token"} <= {json.loads(line)["kind"] for line in lines}
    for secret in (token, another, refresh_token, renewed["access_token"]):
        assert not any(secret in line for line in lines)


def _without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Remove members from the sign-in service's answer."""
    asked = msal.PublicClientApplication.initiate_device_flow

    def initiate(app: Any, scopes: list[str]) -> dict[str, Any]:
        return {name: value for name, value in asked(app, scopes).items() if name not in names}

    monkeypatch.setattr(msal.PublicClientApplication, "initiate_device_flow", initiate)


def test_a_device_code_without_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """`message` is Microsoft's own; the standard has the address and the code."""
    _without(monkeypatch, "message")
    with sign_in_service() as simulator:
        talk: list[str] = []
        sign_in_by_device_code(registration(simulator), msal.SerializableTokenCache(), talk.append, no_wait)
    assert "open https://" in talk[0]
    assert "enter the code" in talk[0]


@pytest.mark.parametrize("missing", [("message", "verification_uri"), ("message", "user_code"), ("device_code",)])
def test_an_incomplete_device_code_is_an_error(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    """The error says that it is not the right kind of sign-in service; there is no traceback."""
    _without(monkeypatch, *missing)
    with sign_in_service() as simulator, pytest.raises(SignInError) as refused:
        sign_in_by_device_code(registration(simulator), msal.SerializableTokenCache(), say_nothing, no_wait)
    assert refused.value.hint


def test_a_declined_device_code() -> None:
    """The message says so."""
    with sign_in_service(approve_device=False) as simulator:

        def decline(sentence: str) -> None:
            code = sentence.rpartition("code ")[2].strip(". ")
            assert simulator.sign_ins.decide_device(code, approved=False)

        with pytest.raises(SignInError, match="declined"):
            sign_in_by_device_code(registration(simulator), None, decline, no_wait)


def test_an_expired_device_code() -> None:
    """No user entered the code in time."""
    with sign_in_service(device_lifetime=0) as simulator, pytest.raises(SignInError, match="in time"):
        sign_in_by_device_code(registration(simulator), None, say_nothing, no_wait)


def test_a_device_code_for_an_unknown_app() -> None:
    """The app registration is unknown."""
    with sign_in_service() as simulator, pytest.raises(SignInError, match="AADSTS700016"):
        sign_in_by_device_code(registration(simulator, client_id="another"), None, say_nothing, no_wait)


def test_a_confidential_client_has_no_device_code() -> None:
    """The message names the secret or certificate that is set."""
    with sign_in_service() as simulator, pytest.raises(SettingsError, match="public clients"):
        sign_in_by_device_code(registration(simulator, credential=confidential(simulator)), None, say_nothing, no_wait)
