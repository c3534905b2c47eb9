"""Shared by the tests of customer lists."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.core.model import Customer, RejectedRow
from auditor.customers import Columns, CustomerList, read
from auditor.errors import CustomerListError

ONE = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d81"
TWO = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d82"
THREE = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d83"
FIND_ALL = Columns()
LISTS = Path(__file__).parent / "lists"
TENANTS = (
    "3a68cd4c-89d9-456b-8832-d1c3ed90f5f6",
    "eb79067b-2fa8-4ce1-b22c-c73a3f25ef48",
    "0b78de80-2221-44c9-a9fd-a9c70eab1ced",
    "3c4448fb-f924-49db-8ecd-078e0a86ffe5",
    "323579a9-b98b-4841-a4f5-1107595c14aa",
    "a67acc0d-b9bc-4159-9283-31420d8d7e76",
    "f9b13bf3-8b39-40ee-b05c-b1cde10d8ea9",
    "609eaa57-3c24-4b11-ac7b-9460be604285",
    "ab6a0543-5f1a-431b-b947-b1233481bcc1",
    "762b204f-a460-4346-b3d0-1100574ae280",
    "6f57c2af-263e-41b7-81e3-8f03e3884ea5",
    "47d588a7-f649-413c-b914-6b68d8d91b54",
)
"""The customers of the example lists, in order."""


def open_list(data: bytes, columns: Columns = FIND_ALL) -> CustomerList:
    """The list in `data`, read as standard input."""
    return read("-", columns=columns, content=io.BytesIO(data))


def rows_in(data: bytes, columns: Columns = FIND_ALL) -> list[Customer | RejectedRow]:
    """All rows of the list in `data`."""
    return list(open_list(data, columns))


def ids_in(rows: Sequence[Customer | RejectedRow]) -> list[str]:
    """The id of every row: the customer's, or the raw text of a rejected one."""
    return [row.id if isinstance(row, Customer) else row.raw_id for row in rows]


def refusal(data: bytes, columns: Columns = FIND_ALL) -> CustomerListError:
    """The error for the list in `data`, when it is opened or read."""
    with pytest.raises(CustomerListError) as caught:
        rows_in(data, columns)
    assert caught.value.exit_code == 5
    assert "\n" not in f"{caught.value.message}{caught.value.hint}"
    return caught.value


def example(name: str) -> bytes:
    """The bytes of the only example list whose name begins with this text."""
    [path] = [path for path in LISTS.iterdir() if path.name.startswith(name)]
    return path.read_bytes()
