"""A simulated Partner Center for the tests of programs that import auditor.

It answers over plain HTTP on a loopback address, in a thread of its own, so it serves synchronous and asynchronous code. It needs
no account, no network and no sign-in service. The pytest fixture `partner_center` gives one to a test (`pytest_plugin`).
"""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from math import inf
from types import TracebackType
from typing import NamedTuple, NotRequired, Self, TypedDict

from auditor.core.ids import normalise_id
from auditor.core.model import NO_STATUS
from auditor.simulator import (
    KINDS,
    AnswerOptions,
    CustomerListOptions,
    IdentityOptions,
    Member,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    made_up,
    serve_in_thread,
)

__all__ = ["PartnerCenter", "ServiceSettings", "StatusRequest"]

_KIND_OF_STATUS = {
    "Allowed": "allowed",
    "UnderReview": "under_review",
    "NotAllowed": "not_allowed",
    "Unknown": "unknown",
    NO_STATUS: "no_account_status",
}
_TOKEN_SECONDS = 7 * 86400.0
"""Lifetime of `token`: a notebook stays open for days."""
_MINUTE = 60


class StatusRequest(NamedTuple):
    """One request for a validation status, as the service saw it.

    Attributes:
        customer_id: lower-case GUID.
        http_status: of the answer; None if the connection broke before it.
    """

    customer_id: str
    http_status: int | None


class ServiceSettings(TypedDict):
    """The settings that lead to a simulated Partner Center, as keywords."""

    api_url: str
    access_token: str
    rate: NotRequired[float]


class PartnerCenter:
    """A simulated Partner Center with these customers. Use it in a `with` statement, or call `start` and `stop`.

    The customers of `statuses` are the partner's own customer list. Any other id does not exist: 404 with error code 60003.

    Args:
        statuses: customer id, in any spelling of a GUID -> `Allowed`, `UnderReview`, `NotAllowed`, `Unknown`, `NoStatus` (404 with
            error code 600074), or a kind of the simulator for what goes wrong: `throttled_once`, `error_lasting`,
            `tenant_not_found` and more. `throttled_once:UnderReview` says what follows; else `Allowed` does. A lasting error is
            retried with pauses; the setting `attempts=1` makes such a test quick.
        throttle: requests a minute that are accepted; the others are answered with 429. The limit is applied over one second, or
            over the time of one request if that is longer, so that a test need not wait for a minute. None: no limit.
        customers: customer id -> (company name, domain), for the partner's own list. Others have made-up ones.
        mark_simulated: True: the answers say that they are simulated, and so do the runs. Such a run moves `latest-simulated`
            instead of `latest` and is not in the history. False: runs look like real ones, for tests of `latest` and of the
            history; write them to a temporary folder only.

    Raises:
        ValueError: a text is no GUID, or neither a status nor a kind; or `throttle` is no rate.
    """

    def __init__(
        self,
        statuses: Mapping[str, str] | None = None,
        *,
        throttle: float | None = None,
        customers: Mapping[str, tuple[str, str]] | None = None,
        mark_simulated: bool = True,
    ) -> None:
        self._kinds = {_read_id(key): _read_kind(status) for key, status in (statuses or {}).items()}
        self._companies = {_read_id(key): company for key, company in (customers or {}).items()}
        if throttle is not None and not 0 < throttle < inf:
            raise ValueError(
                f"throttle must be more than 0 requests a minute, or None for no limit; it is {throttle!r}"
            )
        self._throttle = throttle
        self._mark_simulated = mark_simulated
        self._stack = ExitStack()
        self._simulator: Simulator | None = None
        self._running = False

    def start(self) -> Self:
        """Start serving; return itself.

        Raises:
            RuntimeError: it is running already.
        """
        if self._running:
            raise RuntimeError("PartnerCenter is running already; call stop() first")
        self._simulator = self._stack.enter_context(serve_in_thread(self._options()))
        self._running = True
        return self

    def stop(self) -> None:
        """Stop serving. `requests` stays readable. Stopping twice is no error."""
        self._running = False
        self._stack.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __setitem__(self, customer_id: str, status: str) -> None:
        """Change a customer's status, as of now, or add a customer. The next request gets the new answer.

        Raises:
            ValueError: as for the class.
        """
        key, kind = _read_id(customer_id), _read_kind(status)
        self._kinds[key] = kind
        if self._running:
            self._started.set_customer(self._member(key), kind, datetime.now(UTC))

    @property
    def api_url(self) -> str:
        """Base URL of the API."""
        return self._started.api_url

    @property
    def token(self) -> str:
        """A new access token, which the API accepts for a week."""
        return self._started.mint_token()

    def revoke_tokens(self) -> None:
        """Refuse every token made so far with 401, as after a change of the password. `token` makes a valid one again."""
        self._started.revoke_tokens()

    def expired_token(self) -> str:
        """An access token that expired an hour ago. auditor sees that in the token itself, and does not send it."""
        return self._started.mint_token(exp=int(datetime.now(UTC).timestamp()) - 3600)

    @property
    def settings(self) -> ServiceSettings:
        """Keywords for `auditor.audit` and `auditor.Client.from_settings`. Without `throttle`, requests are not paced."""
        settings: ServiceSettings = {"api_url": self.api_url, "access_token": self.token}
        if self._throttle is None:
            settings["rate"] = 0
        return settings

    @property
    def environ(self) -> dict[str, str]:
        """The same settings as environment variables, for a command line in another process."""
        return {f"AUDITOR_{name.upper()}": str(value) for name, value in self.settings.items()}

    @property
    def requests(self) -> tuple[StatusRequest, ...]:
        """The requests for a validation status since the start, in order, retries and rejected ones included."""
        return tuple(
            StatusRequest(record.customer_id, record.status)
            for record in (self._simulator.log.api if self._simulator else ())
            if record.customer_id is not None and record.path.endswith("/validationStatus")
        )

    @property
    def _started(self) -> Simulator:
        if self._simulator is None or not self._running:
            raise RuntimeError("PartnerCenter is not running; use it in a with statement, or call start()")
        return self._simulator

    def _member(self, customer_id: str) -> Member:
        company = self._companies.get(customer_id)
        return Member(customer_id, *company) if company else made_up(customer_id)

    def _options(self) -> SimulatorOptions:
        return SimulatorOptions(
            tls=False,
            announces=self._mark_simulated,
            answers=AnswerOptions(overrides=dict(self._kinds), as_of=datetime.now(UTC)),
            throttle=ThrottleOptions(windows=_windows(self._throttle)),
            customers=CustomerListOptions(roster=tuple(map(self._member, self._kinds)), foreign_share=0),
            identity=IdentityOptions(enabled=False, access_lifetime=_TOKEN_SECONDS),
        )


def _windows(per_minute: float | None) -> tuple[Window, ...]:
    if per_minute is None:
        return ()
    limit = max(1, int(per_minute / _MINUTE))
    return (Window(limit, _MINUTE * limit / per_minute),)


def _read_id(text: str) -> str:
    customer_id = normalise_id(text)
    if customer_id is None:
        raise ValueError(f"{text!r} is not a customer tenant ID (GUID)")
    return customer_id


def _read_kind(status: str) -> str:
    """The simulator's specification for a status, a kind, or two of them joined by a colon."""
    kinds = [_KIND_OF_STATUS.get(word, word) for word in status.split(":", 1)]
    unknown = next((word for word in kinds if word not in KINDS), None)
    if unknown is not None:
        others = ", ".join(sorted(KINDS))
        raise ValueError(
            f"unknown status {unknown!r}; use one of {', '.join(_KIND_OF_STATUS)}, or a kind of the simulator: {others}"
        )
    return ":".join(kinds)
