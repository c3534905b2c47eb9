"""The certificate authorities of the run. Rule: one context for the API's client and the sign-in's, so that what one
trusts the other trusts.

On Windows and macOS that is the system's own trust store, where a network that inspects TLS puts its authority; elsewhere
OpenSSL reads the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` name another, as for every program that uses OpenSSL).
"""

import ssl
import sys

from auditor.core.connection import CaBundle, Trust
from auditor.core.os_errors import remedy
from auditor.errors import SettingsError

_OWN_STORE = frozenset({"win32", "darwin"})
"""Platforms whose trust store OpenSSL cannot read. Elsewhere truststore would read all of the system's authorities once
more for every connection: 40 ms of the event loop each.
"""


def tls_context(ca_bundle: CaBundle) -> ssl.SSLContext:
    """The system's certificate authorities and those of `ca_bundle` (a PEM file); TLS 1.2 or newer.

    How strictly the form of certificates is checked is Python's choice (from 3.13 on: strictly), unless it is relaxed.

    Raises:
        SettingsError: the file is missing or holds no certificate.
    """
    context = _system_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    trust = ca_bundle if isinstance(ca_bundle, Trust) else Trust(ca_bundle)
    if trust.relaxed:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if trust.bundle:
        try:
            context.load_verify_locations(trust.bundle)
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"AUDITOR_CA_BUNDLE: {trust.bundle} cannot be used: {error}",
                remedy(error, "name a PEM file of certificates"),
            ) from error
    return context


def _system_context() -> ssl.SSLContext:
    if sys.platform not in _OWN_STORE:
        return ssl.create_default_context()
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
