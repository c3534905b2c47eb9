"""rows.jsonl: the customer lists as read, one line a row, in order; complete before the first request leaves.

A row with an invalid id has no `customer_id`; the text as found is its `raw_id`. Version 1 wrote that text as
`customer_id`, with the reason `invalid_id`. Each line says whether it is the first row of its customer, so that readers
need no memory of the ids.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import UNSET, Struct, UnsetType

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, Reason, RejectedRow
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError

ROWS = "rows.jsonl"


class RowRecord(Struct, gc=False):
    """One row of a customer list, as read. Fields are written in this order.

    Attributes:
        customer_id: Customer tenant id: a lower-case GUID with dashes. Null where the id is no GUID; version 1 wrote the text as found.
        raw_id: The id as found. Left out where it is a GUID. Since version 2.
        reason: `invalid_id`: nobody can be asked about this row. `not_selected`: the user left it out. Null where the customer is
            asked for.
        company_name: From the list's column of company names. Null where the list has no such column, or the cell is empty.
        domain: From the list's column of domains. Null where the list has no such column, or the cell is empty.
        owner: Account manager, from the list's column of owners. Null where the list has no such column, or the cell is empty.
        source_file: Name of the list as the user gave it; `-` is standard input. The name of a sheet, or of a file in an
            archive, follows after `#`.
        source_row: Number of the row in that file, counted from 1.
        other: The list's other columns: name to text, in the list's order.
        first: True in the first row of its customer that is asked for. Left out only in rows that another program wrote; such a run is
            rendered, but not resumed.
    """

    customer_id: str | None = None
    raw_id: str | UnsetType | None = UNSET
    reason: Reason | None = None
    company_name: str | None = None
    domain: str | None = None
    owner: str | None = None
    source_file: str = ""
    source_row: int = 0
    other: dict[str, str] = {}
    first: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """What was copied to rows.jsonl.

    Attributes:
        rows: lines written.
        customers: distinct customer ids among them that are asked for.
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
        OSError: the file cannot be written, or exists already.
    """

    def __init__(self, run: Path) -> None:
        self._file = (run / ROWS).open("xb", buffering=1 << 20)
        self._ids: set[bytes] = set()
        self._columns: dict[str, None] = {}
        self._digest = hashlib.sha256()
        self._rows = self._invalid = 0

    def add(self, row: Customer | RejectedRow) -> None:
        """Append one row."""
        known = len(self._ids)
        if isinstance(row, Customer):
            self._ids.add(bytes.fromhex(row.id.replace("-", "")))
            record = RowRecord(row.id)
        elif row.reason is Reason.NOT_SELECTED and normalise_id(row.raw_id) == row.raw_id:
            record = RowRecord(row.raw_id, reason=row.reason)
        else:
            self._invalid += 1
            record = RowRecord(None, row.raw_id, row.reason)
        read = row.row
        self._columns.update(dict.fromkeys(read.other))
        record.company_name, record.domain, record.owner = read.company_name, read.domain, read.owner
        record.source_file, record.source_row, record.other = read.source_file, read.source_row, read.other
        record.first = len(self._ids) > known
        line = msgspec.json.encode(record) + b"\n"
        self._digest.update(line)
        self._file.write(line)
        self._rows += 1

    def finish(self) -> RowsWritten:
        """Force the rows to the disk and count them."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return RowsWritten(self._rows, len(self._ids), self._invalid, tuple(self._columns), self._digest.hexdigest())

    def close(self) -> None:
        """Close the file as it is."""
        self._file.close()


def write_rows(run: Path, rows: Iterable[Customer | RejectedRow]) -> RowsWritten:
    """Copy the lists' rows to rows.jsonl while they are read.

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


def read_customers(run: Path) -> Iterator[tuple[int, str]]:
    """(row index, customer id) of each distinct customer, in list order; the row is the first one of the customer.

    Raises:
        IncompleteError, OSError: as `read_selected_rows`.
    """
    for index, row in read_selected_rows(run):
        if row.first and row.customer_id is not None:
            yield index, row.customer_id


def read_selected_rows(run: Path) -> Iterator[tuple[int, RowRecord]]:
    """(row index, row) of the rows whose customers are asked for, in list order.

    Raises:
        IncompleteError: a line has another shape.
        OSError: the file cannot be read.
    """
    decode = msgspec.json.Decoder(RowRecord).decode
    with (run / ROWS).open("rb") as file:
        for index, line in enumerate(file):
            try:
                row = decode(line)
                _check_row(row)
            except (msgspec.MsgspecError, ValueError) as error:
                raise IncompleteError(
                    f"{run / ROWS}, line {index + 1}: {error}", "put the file back as it was, or audit the list again"
                ) from error
            if row.reason is None and row.customer_id is not None:
                yield index, row


def _check_row(row: RowRecord) -> None:
    if row.first is UNSET:
        raise ValueError("does not say whether it is the first row of its customer")
    if row.first and row.customer_id is None:
        raise ValueError("the first row of a customer has no customer_id")


def check_rows(run: Path, facts: RunFacts) -> None:
    """Check that the rows are those that the journal was written for.

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
