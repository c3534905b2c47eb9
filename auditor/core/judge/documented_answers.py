"""The two documented answers about a customer, and whether a response or a stored answer is one of them.

An answer that contradicts itself in any part is not accepted: no other status, no error code, no duplicate key, nothing about another
customer. Source: "Partner Center REST: Retrieve the validation status of a customer", with the example of a response.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from auditor.core.judge.body import Body
from auditor.core.model import NO_STATUS, Finding, Next, Reason

DOCUMENTED = MappingProxyType(
    {
        Reason.ALLOWED: ("Allowed", 200),
        Reason.UNDER_REVIEW: ("UnderReview", 200),
        Reason.NOT_ALLOWED: ("NotAllowed", 200),
        Reason.UNKNOWN: ("Unknown", 200),
        Reason.NO_ACCOUNT_STATUS: (NO_STATUS, 404),
    }
)
"""Reason of a blocked or eligible verdict -> its status and HTTP status."""
_ERROR_CODES = MappingProxyType({200: None, 404: "600074"})

# Nearly all responses have this form, byte for byte; a parser with all its checks takes several times as long. The form has no room for
# a contradiction: no duplicate key, nothing escaped or nested, and neither a status nor a time can hold another customer's id.
_BEGINS, _BETWEEN, _ENDS = b'{"type":"account","status":"', b'","lastUpdateDateTime":"', b'"}'
_time = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z?" + _ENDS).fullmatch
# looking up a member of an enumeration is slow, and this one is needed for every answer
_DONE = Next.DONE
_STATUSES = MappingProxyType(
    {
        mark + _BEGINS + status.encode(): (reason, status)
        for reason, (status, http_status) in DOCUMENTED.items()
        for mark in (b"", b"\xef\xbb\xbf")
        if http_status == 200  # noqa: PLR2004 - OK
    }
)
"""Start of such a body, with a byte order mark or without -> (reason, status): one look-up is faster than a pattern."""

_GUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}(?![0-9a-fA-F])")
_HALF = re.compile("[\ud800-\udfff]")
"""A lone surrogate: not valid text. Source: I-JSON (RFC 7493, section 2.1)."""
_OF_ERRORS = frozenset({"code", "errorcode", "errorname", "isretryable"})
"""Keys, normalised by `_bare`, that no answer with a status has."""


def as_documented(body: bytes) -> Finding | None:
    """The finding of a 200's body that equals the documentation's example except for status and time; else None."""
    begins, _, time = body.partition(_BETWEEN)
    found = _STATUSES.get(begins)
    if found is None or _time(time) is None:
        return None
    return Finding(found[0], _DONE, found[1], time[: -len(_ENDS)].decode())


def is_account_status(body: Body, customer_id: str) -> bool:
    """True if a 200's body is this customer's account status, without any contradiction or duplicate key."""
    document = body.document or {}
    names = _names(document)
    kind = next((value for name, value in document.items() if _bare(name) == "type"), "account")
    return (
        isinstance(kind, str)
        and kind.casefold() == "account"
        and not _OF_ERRORS.intersection(names)
        and len(set(names)) == len(names)
        and not any(_has_status_or_error(value) for value in document.values())
        and _names_only(body, customer_id)
    )


def is_no_account_status(body: Body, customer_id: str) -> bool:
    """True if the body is the documented answer for a customer without an account status, without any contradiction."""
    document = body.document or {}
    name = document.get("errorName", "AccountStatusNotFound")
    return (
        "status" not in (names := _names(document))
        and len(set(names)) == len(names)
        and document.get("isRetryable", False) is False
        and isinstance(name, str)
        and name.casefold() == "accountstatusnotfound"
        and not any(_has_status_or_error(value) for value in document.values())
        and _names_only(body, customer_id)
    )


def _bare(name: str) -> str:
    """A key without case and punctuation."""
    return "".join(filter(str.isalnum, name)).casefold()


def _names(document: Mapping[str, object]) -> list[str]:
    return [_bare(name) for name in document]


def _has_status_or_error(value: object) -> bool:
    """True where a nested value has a status or an error of its own."""
    if isinstance(value, list):
        return any(map(_has_status_or_error, value))
    if not isinstance(value, dict):
        return False
    return bool({"status", *_OF_ERRORS}.intersection(_names(value))) or any(map(_has_status_or_error, value.values()))


def _names_only(body: Body, customer_id: str) -> bool:
    """True where every GUID in a body is the customer's own (another would mean a mixed-up cache), and no text has a lone surrogate."""
    # also as parsed: an escape can hide a GUID
    texts = (body.text, json.dumps(body.document, ensure_ascii=False))
    if _HALF.search(texts[1]):
        return False
    found = (guid for text in texts for guid in _GUID.findall(text))
    return all(guid.replace("-", "").lower() == customer_id.replace("-", "") for guid in found)


class _StoredAnswer(Protocol):
    """The fields of a stored answer: `checked_at` in any form, `reused_from` the run from which it was copied, or None."""

    reason: Any
    final: bool
    status: str | None
    http_status: int | None
    error_code: str | None
    attempts: int
    checked_at: Any
    reused_from: Any


def is_contradictory(stored: _StoredAnswer) -> bool:
    """True if a blocked or eligible answer lacks a field that every such answer has."""
    right = DOCUMENTED.get(stored.reason)
    if right is None:
        return False
    found = (stored.final, stored.status, stored.http_status, stored.error_code)
    asked = stored.attempts >= 1 or bool(stored.reused_from)
    return found != (True, *right, _ERROR_CODES[right[1]]) or not asked or not stored.checked_at
