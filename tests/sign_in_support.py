"""Shared by the tests of the sign-in: a simulator's sign-in service, and an app registration for it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor.fetch.auth.registration import Credential, SignIn
from auditor.fetch.auth.sign_in_store import encode_sign_in
from auditor.fetch.token_store import TokenStore, open_store
from auditor.settings import Secret
from auditor.simulator import (
    AnswerOptions,
    GateOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

SCOPE = "https://api.partnercenter.microsoft.com/user_impersonation"


@contextmanager
def sign_in_service(
    gate: GateOptions | None = None, latency: float = 0.01, log_file: Path | None = None, **identity: Any
) -> Iterator[Simulator]:
    """A simulator in its own thread whose customers are all allowed; devices poll without a pause."""
    options = SimulatorOptions(
        announces=False,
        answers=AnswerOptions(weights={"allowed": 1}, latency_seconds=latency),
        throttle=ThrottleOptions(windows=()),
        gate=gate or GateOptions(),
        log_file=log_file,
        identity=IdentityOptions(**{"device_interval": 0, **identity}),
    )
    with serve_in_thread(options) as simulator:
        yield simulator


def registration(simulator: Simulator, **changes: Any) -> SignIn:
    """The simulator's app registration, as a public client."""
    wanted = {
        "client_id": simulator.client_id,
        "authority": simulator.authority,
        "scope": SCOPE,
        "ca_bundle": str(simulator.ca_file),
    }
    return SignIn(**{**wanted, **changes})


def confidential(simulator: Simulator) -> Credential:
    """The app registration's secret."""
    return Credential(Secret(simulator.client_secret))


def store_in(folder: Path, sign_in: SignIn) -> TokenStore:
    """The token store of an app registration."""
    found = open_store(sign_in.authority, sign_in.client_id, folder=str(folder))
    assert found is not None
    return found


def refresh_tokens(store: TokenStore) -> list[str]:
    """The refresh tokens that a store holds."""
    document = json.loads(store.load() or "{}")
    return [each["secret"] for each in document.get("cache", {}).get("RefreshToken", {}).values()]


def keep(store: TokenStore, sign_in: SignIn, change: Callable[[dict[str, Any]], None]) -> None:
    """Change MSAL's cache in a store."""
    cache = json.loads(store.load() or "{}")["cache"]
    change(cache)
    store.save(encode_sign_in(sign_in, json.dumps(cache)))


def use(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, **more: str) -> None:
    """Set the operator's environment variables, and others for a test."""
    wanted = {
        "API_URL": simulator.api_url,
        "AUTHORITY": simulator.authority,
        "CLIENT_ID": simulator.client_id,
        "CA_BUNDLE": str(simulator.ca_file),
        **more,
    }
    for name, value in wanted.items():
        monkeypatch.setenv(f"AUDITOR_{name}", value)


def grants(simulator: Simulator) -> list[tuple[str | None, int | None, str | None]]:
    """The requested grants of the token endpoint, and its errors."""
    return [(r.kind, r.status, r.error) for r in simulator.log.sign_ins if r.path.endswith("/token")]


def no_wait(_seconds: float) -> bool:
    """Return at once."""
    return False


def say_nothing(_sentence: str) -> None:
    """Ignore the sentence."""
