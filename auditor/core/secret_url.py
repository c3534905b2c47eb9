"""URLs that are secrets: anyone who knows the address of a chat's webhook, or of a ping, can send to it."""

import re
from urllib.parse import urlsplit

_SHOWN_HOST = frozenset({"http", "https", "json", "jsons"})
"""Schemes whose host is a host. Elsewhere it may be a token: `tgram://BOT-TOKEN/CHAT`, `ntfy://TOPIC`."""
_SHORTEST = 6
"""Characters of a part of a URL that is looked for in other programs' texts."""


class SecretUrl:
    """A URL that is shown with scheme and host only; `reveal` returns all of it.

    Args:
        text: from the user.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def reveal(self) -> str:
        """The whole URL."""
        return self._text

    @property
    def scheme(self) -> str:
        """What stands before `://`, in lower case; empty where that is missing."""
        scheme, separator, _ = self._text.partition("://")
        return scheme.casefold() if separator and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme, re.ASCII) else ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The whole URL, and its parts that may be secrets: what must not appear in a text about it."""
        pieces = re.split(r"[/?&=;:@#,]+", self._text.partition("://")[2])
        return (self._text, *(piece for piece in pieces if len(piece) >= _SHORTEST))

    def __str__(self) -> str:
        if not self.scheme:
            return "…"
        try:
            parts = urlsplit(self._text)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or self.scheme not in _SHOWN_HOST:
            return f"{self.scheme}://…"
        bracketed = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{bracketed}{f':{port}' if port else ''}/…"

    def __repr__(self) -> str:
        return f"SecretUrl({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretUrl) and other.reveal() == self._text

    def __hash__(self) -> int:
        return hash(self._text)
