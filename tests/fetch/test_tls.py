"""Whom both clients trust: the system's authorities and those of one setting, and nobody else."""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import trustme

from auditor.core.model import Reply
from auditor.errors import SettingsError
from auditor.fetch import tls
from auditor.fetch.partner_center import Connection, PartnerCenter, Timeouts, open_session
from auditor.fetch.probe import look
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


YESTERDAY, LONG_AGO, TOMORROW = (datetime.now(UTC) + timedelta(days=days) for days in (-1, -9, 1))


@pytest.mark.parametrize(
    ("name", "dates", "code", "words"),
    [
        ("127.0.0.1", (LONG_AGO, YESTERDAY), 10, "has expired"),
        ("127.0.0.1", (TOMORROW, TOMORROW + timedelta(days=9)), 9, "is not valid yet"),
        ("elsewhere.example", (LONG_AGO, TOMORROW), 64, "is for another host"),
    ],
)
async def test_why_a_certificate_is_not_trusted(
    tmp_path: Path, name: str, dates: tuple[datetime, datetime], code: int, words: str
) -> None:
    """By an authority that is trusted: dates and names are told apart, by both clients alike."""
    authority, ca = trustme.CA(), str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=dates[0], not_after=dates[1]).configure_cert(context)
    async with await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_session(Connection(url, Timeouts.within(5.0), ca)) as session:
            reply = await PartnerCenter(session, url).validation_status(CUSTOMER, "token", *IDS)
        seen = await asyncio.to_thread(look, url, ca, None)
    for each in (reply, seen.reply):
        assert (each.untrusted, each.verify_code) == (True, code)
    assert words in str(seen.reply.failure)
    assert seen.certificate is not None
