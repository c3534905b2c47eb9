"""TLS and proxies for the API's client and the sign-in's client, so that both trust the same authorities.

On Windows and macOS the certificate authorities come from the system's trust store, where a network that inspects TLS puts
its authority. Elsewhere OpenSSL reads the system's (`SSL_CERT_FILE` and `SSL_CERT_DIR` name another, as for every program
that uses OpenSSL). Neither client reads proxies from the environment itself, because it would also read `.netrc`.
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

    Python decides how strictly the form of certificates is checked (strictly from 3.13 on), unless it is relaxed.

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
    """The proxy for a service; None for a direct connection.

    Plain http, which is allowed for this machine only, never uses a proxy: it would see the access token.

    Args:
        url: of the service.
        proxy: the configured proxy.
        no_proxy: hosts that are reached without a proxy, in the form of NO_PROXY.

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
    """An error and all its causes; urllib3 passes them on as arguments and as `reason`.

    Callers check the class of an error: the text of a library's error may hold a secret.
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
    """OpenSSL's code for why a certificate is not trusted; None for another error, or without a code."""
    # aiohttp's own error is of this class, too, and has no code
    refused = (one for one in error_chain(error) if isinstance(one, ssl.SSLCertVerificationError))
    codes = (getattr(one, "verify_code", None) for one in refused)
    return next((code for code in codes if code is not None), None)
