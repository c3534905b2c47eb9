"""How a disagreement is reported."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from auditor.core.text import shell_quote
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS


@contextmanager
def as_disagreement(run: Path, repair: str = "") -> Iterator[None]:
    """Turn every error that a damaged file causes into one kind of error, with the command that repairs it.

    Args:
        run: the folder of the files.
        repair: the command; empty for that of a run.

    Raises:
        IncompleteError: instead.
    """
    try:
        yield
    except OSError as error:
        name = Path(error.filename or run).name
        raise _disagreement(run, repair, f"{name}: {error.strerror or error}") from error
    except IncompleteError as error:
        if error.hint:
            # it knows more: which version of auditor to use
            raise
        raise _disagreement(run, repair, error.message) from error
    except (
        csv.Error,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        msgspec.MsgspecError,
    ) as error:
        # a damaged document may hold anything
        raise _disagreement(run, repair, f"{run}: a file is damaged: {error}") from error


def _disagreement(run: Path, repair: str, message: str) -> IncompleteError:
    if message.startswith((ROWS, JOURNAL, str(run / ROWS), str(run / JOURNAL))):
        return IncompleteError(message, "put the file back as it was, or audit the list again")
    repair = repair or f"auditor report {shell_quote(run)}"
    return IncompleteError(message, f"the answers are safe; render them again: {repair}")
