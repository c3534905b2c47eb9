"""Web pages with one table, which is the list. A page without a table, or with several, is refused.

Portals and databases offer such pages as `.xls`, with or without `<html>`; Excel saves them as MHT, a mail with parts.
"""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

from auditor.customers.columns import Columns
from auditor.customers.header import GridRow, inspect_grid, read_records
from auditor.customers.messages import EXPECTED
from auditor.customers.source import Text
from auditor.customers.table import SAMPLE_ROWS, Format, Table, is_blank, parse_repeat
from auditor.errors import CustomerListError

LONGEST_PAGE = 1 << 26
"""Characters."""

_MOST_SPANNED = 1000
_markup = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|meta|title|style|body|div|center|table|thead|tbody|tr|\?xml)\b",
    re.IGNORECASE | re.DOTALL,
).match
_mail = re.compile(
    r"\s*(?:MIME-Version|From|Date|Subject|Content-Type|Snapshot-Content-Location)\s*:", re.IGNORECASE
).match
_parts = re.compile(r"^Content-Type\s*:\s*(?:multipart/|text/html)", re.IGNORECASE | re.MULTILINE).search
_html = re.compile(r"<html|<table\b", re.IGNORECASE).search
_HEAD = 4096


def is_page(start: str) -> bool:
    """Return True if a text begins as HTML, XML or MHT."""
    return bool(_markup(start)) or _is_mail(start)


def _is_mail(start: str) -> bool:
    return bool(_mail(start) and _parts(start[:_HEAD]))


def read_page(text: Text, wanted: Columns) -> Table:
    """Parse a web page.

    Raises:
        CustomerListError: it has no table, or several; or it is XML of another kind.
    """
    page = _read_whole(text)
    start = page[:_HEAD]
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and not _html(start):
        raise CustomerListError(
            f"{text.label} is an XML Spreadsheet 2003; {EXPECTED}", "open it in Excel and save it as .xlsx"
        )
    tables = [table for part in _split_mail(page) for table in _find_tables(part, text.label)]
    if len(tables) != 1:
        found = f"{len(tables)} tables" if tables else "no table"
        raise CustomerListError(
            f"{text.label} is a web page or XML with {found}; {EXPECTED}",
            "open it in Excel and save the list as .xlsx" if tables else "was it saved instead of the export?",
        )
    rows = tables[0]
    table = inspect_grid(rows[:SAMPLE_ROWS], wanted.id, Format.WEB_PAGE)
    text.warnings.extend(table.warnings)
    return replace(table, parts=((None, read_records(rows, table)),))


def _read_whole(text: Text) -> str:
    pieces: list[str] = []
    size = 0
    for chunk in text.chunks():
        size += len(chunk)
        if size > LONGEST_PAGE:
            raise CustomerListError(
                f"{text.label} is a web page of more than {LONGEST_PAGE:,} characters", "save it as CSV"
            )
        pieces.append(chunk)
    return "".join(pieces)


def _split_mail(page: str) -> Iterator[str]:
    """Yield the web pages in a mail; any other page unchanged."""
    if not _is_mail(page[:_HEAD]):
        yield page
        return
    message = email.message_from_string(page.lstrip(), policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() not in ("text/html", "application/xhtml+xml"):
            continue
        packed = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in ("quoted-printable", "base64")
        content: object = part.get_payload(decode=True) if packed else part.get_payload()
        if isinstance(content, bytes):
            content = _decode(content, part.get_content_charset("utf-8"))
        yield str(content)


def _decode(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return content.decode("cp1252", "replace")


def _find_tables(part: str, label: str) -> list[list[GridRow]]:
    parser = _TableParser()
    try:
        parser.feed(part)
        parser.close()
    except (AssertionError, ValueError, RecursionError) as error:
        raise CustomerListError(
            f"{label} is a damaged web page ({error})", "open it in Excel and save it as .xlsx"
        ) from error
    return [table.read_grid() for table in parser.tables if table.is_innermost and table.holds_anything]


class _HtmlTable:
    """A table while it is read: rows of cells, each with its text and the columns and rows that it spans."""

    def __init__(self) -> None:
        self.rows: list[list[tuple[list[str], int, int]]] = []
        self.is_innermost = True
        self.open_cell: list[str] | None = None

    @property
    def holds_anything(self) -> bool:
        return not all(is_blank(piece) for row in self.rows for pieces, _, _ in row for piece in pieces)

    def read_grid(self) -> list[GridRow]:
        """Return rows of cells; a spanning cell has its text in the first place, and blanks in the others."""
        rows: list[GridRow] = []
        taken: dict[int, int] = {}
        for number, row in enumerate(self.rows, 1):
            cells: list[str] = []
            below = {column: left - 1 for column, left in taken.items() if left > 1}
            for pieces, columns, down in row:
                while taken.get(len(cells)):
                    cells.append("")
                at = len(cells)
                cells += [" ".join("".join(pieces).split()), *[""] * (columns - 1)]
                if down > 1:
                    below |= dict.fromkeys(range(at, at + columns), down - 1)
            rows.append((number, cells))
            taken = below
        return rows


class _TableParser(HTMLParser):
    """Collects the tables of a page. Rows and cells need not be closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_HtmlTable] = []
        self._open: list[_HtmlTable] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a table, a row, a cell, or a new line within a cell."""
        if tag == "table":
            if self._open:
                self._open[-1].is_innermost = False
            self._open.append(_HtmlTable())
            self.tables.append(self._open[-1])
        elif not self._open:
            return
        elif tag == "tr":
            self._open[-1].rows.append([])
            self._open[-1].open_cell = None
        elif tag in ("td", "th"):
            self._start_cell(dict(attrs))
        elif tag in ("br", "p", "div"):
            self.handle_data(" ")

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        table = self._open[-1]
        if not table.rows:
            table.rows.append([])
        columns, rows = (min(_MOST_SPANNED, parse_repeat(attributes.get(name))) for name in ("colspan", "rowspan"))
        table.open_cell = []
        table.rows[-1].append((table.open_cell, columns, rows))

    def handle_endtag(self, tag: str) -> None:
        """End a table or a cell."""
        if self._open and tag == "table":
            self._open.pop()
        elif self._open and tag in ("td", "th", "tr"):
            self._open[-1].open_cell = None

    def handle_data(self, data: str) -> None:
        """Add text to the open cell; text outside of a cell is ignored."""
        if self._open and self._open[-1].open_cell is not None:
            self._open[-1].open_cell.append(data)
