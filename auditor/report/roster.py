"""Which rows name which customer: one pass over rows.jsonl. Rule: a customer is a distinct id of the rows not rejected.

Customers are numbered from 0 in the order of their first row, so that everything later works on small integers.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.report import ids, jsonl
from auditor.report.schema import ROWS

_SCHEMA = pa.schema([("customer_id", pa.string()), ("reason", pa.string()), ("owner", pa.string())])
NOBODY = -1
"""The number of a row that names no customer."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The rows of the lists by customer. All arrays but `customers` have one element a row.

    Attributes:
        customers: the distinct ids (packed), by number.
        numbers: the customer's number (int32), or NOBODY.
        first: True where the row is the first of its customer.
        owner_first: True where it is the first of its customer under its owner.
        size: bytes of rows.jsonl.
        digest: its SHA-256, hex.
    """

    customers: pa.Array
    numbers: npt.NDArray[np.int32]
    first: npt.NDArray[np.bool_]
    owner_first: npt.NDArray[np.bool_]
    size: int
    digest: str

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.numbers)


def read_roster(run: Path) -> Roster:
    """Reads rows.jsonl once.

    Raises:
        OutputError: it cannot be read.
        IncompleteError: it is damaged.
    """
    digest, size = hashlib.sha256(), 0
    packed: list[pa.Array] = []
    owners: list[pa.Array] = []
    for block in jsonl.blocks(run / ROWS):
        digest.update(block)
        size += len(block)
        table = jsonl.parse(block, _SCHEMA, ROWS)
        rejected = pc.is_valid(table["reason"])
        packed.append(ids.pack(pc.if_else(rejected, pa.scalar(None, pa.string()), table["customer_id"]), ROWS))
        # dictionaries keep a million account managers' names small
        owners += pc.fill_null(table["owner"], "").dictionary_encode().chunks
    numbers, customers = _numbered(pa.chunked_array(packed, ids.PACKED))
    first = _first_seen(numbers)
    repeated = first.sum() < (numbers != NOBODY).sum()
    owner_first = _by_owner(numbers, owners) if repeated else first
    # pyarrow's allocator keeps what is freed, a fifth of a large run's peak
    pa.default_memory_pool().release_unused()
    return Roster(customers, numbers.astype(np.int32), first, owner_first, size, digest.hexdigest())


def _numbered(values: pa.ChunkedArray) -> tuple[npt.NDArray[Any], pa.Array]:
    """Values -> their numbers in order of appearance (NOBODY for null), and the distinct values."""
    encoded = values.dictionary_encode().combine_chunks()
    return pc.fill_null(encoded.indices, NOBODY).to_numpy(zero_copy_only=False), encoded.dictionary


def _first_seen(numbers: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """True where a number is higher than all before it: numbers are given in order of appearance."""
    highest = np.maximum.accumulate(numbers)
    return numbers > np.concatenate(([NOBODY], highest[:-1]))


def _by_owner(numbers: npt.NDArray[Any], owners: list[pa.Array]) -> npt.NDArray[np.bool_]:
    owner = pa.chunked_array(owners).unify_dictionaries().combine_chunks()
    pair = numbers.astype(np.int64) * len(owner.dictionary) + owner.indices.to_numpy()
    pairs = pa.chunked_array([pa.array(pair, mask=numbers == NOBODY)])
    return _first_seen(_numbered(pairs)[0])
