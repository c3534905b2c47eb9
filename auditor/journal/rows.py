"""rows.jsonl: the customer lists as read, one line a row, in order. Rule: whole before the first request leaves.

A row with an invalid id has no `customer_id`; the text as found is its `raw_id`. Runs of earlier versions have that
text in `customer_id`, with the reason `invalid_id`.

A line says whether it is the first that names its customer. So what remembers the ids lives only as long as the list is
read, and whoever asks needs no memory of them.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from auditor.core.model import Customer, RejectedRow
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError

ROWS = "rows.jsonl"


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """What was copied to rows.jsonl.

    Attributes:
        rows: lines written.
        customers: distinct customer ids among them.
        invalid: rows whose id is no GUID.
        columns: the lists' other columns, in order of first appearance.
        digest: SHA-256 of the file, hex.
    """

    rows: int = 0
    customers: int = 0
    invalid: int = 0
    columns: tuple[str, ...] = ()
    digest: str = ""


class RowsFile:
    """rows.jsonl of a new run, open for writing.

    Args:
        run: the run's folder.

    Raises:
        OSError: the file cannot be written, or is there already.
    """

    def __init__(self, run: Path) -> None:
        self._file = (run / ROWS).open("xb", buffering=1 << 20)
        self._seen: set[bytes] = set()
        self._columns: dict[str, None] = {}
        self._digest = hashlib.sha256()
        self._rows = self._invalid = 0

    def add(self, row: Customer | RejectedRow) -> None:
        """Appends one row."""
        known = len(self._seen)
        if isinstance(row, Customer):
            self._seen.add(bytes.fromhex(row.id.replace("-", "")))
        else:
            self._invalid += 1
        self._columns.update(dict.fromkeys(row.row.other))
        line = msgspec.json.encode({**_row_document(row), "first": len(self._seen) > known}) + b"\n"
        self._digest.update(line)
        self._file.write(line)
        self._rows += 1

    def finish(self) -> RowsWritten:
        """Forces the rows to the disk and says what they were."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return RowsWritten(self._rows, len(self._seen), self._invalid, tuple(self._columns), self._digest.hexdigest())

    def close(self) -> None:
        """Closes the file as it is."""
        self._file.close()


def write_rows(run: Path, rows: Iterable[Customer | RejectedRow]) -> RowsWritten:
    """Copies the lists' rows to rows.jsonl as they stream by.

    Raises:
        OSError: the file cannot be written.
    """
    file = RowsFile(run)
    try:
        for row in rows:
            file.add(row)
        return file.finish()
    finally:
        file.close()


def _row_document(row: Customer | RejectedRow) -> dict[str, Any]:
    return {
        **({"customer_id": row.id} if isinstance(row, Customer) else {"customer_id": None, "raw_id": row.raw_id}),
        "reason": row.reason.value if isinstance(row, RejectedRow) else None,
        "company_name": row.row.company_name,
        "domain": row.row.domain,
        "owner": row.row.owner,
        "source_file": row.row.source_file,
        "source_row": row.row.source_row,
        "other": row.row.other,
    }


class _Named(msgspec.Struct):
    first: bool
    customer_id: str | None = None


def wanted(run: Path) -> Iterator[tuple[int, str]]:
    """(row index, customer id) of each distinct customer, in list order: the row is the first that names it.

    Raises:
        IncompleteError: a line cannot be understood.
        OSError: the file cannot be read.
    """
    decode = msgspec.json.Decoder(_Named).decode
    with (run / ROWS).open("rb") as file:
        for index, line in enumerate(file):
            try:
                row = decode(line)
                if row.first and row.customer_id is None:
                    raise ValueError("the first row of a customer has no customer_id")  # noqa: TRY301 - told like any other
            except (msgspec.MsgspecError, ValueError) as error:
                raise IncompleteError(
                    f"{run / ROWS}, line {index + 1}: {error}", "put the file back as it was, or audit the list again"
                ) from error
            if row.first and row.customer_id is not None:
                yield index, row.customer_id


def check_rows(run: Path, facts: RunFacts) -> None:
    """Refuses rows that are not the ones the journal was written for.

    Raises:
        IncompleteError: rows.jsonl is missing or was changed.
    """
    try:
        with (run / ROWS).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise IncompleteError(f"{run / ROWS} cannot be read: {error}", "audit the list again") from error
    if digest != facts.list_digest:
        raise IncompleteError(f"{run / ROWS} is not the list that this run was started with", "audit the list again")
