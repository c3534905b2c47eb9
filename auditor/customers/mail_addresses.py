"""The table of account managers and their mail addresses: CSV, TSV or an Excel workbook.

The header names the column of account managers as in a customer list; the addresses are in the other column that holds
them. Without a header, the file has these two columns only. The whole file must be right: with a wrong line nothing is
sent, because a mail to a wrong person cannot be taken back.
"""

import codecs
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from auditor.core.mail_address import read_mail_address
from auditor.core.text import name_key
from auditor.customers.header_words import ROLE_WORDS, fold, fold_name
from auditor.customers.messages import format_label, quote, quote_all
from auditor.errors import SettingsError, describe_os_error

_DELIMITERS = "\t,;|"
"""The semicolon comes after the comma: it also separates several addresses in one cell."""
_WORKBOOK = b"PK\x03\x04"
_HINT = "give it two columns, Account manager and E-mail, one manager a line"

_Rows = list[tuple[int, list[str]]]
"""(line or row number from 1, cells) of each row that is not blank."""


@dataclass(frozen=True, slots=True)
class MailAddresses:
    """The addresses of account managers.

    Attributes:
        by_name: `name_key` of an account manager -> addresses; none where the file has a line without an address.
        names: `name_key` -> the name as the file has it.
    """

    by_name: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]


def read_mail_addresses(path: str) -> MailAddresses:
    """Read the table.

    Raises:
        SettingsError: it cannot be read, its columns are not certain, or a line is wrong; the message names the line.
    """
    label = format_label(path)
    rows = _read_rows(path, label)
    if not rows:
        raise SettingsError(f"{label} is empty", _HINT)
    owner, address, first = _find_columns(rows, label)
    by_name: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for number, cells in rows[first:]:
        name, text = (cells[place].strip() if place < len(cells) else "" for place in (owner, address))
        if not name and not text:
            continue
        found = _read_addresses(text, name, f"{label}, line {number}")
        key = name_key(name)
        if by_name.setdefault(key, found) != found:
            raise SettingsError(
                f"{label}, line {number}: {quote(name)} has other addresses in an earlier line",
                "leave one line for each account manager; several addresses in one cell are separated by ;",
            )
        names.setdefault(key, name)
    return MailAddresses(by_name, names)


def _read_addresses(text: str, name: str, where: str) -> tuple[str, ...]:
    if not name:
        raise SettingsError(f"{where}: an address without an account manager", "add the name, or remove the line")
    try:
        return tuple(dict.fromkeys(read_mail_address(one) for one in text.split(";") if one.strip()))
    except ValueError as error:
        raise SettingsError(
            f"{where}: {quote(text)} {error}", "correct the address; several are separated by ;"
        ) from None


def _find_columns(rows: _Rows, label: str) -> tuple[int, int, int]:
    """(column of account managers, column of addresses, index of the first row below the header)."""
    header = rows[0][1]
    first = 0 if any("@" in cell for cell in header) else 1
    places = range(max(len(cells) for _, cells in rows))
    owners = _find_owner(header) if first else []
    holding = [
        place for place in places if any(place < len(cells) and "@" in cells[place] for _, cells in rows[first:])
    ]
    addresses = [place for place in holding if place not in owners]
    if len(addresses) > 1 and first:
        addresses = [place for place in addresses if place < len(header) and "mail" in fold(header[place])]
    owners = owners or [place for place in places if place not in addresses]
    if len(owners) != 1 or len(addresses) != 1:
        raise SettingsError(
            f"{label}: it is not certain which column has the account managers, and which the mail addresses; the first "
            f"line is {quote_all(header)}",
            _HINT,
        )
    return owners[0], addresses[0], first


def _find_owner(header: Sequence[str]) -> list[int]:
    """The columns that a header calls account manager, by the clearest words."""
    for words in ROLE_WORDS["owner"]:
        if found := [place for place, cell in enumerate(header) if fold_name(cell) in words]:
            return found
    return []


def _read_rows(path: str, label: str) -> _Rows:
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = describe_os_error(error) if isinstance(error, OSError) else str(error)
        raise SettingsError(f"{label} cannot be read: {why}", "name a table of mail addresses with --to") from error
    rows = _read_sheet(content, label) if content.startswith(_WORKBOOK) else _read_text(content, label)
    return [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]


def _read_sheet(content: bytes, label: str) -> _Rows:
    """The rows of the first sheet."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - a CSV file does not need it

    from auditor.customers.workbook import format_cell  # noqa: PLC0415 - see above
    from auditor.customers.workbook_xml import find_far_cell  # noqa: PLC0415 - see above

    file = BytesIO(content)
    if far := find_far_cell(file):
        raise SettingsError(
            f"{label} has a sheet that reaches to cell {far}: too large to be read",
            "delete what stands far from the table (Ctrl+End goes there), or save it as CSV",
        )
    try:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
        found = sheet.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise SettingsError(f"{label} cannot be read as a workbook: {error}", "save it as CSV in UTF-8") from error
    return [(number, [*map(format_cell, cells)]) for number, cells in enumerate(found, 1)]


def _read_text(content: bytes, label: str) -> _Rows:
    try:
        lines = _decode(content).splitlines(keepends=True)
        return _parse(lines, _find_delimiter(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{label} is no table of text: {error}", "save it as CSV in UTF-8") from error


def _decode(content: bytes) -> str:
    """UTF-16 with its mark; else UTF-8; else Windows-1252, in which spreadsheets save CSV."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _find_delimiter(lines: Sequence[str]) -> str:
    """The first delimiter that divides the first line into cells."""
    first = [line for line in lines if line.strip()][:1]
    for delimiter in _DELIMITERS:
        try:
            divided = any(len(cells) > 1 for _, cells in _parse(first, delimiter))
        except csv.Error:
            continue
        if divided:
            return delimiter
    return ","


def _parse(lines: Sequence[str], delimiter: str) -> _Rows:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    return [(reader.line_num, cells) for cells in reader]
