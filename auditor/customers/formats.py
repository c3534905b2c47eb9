"""Which format a list has. Rule: the content says, never the file's name."""

import re

from auditor.customers.columns import Columns
from auditor.customers.delimited import read_delimited
from auditor.customers.json_items import read_json
from auditor.customers.parts import Parts
from auditor.customers.source import Source
from auditor.customers.table import Table
from auditor.customers.text import Text
from auditor.customers.web_page import is_page, read_page

_PARQUET = b"PAR1"
_WORKBOOKS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""ZIP archives, and the container of older workbooks and of password-protected ones."""

_json = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{"\]])').match


def take_apart(source: Source, text: Text, wanted: Columns, parts: Parts) -> Table:
    """The list as a table; `text` is left alone where the format is no text.

    Raises:
        CustomerListError: no known format, or not readable as what it seems to be.
    """
    # calamine and pyarrow are imported by whoever needs them: a CSV list should not wait for either.
    if source.head.startswith(_PARQUET):
        from auditor.customers.parquet import read_parquet  # noqa: PLC0415 - see above

        return read_parquet(source.seekable(), source.label)
    if source.head.startswith(_WORKBOOKS):
        from auditor.customers.workbook import read_workbook  # noqa: PLC0415 - see above

        with source.seekable() as file:
            return read_workbook(file, wanted, parts, source.label, text.warnings)
    start = text.peek()
    if is_page(start):
        return read_page(text, wanted)
    return read_json(source, text, wanted, parts) if _json(start) else read_delimited(text, wanted)


def may_be_object(head: bytes) -> bool:
    """True where a list may be a JSON object, which has to be looked through before it is read."""
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"", b"{")
