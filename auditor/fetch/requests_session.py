"""The HTTP session that MSAL talks through. Rule: the run's own certificate authorities and proxy, and nothing from the
environment: REQUESTS_CA_BUNDLE, `.netrc` and requests' own list of authorities have no say.
"""

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from auditor.core.connection import CaBundle, Proxy
from auditor.fetch.tls import tls_context


def requests_session(ca_bundle: CaBundle, proxy: Proxy | None) -> requests.Session:
    """A session that trusts whom the API's client trusts, and goes the same way.

    Raises:
        SettingsError: the extra certificate authorities cannot be read.
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Adapter(tls_context(ca_bundle)))
    if proxy is not None:
        session.proxies = {"https": proxy.reveal()}
    return session


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        kwargs |= {"ssl_context": self._context, "proxy_ssl_context": self._context}
        return super().proxy_manager_for(proxy, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """As requests', but without loading the authorities that come with it beside ours."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"
