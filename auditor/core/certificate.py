"""Why a server's certificate is not trusted, and what to do. Rule: the code of whoever judged it decides, never the
words; only for an authority that nobody here knows is naming one the cure.

A certificate that is refused for its form alone (RFC 5280, which Python 3.13 checks strictly) is another matter: the
authority may be the right one, and a setting takes it as it is.

Sources: OpenSSL's manual, "X509_STORE_CTX_get_error"; where the system's own store judges, "CERT_CHAIN_POLICY_STATUS
structure (wincrypt.h)" and Apple's "Security Framework Result Codes", as truststore hands them on.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom TLS trusts beside the system's certificate authorities.

    Attributes:
        bundle: PEM file of extra authorities, or None.
        relaxed: take certificates whose form is not quite that of RFC 5280; they are verified all the same.
    """

    bundle: str | None = None
    relaxed: bool = False


CaBundle = Trust | str | None
"""The same, or the file alone."""
_RELAX = (
    "ask whoever runs the network that inspects TLS for a certificate authority that follows RFC 5280; until then set "
    "AUDITOR_CA_RELAXED=true, which accepts that form and verifies everything else"
)
_FORM = MappingProxyType(
    {
        80: "a path length in a certificate that is no authority's",
        81: "a path length without the key usage keyCertSign",
        82: "the key usage keyCertSign in a certificate that is no authority's",
        83: "no name of the issuer",
        84: "no name of the subject",
        85: "no Authority Key Identifier",
        86: "no Subject Key Identifier",
        87: "an empty Subject Alternative Name",
        88: "no subject, and a Subject Alternative Name that is not critical",
        89: "Basic Constraints that are not critical",
        90: "an Authority Key Identifier that is critical",
        91: "a Subject Key Identifier that is critical",
        92: "an authority without key usage",
        93: "extensions in a certificate that is not of version 3",
        94: "a key with explicit curve parameters",
    }
)
"""OpenSSL's codes that come from strict checks alone (X509_V_FLAG_X509_STRICT). Source: x509_vfy.h, crypto/x509/x509_vfy.c."""
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
    form = _FORM.get(code or 0)
    if form is not None:
        return f"is refused for its form, or for its certificate authority's (RFC 5280): it has {form}", _RELAX
    what = _CODES.get(code or 0)
    if what is None:
        authority = "name the file with its certificate authority in AUDITOR_CA_BUNDLE"
        return "cannot be trusted", f"where your network inspects TLS, {authority}"
    return what, _CURES[what]
