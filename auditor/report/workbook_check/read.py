"""Workbooks read back, for whoever checks them. Rule: by another library than wrote them; every cell a text, so that what is
there and what must be there are compared as texts.

A time is `2026-11-22T11:59:58`, a number its digits; whatever is missing is the empty text.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

_HALF_SECOND = timedelta(milliseconds=500)


class Reader:
    """A workbook as it stands on the disk.

    Args:
        run: the run's folder.
        name: of the file, by its way from there.

    Raises:
        ValueError: it is no workbook.
        OSError: it cannot be read.
    """

    def __init__(self, run: Path, name: str) -> None:
        self.name = name
        try:
            self._book = CalamineWorkbook.from_path(str(run / name))
        except CalamineError as error:
            raise ValueError(f"{name}: {error}") from error

    @property
    def sheets(self) -> list[str]:
        """The sheets' names in order."""
        return list(self._book.sheet_names)

    def rows(self, sheet: str) -> Iterator[tuple[str, ...]]:
        """The rows of one sheet, all as wide as the widest.

        Raises:
            ValueError: the sheet is missing or damaged.
        """
        try:
            for row in self._book.get_sheet_by_name(sheet).iter_rows():
                yield tuple(map(_text, row))
        except CalamineError as error:
            raise ValueError(f"{self.name}, {sheet}: {error}") from error

    def parts(self, sheet: str) -> list[str]:
        """A sheet and those that it goes on in.

        Raises:
            ValueError: there is none.
        """
        found = [part for part in self.sheets if re.fullmatch(rf"{re.escape(sheet)}( [0-9]+)?", part)]
        if not found:
            raise ValueError(f"{self.name}: has no sheet {sheet}")
        return found


def _text(cell: Any) -> str:
    if type(cell) is str:
        return cell  # as nearly all are
    match cell:
        case datetime():
            return f"{cell + _HALF_SECOND:%Y-%m-%dT%H:%M:%S}"
        case date():
            return f"{cell:%Y-%m-%d}T00:00:00"
        case bool():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case _:
            return str(cell)
