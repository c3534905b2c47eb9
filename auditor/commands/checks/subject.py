"""What the checks have found out so far and others build on."""

from dataclasses import dataclass

from auditor.core.proxy import Proxy
from auditor.core.token_claims import Claims
from auditor.errors import SignInError
from auditor.fetch.probe import Seen
from auditor.fetch.proxy import proxy_for
from auditor.settings import Origins, Settings


@dataclass(slots=True)
class Subject:
    """The installation that is looked at.

    Attributes:
        settings: in force.
        origins: where each comes from.
        service: what the API answered without a token.
        token: the access token, once there is one.
        claims: what it says of itself; None where it is opaque.
        listed: what the API answered to the question for one page of customers.
        customer: the id of one of the partner's customers, never shown.
        simulated: True once an answer says that it comes from the simulator.
    """

    settings: Settings
    origins: Origins
    service: Seen | None = None
    token: str = ""
    claims: Claims | None = None
    listed: Seen | None = None
    customer: str | None = None
    simulated: bool = False

    @property
    def asks_to_sign_in(self) -> bool:
        """False where an access token comes from elsewhere: then the sign-in service is not asked."""
        return self.settings.access_token is None

    def proxy(self, url: str) -> Proxy | None:
        """Through which proxy a service is reached.

        Raises:
            SettingsError: the proxy is of a kind that cannot be used.
        """
        return proxy_for(url, self.settings.proxy, self.settings.no_proxy)


def nobody_to_ask(_sentence: str) -> None:
    """Stands for the user at a sign-in that would need one: a check never waits for somebody.

    Raises:
        SignInError: always.
    """
    raise SignInError("nobody has signed in here yet, or not lately enough", "sign in: auditor login")
