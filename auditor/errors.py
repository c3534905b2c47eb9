"""Errors that end a command, grouped by what the user does next, with their exit codes; and what to do about errors of the operating system.

A failure of one customer is data (a row with a `core.model.Reason`), never an exception. The message says what happened and why; `hint`
says what to do next. For an error of the operating system, its number decides: only a full disk needs more space.
"""

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path


class AuditorError(Exception):
    """Base class of all errors that end a command. This class itself: a defect of auditor; report it.

    Args:
        message: what happened and why, in one line.
        hint: what to do next, in one line; empty where the message says it.

    Attributes:
        exit_code: what the command line returns.
        run: folder of the run that failed; None where there is none. Every received answer is in it.
    """

    exit_code: ClassVar[int] = 1
    run: "Path | None" = None

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; next: {self.hint}" if self.hint else self.message


class SettingsError(AuditorError):
    """An option, keyword, environment variable or settings file cannot be used. Change it."""

    exit_code = 2


class IncompleteError(AuditorError):
    """Rows are missing, or files contradict each other. Resume, or correct the list."""

    exit_code = 3


class SignInError(AuditorError):
    """The service refuses the sign-in: token, MFA or role. Sign in again."""

    exit_code = 4


class CustomerListError(AuditorError):
    """The customer list cannot be read, is empty, or has no id column. Change the list."""

    exit_code = 5


class StoppedEarlyError(AuditorError):
    """The service is down, the deadline has passed, or the run's folder cannot be written; all answers are in the journal. Resume later."""

    exit_code = 6


class OutputError(AuditorError):
    """A file cannot be written; all answers are in the journal. Render the reports again, without API calls."""

    exit_code = 7


class LockHeldError(AuditorError):
    """Another run for the same partner writes to the same reports folder. Wait."""

    exit_code = 11


NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""Errors of a file system without locks: NFS without lockd, SMB without byte-range locks, Lustre without -o flock."""
_TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TOO_MANY_FILES = "the limit on open files is reached"
MORE_FILES = "raise the limit on open files (ulimit -n 1024), or lower --concurrency"
"""What to do when the process may not open another file."""


def is_too_many_files(error: BaseException) -> bool:
    """True if the process, or the machine, may not open another file or connection."""
    return isinstance(error, OSError) and error.errno in _TOO_MANY_FILES


def describe_os_error(error: OSError) -> str:
    """Describe the error, with what is missing."""
    words = error.strerror or str(error)
    if is_too_many_files(error):
        return f"{words} ({TOO_MANY_FILES})"
    if error.errno in NO_LOCKS:
        return f"{words} (the file system does not support it)"
    return words


def describe_cause(error: AuditorError | OSError) -> str:
    """Describe what happened, without what to do next; of an error of the operating system, with the file."""
    if isinstance(error, AuditorError):
        return error.message
    return ": ".join(filter(None, [str(error.filename or ""), describe_os_error(error)]))


def remedy(error: BaseException, otherwise: str = "make room, or fix the path") -> str:
    """What to do first, before the command that continues.

    Args:
        error: of the operating system, or one of ours with such an error as its cause.
        otherwise: what to do for all other errors.
    """
    while not isinstance(error, OSError) and error.__cause__ is not None:
        error = error.__cause__
    if not isinstance(error, OSError):
        return otherwise
    if is_too_many_files(error):
        return MORE_FILES
    if error.errno in NO_LOCKS:
        return "name a folder on another file system with --reports"
    return "make room" if error.errno in _FULL else otherwise
