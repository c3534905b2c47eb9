"""Mail addresses as SMTP takes them: one address without a name, on one line."""

import re

_LOCAL = re.compile(r'[^\s"(),:;<>@\[\\\]]{1,64}')
"""The part before the `@`, without quotes: RFC 5321 allows more, and no mail service gives such an address to a person."""
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_LONGEST_DOMAIN = 255


def read_mail_address(text: str) -> str:
    """Read an address. A domain beyond ASCII becomes its form for machines: `ann@bücher.example` has `xn--bcher-kva`.

    Raises:
        ValueError: it is no mail address; the text of the error follows after "must".
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        host = domain.encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    is_domain = len(host) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(host)
    if not (at and _LOCAL.fullmatch(local) and local.isprintable() and is_domain):
        raise ValueError("must be a mail address such as ann@contoso.com")
    return f"{local}@{host}"
