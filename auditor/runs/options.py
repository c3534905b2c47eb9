"""How a run is to be done, and who hears of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from auditor.core.judge import Check
from auditor.core.model import CustomerResult, Reason
from auditor.core.run_facts import RunFacts
from auditor.settings import Settings


class Outlook(Protocol):
    """What can be said of the rest of a run."""

    def eta(self, customers: int) -> float | None:
        """Seconds that so many customers will take; None where nothing shows it yet."""

    def closed_for(self) -> float:
        """Seconds that the service asked to wait; 0 where nobody waits for that."""

    def slowed_to(self) -> float | None:
        """The pace in requests a minute, where it is held below what was set; else None."""


TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Watch:
    """What a person may want to hear while it goes on; every callable may do nothing.

    Attributes:
        started: is given the run's facts, the number of customers to ask for, and what the rest will take, before the first
            request.
        ticked: is called every `TICK_SECONDS` while somebody is asked, also where no answer comes.
        told: is given every answer as it is recorded.
        taken_back: is given the reason of an answer told before, where its customer was asked again: the next answer told is
            in its stead.
        sign_in: is given what the user should know of the sign-in, a sentence each.
        warned: is given what a person should know about a customer list, a sentence each.
        noted: is given what is good to know, a sentence each.
    """

    started: Callable[[RunFacts, int, Outlook], None] = lambda _facts, _to_ask, _outlook: None
    ticked: Callable[[], None] = lambda: None
    told: Callable[[CustomerResult], None] = lambda _answer: None
    taken_back: Callable[[Reason], None] = lambda _reason: None
    sign_in: Callable[[str], None] = lambda _sentence: None
    warned: Callable[[str], None] = lambda _sentence: None
    noted: Callable[[str], None] = lambda _sentence: None


@dataclass(frozen=True, slots=True)
class Job:
    """How a run is to be done.

    Attributes:
        settings: of the run.
        formats: which files to write.
        check: whether the partner's own customer list is asked for beside the one handed in.
        simulated: True where the answers come from the built-in simulator.
        watch: what a person may want to hear.
    """

    settings: Settings
    formats: tuple[str, ...]
    check: Check = Check.AUTO
    simulated: bool = False
    watch: Watch = field(default_factory=Watch)
