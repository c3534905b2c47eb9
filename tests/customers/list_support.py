"""What the tests of customer lists share."""

import io
from collections.abc import Sequence

import pytest

from auditor.core.rows import Customer, RejectedRow
from auditor.customers import Columns, CustomerList, read
from auditor.errors import CustomerListError

ONE = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d81"
TWO = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d82"
THREE = "5d31b3a8-1f0c-4c0e-9a57-0f6e2b1c9d83"
FIND_ALL = Columns()


def opened(data: bytes, columns: Columns = FIND_ALL) -> CustomerList:
    """The list that stands in `data`, as standard input."""
    return read("-", columns=columns, stdin=io.BytesIO(data))


def rows_in(data: bytes, columns: Columns = FIND_ALL) -> list[Customer | RejectedRow]:
    """All rows of the list that stands in `data`."""
    return list(opened(data, columns))


def ids_in(rows: Sequence[Customer | RejectedRow]) -> list[str]:
    """The id of every row: the customer's, or the raw text of a rejected one."""
    return [row.id if isinstance(row, Customer) else row.raw_id for row in rows]


def refusal(data: bytes, columns: Columns = FIND_ALL) -> CustomerListError:
    """The error by which the list in `data` is refused, at once or while it is read."""
    with pytest.raises(CustomerListError) as caught:
        rows_in(data, columns)
    assert caught.value.exit_code == 5
    assert "\n" not in f"{caught.value.message}{caught.value.hint}"
    return caught.value
