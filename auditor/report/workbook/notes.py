"""The columns of a workbook that a person may type into, the sheet of notes on other customers, and the hidden sheet by which
`report/typed.py` finds what was typed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd
from rich.cells import cell_len
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from auditor.core.language import Language, message
from auditor.core.results import VERDICTS
from auditor.report.notes import COLUMNS, LABELS, CustomerNote, digest_notes, without_note
from auditor.report.schema import to_arrow
from auditor.report.typed import HIDDEN_SHEET, VERSION
from auditor.report.workbook.columns import TYPED, TYPED_DAY, Cell, ColumnMaker, SheetColumn
from auditor.report.workbook.limits import cut
from auditor.report.workbook.subset import Subset

OTHER_NOTES = message("Notes on other customers")
_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "contacted": message("The day on which you contacted the customer. The next workbook has it again."),
        "note": message("What the next person must know. The next workbook has it again."),
        "next_date": message("The day on which you will be in touch again. The next workbook has it again."),
    }
)
_NO_DAY = message("Type a day, for example {day}.")
_BOUNDS = (date(2000, 1, 1), date(2199, 12, 31))
_TITLE, _MESSAGE = 32, 255
"""Characters that a spreadsheet allows in the title and in the text of an input message."""


def validate_typed(page: Worksheet, language: Language, columns: Sequence[SheetColumn], rows: tuple[int, int]) -> None:
    """Let a spreadsheet show a hint at the cells to type into, and refuse what is no day where a day belongs.

    Args:
        page: the sheet.
        language: of the workbook.
        columns: of its table, from left to right.
        rows: the first and the last row of the table's records, from 0.
    """
    labels = {language.text(label): column for column, label in LABELS.items()}
    for place, column in enumerate(columns):
        if column.look not in (TYPED, TYPED_DAY) or rows[1] < rows[0]:
            continue
        hint = language.text(_HINTS[labels[column.label]])
        options: dict[str, Any] = {"input_title": column.label[:_TITLE], "input_message": hint[:_MESSAGE]}
        if column.look == TYPED_DAY:
            wrong = language.text(_NO_DAY, day=language.short_date(pd.Timestamp("2026-11-30", tz="UTC")))
            first, last = _BOUNDS
            options |= {"validate": "date", "criteria": "between", "minimum": first, "maximum": last}
            options |= {"error_title": column.label[:_TITLE], "error_message": wrong[:_MESSAGE]}
        else:
            options |= {"validate": "any"}
        page.data_validation(rows[0], place, rows[1], place, options)


def count_without_note(subset: Subset) -> int:
    """Blocked customers about whom nothing was typed."""
    return len(without_note(subset.data.notes, to_arrow(subset.cases["customer_id"]).to_pylist()))


def describe_without_note(subset: Subset) -> str:
    """How many blocked customers have no note, in a sentence; empty where each has one."""
    count = count_without_note(subset)
    language = subset.data.language
    return language.count("{n} has no note yet.", "{n} have no note yet.", count) if count else ""


def other_notes(subset: Subset) -> list[CustomerNote]:
    """The notes on customers who are not blocked in this workbook, or not on the lists at all."""
    blocked = {*to_arrow(subset.cases["customer_id"]).to_pylist()}
    here = {*to_arrow(subset.results["customer_id"]).to_pylist()}
    everywhere = here if subset.owner is None else {*to_arrow(subset.data.results["customer_id"]).to_pylist()}
    return [
        note
        for one, note in subset.data.notes.items()
        if not note.is_empty
        and one not in blocked
        and (subset.owner is None or one in here or (one not in everywhere and note.owner == subset.owner))
    ]


def other_records(subset: Subset) -> pd.DataFrame:
    """The records of the sheet of notes on other customers, by name: `customer_id`, `company_name`, `verdict` (None: not on the lists)."""
    # a customer whose only rows here were left out is on the list all the same
    results = subset.results[["customer_id", "verdict", "company_name"]]
    known = results.dropna(subset=["customer_id"]).drop_duplicates("customer_id").set_index("customer_id")
    verdicts, names = known["verdict"].astype(object).to_dict(), known["company_name"].to_dict()
    notes = other_notes(subset)
    rows = [
        (one.customer_id, _name(names.get(one.customer_id), one.company_name), verdicts.get(one.customer_id))
        for one in notes
    ]
    rows.sort(key=lambda row: (row[1].casefold(), row[0]))
    return pd.DataFrame(rows, columns=["customer_id", "company_name", "verdict"], dtype=object)


def _name(listed: object, typed: str) -> str:
    return listed if isinstance(listed, str) and listed else typed


def other_columns(subset: Subset) -> list[SheetColumn]:
    """The columns of the sheet of notes on other customers."""
    language = subset.data.language
    make = ColumnMaker(language)
    words = {verdict.value: language.text(one.name) for verdict, one in VERDICTS.items()}

    def today(frame: pd.DataFrame) -> Sequence[Cell]:
        return [words.get(one, language.text("Not on the list")) for one in frame["verdict"]]

    return [
        SheetColumn(make.customer.label, lambda frame: list(frame["company_name"]), "name", width=24),
        *make.notes(subset.data.notes),
        SheetColumn(language.text("Verdict"), today, width=max(map(cell_len, words.values())) + 4, coloured=True),
        SheetColumn(make.id.label, lambda frame: list(frame["customer_id"]), width=38),
    ]


def add_hidden_sheet(book: Workbook, subset: Subset) -> None:
    """Add the hidden sheet: which run and notes the workbook was written with, the names of its columns, and their texts.

    The properties say the first of these again, for a workbook whose hidden sheet somebody removes.
    """
    data = subset.data
    page = book.add_worksheet(HIDDEN_SHEET)
    make = ColumnMaker(data.language)
    labels = [make.id.label, make.customer.label, *(data.language.text(LABELS[column]) for column in COLUMNS)]
    written_with = f"{data.facts.run_id} {digest_notes(data.notes)}"
    owner = ["all", ""] if subset.owner is None else ["owner", subset.owner]
    book.set_custom_property(HIDDEN_SHEET, f"{VERSION} {written_with} {data.language.code} {data.partner}".rstrip())
    first = [HIDDEN_SHEET, str(VERSION), written_with, *owner, data.partner]
    for row, cells in enumerate([first, labels, *_bases(subset)]):
        for place, text in enumerate(cells):
            page.write_string(row, place, cut(text))
    page.very_hidden()


def _bases(subset: Subset) -> Iterator[list[str]]:
    shown = {*to_arrow(subset.cases["customer_id"]).to_pylist(), *(one.customer_id for one in other_notes(subset))}
    for one in sorted(shown & {*subset.data.notes}):
        note = subset.data.notes[one]
        yield [one, *(cut(note.text(column)) for column in COLUMNS)]
