"""A network's proxy, and which hosts are reached without it. Rule: its user name and password show themselves nowhere.

The words of NO_PROXY are those that curl, Go and requests agree on: host names (with all that ends in them), addresses,
networks (`10.0.0.0/8`), `*` for all; each with or without a port, split by commas or blanks.
"""

import ipaddress
import re
from urllib.parse import urlsplit

LOOPBACK = "localhost,127.0.0.0/8,::1"
"""What no network's proxy can reach in our stead."""
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Proxy:
    """A proxy's URL that does not show its credentials in a repr, a log or a traceback; `reveal` gives it out.

    Args:
        text: as the user wrote it; without a scheme it is `http`.
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
        """True where a user name or password stands in the URL."""
        return "@" in self._url

    @property
    def tls(self) -> bool:
        """True where the way to the proxy itself is encrypted."""
        return self._url[:8].casefold() == "https://"

    def __str__(self) -> str:
        """The URL as anybody may see it."""
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
    """Host, port, and why the URL names no proxy that can be used (empty where it does)."""
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


def bypassed(url: str, no_proxy: str) -> bool:
    """True where a URL is to be reached without a proxy.

    Args:
        url: absolute.
        no_proxy: as NO_PROXY has it.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return any(_matches(host, port, word.casefold()) for word in re.split(r"[\s,]+", no_proxy) if word)


def _matches(host: str, port: int, word: str) -> bool:
    if word == "*":
        return True
    name, wanted = _with_port(word)
    if wanted is not None and wanted != port:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        # one of both is a name; an address never ends in a name
        suffix = name.removeprefix("*").removeprefix(".").rstrip(".")
        return bool(suffix) and (host == suffix or host.endswith(f".{suffix}"))


def _with_port(word: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", word)
    return (found[1], int(found[2])) if found else (word, None)
