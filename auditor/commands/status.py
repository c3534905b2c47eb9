"""`auditor status`: ask for a few customers and judge the answers as a run does. It writes nothing."""

import asyncio
from dataclasses import dataclass, replace

from auditor.core.ids import normalise_id
from auditor.core.judge import MembershipCheck
from auditor.core.model import CustomerResult, Reason, RunEnd, Verdict
from auditor.core.results import COMPLETE, FAILED, INCOMPLETE, STOP_EXIT_CODES
from auditor.errors import SignInError, StoppedEarlyError
from auditor.runs import credentials
from auditor.runs.client import Client
from auditor.runs.credentials import Say
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


@dataclass(frozen=True, slots=True)
class CustomerStatus:
    """The result for one id.

    Attributes:
        given: as the user wrote it.
        customer_id: lower-case GUID; None where it is no id.
        answer: the deciding answer; None where the customer was not asked for.
    """

    given: str
    customer_id: str | None
    answer: CustomerResult | None = None

    @property
    def reason(self) -> Reason:
        """With membership taken into account."""
        if self.answer is not None:
            return self.answer.reason
        return Reason.INVALID_ID if self.customer_id is None else Reason.NOT_ATTEMPTED

    @property
    def verdict(self) -> Verdict:
        """The verdict of the reason."""
        return self.reason.verdict

    @property
    def member(self) -> bool | None:
        """Whether the customer is in the partner's own list; None where that was not asked for, or is not known."""
        return self.answer.in_customer_list if self.answer is not None else None


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
        if any(one.reason is Reason.INTERNAL_ERROR for one in self.customers):
            return FAILED
        if self.end is not None:
            return STOP_EXIT_CODES[self.end.cause]
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
    answers: dict[str | None, CustomerResult] = {}
    end = None
    if wanted:
        credentials.check_credentials(settings)
        end = asyncio.run(_ask(wanted, answers, replace(settings, customer_list=MembershipCheck.AUTO), say))
    return StatusResult(
        settings.api, tuple(CustomerStatus(text, ids[text], answers.get(ids[text])) for text in given), end
    )


async def _ask(
    wanted: list[str], answers: dict[str | None, CustomerResult], settings: Settings, say: Say
) -> RunEnd | None:
    """Add the answers; return why not all customers were asked for, or None."""
    async with Client.from_loaded(settings, say) as client:
        client.rate_limiter.expect(len(wanted))
        with stop_on_signals(client.rate_limiter, say, deadline=settings.deadline) as stopped:
            try:
                async for answer in client.validation_statuses(wanted):
                    answers[answer.customer_id] = answer
            except (SignInError, StoppedEarlyError) as error:
                return next(iter(stopped), None) or credentials.run_end(error)
        return next(iter(stopped), None)
