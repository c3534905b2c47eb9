"""Who is asked first: `--priority`, so that a deadline leaves out who matters least.

`blocked` and `changed` mean the newest complete run of the same list: who was blocked or undetermined then, and for whom
something had changed. `sum:COLUMN` means the largest number in a column of the list. Everybody else follows in list order.
The header keeps the words and the run-id, so that `resume` asks in the same order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import journal
from auditor.core.baseline import RunIdentity
from auditor.core.model import Verdict
from auditor.core.results import CHANGES, add_up
from auditor.errors import IncompleteError, OutputError
from auditor.runs.baseline import choose_baselines
from auditor.runs.find import load_stored_run
from auditor.runs.options import find_sum_columns
from auditor.settings import BLOCKED_FIRST, CHANGED_FIRST, SUM_FIRST

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

KEY = "priority"
"""Key in the settings of a journal's header."""
_PART = 65_536
"""Texts that are kept as Python objects at a time."""


class Priority(NamedTuple):
    """How the customers are ordered.

    Attributes:
        words: `blocked`, `changed`, `sum:COLUMN` with the column's name in the lists; the most important first.
        run_id: of the run that `blocked` and `changed` mean; empty where there is none.
    """

    words: tuple[str, ...]
    run_id: str = ""


def choose_priority(reports: Path, mine: RunIdentity, words: Iterable[str], columns: Iterable[str]) -> Priority:
    """Choose the order of a new run.

    Args:
        reports: where the runs are.
        mine: of the new run.
        words: of the setting.
        columns: the lists' other columns.

    Raises:
        SettingsError: a list has no such column.
    """
    columns = [*columns]
    found: list[str] = []
    for word in words:
        if word.startswith(SUM_FIRST):
            (column,) = find_sum_columns([word.removeprefix(SUM_FIRST)], columns, f"--priority {SUM_FIRST}")
            found.append(f"{SUM_FIRST}{column}")
        else:
            found.append(word)
    earlier = choose_baselines(reports, mine, None).values()
    return Priority(tuple(found), max(one["run_id"] for one in earlier))


def customer_source(run: Path, warned: Callable[[str], None]) -> Callable[[], Iterator[tuple[int, str]]]:
    """A function that yields (row, customer id) of a run's customers in the order in which they are asked for.

    Args:
        run: the run's folder.
        warned: receives a warning where the order cannot be kept.

    Raises:
        IncompleteError: the rows cannot be understood.
    """
    kept = journal.read_header(run).settings.get(KEY)
    if not kept:
        return lambda: journal.read_customers(run)
    priority = Priority(tuple(kept["words"]), kept["run_id"])
    order = CustomerOrder(priority.words, known_customers(run.parent, priority, warned))
    for row, record in journal.read_selected_rows(run):
        order.add(row, str(record.customer_id), record.other)
    return order.finish().__iter__


def known_customers(reports: Path, priority: Priority, warned: Callable[[str], None]) -> "dict[str, pa.Array]":
    """Read who was blocked or undetermined in the earlier run, and for whom something had changed: word -> customer ids."""
    if not priority.run_id or not {BLOCKED_FIRST, CHANGED_FIRST} & {*priority.words}:
        return {}
    from auditor import report

    try:
        results = report.load(load_stored_run(reports / priority.run_id)).results
    except (IncompleteError, OutputError, OSError) as error:
        warned(
            f"--priority: run {priority.run_id} cannot be read, so nobody counts as blocked or changed there: "
            f"{getattr(error, 'message', error)}"
        )
        return {}
    ids = results.loc[results["first_row"], "customer_id"]
    not_eligible = results["verdict"] != Verdict.ELIGIBLE.value
    changed = results["change"].isin([change.value for change in CHANGES])
    return {BLOCKED_FIRST: report.to_arrow(ids[not_eligible]), CHANGED_FIRST: report.to_arrow(ids[changed])}


class _Texts:
    """Many texts, in little memory."""

    def __init__(self) -> None:
        self._part: list[str | None] = []
        self._parts: list[pa.Array] = []

    def add(self, text: str | None) -> None:
        self._part.append(text)
        if len(self._part) == _PART:
            self._store()

    def _store(self) -> None:
        import pyarrow as pa

        self._parts.append(pa.array(self._part, pa.large_string()))
        self._part = []

    def encode(self) -> "pa.DictionaryArray":
        """All texts, each distinct one once, in order of appearance."""
        import pyarrow as pa

        self._store()
        return pa.concat_arrays(self._parts).dictionary_encode(null_encoding="encode")


class CustomerOrder:
    """Orders customers by their rows.

    Args:
        words: as of `Priority`.
        known: word -> ids of the customers that it means, as of `known_customers`.
    """

    def __init__(self, words: tuple[str, ...], known: "Mapping[str, pa.Array]") -> None:
        from array import array

        self._words = words
        self._known = known
        self._ids = _Texts()
        self._rows = array("q")
        self._columns = {word: _Texts() for word in words if word.startswith(SUM_FIRST)}

    def add(self, row: int, customer_id: str, cells: Mapping[str, str]) -> None:
        """Add a row of a customer; `cells` are the list's other columns."""
        self._rows.append(row)
        self._ids.add(customer_id)
        for word, texts in self._columns.items():
            texts.add(cells.get(word.removeprefix(SUM_FIRST)))

    def finish(self) -> "OrderedCustomers":
        """Order the customers, after the last row."""
        import numpy as np

        encoded = self._ids.encode()
        numbers, ids = encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary
        first = np.unique(numbers, return_index=True)[1]
        keys = {word: self._key(word, numbers, ids) for word in self._words}
        # the last key counts most
        order = np.lexsort([np.arange(len(ids)), *reversed([-key for key in keys.values()])])
        return OrderedCustomers(np.array(self._rows, np.int64)[first], ids, order, keys)

    def _key(self, word: str, numbers: "np.ndarray[Any, Any]", ids: "pa.Array") -> "np.ndarray[Any, Any]":
        """A number for each customer, the largest first: of `blocked` and `changed` 1 or 0, else the customer's largest number."""
        import numpy as np
        import pyarrow.compute as pc

        if word not in self._columns:
            known = self._known.get(word)
            if known is None:
                return np.zeros(len(ids))
            found = pc.is_in(ids, value_set=known.cast(ids.type))
            return np.asarray(found.to_numpy(zero_copy_only=False), float)
        texts = self._columns[word].encode()
        distinct = texts.dictionary.to_pylist()
        places = texts.indices.to_numpy(zero_copy_only=False)
        counts = np.bincount(places, minlength=len(distinct)).tolist()
        column = add_up(word, (("", Verdict.ELIGIBLE, text, n) for text, n in zip(distinct, counts, strict=True)))[0]
        amounts = (None if text is None else column.number(text) for text in distinct)
        values = np.array([-np.inf if number is None else float(number) for number in amounts])
        largest = np.full(len(ids), -np.inf)
        np.maximum.at(largest, numbers, values[places])
        return largest


@dataclass(frozen=True)
class OrderedCustomers:
    """Customers in the order in which they are asked for.

    Attributes:
        rows, ids: first row and id of each customer, in list order.
        order: positions of the customers in `rows` and `ids`, the most important first.
        keys: word of the priority -> a number for each customer in list order.
    """

    rows: "np.ndarray[Any, Any]"
    ids: "pa.Array"
    order: "np.ndarray[Any, Any]"
    keys: Mapping[str, "np.ndarray[Any, Any]"]

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield (row, customer id)."""
        for start in range(0, len(self.order), _PART):
            part = self.order[start : start + _PART]
            yield from zip(self.rows[part].tolist(), self.ids.take(part).to_pylist(), strict=True)

    def first(self, count: int) -> Iterator[tuple[str, str]]:
        """Yield (customer id, why) of the first customers."""
        for place in self.order[:count].tolist():
            whys = [_describe(word, float(key[place])) for word, key in self.keys.items()]
            yield self.ids[place].as_py(), ", ".join(filter(None, whys)) or "in list order"


def _describe(word: str, key: float) -> str:
    """Why a customer is asked early; empty where this word does not say so."""
    if word.startswith(SUM_FIRST):
        return "" if key == float("-inf") else f"{word.removeprefix(SUM_FIRST)} {key:,.10g}"
    said = {BLOCKED_FIRST: "blocked or not verified last time", CHANGED_FIRST: "changed last time"}
    return said[word] if key else ""


def describe_unknown(priority: Priority) -> str:
    """What a reader must know where there is no earlier run; empty where nothing is missing."""
    words = ",".join(word for word in priority.words if word in (BLOCKED_FIRST, CHANGED_FIRST))
    if priority.run_id or not words:
        return ""
    return f"--priority {words} has no effect: there is no earlier complete run of this list"
