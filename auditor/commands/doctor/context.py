"""What the checks have found out so far and others build on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.core.connection import Proxy
from auditor.core.sign_in import Claims
from auditor.errors import AuditorError
from auditor.fetch import ProbeResult, proxy_for
from auditor.fetch.auth import UnattendedSignIn
from auditor.runs import credentials
from auditor.settings import Origins, Settings


@dataclass(slots=True)
class Subject:
    """The installation that is looked at.

    Attributes:
        settings: in force.
        origins: where each comes from.
        service: what the API answered without a token.
        unattended: what a run would get its tokens from; None where all there is is an access token from elsewhere.
        said: what a run would say of the sign-in, a sentence each.
        token: the access token, once there is one.
        source: where it came from, for people.
        days_left: days that the sign-in lasts without being used; None where nobody knows.
        claims: what it says of itself; None where it is opaque.
        listed: what the API answered to the question for one page of customers.
        customer: the id of one of the partner's customers, never shown.
        simulated: True once an answer says that it comes from the simulator.
        tell: is given what is waited for, while it is.
    """

    settings: Settings
    origins: Origins
    service: ProbeResult | None = None
    unattended: UnattendedSignIn | None = None
    said: list[str] = field(default_factory=list)
    token: str = ""
    source: str = ""
    days_left: int | None = None
    claims: Claims | None = None
    listed: ProbeResult | None = None
    customer: str | None = None
    simulated: bool = False
    tell: Callable[[str], None] = credentials.ignore_message

    @property
    def asks_to_sign_in(self) -> bool:
        """False where all there is is an access token from elsewhere: then the sign-in service is not asked."""
        if self.settings.access_token is None:
            return True
        try:
            return credentials.open_unattended(self.settings, credentials.ignore_message) is not None
        except AuditorError:
            # something is kept, and the check of the sign-in says what is wrong with it
            return True

    def proxy(self, url: str) -> Proxy | None:
        """Through which proxy a service is reached.

        Raises:
            SettingsError: the proxy is of a kind that cannot be used.
        """
        return proxy_for(url, self.settings.proxy, self.settings.no_proxy)
