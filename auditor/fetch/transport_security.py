"""TLS and proxies: what the API's client and the sign-in's client share, so that what one trusts the other trusts.

On Windows and macOS the certificate authorities are the system's own trust store, where a network that inspects TLS puts
its authority; elsewhere OpenSSL reads the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` name another, as for every program
that uses OpenSSL). Neither client reads proxies from the environment, where `.netrc` would come along.
"""

import ssl
import sys
from typing import Any, TypeVar

from auditor.core.connection import CaBundle, Proxy, Trust, bypasses_proxy
from auditor.errors import SettingsError, remedy

_Error = TypeVar("_Error", bound=BaseException)
_OWN_STORE = frozenset({"win32", "darwin"})
"""Platforms whose trust store OpenSSL cannot read. Elsewhere truststore would read all of the system's authorities again
for every connection: 40 ms of the event loop each.
"""


def tls_context(ca_bundle: CaBundle) -> ssl.SSLContext:
    """The TLS context with the system's certificate authorities and those of `ca_bundle` (a PEM file); TLS 1.2 or newer.

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


def proxy_for(url: str, proxy: Proxy | None, no_proxy: str) -> Proxy | None:
    """The proxy for a service; None where it is reached directly.

    Plain http, which is for this machine only, never uses one: the proxy would see the access token.

    Args:
        url: of the service.
        proxy: as set.
        no_proxy: hosts that are reached without it, in the form of NO_PROXY.

    Raises:
        SettingsError: the proxy is of a kind that cannot be used.
    """
    if proxy is None or not url.casefold().startswith("https:") or bypasses_proxy(url, no_proxy):
        return None
    if proxy.problem:
        raise SettingsError(
            f"the proxy {proxy} cannot be used: it {proxy.problem}",
            "correct AUDITOR_PROXY or HTTPS_PROXY; AUDITOR_PROXY=none goes without",
        )
    return proxy


def error_chain(error: BaseException) -> list[BaseException]:
    """An error and all that led to it; urllib3 passes them on as arguments and as `reason`.

    Errors are told apart by their class: the text of a library's error may hold a secret.
    """
    found: list[Any] = [error]
    for one in found:
        linked = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        found += [each for each in linked if isinstance(each, BaseException) and each not in found]
    return found


def find_error(error: BaseException, kind: type[_Error]) -> _Error | None:
    """The first error of a class in the chain."""
    return next((one for one in error_chain(error) if isinstance(one, kind)), None)


def verify_code(error: BaseException) -> int | None:
    """OpenSSL's code for why a certificate is not trusted; None where that is not the error, or there is no code."""
    # aiohttp's own error is of this class, too, and has no code
    refused = (one for one in error_chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    codes = (getattr(one, "verify_code", None) for one in refused)
    return next((code for code in codes if code is not None), None)
