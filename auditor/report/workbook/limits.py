"""What a spreadsheet can hold. What is longer is cut with a mark or continued on another sheet, never dropped in silence.

Source: "Excel specifications and limits"; it counts a text's characters in UTF-16 units.
"""

from collections.abc import Iterable

ROWS = 1_048_576
"""Rows of a sheet, those above the table included."""
LINKS = 65_530
"""Links of a sheet."""
TEXT = 32_767
"""Characters of a cell."""
SHEET_NAME = 31
"""Characters of a sheet's name."""
HEADER = 255
"""Characters of a table's column name."""
PART_BYTES = 1 << 30
"""Estimated bytes of a sheet, unpacked, at most; the file format's plain directory ends at twice as much."""

_CUT = "…"


def cut(text: str, limit: int = TEXT) -> str:
    """The text, or as much of it as fits before a mark that says that there was more."""
    if len(text) * 2 <= limit or len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    kept = text.encode("utf-16-le")[: 2 * (limit - 1)]
    # half of a pair of surrogates is no character
    return kept.decode("utf-16-le", "ignore") + _CUT


def headers(labels: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Labels as a table allows them: one line, short enough, and no two that differ in letter case alone.

    Args:
        labels: of columns.
        others: labels of the table's other columns.
    """
    taken = {label.lower() for label in others}
    names = []
    for label in labels:
        plain = "".join(c if c.isprintable() else " " for c in label)
        base = cut(" ".join(plain.split()) or "(no name)", HEADER - 5)
        name, number = base, 1
        while name.lower() in taken:
            number += 1
            name = f"{base} {number}"
        taken.add(name.lower())
        names.append(name)
    return names


def sheet_name(name: str, number: int) -> str:
    """The name of a sheet, or of its continuation: `All customers`, `All customers 2`."""
    suffix = f" {number}" if number > 1 else ""
    return name[: SHEET_NAME - len(suffix)] + suffix
