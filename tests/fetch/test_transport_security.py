"""Both clients trust the system's authorities and those of one setting, and no others."""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from auditor.core.connection import Trust, explain_untrusted
from auditor.core.judge.classification import classify
from auditor.core.model import ApiResponse
from auditor.errors import SettingsError, StoppedEarlyError
from auditor.fetch import transport_security
from auditor.fetch.auth.service import call_with_retries
from auditor.fetch.blocking_http import MsalHttpClient, requests_session
from auditor.fetch.client import PartnerCenterClient, open_session, timeouts_within
from auditor.fetch.service_probe import probe
from auditor.fetch.transport_security import tls_context
from auditor.settings import load
from auditor.simulator import Simulator, SimulatorOptions, ThrottleOptions, serve_in_thread
from conftest import CUSTOMER

IDS = ("11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS, by an authority that no system knows."""
    with serve_in_thread(SimulatorOptions(throttle=ThrottleOptions(windows=()))) as served:
        yield served


async def _api(simulator: Simulator, ca_bundle: str | None) -> ApiResponse:
    async with open_session(timeouts_within(5.0), ca_bundle) as session:
        return await PartnerCenterClient(session, simulator.api_url).validation_status(
            CUSTOMER, simulator.mint_token(), *IDS
        )


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
    """With the authority both succeed, without it both refuse, also with truststore's contexts."""
    if platform != "ours":
        monkeypatch.setattr(transport_security, "_OWN_STORE", frozenset({sys.platform}))
        assert type(tls_context(None)) is not ssl.SSLContext
    ca = str(simulator.ca_file)
    assert (await _api(simulator, ca)).failure is None
    assert _sign_in(simulator, ca)
    assert (await _api(simulator, None)).untrusted
    assert not _sign_in(simulator, None)


@pytest.mark.parametrize(("variable", "trusted"), [("SSL_CERT_FILE", True), ("REQUESTS_CA_BUNDLE", False)])
async def test_both_clients_use_the_same_environment(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    trusted: bool,  # noqa: FBT001 - a table's column
) -> None:
    """OpenSSL's variable replaces the system's store in both; that of one library changes neither."""
    monkeypatch.setenv(variable, str(simulator.ca_file))
    assert ((await _api(simulator, None)).failure is None, _sign_in(simulator, None)) == (trusted, trusted)


def test_the_sign_in_trusts_no_other_authority(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests' own list of authorities is not loaded."""
    only = trustme.CA()
    monkeypatch.setattr(transport_security, "_system_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with requests_session(None, None) as session:
        with pytest.raises(requests.exceptions.SSLError):
            session.get(simulator.authority, timeout=5)
        context = session.get_adapter(simulator.authority).poolmanager.connection_pool_kw["ssl_context"]  # type: ignore[attr-defined] # an HTTPAdapter
        assert context.get_ca_certs() == []
        only.configure_trust(context)
        assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_bundle_without_a_certificate_is_refused(tmp_path: Path, content: str | None) -> None:
    """A missing file, or one without certificates, is reported at once, with the setting's name."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content, encoding="ascii")
    with pytest.raises(SettingsError, match="AUDITOR_CA_BUNDLE"):
        tls_context(str(bundle))


def test_old_tls_is_not_accepted() -> None:
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
async def test_the_reason_for_an_untrusted_certificate_is_given(
    tmp_path: Path, name: str, dates: tuple[datetime, datetime], code: int, words: str
) -> None:
    """With a trusted authority, both clients distinguish wrong dates from wrong names."""
    authority, ca = trustme.CA(), str(tmp_path / "ca.pem")
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=dates[0], not_after=dates[1]).configure_cert(context)
    async with await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with open_session(timeouts_within(5.0), ca) as session:
            reply = await PartnerCenterClient(session, url).validation_status(CUSTOMER, "token", *IDS)
        seen = await asyncio.to_thread(probe, url, ca, None)
    for each in (reply, seen.response):
        assert (each.untrusted, each.verify_code) == (True, code)
    assert words in str(seen.response.failure)
    assert seen.certificate is not None


def _inspection_authority(folder: Path) -> tuple[ssl.SSLContext, str]:
    """An authority as in many networks (Basic Constraints not critical, no key identifiers), and a server's certificate."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Inspection CA", "server")]
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    extensions = [x509.BasicConstraints(ca=True, path_length=None), address]
    paths: list[Path] = []
    for key, name, extension in zip(keys, names, extensions, strict=True):
        made = x509.CertificateBuilder().subject_name(name).issuer_name(names[0]).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(LONG_AGO).not_valid_after(TOMORROW)
        certificate = made.add_extension(extension, critical=False).sign(keys[0], hashes.SHA256())
        paths.append(folder / f"{len(paths)}.pem")
        paths[-1].write_bytes(certificate.public_bytes(Encoding.PEM))
    private = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths[1], folder / "key.pem")
    return context, str(paths[0])


def _use_strict_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.13 makes its contexts."""

    def strict() -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(transport_security, "_system_context", strict)


async def test_an_authority_of_the_wrong_form_may_be_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clients accept it; the setting only drops the strict checks: untrusted servers and other hosts stay refused."""
    context, ca = _inspection_authority(tmp_path)
    _use_strict_contexts(monkeypatch)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]

        async def both(trust: Trust, host: str = "127.0.0.1") -> list[ApiResponse]:
            url = f"https://{host}:{port}"
            async with open_session(timeouts_within(5.0), trust) as session:
                reply = await PartnerCenterClient(session, url).validation_status(CUSTOMER, "token", *IDS)
            return [reply, (await asyncio.to_thread(probe, url, trust, None)).response]

        for refused in await both(Trust(ca)):
            what, cure = explain_untrusted(refused.verify_code)
            assert refused.untrusted
            assert "no Authority Key Identifier" in what or "not critical" in what or "without key usage" in what
            assert "AUDITOR_CA_RELAXED=true" in cure
            run_end = classify(refused, CUSTOMER).run_end
            assert run_end is not None
            assert run_end.hint == cure
        with pytest.raises(StoppedEarlyError, match="is refused for its form") as gave_up:
            await asyncio.to_thread(
                call_with_retries, lambda: MsalHttpClient(Trust(ca)).get(f"https://127.0.0.1:{port}"), "x", bool
            )
        assert "AUDITOR_CA_RELAXED=true" in gave_up.value.hint
        assert [reply.http_status for reply in await both(Trust(ca, relaxed=True))] == [404, 404]
        assert all(reply.untrusted for reply in await both(Trust(None, relaxed=True)))
        assert all(reply.untrusted for reply in await both(Trust(ca, relaxed=True), "localhost"))


def test_strict_checks_are_on_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting changes one flag, and neither trust nor the host's name."""
    _use_strict_contexts(monkeypatch)
    assert load({}, environment={})[0].trust == Trust()
    relaxed = load({}, environment={"AUDITOR_CA_RELAXED": "true"})[0].trust
    contexts = [tls_context(each) for each in (Trust(), relaxed)]
    assert [bool(each.verify_flags & ssl.VERIFY_X509_STRICT) for each in contexts] == [True, False]
    assert {(each.verify_mode, each.check_hostname) for each in contexts} == {(ssl.CERT_REQUIRED, True)}
