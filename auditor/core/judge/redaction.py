"""Words of somebody else -> words that may be logged and shown. Rule: what looks like a credential does not pass.

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
    """One line of `text` without any of `secrets` and without whatever else looks like a token.

    Args:
        text: somebody else's words.
        secrets: what must not appear, however short, nor as a URL, a form, a page or JSON has it.
        length: characters at most.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = without(text, secret, _HOLE)
    line = clean(text, len(text))
    return " ".join(_RUN.sub(_HOLE, line).split())[:length]


def without(text: str, secret: str, hole: str) -> str:
    """`text` with a hole wherever the secret stands, as it is or as a URL, a form, a page or JSON has it."""
    return _forms(secret).sub(hole, text) if secret else text


def without_bytes(content: bytes, secret: str, hole: bytes) -> bytes:
    """As `without`, in what was not decoded yet."""
    return _forms_in_bytes(secret).sub(hole, content) if secret else content


@lru_cache(maxsize=16)
def _forms(secret: str) -> re.Pattern[str]:
    return re.compile("".join(map(_form, secret)))


@lru_cache(maxsize=4)
def _forms_in_bytes(secret: str) -> re.Pattern[bytes]:
    return re.compile("".join(map(_form, secret)).encode(errors="replace"))


@lru_cache(maxsize=256)
def _form(character: str) -> str:
    """A pattern for all ways in which a character is written; letters and digits are not escaped by anybody."""
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
