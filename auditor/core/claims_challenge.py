"""A 401's WWW-Authenticate header -> the claims that the API asks for. Rule: what is not plainly a challenge is none.

Source: "Claims challenges, claims requests, and client capabilities": `Bearer …, error="insufficient_claims",
claims="<base64 of a JSON object>"`; it is handed to the sign-in service as it is.
"""

import base64
import binascii
import re

from auditor.core.body import parse_json

_CLAIMS = re.compile(r'(?:^|[\s,])claims\s*=\s*"([A-Za-z0-9+/_=-]{4,8192})"', re.IGNORECASE)


def claims_challenge(www_authenticate: str | None) -> str | None:
    """The JSON text of the claims that a challenge asks for; None where it asks for none."""
    found = _CLAIMS.search(www_authenticate or "")
    if found is None:
        return None
    text = found.group(1).rstrip("=").replace("+", "-").replace("/", "_")
    try:
        wanted = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        document = parse_json(wanted)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return wanted if isinstance(document, dict) and document else None
