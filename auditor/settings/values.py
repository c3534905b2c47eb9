"""Text -> the value of a setting. Rule: whatever cannot be used is refused with what it must be.

Each raises ValueError, in words that go on after the setting and what was typed.
"""

import difflib
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.connection import Proxy
from auditor.core.judge import Check
from auditor.core.results import FailOn
from auditor.core.run_facts import FORMATS

CLOUDS = {
    "public": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"),
    "us-gov": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"),
    "china": ("https://partner.partnercenterapi.microsoftonline.cn", "https://login.partner.microsoftonline.cn"),
}
"""Cloud -> (API, authority). Source: "Partner Center REST URLs"."""


class Secret:
    """A text that does not show itself in a repr, a log or a traceback; `reveal` gives it out.

    Attributes:
        file: the file that it was read from; None where it came otherwise.
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


def number(kind: type[int] | type[float], least: float, most: float = 1e9) -> Callable[[str], float]:
    """What reads numbers of a kind, in these bounds."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"must be a {'whole ' if kind is int else ''}number") from None
        # nan compares false with everything, so ask for what is wanted
        if not least <= value:
            raise ValueError(f"must be {least:g} or more")
        if value > most:
            raise ValueError(f"must be {most:g} or less")
        return value

    return parse


AUTO = -1.0
"""The rate that stands for `auto`: not known, to be learned."""


def rate(text: str) -> float:
    """Requests a minute; 0 does not pace; AUTO for `auto`."""
    if text == "auto":
        return AUTO
    try:
        return number(float, 0)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/", re.ASCII)
"""How a URL begins, also where something has made one slash of two; a Windows drive has one letter."""


def folder(text: str) -> str:
    """A folder of this machine."""
    if _ADDRESS.match(text):
        raise ValueError("must be a folder; object stores and other addresses are not supported")
    return text


def flag(text: str) -> bool:
    """True or false, in any of their usual spellings."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.casefold() not in known:
        raise ValueError("must be true or false")
    return known[text.casefold()]


_LONGEST = 100 * 365 * 86400
"""Seconds of the longest duration: longer ones mean the same, and no calendar has them."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """Seconds, from `90`, `90s`, `30m`, `8h` or `2d`; a hundred years at most.

    Raises:
        ValueError: it is none of these, or not positive.
    """
    amount, unit = (text[:-1], _UNITS[text[-1:]]) if text[-1:] in _UNITS else (text, 1)
    digits = amount.lstrip("0")
    if not amount.isascii() or not amount.isdecimal() or not digits:
        raise ValueError("must be a duration such as 90s, 30m, 8h or 2d")
    # Python reads no number of thousands of digits
    return float(min(int(digits[:12]) * unit, _LONGEST))


def url(text: str) -> str:
    """A base URL without a slash at its end: https, or http on a loopback address."""
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in {"https", "http"} or set(text) & set("?#\\") or not text.isprintable():
        raise ValueError("must be an https URL, without a query")
    if parts.port == 0 or any(len(label) > 63 for label in parts.hostname.split(".")):  # noqa: PLR2004 - RFC 1035
        raise ValueError("must name a host and port that can be")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("plain http is for a loopback address only: a token would travel in clear text")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """True for an address, or the name, of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def cloud(text: str) -> str:
    """The name of one of the CLOUDS."""
    if text not in CLOUDS:
        raise ValueError(f"must be one of {', '.join(CLOUDS)}")
    return text


def proxy(text: str) -> Proxy | None:
    """A proxy, or None for `none`, which switches off the one that HTTPS_PROXY names."""
    if text.casefold() == "none":
        return None
    given = Proxy(text)
    if given.problem:
        raise ValueError(f"{given.problem}, or none")
    return given


def zone(text: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Europe/Berlin") from None
    return text


def report_format(text: str) -> str:
    """One of the forms that a report may have."""
    if text not in FORMATS:
        raise ValueError(f"{text!r} is none of {', '.join(FORMATS)}")
    return text


def customer_list(text: str) -> Check:
    """Whether the partner's own list is asked for."""
    try:
        return Check(text)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Check)}") from None


def fail_on(text: str) -> str:
    """One of the things that a run may be told to fail on."""
    if text not in (known := [what.value for what in FailOn]):
        near = difflib.get_close_matches(text, known, n=1)
        guess = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{text!r} is none of {', '.join(known)}{guess}")
    return text
