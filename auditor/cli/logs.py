"""Set up the log of a command: on standard error as `-q` and `-v` say, and in a file.

A log file holds what somebody reads who comes later: every sentence that the command printed, and the log of its modules, from
the level INFO on. Lines are text or JSON objects, in the local time with its offset, so that lines of two machines, or of a
change of the clocks, can be sorted.
"""

import logging
import os
import sys
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

from auditor.cli.terminal import PRINTED
from auditor.errors import SettingsError, describe_os_error
from auditor.runs.log_context import RUN_ID

LOG_FILE_BYTES = 10_000_000
"""A log file that has grown to this size is renamed, and a new one is begun."""
LOG_FILES = 5
"""Log files that are kept, the current one included."""

_TEXT, _TIME = "%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"
_CHATTY = ("msal", "urllib3", "asyncio")
"""Libraries that log request headers, with tokens, at the level DEBUG."""


def set_up(level: int | None, form: str = "text", file: str | None = None) -> None:
    """Set up the log of the process; replaces an earlier set-up.

    Args:
        level: what goes to standard error; None for warnings without time and name, as Python prints them by itself.
        form: `text` or `json`.
        file: the log file, appended to; None for none. It gets INFO and above, or what goes to standard error if that is more.

    Raises:
        SettingsError: the file cannot be opened, or the library for JSON is missing.
    """
    formatter = _json_formatter() if form == "json" else logging.Formatter(_TEXT, _TIME)
    shown = logging.WARNING if level is None else level
    stream = logging.StreamHandler()
    stream.setLevel(shown)
    stream.setFormatter(logging.Formatter() if level is None and form == "text" else formatter)
    handlers: list[logging.Handler] = [stream]
    if file is not None:
        handlers.append(_open_log_file(file))
        handlers[-1].setLevel(min(shown, logging.INFO))
        handlers[-1].setFormatter(formatter)
    for handler in handlers:
        handler.addFilter(_add_run_id)
    lowest = min(handler.level for handler in handlers)
    logging.basicConfig(level=lowest, handlers=handlers, force=True)
    # what the command prints is on standard error already; without a handler, Python would print warnings once more
    PRINTED.handlers = handlers[1:] or [logging.NullHandler()]
    PRINTED.setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(lowest, logging.INFO))


class _LogFile(RotatingFileHandler):
    """A log file that only its owner reads. Where it cannot be written or renamed, one warning says so, and the command goes on."""

    _has_failed = False

    def _open(self) -> TextIOWrapper:
        return TextIOWrapper(open(self.baseFilename, "ab", opener=_open_private), encoding=self.encoding)

    def doRollover(self) -> None:  # noqa: N802 - the base class's name
        """Begin a new file. In a folder where nothing can be renamed, go on with the old one."""
        try:
            super().doRollover()
        except OSError as error:
            self.maxBytes = 0
            self.stream = self.stream or self._open()
            self._warn(f"cannot be renamed: {describe_os_error(error)}; it grows on")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the base class's names
        """Warn once, whatever goes wrong and however often."""
        error = sys.exc_info()[1]
        why = describe_os_error(error) if isinstance(error, OSError) else str(error)
        self._warn(f"cannot be written: {why}; lines are missing in it")

    def _warn(self, what: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            sys.stderr.write(f"warning: the log file {self.baseFilename} {what}\n")

    def close(self) -> None:
        """Close the file; what a full disk does not take is lost."""
        with suppress(OSError):
            super().close()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _open_log_file(file: str) -> _LogFile:
    try:
        return _LogFile(file, maxBytes=LOG_FILE_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the log file {file} cannot be opened: {describe_os_error(error)}",
            "name a file that can be written with --log-file (AUDITOR_LOG_FILE)",
        ) from error


def _add_run_id(record: logging.LogRecord) -> bool:
    """Give a record the run that its code works for, where it works for one."""
    if run_id := RUN_ID.get():
        record.run_id = run_id
    return True


def _json_formatter() -> logging.Formatter:
    try:
        from pythonjsonlogger.json import JsonFormatter
    except ImportError:
        raise SettingsError(
            "--log-format json needs the library python-json-logger, which is not installed",
            'pip install "partner-center-auditor[logs]"',
        ) from None

    class Formatter(JsonFormatter):
        """One object a line."""

        def formatTime(self, record: logging.LogRecord, _datefmt: str | None = None) -> str:  # noqa: N802 - the base class's name
            return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")

    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    return Formatter(("asctime", "levelname", "name", "message"), rename_fields=names, json_ensure_ascii=False)
