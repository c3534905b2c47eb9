"""What the checks have found so far, for the checks after them."""

from dataclasses import dataclass, field

from auditor.core.connection import Proxy
from auditor.core.sign_in import Claims
from auditor.errors import AuditorError
from auditor.fetch import ProbeResult, proxy_for
from auditor.fetch.auth import UnattendedSignIn
from auditor.runs.credentials import Say, ignore_message, open_unattended
from auditor.settings import Origins, Settings


@dataclass(slots=True)
class DoctorContext:
    """The installation that is checked, and what is known of it.

    Attributes:
        settings: the effective settings.
        origins: where each comes from.
        say: receives what is being waited for.
        service: the API's response without a token.
        unattended: the unattended sign-in; None where there is only an access token from elsewhere.
        messages: what a run would say about the sign-in, one sentence each.
        token: the access token; empty before there is one.
        source: where it comes from, for people.
        days_left: days that the sign-in lasts without use; None where that is not known.
        claims: of the token; None where it is opaque.
        page: the API's response to the request for one page of customers.
        customer: the id of one of the partner's customers, never shown.
        simulated: True once an answer says that it comes from the simulator.
    """

    settings: Settings
    origins: Origins
    say: Say = ignore_message
    service: ProbeResult | None = None
    unattended: UnattendedSignIn | None = None
    messages: list[str] = field(default_factory=list)
    token: str = ""
    source: str = ""
    days_left: int | None = None
    claims: Claims | None = None
    page: ProbeResult | None = None
    customer: str | None = None
    simulated: bool = False

    @property
    def uses_sign_in(self) -> bool:
        """False where there is only an access token from elsewhere: then the sign-in service is not asked."""
        if self.settings.access_token is None:
            return True
        try:
            return open_unattended(self.settings, ignore_message) is not None
        except AuditorError:
            # a sign-in is stored, and the check of the sign-in names its problem
            return True

    def proxy(self, url: str) -> Proxy | None:
        """The proxy for a URL; None where the service is reached directly.

        Raises:
            SettingsError: the proxy is of a kind that cannot be used.
        """
        return proxy_for(url, self.settings.proxy, self.settings.no_proxy)
