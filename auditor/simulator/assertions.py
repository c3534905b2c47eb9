"""A confidential client's assertion. Rule: signed with the key of the certificate that the application registered.

Source: "Microsoft identity platform application authentication certificate credentials" (PS256, RS256 still taken).
"""

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from auditor.simulator.tokens import Claims, decode


def read_assertion(assertion: str, certificate: bytes) -> Claims:
    """The claims of an assertion; none where its signature does not fit.

    Args:
        assertion: a JWT.
        certificate: PEM; empty takes any signature.
    """
    if certificate and not _is_signed(assertion, certificate):
        return {}
    return decode(assertion) or {}


def _is_signed(assertion: str, certificate: bytes) -> bool:
    key = x509.load_pem_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    signed, _, text = assertion.rpartition(".")
    paddings = (padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO), padding.PKCS1v15())
    for each in paddings:
        try:
            key.verify(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), signed.encode(), each, SHA256())
        except (InvalidSignature, binascii.Error):
            continue
        return True
    return False
