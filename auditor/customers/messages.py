"""How messages name lists, columns and cells: one line, without control characters."""

from collections.abc import Sequence

from auditor.core.text import escape_controls

STANDARD_INPUT = "-"
EXPECTED = "expected a customer list: CSV, TSV, plain text, JSON, JSON Lines, an Excel workbook or Parquet"

_MOST_NAMES = 12
_LONGEST_NAME = 40
_LONGEST_REASON = 200


def format_label(name: str) -> str:
    """Return a list's name for messages."""
    if name == STANDARD_INPUT:
        return "standard input"
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return f"standard input, {shown[2:]}" if name.startswith(f"{STANDARD_INPUT}#") else shown


def quote(name: str) -> str:
    """Return a column's name or a cell in quotes, shortened to fit in a line."""
    line = escape_controls(name)
    return f'"{line}"' if len(line) <= _LONGEST_NAME else f'"{line[: _LONGEST_NAME - 1]}…"'


def quote_all(names: Sequence[str]) -> str:
    """Return column names or cells in quotes, as many as fit in a line."""
    listed = ", ".join(map(quote, names[:_MOST_NAMES]))
    more = len(names) - _MOST_NAMES
    return (f"{listed} and {more} more" if more > 0 else listed) or "no columns"


def format_option(flag: str, name: str) -> str:
    """Return an option with a column's name, as the user types it."""
    shown = escape_controls(name)
    return f"{flag} '{shown}'" if '"' in shown else f'{flag} "{shown}"'


def format_reason(error: Exception) -> str:
    """Return the text of a library's exception as one line."""
    return " ".join(str(error).split())[:_LONGEST_REASON]
