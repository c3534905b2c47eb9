"""Cells that hold something and that the workbook library reads as empty: errors, and formulas without a stored value.

Rule: such a cell gets its text back (`#N/A`), or a sentence that says what is missing, so that its row is never blank.
"""

import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from auditor.customers.omitted import Omitted, OmittedIn
from auditor.customers.omitted_binary import OmittedXls, OmittedXlsb
from auditor.customers.omitted_ods import OmittedOds
from auditor.customers.omitted_xlsx import OmittedXlsx
from auditor.errors import CustomerListError

_FAULTS = (
    zipfile.BadZipFile, zlib.error, ExpatError, struct.error, EOFError, OSError, ValueError, LookupError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def omitted_cells(file: BinaryIO, sheets: Sequence[str], label: str) -> OmittedIn:
    """The omitted cells of a workbook, to be asked for sheet by sheet while `file` is open.

    Args:
        file: the workbook.
        sheets: the names of all sheets, in the workbook's order.
        label: the list's name for messages.

    Raises:
        CustomerListError: damaged; also while a sheet is looked at.
    """
    try:
        file.seek(0)
        found = _opened(file, sheets)
    except _FAULTS as error:
        raise _damaged(label, error) from error

    def of(sheet: str) -> Omitted:
        try:
            return found(sheet)
        except _FAULTS as error:
            raise _damaged(f'{label}, sheet "{sheet}"', error) from error

    return of


def _opened(file: BinaryIO, sheets: Sequence[str]) -> OmittedIn:
    if not zipfile.is_zipfile(file):
        return OmittedXls(file, sheets)
    archive = zipfile.ZipFile(file)
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        return OmittedXlsb(archive)
    return OmittedOds(archive) if "content.xml" in names else OmittedXlsx(archive)


def _damaged(label: str, error: Exception) -> CustomerListError:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return CustomerListError(
        f"{label} (Excel workbook) is damaged: {why}", "open it in Excel and save it again, or save it as CSV"
    )
