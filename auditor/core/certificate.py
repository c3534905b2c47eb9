"""Why a server's certificate is not trusted, and what to do. Rule: OpenSSL's code decides, never its words; only for an
authority that nobody here knows is naming one the cure.

Source: OpenSSL's manual, "X509_STORE_CTX_get_error" (X509_V_ERR_...).
"""

from types import MappingProxyType

_CLOCK = (
    "see whether this machine's clock is right; where it is, whoever runs the server, or the network that inspects TLS, "
    "has to put a valid certificate there"
)
_HOST = "check AUDITOR_API_URL, AUDITOR_AUTHORITY and the proxy: another server answers under this name, or the name is wrong"
_AUTHORITY = "where your network inspects TLS, name the file with its certificate authority in AUDITOR_CA_BUNDLE"
_CAUSES = MappingProxyType(
    {
        9: ("is not valid yet", _CLOCK),
        10: ("has expired", _CLOCK),
        23: ("has been revoked", "do not go on: ask whoever runs the server, or the network that inspects TLS"),
        62: ("is for another host", _HOST),
        64: ("is for another address", _HOST),
    }
)


def untrusted(code: int | None) -> tuple[str, str]:
    """What is wrong with a certificate, to follow its name in a sentence, and what to do.

    Args:
        code: OpenSSL's verification code; None where the platform's own store judged, which has none.
    """
    return _CAUSES.get(code or 0, ("cannot be trusted", _AUTHORITY))
