"""Failures of a whole run, grouped by what the user does next; each knows its exit code.

Rule: a failure of one customer is data (a row with a reason, `core.model.Reason`); only what ends a run is an
exception, and every one of ours descends from `AuditorError`. The message says what happened and why; `hint` is the
next thing to do.
"""

import errno
from typing import ClassVar


class AuditorError(Exception):
    """Root of every failure that ends a command. `exit_code` is what the process returns.

    Args:
        message: what happened and why, in one line.
        hint: what to do next, in one line; empty where the message says it already.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(AuditorError):
    """An option, environment variable or settings file cannot be used. Fix the call."""

    exit_code = 2


class IncompleteError(AuditorError):
    """The ledger does not balance, or the files disagree. Resume, or fix the list."""

    exit_code = 3


class SignInError(AuditorError):
    """The sign-in, MFA, role or kind of token does not do. Sign in again."""

    exit_code = 4


class CustomerListError(AuditorError):
    """The customer list cannot be read, is empty, or has no id column. Fix the list."""

    exit_code = 5


class StoppedEarlyError(AuditorError):
    """The service is plainly down or the time is over; what was answered is safe. Resume later."""

    exit_code = 6


class OutputError(AuditorError):
    """The answers are safe in the journal, but a file could not be written. Report again: no API calls."""

    exit_code = 7


class LockHeldError(AuditorError):
    """Another run for the same partner writes to the same reports folder. Wait."""

    exit_code = 11


NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a file system without locks answers: NFS without lockd, SMB without byte-range locks, Lustre without -o flock."""
_TOO_MANY_FILES = frozenset({errno.EMFILE, errno.ENFILE})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TOO_MANY_FILES = "the limit on open files is reached"
MORE_FILES = "raise the limit on open files (ulimit -n 1024), or lower --concurrency"
"""What to do where the process may not open another file."""


def too_many_files(error: BaseException) -> bool:
    """True where the process, or the machine, may not open another file or connection."""
    return isinstance(error, OSError) and error.errno in _TOO_MANY_FILES


def reason(error: OSError) -> str:
    """What happened, in words that say what is missing."""
    words = error.strerror or str(error)
    if too_many_files(error):
        return f"{words} ({TOO_MANY_FILES})"
    if error.errno in NO_LOCKS:
        return f"{words} (the file system does not offer what is needed there)"
    return words


def remedy(error: BaseException, otherwise: str = "make room, or fix the path") -> str:
    """What to do first, to be followed by the command that goes on.

    Args:
        error: of the operating system, or one of ours that it led to.
        otherwise: what to do where its number does not say.
    """
    while not isinstance(error, OSError) and error.__cause__ is not None:
        error = error.__cause__
    if not isinstance(error, OSError):
        return otherwise
    if too_many_files(error):
        return MORE_FILES
    if error.errno in NO_LOCKS:
        return "name a folder on another file system with --reports"
    return "make room" if error.errno in _FULL else otherwise
