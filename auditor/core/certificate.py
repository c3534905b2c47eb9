"""Why a server's certificate is not trusted, and what to do. Rule: the code of whoever judged it decides, never the
words; only for an authority that nobody here knows is naming one the cure.

Sources: OpenSSL's manual, "X509_STORE_CTX_get_error"; where the system's own store judges, "CERT_CHAIN_POLICY_STATUS
structure (wincrypt.h)" and Apple's "Security Framework Result Codes", as truststore hands them on.
"""

from types import MappingProxyType

_EXPIRED = "has expired"
_TOO_EARLY = "is not valid yet"
_REVOKED = "has been revoked"
_OTHER_HOST = "is for another host"
_CLOCK = (
    "see whether this machine's clock is right; where it is, whoever runs the server, or the network that inspects TLS, "
    "has to put a valid certificate there"
)
_CURES = MappingProxyType(
    {
        _EXPIRED: _CLOCK,
        _TOO_EARLY: _CLOCK,
        _REVOKED: "do not go on: ask whoever runs the server, or the network that inspects TLS",
        _OTHER_HOST: "check AUDITOR_API_URL, AUDITOR_AUTHORITY and the proxy: another server answers under this name",
    }
)
_CODES = MappingProxyType(
    {
        # X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED, _CERT_REVOKED, _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH
        9: _TOO_EARLY,
        10: _EXPIRED,
        23: _REVOKED,
        62: _OTHER_HOST,
        64: _OTHER_HOST,
        # CERT_E_EXPIRED, CERT_E_REVOKED, CRYPT_E_REVOKED, CERT_E_CN_NO_MATCH
        0x800B0101: _EXPIRED,
        0x800B010C: _REVOKED,
        0x80092010: _REVOKED,
        0x800B010F: _OTHER_HOST,
        # errSecCertificateNotValidYet, errSecCertificateExpired, errSecCertificateRevoked, errSecHostNameMismatch
        -67819: _TOO_EARLY,
        -67818: _EXPIRED,
        -67820: _REVOKED,
        -67602: _OTHER_HOST,
    }
)


def untrusted(code: int | None) -> tuple[str, str]:
    """What is wrong with a certificate, to follow its name in a sentence, and what to do.

    Args:
        code: of OpenSSL or of the system's store; None where nobody gave one.
    """
    what = _CODES.get(code or 0)
    if what is None:
        authority = "name the file with its certificate authority in AUDITOR_CA_BUNDLE"
        return "cannot be trusted", f"where your network inspects TLS, {authority}"
    return what, _CURES[what]
