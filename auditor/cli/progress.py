"""How a run goes on, on standard error. Rule: no animation off a terminal, and no reader who leaves ends a run."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click
from rich.console import Console

from auditor.cli.words import many
from auditor.commands.job import Eta, Watch
from auditor.core.model import Answer, RunFacts, Verdict

NOTE_EVERY = 30.0
"""Seconds between progress notes where standard error is not a terminal."""
DRAW_EVERY = 0.25
"""Seconds between two looks of the line on a terminal."""


@contextmanager
def watching(*, quiet: bool) -> Iterator[Watch]:
    """Shows how a run goes on, on standard error."""
    if quiet:
        yield Watch(sign_in=warn, warned=warn)
        return
    progress = _Live() if sys.stderr.isatty() else _Notes()
    try:
        yield Watch(started=progress.start, told=progress.tell, sign_in=warn, warned=warn, noted=note)
    finally:
        progress.stop()


def say(sentence: str) -> None:
    """A sentence of talk, on standard error; a reader who has left must not end a run."""
    with suppress(OSError, ValueError):
        click.echo(sentence, err=True)


def warn(sentence: str) -> None:
    """What makes a result other than somebody may take it for, on standard error; `-q` does not silence it."""
    say(f"warning: {sentence}")


def note(sentence: str) -> None:
    """What is good to know, on standard error."""
    say(f"note: {sentence}")


def noting(*, quiet: bool) -> Callable[[str], None]:
    """What takes notes: says them, or with `-q` drops them."""
    return (lambda _sentence: None) if quiet else note


class _Notes:
    """A line now and then, for a log file."""

    def __init__(self) -> None:
        self._counts: Counter[Verdict] = Counter()
        self._to_ask = 0
        self._eta: Eta = lambda _customers: None
        self._noted = 0.0

    def start(self, facts: RunFacts, to_ask: int, eta: Eta) -> None:
        self._to_ask, self._eta = to_ask, eta
        self._noted = time.monotonic()
        say(_opening(facts, to_ask))

    def tell(self, answer: Answer) -> None:
        self._counts[answer.finding.verdict] += 1
        now = time.monotonic()
        if now - self._noted >= NOTE_EVERY:
            self._noted = now
            done = self._counts.total()
            left = _minutes(self._eta(self._to_ask - done))
            say(f"{done:,} of {self._to_ask:,} asked: {_in_words(self._counts)}; {left}")

    def stop(self) -> None:
        if self._counts:
            say(f"{self._counts.total():,} of {self._to_ask:,} asked: {_in_words(self._counts)}")


class _Live:
    """One line that moves, for a terminal; drawn when an answer comes, because nothing else changes it."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._counts: Counter[Verdict] = Counter()
        self._to_ask = 0
        self._eta: Eta = lambda _customers: None
        self._progress = Progress(
            TextColumn("asking"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            console=Console(stderr=True),
            auto_refresh=False,
        )
        self._drawn = 0.0
        self._task = self._progress.add_task("asking", total=None, words="", visible=False)

    def start(self, facts: RunFacts, to_ask: int, eta: Eta) -> None:
        say(_opening(facts, to_ask))
        self._to_ask, self._eta = to_ask, eta
        self._progress.update(self._task, total=to_ask, visible=True)
        self._progress.start()

    def tell(self, answer: Answer) -> None:
        self._counts[answer.finding.verdict] += 1
        now = time.monotonic()
        if now - self._drawn >= DRAW_EVERY:
            self._drawn = now
            self._draw()

    def stop(self) -> None:
        self._draw()
        self._progress.stop()

    def _draw(self) -> None:
        done = self._counts.total()
        words = f"{_in_words(self._counts)}; {_minutes(self._eta(self._to_ask - done))}"
        self._progress.update(self._task, completed=done, words=words, refresh=True)


def _minutes(seconds: float | None) -> str:
    """What is left, in words, from the pace that the service takes."""
    if seconds is None:
        return "no telling how long yet"
    return f"{seconds / 60:,.0f} minutes left" if seconds >= 90 else f"{seconds:.0f} seconds left"  # noqa: PLR2004 - where minutes begin to say enough


def _opening(facts: RunFacts, to_ask: int) -> str:
    source = "the simulator" if facts.simulated else facts.api
    counted = f"{many(facts.rows, 'row')}, {many(facts.customers, 'customer')}"
    return f"run {facts.run_id}: {counted}; asking {source} for {to_ask:,}"


def _in_words(counts: Counter[Verdict]) -> str:
    return ", ".join(
        f"{counts[verdict]:,} {verdict}" for verdict in (Verdict.BLOCKED, Verdict.ELIGIBLE, Verdict.UNDETERMINED)
    )
