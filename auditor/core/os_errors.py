"""What to do about an error of the operating system. Rule: its number decides; only a full disk asks for room."""

import errno

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
