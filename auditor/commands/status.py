"""`auditor status`: ask for a few customers and judge the answers as a run does. It writes nothing."""

import asyncio
from dataclasses import dataclass, field, replace

from auditor import fetch
from auditor.core.ids import normalise_id
from auditor.core.judge import LENIENT_BREAKER, apply_membership, is_member
from auditor.core.model import CustomerResult, Reason, RunEnd, Verdict
from auditor.core.results import COMPLETE, FAILED, INCOMPLETE, STOP_EXIT_CODES
from auditor.errors import SignInError, StoppedEarlyError
from auditor.runs import credentials
from auditor.runs.api_client import ApiClient, open_api_client
from auditor.runs.credentials import Say
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


@dataclass(frozen=True, slots=True)
class CustomerStatus:
    """The result for one id.

    Attributes:
        given: as the user wrote it.
        customer_id: lower-case GUID; None where it is no id.
        reason: with membership taken into account.
        answer: the deciding answer; None where the customer was not asked for.
        member: whether the customer is in the partner's own list; None where that was not asked for, or is not known.
    """

    given: str
    customer_id: str | None
    reason: Reason
    answer: CustomerResult | None = None
    member: bool | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict of the reason."""
        return self.reason.verdict


@dataclass(frozen=True, slots=True)
class StatusResult:
    """The results for all ids.

    Attributes:
        api: base URL that was asked.
        customers: one for every id, in the order given.
        end: why not all customers were asked for, or None.
    """

    api: str
    customers: tuple[CustomerStatus, ...]
    end: RunEnd | None

    @property
    def simulated(self) -> bool:
        """True where an answer itself says that it comes from the simulator."""
        return any(one.answer is not None and one.answer.response.simulated for one in self.customers)

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        if self.end is not None:
            return STOP_EXIT_CODES[self.end.cause]
        if any(one.reason is Reason.INTERNAL_ERROR for one in self.customers):
            return FAILED
        return INCOMPLETE if any(one.verdict is Verdict.UNDETERMINED for one in self.customers) else COMPLETE


def status(given: tuple[str, ...], settings: Settings, say: Say) -> StatusResult:
    """Ask for a few customers, for each one once.

    Args:
        given: ids, in any spelling that a customer list may have.
        settings: of the sign-in and the API.
        say: receives messages about the sign-in, one sentence each.

    Raises:
        SignInError: nothing is set to sign in with.
        SettingsError: the extra certificate authorities cannot be read, or the proxy cannot be used.
    """
    ids = {text: normalise_id(text) for text in given}
    wanted = list(dict.fromkeys(one for one in ids.values() if one is not None))
    session, end = _Session(), None
    if wanted:
        credentials.check_credentials(settings)
        end = asyncio.run(session.run(wanted, settings, say))
    return StatusResult(settings.api, tuple(session.result(text, ids[text]) for text in given), end)


@dataclass(slots=True)
class _Session:
    """Answers and membership, by customer."""

    answers: dict[str, CustomerResult] = field(default_factory=dict)
    members: dict[str, bool | None] = field(default_factory=dict)

    async def run(self, wanted: list[str], settings: Settings, say: Say) -> RunEnd | None:
        async with open_api_client(settings, say) as api:
            api.rate_limiter.expect(len(wanted))
            with stop_on_signals(api.rate_limiter, say, deadline=settings.deadline) as stopped:
                try:
                    end = await self._ask(wanted, api)
                except (SignInError, StoppedEarlyError) as error:
                    end = credentials.run_end(error)
            return end or next(iter(stopped), None)

    async def _ask(self, wanted: list[str], api: ApiClient) -> RunEnd | None:
        def record_answer(_row: int, answer: CustomerResult) -> None:
            self.answers[answer.customer_id] = answer

        def record_member(_row: int, answer: CustomerResult) -> None:
            self.members[answer.customer_id] = is_member(answer)

        pool, limiter = replace(api.pool, breaker=LENIENT_BREAKER), api.rate_limiter
        end = await fetch.run_pool(iter(enumerate(wanted)), api.status.fetch, record_answer, limiter, pool)
        # a customer without an account status may not be one of the partner
        unknown = [one for one, answer in self.answers.items() if answer.finding.reason is Reason.NO_ACCOUNT_STATUS]
        if end is not None or not unknown:
            return end
        return await fetch.run_pool(iter(enumerate(unknown)), api.customer.fetch, record_member, limiter, pool)

    def result(self, given: str, customer_id: str | None) -> CustomerStatus:
        if customer_id is None:
            return CustomerStatus(given, None, Reason.INVALID_ID)
        answer = self.answers.get(customer_id)
        if answer is None:
            return CustomerStatus(given, customer_id, Reason.NOT_ATTEMPTED)
        member = self.members.get(customer_id)
        return CustomerStatus(
            given, customer_id, apply_membership(answer.finding.reason, member=member), answer, member
        )
