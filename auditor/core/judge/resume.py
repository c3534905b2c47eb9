"""(wanted, journal) -> customers still to ask. Only a final answer counts as done.

Finished customers are kept by row, one bit each: a million customers take 125 kB, where a set of their ids takes 100 MB.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet


class RowSet:
    """A set of row numbers, counted from 0.

    Args:
        rows: number of rows in the lists.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._bits = bytearray((rows + 7) // 8)

    def add(self, row: int) -> None:
        """Add a row.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < self._rows:
            raise IndexError(f"row {row} of {self._rows}")
        self._bits[row >> 3] |= 1 << (row & 7)

    def discard(self, row: int) -> None:
        """Remove a row, present or not.

        Raises:
            IndexError: there is no such row.
        """
        self.add(row)
        self._bits[row >> 3] ^= 1 << (row & 7)

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and 0 <= row < self._rows and bool(self._bits[row >> 3] >> (row & 7) & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()


def pending_customers(wanted: Iterable[tuple[int, str]], done: RowSet | AbstractSet[int]) -> Iterator[tuple[int, str]]:
    """Yield the customers without a final answer, in list order.

    Args:
        wanted: (row, customer id) of each distinct customer; the row is the first that names it.
        done: the rows of customers with a final answer.
    """
    return (item for item in wanted if item[0] not in done) if done else iter(wanted)
