"""Whom both clients trust: the system's authorities and those of one setting, and nobody else."""

import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from auditor.core.model import Reply
from auditor.errors import SettingsError
from auditor.fetch import tls
from auditor.fetch.partner_center import Connection, PartnerCenter, Timeouts, open_session
from auditor.fetch.requests_session import requests_session
from auditor.fetch.tls import tls_context
from auditor.simulator import Simulator, SimulatorOptions, ThrottleOptions, serve_in_thread
from conftest import CUSTOMER

IDS = ("11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS, by an authority that no system knows."""
    with serve_in_thread(SimulatorOptions(throttle=ThrottleOptions(windows=()))) as served:
        yield served


async def _api(simulator: Simulator, ca_bundle: str | None) -> Reply:
    async with open_session(Connection(simulator.api_url, Timeouts.within(5.0), ca_bundle)) as session:
        return await PartnerCenter(session, simulator.api_url).validation_status(CUSTOMER, simulator.mint_token(), *IDS)


def _sign_in(simulator: Simulator, ca_bundle: str | None) -> bool:
    with requests_session(ca_bundle, None) as session:
        try:
            return session.get(f"{simulator.authority}/v2.0/.well-known/openid-configuration", timeout=5).ok
        except requests.exceptions.SSLError:
            return False


@pytest.mark.parametrize("platform", ["ours", "with a store of its own"])
async def test_one_setting_feeds_both_clients(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    """With the authority both succeed, without it both refuse; through truststore's contexts as well."""
    if platform != "ours":
        monkeypatch.setattr(tls, "_OWN_STORE", frozenset({sys.platform}))
        assert type(tls_context(None)) is not ssl.SSLContext
    ca = str(simulator.ca_file)
    assert (await _api(simulator, ca)).failure is None
    assert _sign_in(simulator, ca)
    assert (await _api(simulator, None)).untrusted
    assert not _sign_in(simulator, None)


@pytest.mark.parametrize(("variable", "trusted"), [("SSL_CERT_FILE", True), ("REQUESTS_CA_BUNDLE", False)])
async def test_both_clients_believe_the_same_environment(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    trusted: bool,  # noqa: FBT001 - a table's column
) -> None:
    """OpenSSL's variable stands for the system's store in both; that of one library changes neither."""
    monkeypatch.setenv(variable, str(simulator.ca_file))
    assert ((await _api(simulator, None)).failure is None, _sign_in(simulator, None)) == (trusted, trusted)


def test_the_sign_in_trusts_nobody_beside(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests' own list of authorities is not loaded beside ours, as it would be into any context."""
    only = trustme.CA()
    monkeypatch.setattr(tls, "_system_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with requests_session(None, None) as session:
        with pytest.raises(requests.exceptions.SSLError):
            session.get(simulator.authority, timeout=5)
        adapter = session.get_adapter(simulator.authority)
        assert adapter._context.get_ca_certs() == []  # type: ignore[attr-defined] # our own adapter
        only.configure_trust(adapter._context)  # type: ignore[attr-defined] # see above
        assert len(adapter._context.get_ca_certs()) == 1  # type: ignore[attr-defined] # see above


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_bundle_that_holds_no_certificate_is_refused(tmp_path: Path, content: str | None) -> None:
    """Missing, or something else than certificates: said at once, with the setting's name."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content, encoding="ascii")
    with pytest.raises(SettingsError, match="AUDITOR_CA_BUNDLE"):
        tls_context(str(bundle))


def test_old_tls_is_not_spoken() -> None:
    """TLS 1.2 is the oldest."""
    assert tls_context(None).minimum_version is ssl.TLSVersion.TLSv1_2
