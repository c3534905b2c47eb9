"""Standard output and error of the process. Rule: whatever becomes of them, a command does its work and ends with its own
exit code; what could not be printed is said afterwards.

A stream that is closed goes nowhere. One that takes no more (a full disk, a reader who left) takes nothing from then on,
and remembers why.
"""

import io
import os
import sys
from contextlib import suppress
from typing import Any

_CLOSED = ("stdout", "stderr")


class _Lenient(io.FileIO):
    """A file that swallows what it cannot write. `failure` is the first reason, or None."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """As of a file, but never fails."""
        view = memoryview(data).cast("B")
        if self.failure is not None:
            return len(view)
        try:
            # a pipe that somebody made non-blocking takes nothing while it is full
            while (written := super().write(view)) is None:
                self._wait()
        except OSError as error:
            self.failure = error
            return len(view)
        return written

    def _wait(self) -> None:
        import select

        select.select([], [self.fileno()], [])


def prepare() -> None:
    """Makes standard output and error usable, and harmless where they are not; does nothing the second time."""
    _occupy()
    for name in _CLOSED:
        stream = getattr(sys, name)
        if stream is None:
            # pythonw, a service, or a shell's >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as the process lives
        else:
            setattr(sys, name, _lenient(stream))


def output_failure() -> OSError | None:
    """Why not everything could be printed to standard output; None where it was."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    found = getattr(_raw(sys.stdout), "failure", None)
    return found if isinstance(found, OSError) else None


def _raw(stream: Any) -> Any:
    """The file below a stream; with PYTHONUNBUFFERED there is no buffer between them."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _occupy() -> None:
    """So that no file of ours gets the number of a stream that is closed: whatever writes there would write into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                # the lowest free number
                os.open(os.devnull, os.O_RDWR)


def _lenient(stream: Any) -> Any:
    """The stream, with what it cannot write swallowed; as it is where it is no file of the process's own."""
    raw = _raw(stream)
    if type(raw) is not io.FileIO:
        # a Windows console, a test's, or lenient already
        _take_every_character(stream)
        return stream
    with suppress(OSError, ValueError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Lenient(raw.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _take_every_character(stream: Any) -> None:
    """Customers have names in every script; a pipe or an old console may not take them all."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
