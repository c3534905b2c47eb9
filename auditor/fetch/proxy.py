"""Through which proxy a host is reached. Rule: asked once for the API and once for the sign-in service, and told to both
clients in so many words; neither looks into the environment, where `.netrc` would come along.
"""

from auditor.core.connection import Proxy, bypassed
from auditor.errors import SettingsError


def proxy_for(url: str, proxy: Proxy | None, no_proxy: str) -> Proxy | None:
    """The proxy for a service, or None where it is reached directly.

    Plain http, which is for this machine only, never goes through one: the proxy would see the access token.

    Args:
        url: of the service.
        proxy: as set.
        no_proxy: hosts that are reached without it, as NO_PROXY has them.

    Raises:
        SettingsError: the proxy is of a kind that cannot be used.
    """
    if proxy is None or not url.casefold().startswith("https:") or bypassed(url, no_proxy):
        return None
    if proxy.problem:
        raise SettingsError(
            f"the proxy {proxy} cannot be used: it {proxy.problem}",
            "correct AUDITOR_PROXY or HTTPS_PROXY; AUDITOR_PROXY=none goes without",
        )
    return proxy
