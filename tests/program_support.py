"""The program in separate processes that start quickly: each is forked from one that has imported everything.

For tests in which a signal, a second process or a standard stream matters. A start by the interpreter takes about a second
of processor time; use it where the start itself is tested, or what differs with it: locale, limits, closed streams.
"""

import contextlib
import multiprocessing
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any, Self

import pytest

import auditor

IMPORTED = ["pytest", "aiohttp", "msal", "pandas", "pyarrow.dataset", "rich.table", "tenacity", "tzlocal", "xlsxwriter"]
IMPORTED += [one.name for one in pkgutil.walk_packages(auditor.__path__, "auditor.") if one.name != "auditor.__main__"]
STDIN, STDOUT, STDERR = range(3)


class Program:
    """A command that has been started; used like `subprocess.Popen` with pipes for all three streams, in text mode.

    Args:
        argv: the arguments, without the program's name.
        before: Python code that the process runs first.
        environment: variables to set beside those of this process.
    """

    def __init__(self, *argv: str, before: str = "", **environment: str) -> None:
        if sys.platform == "win32":
            pytest.skip("Windows cannot fork")
        forks: Any = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(IMPORTED)
        (stdin, given), (printed, stdout), (said, stderr) = os.pipe(), os.pipe(), os.pipe()
        self.stdin = os.fdopen(given, "w", encoding="utf-8")
        self.stdout, self.stderr = (os.fdopen(fd, encoding="utf-8") for fd in (printed, said))
        theirs = [_Stream(fd) for fd in (stdin, stdout, stderr)]
        self._process = forks.Process(target=_main, args=(theirs, argv, before, {**os.environ, **environment}))
        self._process.start()
        self.pid: int = self._process.pid
        for stream in theirs:
            os.close(stream.fd)

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the number of the signal that ended it; None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def wait(self) -> None:
        """Wait until it has ended."""
        self._process.join()

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until something is the case; it must not end before. To look all the time would take a core from it."""
        while not condition():
            self._process.join(0.005)
            assert self.returncode is None, self.communicate()

    def send_signal(self, number: signal.Signals) -> None:
        """Sends a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it as `kill -9` does."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def communicate(self, given: str | None = None, timeout: float = 120.0) -> tuple[str, str]:
        """Writes `given` to its standard input, and returns the rest of standard output and standard error.

        It is killed after `timeout` seconds.
        """
        printed: list[str] = []
        reader = threading.Thread(target=lambda: printed.append(self.stdout.read()))
        timer = threading.Timer(timeout, self.kill)
        for thread in (reader, timer):
            thread.start()
        with contextlib.suppress(BrokenPipeError):
            self.stdin.write(given or "")
            self.stdin.close()
        said = self.stderr.read()
        self.wait()
        timer.cancel()
        reader.join()
        self._close()
        return printed[0], said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind:
            self.kill()
        self.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def run_program(*argv: str, given: str = "", before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, as `subprocess.run` does."""
    with Program(*argv, before=before, **environment) as process:
        printed, said = process.communicate(given)
    assert process.returncode is not None
    return subprocess.CompletedProcess(argv, process.returncode, printed, said)


class _Stream:
    """A file descriptor that is handed to the new process."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> tuple[Any, ...]:
        return _receive, (reduction.DupFd(self.fd),)


def _receive(duplicate: Any) -> _Stream:
    return _Stream(duplicate.detach())


def _main(streams: list[_Stream], argv: tuple[str, ...], before: str, environment: dict[str, str]) -> None:
    """Run in the new process."""
    for number, stream in enumerate(streams):
        os.dup2(stream.fd, number)
        os.close(stream.fd)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor, for as long as it lives
    sys.stdout = open(STDOUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - see above
    sys.stderr = open(STDERR, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115 - see above
    sys.argv = ["auditor", *argv]
    exec(before, {})  # noqa: S102 - of a test
    from auditor.cli import main  # noqa: PLC0415 - what `before` changes must be in place

    sys.exit(main())
