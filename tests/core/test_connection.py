"""NO_PROXY, and proxies without their credentials."""

import pytest

from auditor.core.connection import LOOPBACK, Proxy, bypasses_proxy

API = "https://api.partnercenter.microsoft.com"


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        (API, "*"),
        (API, "api.partnercenter.microsoft.com"),
        (API, "API.PartnerCenter.Microsoft.com"),
        (API, "other.example, microsoft.com"),
        (API, "other.example microsoft.com"),
        (API, ".microsoft.com"),
        (API, "*.microsoft.com"),
        (API, "microsoft.com:443"),
        (f"{API}.:443/v1", "microsoft.com"),
        ("https://10.1.2.3:8443", "10.0.0.0/8"),
        ("https://10.1.2.3:8443", "10.1.2.3"),
        ("https://10.1.2.3:8443", "10.1.2.3:8443"),
        ("https://[fd00::1]", "fd00::/8"),
        ("https://[fd00::1]:9", "[fd00::1]:9"),
        ("http://localhost:5000", LOOPBACK),
        ("https://127.0.0.1:5000", LOOPBACK),
        ("https://[::1]:5000", LOOPBACK),
    ],
)
def test_hosts_in_no_proxy_are_reached_directly(url: str, no_proxy: str) -> None:
    """Names with their subdomains, addresses, networks and ports, in any case."""
    assert bypasses_proxy(url, no_proxy)


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        (API, ""),
        (API, " , "),
        (API, "."),
        (API, "center.microsoft.com.example"),
        (API, "partnercenter.microsoft"),
        ("https://notmicrosoft.com", "microsoft.com"),
        (API, "microsoft.com:8443"),
        (API, "10.0.0.0/8"),
        ("https://11.1.2.3", "10.0.0.0/8"),
        ("https://210.1.2.3", "10.1.2.3"),
        ("https://[fd00::1]", "10.0.0.0/8"),
        (API, LOOPBACK),
    ],
)
def test_all_other_hosts_use_the_proxy(url: str, no_proxy: str) -> None:
    """Half a label, another port or another family of addresses is no match."""
    assert not bypasses_proxy(url, no_proxy)


@pytest.mark.parametrize(
    ("text", "shown", "host", "port", "tls"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128", "proxy.example", 3128, False),
        ("proxy.example:3128", "http://proxy.example:3128", "proxy.example", 3128, False),
        ("https://proxy.example/", "https://proxy.example", "proxy.example", 443, True),
        ("http://corp%5Cada:p%40ss@proxy.example:80", "http://[secret]@proxy.example:80", "proxy.example", 80, False),
        ("ada:a@b@[::1]:8080", "http://[secret]@[::1]:8080", "::1", 8080, False),
    ],
)
def test_a_proxy_shows_all_but_its_credentials(text: str, shown: str, host: str, port: int, tls: bool) -> None:  # noqa: FBT001 - a table's column
    """No text form has the user name or password; only `reveal` returns them."""
    proxy = Proxy(text)
    assert (str(proxy), repr(proxy), f"{[proxy]}") == (shown, f"Proxy({shown})", f"[Proxy({shown})]")
    assert (proxy.host, proxy.port, proxy.tls, proxy.problem) == (host, port, tls, "")
    assert proxy.has_credentials == ("@" in text)


@pytest.mark.parametrize(
    "text",
    [
        *["socks5://proxy.example:1080", "http://", "http://:3128", "http://proxy.example:0"],
        *["http://proxy.example:none", "http://proxy.example/path", "http://pro xy.example", "ftp://proxy.example"],
    ],
)
def test_an_invalid_proxy_has_a_problem(text: str) -> None:
    """A URL that cannot be used is an error only when it is used."""
    assert Proxy(text).problem.startswith("must be")
