"""The API and the sign-in service through a proxy, with real sockets and TLS: only host names are in clear text."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from auditor.core.connection import Proxy
from auditor.core.model import ApiResponse
from auditor.errors import SettingsError
from auditor.fetch.blocking_http import requests_session
from auditor.fetch.client import PartnerCenterClient, open_session, timeouts_within
from auditor.fetch.transport_security import proxy_for
from auditor.simulator import Simulator, SimulatorOptions, ThrottleOptions, serve_in_thread
from conftest import CUSTOMER
from connect_proxy import ConnectProxy, connect_proxy

IDS = ("11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS."""
    with serve_in_thread(SimulatorOptions(throttle=ThrottleOptions(windows=()))) as served:
        yield served


async def _ask(simulator: Simulator, proxy: str, ca: Path | None = None) -> ApiResponse:
    ca = ca or simulator.ca_file
    async with open_session(timeouts_within(5.0), str(ca), Proxy(proxy), connections=2) as session:
        api = PartnerCenterClient(session, simulator.api_url)
        return await api.validation_status(CUSTOMER, simulator.mint_token(), *IDS)


def _discovery(simulator: Simulator, proxy: str, ca: Path | None = None) -> requests.Response:
    with requests_session(str(ca or simulator.ca_file), Proxy(proxy)) as session:
        return session.get(f"{simulator.authority}/v2.0/.well-known/openid-configuration", timeout=5)


def _is_closed(proxy: ConnectProxy) -> bool:
    """True if the proxy received nothing but CONNECT requests."""
    said = "".join(proxy.heads)
    return proxy.methods == {"CONNECT"} and "Bearer" not in said and CUSTOMER not in said


async def test_both_clients_use_the_proxy(simulator: Simulator) -> None:
    """The proxy sees one CONNECT each, with its password; the responses come from the services."""
    with connect_proxy(password="ada:p@ss") as proxy:
        url = f"http://ada:p%40ss@127.0.0.1:{proxy.port}"
        reply = await _ask(simulator, url)
        found = _discovery(simulator, url)
    assert reply.http_status in {200, 404}
    assert reply.failure is None
    assert found.json()["token_endpoint"].startswith("https://")
    assert proxy.targets == [url.partition("//")[2].rstrip("/").partition("/")[0] for url in _services(simulator)]
    assert _is_closed(proxy)


def _services(simulator: Simulator) -> tuple[str, str]:
    return simulator.api_url, simulator.authority


async def test_the_proxy_itself_may_use_tls(simulator: Simulator, tmp_path: Path) -> None:
    """TLS within TLS; both are checked against the same setting of extra authorities."""
    network = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    network.issue_cert("127.0.0.1").configure_cert(context)
    both = tmp_path / "both.pem"
    both.write_bytes(simulator.ca_pem + network.cert_pem.bytes())
    with connect_proxy(context) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        reply = await _ask(simulator, url, both)
        found = _discovery(simulator, url, both)
        assert reply.failure is None
        assert found.status_code == 200
        refused = await _ask(simulator, url)
        assert refused.untrusted
        with pytest.raises(requests.exceptions.ProxyError):
            _discovery(simulator, url)
    assert _is_closed(proxy)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("407 Proxy Authentication Required", "the proxy refuses the way to the API (407): Proxy Authentication Required"),
        ("401 Unauthorized", "the proxy refuses the way to the API (401): Unauthorized"),
        ("503 Service Unavailable", "the proxy refuses the way to the API (503): Service Unavailable"),
    ],
)  # fmt: skip
async def test_a_proxys_refusal_is_not_the_apis(simulator: Simulator, answer: str, words: str) -> None:
    """A proxy's 401 does not renew a token; its description has no password."""
    with connect_proxy(answer=answer) as proxy:
        reply = await _ask(simulator, f"http://ada:marked@127.0.0.1:{proxy.port}")
    assert reply.http_status is None
    assert reply.failure == f"ClientHttpProxyError: {words}"


async def test_an_unreachable_proxy_is_named_without_its_password(simulator: Simulator) -> None:
    """The message says that the proxy cannot be reached."""
    reply = await _ask(simulator, "http://ada:marked@127.0.0.1:1")
    assert reply.failure is not None
    assert "cannot connect to the proxy 127.0.0.1:1" in reply.failure
    assert "marked" not in reply.failure


async def test_the_environment_is_ignored(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy, nor `.netrc`, nor requests' own bundle from the environment reaches either client."""
    (tmp_path / ".netrc").write_text("machine localhost login ada password marked\n", encoding="ascii")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with open_session(timeouts_within(5.0), str(simulator.ca_file), connections=2) as session:
        api = PartnerCenterClient(session, simulator.api_url)
        assert (await api.validation_status(CUSTOMER, simulator.mint_token(), *IDS)).failure is None
    with requests_session(str(simulator.ca_file), None) as plain:
        assert plain.get(f"{simulator.authority}/v2.0/.well-known/openid-configuration", timeout=5).ok


def test_which_proxy_a_service_uses() -> None:
    """None for NO_PROXY and plain http; an unsupported kind of proxy is an error only if it is needed."""
    proxy, socks = Proxy("http://proxy.example:3128"), Proxy("socks5://ada:marked@proxy.example:1080")
    assert proxy_for("https://api.example", proxy, "") is proxy
    assert proxy_for("https://api.example", None, "") is None
    assert proxy_for("https://api.example", proxy, "example") is None
    assert proxy_for("http://127.0.0.1:5000", proxy, "") is None
    assert proxy_for("https://api.example", socks, "api.example") is None
    with pytest.raises(SettingsError, match="SOCKS") as caught:
        proxy_for("https://api.example", socks, "")
    assert "marked" not in f"{caught.value} {caught.value.hint}"
