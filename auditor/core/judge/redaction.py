"""Remove secrets from texts of other programs before they are logged or shown.

A sign-in service has been seen to quote the refresh token that it refuses; proxies quote whole requests.
"""

import html.entities
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from auditor.core.judge.body import MESSAGE_LENGTH, clean

_SHORTEST_SECRET = 4
_HOLE = "[secret]"
# Refresh and access tokens, JWTs, secrets and codes are long runs of base64's characters, maybe in a URL's form. A GUID has
# 36 of these, and an AADSTS message's URLs hold a colon or a slash now and then.
_RUN = re.compile(r"[A-Za-z0-9_.~+=%-]{40,}")


def redact(text: str, secrets: Iterable[str] = (), length: int = MESSAGE_LENGTH) -> str:
    """One line of `text` without any of `secrets` and without anything that looks like a token.

    Args:
        text: another program's text.
        secrets: what must not appear, plain or escaped as in a URL, a form, HTML or JSON.
        length: maximum number of characters.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = remove_secret(text, secret, _HOLE)
    line = clean(text, len(text))
    return " ".join(_RUN.sub(_HOLE, line).split())[:length]


def remove_secret(text: str, secret: str, hole: str) -> str:
    """Replace a secret in `text` by `hole`, plain or escaped as in a URL, a form, HTML or JSON."""
    return _forms(secret).sub(hole, text) if secret else text


def remove_secret_bytes(content: bytes, secret: str, hole: bytes) -> bytes:
    """As `remove_secret`, for undecoded content."""
    return _forms_in_bytes(secret).sub(hole, content) if secret else content


@lru_cache(maxsize=16)
def _forms(secret: str) -> re.Pattern[str]:
    return re.compile("".join(map(_form, secret)))


@lru_cache(maxsize=4)
def _forms_in_bytes(secret: str) -> re.Pattern[bytes]:
    return re.compile("".join(map(_form, secret)).encode(errors="replace"))


@lru_cache(maxsize=256)
def _form(character: str) -> str:
    """A pattern for all notations of a character; letters and digits are never escaped."""
    if character.isascii() and character.isalnum():
        return character
    number = ord(character)
    names = [name.rstrip(";") for name, text in html.entities.html5.items() if text == character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        rf"\\+{re.escape(character)}",
        re.escape(character),
        f"(?i:{re.escape(quote(character, safe='', errors='replace'))}|%{number:02x})",
        f"(?i:&#0*{number};|&#x0*{number:x};)",
        *(f"&{name};?" for name in dict.fromkeys(names)),
        "(?i:" + "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4)) + ")",
    ]
    return f"(?:{'|'.join(ways)})" if character != " " else f"(?:{'|'.join(ways)}|\\+)"
