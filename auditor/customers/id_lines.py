"""Plain text with several ids in a line. Rule: each id is a row of its own, and so is each word beside one.

A line without any id is one row. Blanks, tabs, commas, semicolons and bars separate the ids.
"""

import re
from collections.abc import Iterable, Iterator

from auditor.core.ids import normalise_id

_SURE = 0.9
"""The share of ids among the words of such a list: a few may be wrong."""

_parts = re.compile(r"[^\s,;|]+").findall
_columns = re.compile(r"[,;|\t]").search


def hold_several(lines: Iterable[str]) -> bool:
    """True where lines hold several ids, and none looks like a row of a table."""
    words = ids = most = 0
    for line in lines:
        parts = _parts(line)
        found = sum(normalise_id(part) is not None for part in parts)
        if found == 0 or found == len(parts) == 1:
            # a title, or a line with a wrong id; with columns it is the header or a row of a table
            if found == 0 and _columns(line.strip(" ,;|\t\r\n")):
                return False
            continue
        words += len(parts)
        ids += found
        most = max(most, found)
    return most > 1 and ids >= _SURE * words


def split_ids(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of such a list, with the number of their line: an id each, or a whole line."""
    for number, line in enumerate(lines, 1):
        parts = _parts(line)
        several = len(parts) > 1 and any(normalise_id(part) is not None for part in parts)
        for part in parts if several else [line.rstrip("\r\n")]:
            yield number, [part]
