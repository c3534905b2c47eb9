"""`auditor status`: a few customers, asked for and judged as a run would; nothing is written down."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from auditor import fetch
from auditor.core.ids import normalise_id
from auditor.core.judge import LENIENT_BREAKER, apply_membership, is_member
from auditor.core.model import CustomerResult, Reason, RunEnd, Verdict
from auditor.core.results import COMPLETE, FAILED, INCOMPLETE, STOP_EXIT_CODES
from auditor.errors import SignInError, StoppedEarlyError
from auditor.runs import credentials
from auditor.runs.api_client import Fetching, fetching
from auditor.runs.signals import stop_on_signals
from auditor.settings import Settings


@dataclass(frozen=True, slots=True)
class CustomerStatus:
    """What was found out about one id.

    Attributes:
        given: as the user wrote it.
        customer_id: lower-case GUID; None where it is no id.
        reason: with membership taken into account.
        answer: the deciding answer; None where nobody was asked.
        member: whether the customer is in the partner's own list; None where that was not asked for, or is not known.
    """

    given: str
    customer_id: str | None
    reason: Reason
    answer: CustomerResult | None = None
    member: bool | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict that the reason stands for."""
        return self.reason.verdict


@dataclass(frozen=True, slots=True)
class Statuses:
    """What came of asking.

    Attributes:
        api: base URL that was asked.
        customers: one for every id, in the order given.
        end: why not everybody was asked, or None.
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
        """What the command returns."""
        if self.end is not None:
            return STOP_EXIT_CODES[self.end.cause]
        if any(one.reason is Reason.INTERNAL_ERROR for one in self.customers):
            return FAILED
        return INCOMPLETE if any(one.verdict is Verdict.UNDETERMINED for one in self.customers) else COMPLETE


def status(given: tuple[str, ...], settings: Settings, show: Callable[[str], None]) -> Statuses:
    """Asks for a few customers, each once however often and in whatever spelling it is given.

    Args:
        given: ids, in any spelling that a customer list may have.
        settings: of the sign-in and the API.
        show: is given the sentence that tells the user how to sign in.

    Raises:
        SignInError: nothing is set to sign in with.
        SettingsError: the extra certificate authorities cannot be read, or the proxy cannot be used.
    """
    ids = {text: normalise_id(text) for text in given}
    wanted = list(dict.fromkeys(one for one in ids.values() if one is not None))
    answers: dict[str, CustomerResult] = {}
    members: dict[str, bool | None] = {}
    end = None
    if wanted:
        credentials.check_credentials(settings)
        end = asyncio.run(_asked(wanted, settings, show, (answers, members)))
    return Statuses(settings.api, tuple(_found(text, ids[text], answers, members) for text in given), end)


def _found(
    given: str, customer_id: str | None, answers: dict[str, CustomerResult], members: dict[str, bool | None]
) -> CustomerStatus:
    if customer_id is None:
        return CustomerStatus(given, None, Reason.INVALID_ID)
    answer = answers.get(customer_id)
    if answer is None:
        return CustomerStatus(given, customer_id, Reason.NOT_ATTEMPTED)
    member = members.get(customer_id)
    return CustomerStatus(
        given, customer_id, apply_membership(answer.finding.reason, member=member), answer=answer, member=member
    )


Taken = tuple[dict[str, CustomerResult], dict[str, bool | None]]
"""Answers and membership, by customer."""


async def _asked(wanted: list[str], settings: Settings, show: Callable[[str], None], taken: Taken) -> RunEnd | None:
    async with fetching(settings, show) as api:
        api.pacing.expect(len(wanted))
        with stop_on_signals(api.pacing, show, deadline=settings.deadline) as stopped:
            try:
                end = await _ask_all(wanted, api, taken)
            except (SignInError, StoppedEarlyError) as error:
                end = credentials.run_end(error)
        return end or next(iter(stopped), None)


async def _ask_all(wanted: list[str], api: Fetching, taken: Taken) -> RunEnd | None:
    answers, members = taken

    def answered(_row: int, answer: CustomerResult) -> None:
        answers[answer.customer_id] = answer

    def looked_up(_row: int, answer: CustomerResult) -> None:
        members[answer.customer_id] = is_member(answer)

    crew = replace(api.crew, breaker=LENIENT_BREAKER)
    end = await fetch.run_pool(_numbered(wanted), api.status.fetch, answered, api.pacing, crew)
    # a missing record proves nothing about a stranger
    doubtful = [one for one, answer in answers.items() if answer.finding.reason is Reason.NO_ACCOUNT_STATUS]
    if end is not None or not doubtful:
        return end
    return await fetch.run_pool(_numbered(doubtful), api.customer.fetch, looked_up, api.pacing, crew)


def _numbered(ids: Iterable[str]) -> Iterator[tuple[int, str]]:
    return iter(enumerate(ids))
