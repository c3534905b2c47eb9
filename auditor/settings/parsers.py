"""Parsers: text -> the value of a setting.

Each raises ValueError for an invalid value. The error's text ("must be …") is shown after the setting and its value.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.connection import Proxy
from auditor.core.secret_url import SecretUrl

CLOUDS = {
    "public": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"),
    "us-gov": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"),
    "china": ("https://partner.partnercenterapi.microsoftonline.cn", "https://login.partner.microsoftonline.cn"),
}
"""Cloud -> (API, authority). Source: "Partner Center REST URLs"."""


class Secret:
    """A text that is never part of a repr, log or traceback; `reveal` returns it.

    Attributes:
        file: the file that it was read from; None for any other source.
    """

    __slots__ = ("_text", "file")

    def __init__(self, text: str, file: str | None = None) -> None:
        self._text = text
        self.file = file

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


class UnknownValueError(ValueError):
    """The error for a word that is not in a closed list; has the word and the list."""

    def __init__(self, text: str, known: Iterable[str]) -> None:
        self.text, self.known = text, tuple(known)
        super().__init__(f"use one of {', '.join(self.known)}")


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """A parser for a word of a closed list; returns the list's own item, such as a member of an enumeration."""
    known = {str(word): word for word in words}

    def parse(text: str) -> str:
        if text not in known:
            raise UnknownValueError(text, known)
        return known[text]

    return parse


def without_nul(text: str) -> str:
    """Return the text, or raise ValueError if it holds a NUL character, which no path may."""
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def number(kind: type[int] | type[float], least: float, most: float = 1e9) -> Callable[[str], float]:
    """A parser for numbers within these bounds."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"must be a {'whole ' if kind is int else ''}number") from None
        # nan compares false with everything, so test for the accepted values
        if not least <= value:
            raise ValueError(f"must be {least:g} or more")
        if value > most:
            raise ValueError(f"must be {most:g} or less")
        return value

    return parse


AUTO = -1.0
"""The value of the rate `auto`: to be learned during the run."""


def rate(text: str) -> float:
    """Requests a minute; 0 does not pace; AUTO for `auto`."""
    if text == "auto":
        return AUTO
    try:
        return number(float, 0)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


BLOCKED_FIRST, CHANGED_FIRST, SUM_FIRST = "blocked", "changed", "sum:"
"""The words of `--priority`; the last one is followed by a column of the list."""


def priority(text: str) -> str:
    """A word of `--priority`: `blocked`, `changed`, or `sum:COLUMN`."""
    is_column = text.startswith(SUM_FIRST) and text != SUM_FIRST
    if text not in (BLOCKED_FIRST, CHANGED_FIRST) and not is_column:
        raise UnknownValueError(text, (BLOCKED_FIRST, CHANGED_FIRST, f"{SUM_FIRST}COLUMN"))
    return text


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/", re.ASCII)
"""The start of a URL, also with a missing slash; a Windows drive has one letter only."""


def local_folder(text: str) -> str:
    """A folder on this machine."""
    if _ADDRESS.match(text):
        raise ValueError("must be a folder; to copy runs to an object store, use --publish URL")
    return text


def flag(text: str) -> bool:
    """True or false in any common spelling."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.casefold() not in known:
        raise ValueError("must be true or false")
    return known[text.casefold()]


_LONGEST = 100 * 365 * 86400
"""Seconds of the longest duration; longer ones are reduced to it, because dates cannot be so far."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """Seconds, from `90`, `90s`, `30m`, `8h` or `2d`; a hundred years at most.

    Raises:
        ValueError: it does not have this form, or is not positive.
    """
    amount, unit = (text[:-1], _UNITS[text[-1:]]) if text[-1:] in _UNITS else (text, 1)
    digits = amount.lstrip("0")
    if not amount.isascii() or not amount.isdecimal() or not digits:
        raise ValueError("must be a duration such as 90s, 30m, 8h or 2d")
    # Python refuses numbers with thousands of digits
    return float(min(int(digits[:12]) * unit, _LONGEST))


def duration_or_zero(text: str) -> float:
    """The same; 0 is allowed, also with a unit."""
    return 0.0 if re.fullmatch("0+[smhd]?", text, re.ASCII) else duration(text)


def url(text: str) -> str:
    """A base URL without a trailing slash: https, or http on a loopback address."""
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in {"https", "http"} or set(text) & set("?#\\") or not text.isprintable():
        raise ValueError("must be an https URL, without a query")
    if parts.port == 0 or any(len(label) > 63 for label in parts.hostname.split(".")):  # noqa: PLR2004 - RFC 1035
        raise ValueError("must have a valid host and port")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("plain http is for a loopback address only: a token would travel in clear text")
    return text.rstrip("/")


_SMTP_PORTS = {"smtps": 465, "smtp": 587}


def smtp(text: str) -> str:
    """A mail server: smtps for TLS from the first byte, smtp for STARTTLS; with its port."""
    parts = urlsplit(text)
    rest = text.partition("://")[2].rstrip("/")
    if parts.scheme not in _SMTP_PORTS or not parts.hostname or not text.isprintable() or set(rest) & set("@/?#\\ "):
        raise ValueError("must be smtps://HOST or smtp://HOST, with or without :PORT")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or _SMTP_PORTS[parts.scheme]}"


_PASSWORDS = re.compile(r"(?i)(^|[?&;{=+\s]|%3b|%7b)(pwd|passwd|password|sslpassword)(=|%3d)")


def database(text: str) -> str:
    """The URL of a database, as SQLAlchemy writes it, without a password."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+_]*://", text) or not text.isprintable():
        raise ValueError("must be a URL such as postgresql://user@host/name or sqlite:///file.db")
    address, _, query = text.partition("?")
    user = address.partition("://")[2].rpartition("@")[0]
    # a file may have such a name
    has_password = ":" in user and not text.startswith("sqlite:///")
    if has_password or _PASSWORDS.search(query):
        raise ValueError(
            "must not hold a password, which others could read; set AUDITOR_DATABASE_PASSWORD, or name a file in AUDITOR_DATABASE_PASSWORD_FILE"
        )
    return text


def is_loopback(host: str) -> bool:
    """True for a loopback address and for localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy(text: str) -> Proxy | None:
    """A proxy; None for `none`, which ignores HTTPS_PROXY."""
    if text.casefold() == "none":
        return None
    parsed = Proxy(text)
    if parsed.problem:
        raise ValueError(f"{parsed.problem}, or none")
    return parsed


def zone(text: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Europe/Berlin") from None
    return text


def channel(text: str) -> SecretUrl:
    """Where a notification goes: our own webhook (`json://` on loopback, `jsons://`), or a URL that apprise knows."""
    found = SecretUrl(text)
    if not found.scheme or not text.partition("://")[2] or not text.isprintable() or " " in text:
        raise ValueError(f"{found} must be a URL such as jsons://host/path or workflows://…")
    if found.scheme in {"json", "jsons"}:
        _check_address(found, secure="jsons")
    return found


def ping(text: str) -> SecretUrl:
    """The address of a dead man's switch."""
    found = SecretUrl(text)
    if found.scheme not in {"http", "https"} or not text.isprintable() or " " in text:
        raise ValueError(f"{found} must be an https URL such as https://hc-ping.com/…")
    _check_address(found, secure="https")
    return found


def _check_address(url: SecretUrl, secure: str) -> None:
    """Refuse a URL without a host, with a user, or without TLS to another machine. `secure` is the scheme with TLS."""
    try:
        parts = urlsplit(url.reveal())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port == 0 or parts.fragment:
        raise ValueError(f"{url} must be {secure}://host/path, with a valid host and port")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{url} must not hold a user name or password")
    if url.scheme != secure and not is_loopback(host):
        raise ValueError(f"{url} is for a loopback address only, without TLS: use {secure}://")
