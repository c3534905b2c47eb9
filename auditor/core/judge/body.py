"""What the bytes of a response say. Rule: whatever is not one strict JSON object is None.

Strict means RFC 8259: valid UTF-8, no `NaN` or `Infinity`; and no number that Python cannot hold, no key twice, and at most
`DEEPEST` levels. Sources: "Partner Center REST: Retrieve the validation status of a customer" and "Partner Center REST error codes".
Recorded successful bodies start with a UTF-8 BOM, error bodies do not; `code` is a number in some and a string in
others; gateways answer with bodies of their own that have no `code` at all.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MESSAGE_LENGTH = 300
"""Characters kept of an error message."""
DEEPEST = 64
"""Levels of arrays and objects in a body. The documented ones have at most six; Python's own limit depends on the caller."""


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
    """Decodes a body as UTF-8 with or without a BOM and parses it if it is one strict JSON object."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Body(content.decode("utf-8-sig", errors="replace"), None)
    try:
        document = parse_json(text)
    except (ValueError, RecursionError):
        return Body(text, None)
    if not isinstance(document, dict) or not _acceptable(document):
        return Body(text, None)
    return Body(text, document)


def _acceptable(document: dict[str, Any]) -> bool:
    """True where nothing is nested too deep, and every number is finite (`1e999` is not, once it is read)."""
    level: list[Any] = [document]
    for _ in range(DEEPEST + 1):
        inside: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inside += value.values()
            elif isinstance(value, list):
                inside += value
            elif isinstance(value, float) and not math.isfinite(value):
                return False
        if not inside:
            return True
        level = inside
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with a key twice says two things: believing the last one could turn a block into an approval."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


def _refused(constant: str) -> Any:
    """Python reads `NaN`, `Infinity` and `-Infinity`, which are no JSON (RFC 8259, section 6)."""
    raise ValueError(f"{constant} is no JSON")


parse_json = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refused).decode
"""As `json.loads`, but a key that stands twice, `NaN` and `Infinity` are a ValueError."""
