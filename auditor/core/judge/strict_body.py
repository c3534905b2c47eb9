"""Is a body, in all that it says, one of the two documented answers? A body that says anything else is not believed.

No error code, no duplicate key, nothing about another customer. Source: "Partner Center REST: Retrieve the validation status of a
customer".
"""

import json
import re
from collections.abc import Mapping

from auditor.core.judge.body import Body

_GUID = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}(?![0-9a-fA-F])")
_HALF = re.compile("[\ud800-\udfff]")
"""A lone surrogate: not valid text. Source: I-JSON (RFC 7493, section 2.1)."""
_OF_ERRORS = frozenset({"code", "errorcode", "errorname", "isretryable"})
"""Keys, normalised by `_bare`, that no answer with a status has."""


def is_account_status(body: Body, customer_id: str) -> bool:
    """True where nothing in a 200's body contradicts that it is this customer's account status, and no key is there twice."""
    document = body.document or {}
    names = _names(document)
    kind = next((value for name, value in document.items() if _bare(name) == "type"), "account")
    return (
        isinstance(kind, str)
        and kind.casefold() == "account"
        and not _OF_ERRORS.intersection(names)
        and len(set(names)) == len(names)
        and not any(_tells_more(value) for value in document.values())
        and _speaks_of(body, customer_id)
    )


def is_no_account_status(body: Body, customer_id: str) -> bool:
    """True where the body is, in all that it says, the documented answer for a customer without an account status."""
    document = body.document or {}
    name = document.get("errorName", "AccountStatusNotFound")
    return (
        "status" not in (names := _names(document))
        and len(set(names)) == len(names)
        and document.get("isRetryable", False) is False
        and isinstance(name, str)
        and name.casefold() == "accountstatusnotfound"
        and not any(_tells_more(value) for value in document.values())
        and _speaks_of(body, customer_id)
    )


def _bare(name: str) -> str:
    """A key without case and punctuation."""
    return "".join(filter(str.isalnum, name)).casefold()


def _names(document: Mapping[str, object]) -> list[str]:
    return [_bare(name) for name in document]


def _tells_more(value: object) -> bool:
    """True where a nested value has a status or an error of its own."""
    if isinstance(value, list):
        return any(map(_tells_more, value))
    if not isinstance(value, dict):
        return False
    return bool({"status", *_OF_ERRORS}.intersection(_names(value))) or any(map(_tells_more, value.values()))


def _speaks_of(body: Body, customer_id: str) -> bool:
    """True where every GUID in a body is the customer's own (another would mean a mixed-up cache), and no text has a lone surrogate."""
    # also as parsed: an escape can hide a GUID
    texts = (body.text, json.dumps(body.document, ensure_ascii=False))
    if _HALF.search(texts[1]):
        return False
    found = (guid for text in texts for guid in _GUID.findall(text))
    return all(guid.replace("-", "").lower() == customer_id.replace("-", "") for guid in found)
