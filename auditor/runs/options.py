"""The options of a run, and the observer that it reports to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from auditor.core.judge import MembershipCheck
from auditor.core.model import CustomerResult, Reason
from auditor.core.run_facts import RunFacts
from auditor.settings import Settings


class Outlook(Protocol):
    """Estimate of the rest of a run, for the progress line."""

    def eta(self, customers: int) -> float | None:
        """Seconds that this many customers will take; None where it is not known yet."""

    def closed_for(self) -> float:
        """Seconds left of the wait that the service asked for; 0 where there is none."""

    def slowed_to(self) -> float | None:
        """The rate in requests a minute, where it is below the set one; else None."""


TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Watch:
    """Receives what happens during a run; every callable may do nothing.

    Attributes:
        started: receives the run's facts, the number of customers to ask for and an estimate, before the first request.
        ticked: is called every `TICK_SECONDS` during the requests, also where no answer comes.
        answered: receives every answer as it is recorded.
        replaced: receives the reason of an earlier answer whose customer was asked again; the next answer replaces it.
        sign_in: receives messages about the sign-in, one sentence each.
        warned: receives warnings, one sentence each.
        noted: receives notes, one sentence each.
    """

    started: Callable[[RunFacts, int, Outlook], None] = lambda _facts, _to_ask, _outlook: None
    ticked: Callable[[], None] = lambda: None
    answered: Callable[[CustomerResult], None] = lambda _answer: None
    replaced: Callable[[Reason], None] = lambda _reason: None
    sign_in: Callable[[str], None] = lambda _sentence: None
    warned: Callable[[str], None] = lambda _sentence: None
    noted: Callable[[str], None] = lambda _sentence: None


@dataclass(frozen=True, slots=True)
class Job:
    """The options of a run.

    Attributes:
        settings: of the run.
        formats: which report formats to write.
        check: whether and how membership in the partner's own customer list is checked.
        simulated: True where the answers come from the built-in simulator.
        watch: receives what happens.
    """

    settings: Settings
    formats: tuple[str, ...]
    check: MembershipCheck = MembershipCheck.AUTO
    simulated: bool = False
    watch: Watch = field(default_factory=Watch)
