"""Show the progress of a run on standard error: a moving line on a terminal, JSON Lines for a supervising process."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from auditor.cli.terminal import VERDICT_COLOURS, note, say, warn
from auditor.core.model import CustomerResult, Reason, Verdict
from auditor.core.run_facts import RunFacts
from auditor.core.text import count_noun, format_duration
from auditor.runs.options import ProgressEstimate, RunObserver

NOTE_EVERY = 30.0
"""Seconds between progress notes where standard error is not a terminal."""
COUNTS_EVERY = 1.0
"""Seconds between the counts for a supervising process."""
SHORTEST_WAIT = 2.0
"""Seconds from which a wait that the service asked for is shown."""
LONGEST_BAR = 40
"""Characters."""


@contextmanager
def show_progress(*, quiet: bool, supervised: bool = False) -> Iterator[RunObserver]:
    """Give the observer that shows the progress of a run.

    Args:
        quiet: shows warnings only.
        supervised: shows the counts as JSON Lines, for `auditor fleet run`.
    """
    if quiet and not supervised:
        yield RunObserver(sign_in=warn, warned=warn)
        return
    progress = _ProgressCounts() if supervised else _ProgressLine() if sys.stderr.isatty() else _ProgressNotes()
    try:
        yield RunObserver(
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
    """Counts the answers of a run."""

    def __init__(self) -> None:
        self.reasons: Counter[Reason] = Counter()
        self.to_ask = 0
        self.not_final = 0
        self.estimate: ProgressEstimate | None = None

    def start(self, facts: RunFacts, to_ask: int, estimate: ProgressEstimate) -> None:
        """Print what the run asks for."""
        self.to_ask, self.estimate = to_ask, estimate
        source = "the simulator" if facts.simulated else facts.api
        counted = f"{count_noun(facts.rows, 'row')}, {count_noun(facts.customers, 'customer')}"
        say(f"run {facts.run_id}: {counted}; asking {source} for {to_ask:,}")

    def add(self, answer: CustomerResult) -> None:
        """Count an answer, final or not."""
        self.reasons[answer.finding.reason] += 1
        self.not_final += not answer.finding.final

    def take_back(self, reason: Reason) -> None:
        """Subtract an answer that was not final, whose customer is asked for again."""
        self.reasons[reason] -= 1
        self.not_final -= 1

    def tick(self) -> None:
        """Show the counts so far."""

    def stop(self) -> None:
        """Show the final counts."""

    def verdicts(self) -> str:
        """The number of customers by verdict."""
        counts: Counter[Verdict] = Counter()
        for reason, count in self.reasons.items():
            counts[reason.verdict] += count
        words = {each: "not verified" if each is Verdict.UNDETERMINED else each.value for each in VERDICT_COLOURS}
        return ", ".join(f"{counts[each]:,} {word}" for each, word in words.items())

    def rest(self) -> list[str]:
        """What is known of the rest of the run, the most important first."""
        if self.estimate is None:
            return []
        wait, slowed = self.estimate.closed_for(), self.estimate.slowed_to()
        seconds = self.estimate.eta(self.to_ask - self.reasons.total())
        return [
            *([f"throttled: waiting {wait:,.0f} s more"] if wait >= SHORTEST_WAIT else []),
            "time left not known yet" if seconds is None else f"{format_duration(seconds)} left",
            *([f"{slowed:,.0f} a minute"] if slowed is not None else []),
        ]


class _ProgressNotes(_Progress):
    """Prints a line every `NOTE_EVERY` seconds, for a log file."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = 0.0

    def start(self, facts: RunFacts, to_ask: int, estimate: ProgressEstimate) -> None:
        super().start(facts, to_ask, estimate)
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


class _ProgressCounts(_Progress):
    """Prints the counts every second, one JSON object a line, for the process that supervises this one."""

    def __init__(self) -> None:
        super().__init__()
        self._started = self._printed = 0.0

    def start(self, _facts: RunFacts, to_ask: int, estimate: ProgressEstimate) -> None:
        self.to_ask, self.estimate = to_ask, estimate
        self._started = time.monotonic()

    def tick(self) -> None:
        if time.monotonic() - self._printed >= COUNTS_EVERY:
            self._print()

    def stop(self) -> None:
        if self.estimate is not None:
            self._print()

    def _print(self) -> None:
        self._printed = time.monotonic()
        asked = self.reasons.total()
        counts = {
            "asked": asked,
            "to_ask": self.to_ask,
            "blocked": sum(count for reason, count in self.reasons.items() if reason.verdict is Verdict.BLOCKED),
            "a_minute": round(asked * 60 / max(self._printed - self._started, 1.0)),
            "seconds_left": self.estimate.eta(self.to_ask - asked) if self.estimate else None,
        }
        with suppress(OSError):  # its reader may be gone
            sys.stderr.write(f"{json.dumps(counts)}\n")
            sys.stderr.flush()


class _ProgressLine(_Progress):
    """Shows one moving line, for a terminal; drawn at each tick, also where no answer came."""

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

    def start(self, facts: RunFacts, to_ask: int, estimate: ProgressEstimate) -> None:
        super().start(facts, to_ask, estimate)
        self._progress.update(self._task, total=to_ask, visible=True)
        self._progress.start()

    def tick(self) -> None:
        # rich pads the count to the width of the total, without separators, and puts a blank between two columns
        used = len("asking") + 2 * len(str(self.to_ask)) + len("/") + 3
        words, bar = fit_words(self.verdicts(), self.rest(), self._console.width - used)
        self._bar.bar_width = bar
        self._progress.update(self._task, completed=self.reasons.total(), words=words, refresh=True)

    def stop(self) -> None:
        self.tick()
        self._progress.stop()


def fit_words(counts: str, rest: list[str], width: int) -> tuple[str, int]:
    """Fit a progress line into a width. The words about the rest are dropped first, then the bar is shortened.

    Args:
        counts: never dropped.
        rest: further words, the most important first.
        width: characters for words and bar.

    Returns:
        (words, characters of the bar)
    """
    words = next(
        line for n in range(len(rest), -1, -1) if len(line := "; ".join([counts, *rest[:n]])) < width or n == 0
    )
    return words, max(1, min(LONGEST_BAR, width - len(words)))
