"""Show the progress of a fleet on standard error: one live table on a terminal, lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from auditor.cli.progress import NOTE_EVERY
from auditor.cli.terminal import say
from auditor.core.text import count_noun, format_duration
from auditor.fleet import FleetObserver, PartnerResult, Round

if TYPE_CHECKING:
    from rich.console import RenderableType


@contextmanager
def show_fleet(*, quiet: bool) -> Iterator["FleetProgress"]:
    """Give the progress of a fleet."""
    progress = FleetProgress() if quiet else _LiveTable() if sys.stderr.isatty() else _Lines()
    try:
        yield progress
    finally:
        progress.stop()


class FleetProgress:
    """Keeps what is known of each partner. Shows nothing."""

    def __init__(self) -> None:
        self.partners: dict[str, dict[str, Any]] = {}

    @property
    def observer(self) -> FleetObserver:
        """The observer that this shows."""
        return FleetObserver(progressed=self.add, ended=self.end, ticked=self.tick)

    def start(self, current: Round, to_ask: int, complete: int) -> None:
        """Receive the round, and the numbers of partners to audit and of those that are complete already."""

    def add(self, name: str, counts: dict[str, Any]) -> None:
        """Receive a partner's counts."""
        self.partners.setdefault(name, {}).update(counts)

    def end(self, result: PartnerResult) -> None:
        """Receive how a partner ended."""
        known = self.partners.setdefault(result.name, {})
        known.update(state=_describe(result), seconds_left=None, a_minute=None)
        if result.customers:
            known["blocked"] = result.customers.get("blocked", 0)

    def tick(self) -> None:
        """Show what is new."""

    def stop(self) -> None:
        """Show nothing more."""


def _describe(result: PartnerResult) -> str:
    return "complete" if result.complete else f"exit code {result.exit_code}: {result.reason}".rstrip(": ")


def _say_start(current: Round, to_ask: int, complete: int) -> None:
    already = f"; {complete} are complete already" if complete else ""
    say(f"round {current.id}: auditing {count_noun(to_ask, 'partner')}{already}")


class _Lines(FleetProgress):
    """Prints a line when a partner ends, and one about all every `NOTE_EVERY` seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = time.monotonic()

    def start(self, current: Round, to_ask: int, complete: int) -> None:
        _say_start(current, to_ask, complete)

    def end(self, result: PartnerResult) -> None:
        super().end(result)
        say(f"partner {result.name}: {_describe(result)}")

    def tick(self) -> None:
        now = time.monotonic()
        if self.partners and now - self._noted >= NOTE_EVERY:
            self._noted = now
            asked, to_ask = (
                sum(known.get(what, 0) for known in self.partners.values()) for what in ("asked", "to_ask")
            )
            left = max((known.get("seconds_left") or 0 for known in self.partners.values()), default=0)
            say(
                f"{asked:,} of {count_noun(to_ask, 'customer')} asked, of {count_noun(len(self.partners), 'partner')}"
                + (f"; {format_duration(left)} left" if left else "")
            )


class _LiveTable(FleetProgress):
    """Draws one table with a row for each partner, as often as something is new."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=False)
        self._drawn = 0.0

    def start(self, current: Round, to_ask: int, complete: int) -> None:
        _say_start(current, to_ask, complete)
        self._live.start()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= 1.0:
            self._drawn = now
            self._live.update(self._table(), refresh=True)

    def stop(self) -> None:
        with suppress(OSError):
            self._live.update(self._table(), refresh=True)
            self._live.stop()

    def _table(self) -> "RenderableType":
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for title in ("partner", "asked", "blocked", "a minute", "left"):
            table.add_column(title, justify="left" if title == "partner" else "right", no_wrap=True)
        table.add_column("state", overflow="ellipsis", no_wrap=True)
        for name, known in sorted(self.partners.items()):
            asked = f"{known['asked']:,} of {known['to_ask']:,}" if "asked" in known else "-"
            left = known.get("seconds_left")
            cells = [
                name,
                asked,
                f"{known.get('blocked', 0):,}",
                f"{known['a_minute']:,}" if known.get("a_minute") else "-",
                format_duration(left) if left else "-",
                str(known.get("state", "")),
            ]
            table.add_row(*map(Text, cells))
        return table
