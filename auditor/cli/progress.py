"""The progress of a run, on standard error. Rule: no animation off a terminal."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from auditor.cli.terminal import VERDICT_COLOURS, note, say, warn
from auditor.core.model import CustomerResult, Reason, Verdict
from auditor.core.run_facts import RunFacts
from auditor.core.text import count_noun, format_duration
from auditor.runs.options import Outlook, Watch

NOTE_EVERY = 30.0
"""Seconds between progress notes where standard error is not a terminal."""
SHORTEST_WAIT = 2.0
"""Seconds from which a wait that the service asked for is shown."""
LONGEST_BAR = 40
"""Characters."""


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch]:
    """Shows the progress of a run, on standard error."""
    if quiet:
        yield Watch(sign_in=warn, warned=warn)
        return
    progress = _ProgressLine() if sys.stderr.isatty() else _ProgressNotes()
    try:
        yield Watch(
            started=progress.start,
            answered=progress.add,
            replaced=progress.take_back,
            ticked=progress.tick,
            sign_in=warn,
            warned=warn,
            noted=note,
        )
    finally:
        progress.stop()


class _Progress:
    """Counts the answers of a run, and words them."""

    def __init__(self) -> None:
        self.reasons: Counter[Reason] = Counter()
        self.to_ask = 0
        self.not_final = 0
        self.outlook: Outlook | None = None

    def start(self, facts: RunFacts, to_ask: int, outlook: Outlook) -> None:
        """Prints what the run asks for."""
        self.to_ask, self.outlook = to_ask, outlook
        source = "the simulator" if facts.simulated else facts.api
        counted = f"{count_noun(facts.rows, 'row')}, {count_noun(facts.customers, 'customer')}"
        say(f"run {facts.run_id}: {counted}; asking {source} for {to_ask:,}")

    def add(self, answer: CustomerResult) -> None:
        """Counts an answer, final or not."""
        self.reasons[answer.finding.reason] += 1
        self.not_final += not answer.finding.final

    def take_back(self, reason: Reason) -> None:
        """Uncounts an answer whose customer is asked again."""
        self.reasons[reason] -= 1

    def tick(self) -> None:
        """Shows what was counted so far."""

    def stop(self) -> None:
        """Shows it for the last time."""

    def verdicts(self) -> str:
        """How many customers have which verdict."""
        counts: Counter[Verdict] = Counter()
        for reason, count in self.reasons.items():
            counts[reason.verdict] += count
        return ", ".join(f"{counts[each]:,} {each}" for each in VERDICT_COLOURS)

    def rest(self) -> list[str]:
        """What is known of the rest, the most urgent first."""
        if self.outlook is None:
            return []
        wait, slowed = self.outlook.closed_for(), self.outlook.slowed_to()
        seconds = self.outlook.eta(self.to_ask - self.reasons.total())
        return [
            *([f"throttled: waiting {wait:,.0f} s more"] if wait >= SHORTEST_WAIT else []),
            "no telling how long yet" if seconds is None else f"{format_duration(seconds)} left",
            *([f"{slowed:,.0f} a minute"] if slowed is not None else []),
        ]


class _ProgressNotes(_Progress):
    """A line now and then, for a log file."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = 0.0

    def start(self, facts: RunFacts, to_ask: int, outlook: Outlook) -> None:
        super().start(facts, to_ask, outlook)
        self._noted = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._noted >= NOTE_EVERY:
            self._noted = now
            say("; ".join([self._so_far(), *self.rest()]))

    def stop(self) -> None:
        if self.reasons.total():
            say(self._so_far())

    def _so_far(self) -> str:
        asked = f"{self.reasons.total():,} of {count_noun(self.to_ask, 'customer')} asked"
        not_final = f", {self.not_final:,} of them without a final answer" if self.not_final else ""
        return f"{asked}{not_final}: {self.verdicts()}"


class _ProgressLine(_Progress):
    """One moving line, for a terminal; drawn at each tick, whether answers come or not."""

    def __init__(self, console: Console | None = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        super().__init__()
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
        super().start(facts, to_ask, outlook)
        self._progress.update(self._task, total=to_ask, visible=True)
        self._progress.start()

    def tick(self) -> None:
        # rich writes the count as wide as the total, without separators, and a blank between two columns
        used = len("asking") + 2 * len(str(self.to_ask)) + len("/") + 3
        words, bar = fit_words(self.verdicts(), self.rest(), self._console.width - used)
        self._bar.bar_width = bar
        self._progress.update(self._task, completed=self.reasons.total(), words=words, refresh=True)

    def stop(self) -> None:
        self.tick()
        self._progress.stop()


def fit_words(counts: str, rest: list[str], width: int) -> tuple[str, int]:
    """The words of a progress line and the characters of its bar; the words about the rest are dropped first, then the bar.

    Args:
        counts: never dropped.
        rest: what may follow, the most urgent first.
        width: characters for words and bar.
    """
    words = next(
        line for n in range(len(rest), -1, -1) if len(line := "; ".join([counts, *rest[:n]])) < width or n == 0
    )
    return words, max(1, min(LONGEST_BAR, width - len(words)))
