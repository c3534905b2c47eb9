"""The ledger, counted again from the records of `results`."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Reason
from auditor.core.results import Ledger, Tally, build_ledger
from auditor.report.verify.cells import codes, texts


class Counted(NamedTuple):
    """What the ledger and the documents need of one record of `results`."""

    customer_id: str | None
    raw_id: str | None
    verdict: str
    reason: str
    status: str | None
    owner: str | None

    @property
    def shown_id(self) -> str:
        """What people see as the customer's id."""
        return self.customer_id or self.raw_id or ""


def counted_of(cells: pa.Table) -> list[Counted]:
    """What the documents need of each record. The words are few, so that one text serves for all that say the same."""
    words = (_shared(cells[name]) for name in Counted._fields[2:])
    return [*map(Counted, *map(texts, (cells["customer_id"], cells["raw_id"])), *words)]


def _shared(column: pa.ChunkedArray) -> list[Any]:
    encoded = column.combine_chunks().dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    found: list[Any] = words[encoded.indices.fill_null(-1).to_numpy()].tolist()
    return found


def count_records(records: Iterable[Counted]) -> Ledger:
    """The ledger of these records: its `rows` and `customers` are those that they hold."""
    columns = zip(*records, strict=True)
    found = {name: pa.array(next(columns, ()), pa.string()) for name in Counted._fields}
    return count_cells(pa.table(found))


def count_cells(cells: pa.Table) -> Ledger:
    """The same of a table that has these columns, among others."""
    words = [pc.fill_null(cells[name], "") for name in ("reason", "status", "owner")]
    nobody = pc.or_(pc.is_null(cells["customer_id"]), pc.equal(words[0], Reason.NOT_SELECTED.value))
    customers, owners = codes(cells["customer_id"]), codes(words[2])
    is_somebody = pc.invert(nobody).to_numpy()
    of_owners = customers * (owners.max(initial=0) + 1) + owners
    counted = [is_somebody & _is_first(np.where(is_somebody, keys, -1)) for keys in (customers, of_owners)]
    numbers = [np.ones(len(cells), np.int64), *(each.astype(np.int64) for each in counted)]
    table = pa.table([*words, *map(pa.array, numbers)], ["reason", "status", "owner", "rows", "customers", "of_owner"])
    sums = table.group_by(table.column_names[:3], use_threads=False).aggregate(
        [(name, "sum") for name in table.column_names[3:]]
    )
    tallies = [
        Tally(Reason(reason), *others)
        for reason, *others in zip(*map(pa.ChunkedArray.to_pylist, sums.columns), strict=True)
    ]
    return build_ledger(tallies, len(cells), sum(one.customers for one in tallies))


def _is_first(keys: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """For each key whether it is the first of its kind."""
    found = np.zeros(len(keys), np.bool_)
    found[np.unique(keys, return_index=True)[1]] = True
    return found
