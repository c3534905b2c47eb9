"""Make standard output and error never fail, so that a command does its work and ends with its own exit code.

Output to a closed stream is dropped. A stream that fails (full disk, closed pipe) drops everything from then on and keeps the
reason, for a warning at the end.
"""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

_STREAMS = ("stdout", "stderr")


class _Lenient(io.FileIO):
    """A file that drops what it cannot write. `failure` is the first reason, or None."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write like a file, but never fail."""
        view = memoryview(data).cast("B")
        if self.failure is not None:
            return len(view)
        try:
            # a non-blocking pipe accepts nothing while it is full
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
    """Replace standard output and error by streams that never fail; does nothing the second time."""
    _reserve_descriptors()
    for name in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            # closed: pythonw, a service, or a shell's >&-
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for as long as the process lives
        else:
            setattr(sys, name, _make_lenient(stream))


def output_failure() -> OSError | None:
    """Why standard output lost something; None where it did not."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    found = getattr(_raw(sys.stdout), "failure", None)
    return found if isinstance(found, OSError) else None


def check_output(what: str, hint: str) -> None:
    """Raise an error where a full disk truncated standard output. A reader that closed the pipe is no error.

    Args:
        what: what was printed, for the message.
        hint: what to do instead.

    Raises:
        OutputError: it is not complete.
    """
    from auditor.errors import OutputError

    failure = output_failure()
    if failure is not None and failure.errno not in {errno.EPIPE, errno.EINVAL}:
        raise OutputError(f"standard output: {failure.strerror}; {what} there is not complete", hint)


def _raw(stream: Any) -> Any:
    """The file below a stream; with PYTHONUNBUFFERED there is no buffer between them."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)


def _reserve_descriptors() -> None:
    """Keep our own files from the descriptors 0 to 2: a library that writes to descriptor 2 would write into one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                # the lowest free number
                os.open(os.devnull, os.O_RDWR)


def _make_lenient(stream: Any) -> Any:
    """Make a stream that never fails; one that is not a plain file of the process stays unchanged."""
    raw = _raw(stream)
    if type(raw) is not io.FileIO:
        # a Windows console, a test's, or lenient already
        _accept_every_character(stream)
        return stream
    with suppress(OSError, ValueError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Lenient(raw.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering or stream.write_through,
    )


def _accept_every_character(stream: Any) -> None:
    """Make a stream replace characters that a pipe or an old console cannot write: customers have names in every script."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
