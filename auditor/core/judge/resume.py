"""(wanted, journaled) -> still to ask. Rule: only a final answer counts as done; a transient failure is asked again.

Who is done is known by row, a bit each: a million customers take 125 kB, where a set of their ids takes 100 MB.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet


class RowSet:
    """Some of the rows of the customer lists, by their number from 0.

    Args:
        rows: how many rows there are.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._bits = bytearray((rows + 7) // 8)

    def add(self, row: int) -> None:
        """Takes a row in.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < self._rows:
            raise IndexError(f"row {row} of {self._rows}")
        self._bits[row >> 3] |= 1 << (row & 7)

    def discard(self, row: int) -> None:
        """Takes a row out, whether it is in or not.

        Raises:
            IndexError: there is no such row.
        """
        self.add(row)
        self._bits[row >> 3] ^= 1 << (row & 7)

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and 0 <= row < self._rows and bool(self._bits[row >> 3] >> (row & 7) & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()


def still_to_ask(wanted: Iterable[tuple[int, str]], done: RowSet | AbstractSet[int]) -> Iterator[tuple[int, str]]:
    """The customers that have no final answer yet, in list order.

    Args:
        wanted: (row, customer id) of each distinct customer; the row is the first that names it.
        done: such rows of the customers with a final answer.
    """
    return (item for item in wanted if item[0] not in done) if done else iter(wanted)
