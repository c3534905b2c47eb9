"""Words of somebody else -> words that may be logged and shown. Rule: what looks like a credential does not pass.

A sign-in service has been seen to quote the refresh token that it refuses; proxies quote whole requests.
"""

import re
from collections.abc import Iterable

from auditor.core.body import MESSAGE_LENGTH, clean

_SHORTEST_SECRET = 4
_HOLE = "[secret]"
# Refresh and access tokens, JWTs, secrets and codes are long runs of base64's characters. A GUID has 36 of these, and
# an AADSTS message's URLs hold a colon or a slash now and then.
_RUN = re.compile(r"[A-Za-z0-9_.~+=-]{40,}")


def redact(text: str, secrets: Iterable[str] = (), length: int = MESSAGE_LENGTH) -> str:
    """One line of `text` without any of `secrets` and without whatever else looks like a token.

    Args:
        text: somebody else's words.
        secrets: what must not appear, however short.
        length: characters at most.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _HOLE)
    line = clean(text, len(text))
    return " ".join(_RUN.sub(_HOLE, line).split())[:length]
