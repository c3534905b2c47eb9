"""How a run goes on, on standard error. Rule: no animation off a terminal, and no reader who leaves ends a run."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click
from rich.console import Console

from auditor.core.model import CustomerResult, Reason, Verdict
from auditor.core.run_facts import RunFacts
from auditor.core.text import lasting, many
from auditor.runs.options import Outlook, Watch

NOTE_EVERY = 30.0
"""Seconds between progress notes where standard error is not a terminal."""
WAIT_SAID = 2.0
"""Seconds from which a wait that the service asked for is said."""
LONGEST_BAR = 40
"""Characters."""


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch]:
    """Shows how a run goes on, on standard error."""
    if quiet:
        yield Watch(sign_in=warn, warned=warn)
        return
    progress = _Live() if sys.stderr.isatty() else _Notes()
    try:
        yield Watch(
            started=progress.start,
            answered=progress.tell,
            replaced=progress.take_back,
            ticked=progress.tick,
            sign_in=warn,
            warned=warn,
            noted=note,
        )
    finally:
        progress.stop()


def say(sentence: str) -> None:
    """A sentence of talk, on standard error; a reader who has left must not end a run."""
    with suppress(OSError, ValueError):
        click.echo(sentence, err=True)


def say_next(hint: str) -> None:
    """What to do next, on a line of its own; no line where there is nothing to say."""
    if hint.strip():
        say(f"  next: {hint}")


def warn(sentence: str) -> None:
    """What makes a result other than somebody may take it for, on standard error; `-q` does not silence it."""
    say(f"warning: {sentence}")


def note(sentence: str) -> None:
    """What is good to know, on standard error."""
    say(f"note: {sentence}")


def noting(*, quiet: bool) -> Callable[[str], None]:
    """What takes notes: says them, or with `-q` drops them."""
    return (lambda _sentence: None) if quiet else note


class _Counted:
    """What is counted of a run that goes on."""

    def __init__(self) -> None:
        self.reasons: Counter[Reason] = Counter()
        self.to_ask = 0
        self.not_final = 0
        self.outlook: Outlook | None = None

    @property
    def done(self) -> int:
        return self.reasons.total()

    def take(self, answer: CustomerResult) -> None:
        """Takes in how asking for a customer ended, with a final answer or without."""
        self.reasons[answer.finding.reason] += 1
        self.not_final += not answer.finding.final

    def so_far(self) -> str:
        """How many customers were asked in this session, how many of them to no avail, and how many have which verdict."""
        asked = f"{self.done:,} of {many(self.to_ask, 'customer')} asked"
        in_vain = f", {self.not_final:,} of them without a final answer" if self.not_final else ""
        return f"{asked}{in_vain}: {self.in_words()}"

    def in_words(self) -> str:
        """How many have which verdict."""
        verdicts: Counter[Verdict] = Counter()
        for reason, count in self.reasons.items():
            verdicts[reason.verdict] += count
        return ", ".join(
            f"{verdicts[verdict]:,} {verdict}" for verdict in (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)
        )

    def rest(self) -> list[str]:
        """What is to be said of the rest, the most urgent first."""
        if self.outlook is None:
            return []
        waits, slowed = self.outlook.closed_for(), self.outlook.slowed_to()
        words = [f"throttled: waiting {waits:,.0f} s more"] if waits >= WAIT_SAID else []
        words.append(_left(self.outlook.eta(self.to_ask - self.done)))
        return [*words, f"{slowed:,.0f} a minute"] if slowed is not None else words


class _Notes:
    """A line now and then, for a log file."""

    def __init__(self) -> None:
        self._counted = _Counted()
        self._noted = 0.0

    def start(self, facts: RunFacts, to_ask: int, outlook: Outlook) -> None:
        self._counted.to_ask, self._counted.outlook = to_ask, outlook
        self._noted = time.monotonic()
        say(_opening(facts, to_ask))

    def tell(self, answer: CustomerResult) -> None:
        self._counted.take(answer)

    def take_back(self, reason: Reason) -> None:
        self._counted.reasons[reason] -= 1

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._noted >= NOTE_EVERY:
            self._noted = now
            say("; ".join([self._counted.so_far(), *self._counted.rest()]))

    def stop(self) -> None:
        if self._counted.done:
            say(self._counted.so_far())


class _Live:
    """One line that moves, for a terminal; drawn at each tick, whether answers come or not."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._counted = _Counted()
        self._bar = BarColumn()
        self._console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("asking"),
            self._bar,
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            console=self._console,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("asking", total=None, words="", visible=False)

    def start(self, facts: RunFacts, to_ask: int, outlook: Outlook) -> None:
        say(_opening(facts, to_ask))
        self._counted.to_ask, self._counted.outlook = to_ask, outlook
        self._progress.update(self._task, total=to_ask, visible=True)
        self._progress.start()

    def tell(self, answer: CustomerResult) -> None:
        self._counted.take(answer)

    def take_back(self, reason: Reason) -> None:
        self._counted.reasons[reason] -= 1

    def tick(self) -> None:
        self._draw()

    def stop(self) -> None:
        self._draw()
        self._progress.stop()

    def _draw(self) -> None:
        counted = self._counted
        # rich writes the count as wide as the total, without separators, and a blank between two columns
        taken = len("asking") + 2 * len(str(counted.to_ask)) + len("/") + 3
        words, bar = fitting(counted.in_words(), counted.rest(), self._console.width - taken)
        self._bar.bar_width = bar
        self._progress.update(self._task, completed=counted.done, words=words, refresh=True)


def fitting(numbers: str, rest: list[str], room: int) -> tuple[str, int]:
    """The words of a progress line and the characters of its bar: what is said of the rest goes, then the bar; never a number.

    Args:
        numbers: what has to be there.
        rest: what may stand behind it, the most urgent first.
        room: characters for words and bar.
    """
    said = next(
        words for n in range(len(rest), -1, -1) if len(words := "; ".join([numbers, *rest[:n]])) < room or n == 0
    )
    return said, max(1, min(LONGEST_BAR, room - len(said)))


def _left(seconds: float | None) -> str:
    """What is left, in words, from the pace that the service takes."""
    return "no telling how long yet" if seconds is None else f"{lasting(seconds)} left"


def _opening(facts: RunFacts, to_ask: int) -> str:
    source = "the simulator" if facts.simulated else facts.api
    counted = f"{many(facts.rows, 'row')}, {many(facts.customers, 'customer')}"
    return f"run {facts.run_id}: {counted}; asking {source} for {to_ask:,}"
