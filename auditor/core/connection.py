"""The network's proxy, and what a rejected certificate means.

Certificates: the error code of the verification decides, never its text. Only an unknown authority can be remedied by adding it. A
certificate rejected for its form alone (RFC 5280, which Python 3.13 checks strictly) may come from the right authority, and a
setting accepts it. Sources: OpenSSL's manual, "X509_STORE_CTX_get_error"; for the system's own store,
"CERT_CHAIN_POLICY_STATUS structure (wincrypt.h)" and Apple's "Security Framework Result Codes", as truststore reports them.

Proxies: the user name and password of a proxy are never shown. NO_PROXY has the same meaning as for curl, Go and requests: host names (with all
their subdomains), addresses, networks (`10.0.0.0/8`), `*` for all; each with or without a port, separated by commas or blanks.
"""

import ipaddress
import re
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Trust:
    """What TLS trusts beside the system's certificate authorities.

    Attributes:
        bundle: PEM file of extra authorities, or None.
        relaxed: accept certificates that deviate from the form of RFC 5280; everything else is verified.
    """

    bundle: str | None = None
    relaxed: bool = False


CaBundle = Trust | str | None
"""A `Trust`, or its bundle alone."""
_RELAX = (
    "ask the administrator of the network that inspects TLS for a certificate authority that follows RFC 5280; until then set "
    "AUDITOR_CA_RELAXED=true, which accepts that form and verifies everything else"
)
_FORM = MappingProxyType(
    {
        80: "a path length in a certificate that is not an authority's",
        81: "a path length without the key usage keyCertSign",
        82: "the key usage keyCertSign in a certificate that is not an authority's",
        83: "no name of the issuer",
        84: "no name of the subject",
        85: "no Authority Key Identifier",
        86: "no Subject Key Identifier",
        87: "an empty Subject Alternative Name",
        88: "no subject, and a Subject Alternative Name that is not critical",
        89: "Basic Constraints that are not critical",
        90: "an Authority Key Identifier that is critical",
        91: "a Subject Key Identifier that is critical",
        92: "an authority without key usage",
        93: "extensions in a certificate that is not of version 3",
        94: "a key with explicit curve parameters",
    }
)
"""Error codes of OpenSSL's strict checks (X509_V_FLAG_X509_STRICT). Source: x509_vfy.h, crypto/x509/x509_vfy.c."""
_EXPIRED = "has expired"
_TOO_EARLY = "is not valid yet"
_REVOKED = "has been revoked"
_OTHER_HOST = "is for another host"
_CLOCK = (
    "check this machine's clock; if it is right, the administrator of the server, or of the network that inspects TLS, "
    "must install a valid certificate"
)
_REMEDIES = MappingProxyType(
    {
        _EXPIRED: _CLOCK,
        _TOO_EARLY: _CLOCK,
        _REVOKED: "do not continue: ask the administrator of the server, or of the network that inspects TLS",
        _OTHER_HOST: "check AUDITOR_API_URL, AUDITOR_AUTHORITY and the proxy: another server answers under this name",
    }
)
_CODES = MappingProxyType(
    {
        # X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED, _CERT_REVOKED, _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH
        9: _TOO_EARLY,
        10: _EXPIRED,
        23: _REVOKED,
        62: _OTHER_HOST,
        64: _OTHER_HOST,
        # CERT_E_EXPIRED, CERT_E_REVOKED, CRYPT_E_REVOKED, CERT_E_CN_NO_MATCH
        0x800B0101: _EXPIRED,
        0x800B010C: _REVOKED,
        0x80092010: _REVOKED,
        0x800B010F: _OTHER_HOST,
        # errSecCertificateNotValidYet, errSecCertificateExpired, errSecCertificateRevoked, errSecHostNameMismatch
        -67819: _TOO_EARLY,
        -67818: _EXPIRED,
        -67820: _REVOKED,
        -67602: _OTHER_HOST,
    }
)


def explain_untrusted(code: int | None) -> tuple[str, str]:
    """(what is wrong with a certificate, to follow its name in a sentence; what to do).

    Args:
        code: error code of OpenSSL or of the system's store; None without one.
    """
    form = _FORM.get(code or 0)
    if form is not None:
        return f"is refused for its form, or for its certificate authority's (RFC 5280): it has {form}", _RELAX
    what = _CODES.get(code or 0)
    if what is None:
        return (
            "cannot be trusted",
            "if your network inspects TLS, set AUDITOR_CA_BUNDLE to a file with its certificate authority",
        )
    return what, _REMEDIES[what]


PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")
"""Environment variables of other programs; the first one that is set counts."""
LOOPBACK = "localhost,127.0.0.0/8,::1"
"""Addresses of this machine, which no proxy can reach."""
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Proxy:
    """A proxy's URL without its credentials in a repr, a log or a traceback; `reveal` returns all of it.

    Args:
        text: from the user; the default scheme is `http`.
    """

    __slots__ = ("_url", "host", "port", "problem")

    def __init__(self, text: str) -> None:
        stripped = re.sub(r"(?<=[^/])/$", "", text.strip())
        self._url = stripped if _WITH_SCHEME.match(stripped) else f"http://{stripped}"
        self.host, self.port, self.problem = _read(self._url)

    def reveal(self) -> str:
        """The URL with its user name and password."""
        return self._url

    @property
    def has_credentials(self) -> bool:
        """True if the URL has a user name or password."""
        return "@" in self._url

    @property
    def tls(self) -> bool:
        """True if the connection to the proxy itself is encrypted."""
        return self._url[:8].casefold() == "https://"

    def __str__(self) -> str:
        """The URL without credentials."""
        scheme, _, rest = self._url.partition("://")
        credentials, at, place = rest.rpartition("@")
        return f"{scheme}://{'[secret]@' if credentials or at else ''}{place}"

    def __repr__(self) -> str:
        return f"Proxy({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Proxy) and other.reveal() == self._url

    def __hash__(self) -> int:
        return hash(self._url)


def _read(url: str) -> tuple[str, int, str]:
    """(host, port, why the URL cannot be used; empty if it can)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "", 0, "must be http://host:port"
    if parts.scheme not in {"http", "https"}:
        return host, port or 0, "must be an http or https proxy; others, such as SOCKS, are not supported"
    if not host or port == 0 or parts.path or parts.query or parts.fragment or not url.isprintable() or " " in url:
        return host, port or 0, "must be http://host:port"
    return host, port or (443 if parts.scheme == "https" else 80), ""


def bypasses_proxy(url: str, no_proxy: str) -> bool:
    """True if a URL is to be reached without a proxy.

    Args:
        url: absolute.
        no_proxy: value of NO_PROXY.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return any(_matches(host, port, word.casefold()) for word in re.split(r"[\s,]+", no_proxy) if word)


def _matches(host: str, port: int, word: str) -> bool:
    if word == "*":
        return True
    with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", word)
    if with_port and int(with_port[2]) != port:
        return False
    name = with_port[1] if with_port else word
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        # one of both is a name, which never matches an address
        suffix = name.removeprefix("*").removeprefix(".").rstrip(".")
        return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))
