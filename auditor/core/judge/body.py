"""Parse a response body. Anything but one strict JSON object is None.

Strict means RFC 8259: valid UTF-8, no `NaN` or `Infinity`; also no number that Python cannot hold, no duplicate key, and at most
`DEEPEST` levels. Sources: "Partner Center REST: Retrieve the validation status of a customer" and "Partner Center REST error codes".
Recorded successful bodies start with a UTF-8 BOM, error bodies do not; `code` is a number in some and a string in others; gateways
answer with bodies of their own without a `code`.
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
    """A parsed response body.

    Attributes:
        text: the decoded text; undecodable bytes are replaced.
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
        """The body's own message in one line of at most 300 characters; None where it has none."""
        document = self.document or {}
        words = next((v for k in ("message", "description") if isinstance(v := document.get(k), str) and v), self.text)
        return clean(" ".join(words[: 4 * MESSAGE_LENGTH].split()), MESSAGE_LENGTH) or None


def clean(text: str, length: int = 100) -> str:
    """Shorten a text to `length` characters, without control characters and lone surrogates, for any file and terminal."""
    if len(text) <= length and text.isascii() and text.isprintable():
        return text
    whole = text[:length].encode("utf-8", errors="replace").decode("utf-8")
    return whole if whole.isprintable() else _CONTROL.sub(" ", whole)


def read_body(content: bytes) -> Body:
    """Decode a body as UTF-8, with or without a BOM, and parse it where it is one strict JSON object."""
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
    """True where nothing is nested too deep, and every number is finite (`1e999` becomes infinite)."""
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
    """Refuse duplicate keys: to use the last one could turn a block into an approval."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("duplicate key")
    return document


def _refused(constant: str) -> Any:
    """Refuse `NaN`, `Infinity` and `-Infinity`, which Python reads and RFC 8259, section 6 excludes."""
    raise ValueError(f"{constant} is not JSON")


parse_json = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refused).decode
"""As `json.loads`, but a duplicate key, `NaN` and `Infinity` raise ValueError."""
