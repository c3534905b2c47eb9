"""Columns of the lists added up by verdict and owner. Rule: a number is read by `core.money` and by nothing else; equal
texts are read once.
"""

from collections.abc import Iterator
from typing import Any, cast

import pandas as pd

from auditor.core.model import Verdict
from auditor.core.results import Column, Sum
from auditor.core.run_facts import RunFacts
from auditor.report.schema import own_names


class Adding:
    """Takes in the batches of a run as they stream by.

    Args:
        facts: of the run; `presentation.sums` names the columns.
    """

    def __init__(self, facts: RunFacts) -> None:
        names = own_names(facts.columns)
        self._columns = {names[name]: Column(name) for name in facts.presentation.sums if name in names}

    def add(self, frame: pd.DataFrame) -> None:
        """Takes in some records of `results`."""
        for name, column in self._columns.items():
            keys = pd.DataFrame({"owner": frame["owner"].fillna(""), "verdict": frame["verdict"], "text": frame[name]})
            counted = keys.groupby(["owner", "verdict", "text"], observed=True, dropna=False, sort=False).size()
            for key, rows in counted.items():
                owner, verdict, text = cast("tuple[str, str, Any]", key)
                column.add(owner, Verdict(verdict), None if pd.isna(text) else text, int(rows))

    def sums(self) -> Iterator[Sum]:
        """What the columns add up to, in their order."""
        for column in self._columns.values():
            yield from column.sums()
