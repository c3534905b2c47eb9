"""What the bytes of a response say. Rule: read once, believe little; whatever is not plainly an object is None.

Sources: "Partner Center REST: Retrieve the validation status of a customer" and "Partner Center REST error codes".
Recorded successful bodies start with a UTF-8 BOM, error bodies do not; `code` is a number in some and a string in
others; gateways answer with bodies of their own that have no `code` at all.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MESSAGE_LENGTH = 300
"""Characters kept of an error message."""


@dataclass(frozen=True, slots=True)
class Body:
    """A response body, read.

    Attributes:
        text: the decoded text, undecodable bytes replaced.
        document: the JSON object, or None where the text is anything else.
    """

    text: str
    document: dict[str, Any] | None

    @property
    def code(self) -> str | None:
        """Partner Center's error code as text, from a number or a string; None where there is none."""
        value = (self.document or {}).get("code")
        if isinstance(value, bool) or not isinstance(value, int | str):
            return None
        return clean(str(value)) or None

    @property
    def retryable(self) -> bool | None:
        """`isRetryable` where the body says so, else None."""
        value = (self.document or {}).get("isRetryable")
        return value if isinstance(value, bool) else None

    @property
    def error_name(self) -> str | None:
        """`errorName`, which only newer services send."""
        value = (self.document or {}).get("errorName")
        return clean(value) if isinstance(value, str) else None

    @property
    def message(self) -> str | None:
        """The message for a person: the body's own words in one line of at most 300 characters; None where it has none."""
        document = self.document or {}
        words = next((v for k in ("message", "description") if isinstance(v := document.get(k), str) and v), self.text)
        return clean(" ".join(words[: 4 * MESSAGE_LENGTH].split()), MESSAGE_LENGTH) or None


def clean(text: str, length: int = 100) -> str:
    """A text that any file and terminal can hold: at most `length` characters, no control character, and no half of a
    surrogate pair.
    """
    if len(text) <= length and text.isascii() and text.isprintable():
        return text
    whole = text[:length].encode("utf-8", errors="replace").decode("utf-8")
    return whole if whole.isprintable() else _CONTROL.sub(" ", whole)


def read_body(content: bytes) -> Body:
    """Decodes a body as UTF-8 with or without a BOM and parses it if it is a JSON object with no key twice."""
    text = content.decode("utf-8-sig", errors="replace")
    try:
        document = _parse(text)
    except (ValueError, RecursionError):
        return Body(text, None)
    return Body(text, document if isinstance(document, dict) else None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with a key twice says two things: believing the last one could turn a block into an approval."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


_parse = json.JSONDecoder(object_pairs_hook=_unique).decode
