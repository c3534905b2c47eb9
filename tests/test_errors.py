"""What errors say of themselves."""

import errno
import os

from auditor.errors import SettingsError, describe_cause


def test_a_cause_is_told_without_what_to_do_and_with_its_file() -> None:
    """Of an error of the operating system, the file is known only where one is named."""
    assert describe_cause(SettingsError("no such run", "auditor runs")) == "no such run"
    missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "r/journal.jsonl")
    assert describe_cause(missing) == f"r/journal.jsonl: {os.strerror(errno.ENOENT)}"
    assert describe_cause(OSError("gone")) == "gone"
