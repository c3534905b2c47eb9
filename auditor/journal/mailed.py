"""mailed.jsonl: which mails about a run the mail server accepted or refused. Nothing of it is in the manifest.

A mail address is personal data, and the run folder may be shared: the record has a digest of each address. It tells whether
an address has had a workbook already, and cannot be compared with the records of other runs.
"""

import hashlib
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import msgspec

from auditor.atomic_file import sync_folder

MAILED = "mailed.jsonl"
_DIGITS = 16


class MailRecord(msgspec.Struct, kw_only=True, frozen=True):
    """One line: what the mail server said to a mail, for the addresses with this answer.

    Attributes:
        at: When it answered.
        owner: Name of the account manager. Empty for the mail about the rows without one.
        file: Name of the workbook in by-owner/.
        sha256: SHA-256 of the workbook, in hexadecimal digits.
        outcome: `sent`: the server accepted the mail and has it now. `refused`: it did not, and will not.
        recipients: A digest of each address, made of the run-id and the address: the first 16 hexadecimal digits of SHA-256.
    """

    at: datetime
    owner: str
    file: str
    sha256: str
    outcome: Literal["sent", "refused"]
    recipients: tuple[str, ...]


def recipient_digest(run_id: str, address: str) -> str:
    """The digest of an address in the record of a run; letter case does not count."""
    return hashlib.sha256(f"{run_id} {address.casefold()}".encode()).hexdigest()[:_DIGITS]


class MailLog:
    """The record of one run, open for appending.

    Args:
        run: the run's folder.

    Raises:
        OSError: it cannot be read or written.
    """

    def __init__(self, run: Path) -> None:
        path = run / MAILED
        self._file = path.open("ab", buffering=0)
        if (content := path.read_bytes()) and not content.endswith(b"\n"):
            # a power cut may leave a part of a line
            self._file.write(b"\n")
        # the name of a new file must outlive a power cut as well
        sync_folder(run)

    def add(self, record: MailRecord) -> None:
        """Append a line and force it to the disk.

        Raises:
            OSError: it cannot be written.
        """
        line = msgspec.json.encode(record) + b"\n"
        if self._file.write(line) != len(line):
            raise OSError(f"{self._file.name}: only a part of a line was written")
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_mailed(run: Path) -> list[MailRecord]:
    """The lines of the record, in order; none where there is none. A damaged line counts as not written.

    Raises:
        OSError: it cannot be read.
    """
    try:
        lines = (run / MAILED).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(line, type=MailRecord))
    return found
