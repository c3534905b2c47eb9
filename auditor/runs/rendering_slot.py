"""At most N runs of one machine render their reports at the same time: rendering takes four times the memory of asking.

A slot is the operating system's lock on a file, so that a dead process holds none. Where no lock can be made, or none is free for
hours, the reports are rendered without a slot: memory is worth less than the reports.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout

from auditor import locks
from auditor.errors import SettingsError, describe_os_error

LONGEST_WAIT = 4 * 3600.0
"""Seconds. A process that hangs must not keep the others from their reports."""
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RenderingSlots:
    """The slots of a machine.

    Attributes:
        folder: of the lock files, on a disk of this machine; created where it is missing.
        count: number of slots, 1 or more. All processes that share a folder name the same number.
    """

    folder: Path
    count: int


def read_slots(text: str) -> RenderingSlots:
    """Read `FOLDER:N`.

    Raises:
        SettingsError: it has another form.
    """
    folder, _, count = text.rpartition(":")
    if not folder or not count.isascii() or not count.isdecimal() or not int(count):
        raise SettingsError(
            f"--rendering-slots {text!r} has not the form FOLDER:N", "give a folder and a number from 1"
        )
    return RenderingSlots(Path(folder), int(count))


@contextmanager
def hold_slot(
    slots: RenderingSlots | None, noted: Callable[[str], None], warned: Callable[[str], None]
) -> Iterator[None]:
    """Hold a slot while the reports of a run are loaded, rendered and verified; wait until one is free.

    A signal ends the wait as it ends the rendering: with an exception of its handler.

    Args:
        slots: of this machine; None where there is no limit.
        noted: receives a sentence before the wait.
        warned: receives a sentence where the reports are rendered without a slot.
    """
    with ExitStack() as held:
        if slots is not None:
            try:
                held.enter_context(_acquire(slots, noted))
            except Timeout:
                warned(f"none of {slots.count} rendering slots was free for hours; rendering without a slot")
            except OSError as error:
                warned(
                    f"{slots.folder}: no lock can be made there ({describe_os_error(error)}); rendering without a slot"
                )
        yield


def _acquire(slots: RenderingSlots, noted: Callable[[str], None]) -> locks.Held:
    """Acquire the lock of a slot; raises Timeout where none was free for LONGEST_WAIT seconds."""
    slots.folder.mkdir(parents=True, exist_ok=True)
    lock = _try_all(slots)
    if lock is None:
        noted(f"every answer is stored; waiting for one of {slots.count} rendering slots")
    started = time.monotonic()
    while lock is None:
        if time.monotonic() - started > LONGEST_WAIT:
            raise Timeout(str(slots.folder))
        time.sleep(_POLL_SECONDS)
        lock = _try_all(slots)
    return lock


def _try_all(slots: RenderingSlots) -> locks.Held | None:
    for number in range(1, slots.count + 1):
        with suppress(Timeout):
            return locks.acquire(slots.folder / f"rendering-{number}.lock", timeout=0, patient=False)
    return None
