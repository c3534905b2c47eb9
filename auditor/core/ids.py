"""Customer ids, run ids, and the time at which a run can have started.

A customer id comes out in one form, lower-case and dashed, or not at all. Accepted beside the plain GUID: any case; blanks,
quotes, commas, semicolons and byte-order marks around it; `{…}` and `(…)`; Excel's `="…"`; `urn:uuid:`; 32 hexadecimal digits
without dashes; full-width characters, other dashes and soft hyphens, which word processors and web pages put in; a portal URL
that holds exactly one GUID. The all-zero GUID is no id: it stands for "none".

No name of a run points outside the reports folder.
"""

import re
from datetime import UTC, datetime, timedelta

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NIL = "00000000-0000-0000-0000-000000000000"
_LONGEST = 2048
"""Characters; longer than any URL that a portal makes."""

_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Zero-width characters and byte-order marks, which travel along when an id is copied from a page or a file."""
_UNDRAWN = dict.fromkeys(map(ord, _UNSEEN + "\u00ad"))
"""Zero-width characters and soft hyphens, wherever they stand."""
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), "-")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAINER = {**_UNDRAWN, **_DASHES, **_FULL_WIDTH}
_QUOTES = "\"'`\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e"
_AROUND = _BLANKS + _QUOTES + ",;"

_plain = re.compile(_GUID).fullmatch
_undashed = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})").fullmatch
# A cell that holds more than the URL is no URL: blanks, quotes and list separators end one.
_url = re.compile(r"(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?[/?#][^\s\"'<>;,|]*").fullmatch
_inside = re.compile(rf"(?<![0-9a-z-]){_GUID}(?![0-9a-z-])").findall


def normalise_id(text: str) -> str | None:
    """The customer tenant ID that `text` stands for, as a lower-case, dashed GUID; None where it is none."""
    if _plain(text):
        return None if text == _NIL else text
    if len(text) > _LONGEST:
        return None
    plainer = text if text.isascii() else text.translate(_PLAINER)
    bare = _unwrapped(plainer.strip(_AROUND).lower()).removeprefix("urn:uuid:")
    found = _spelled_out(bare) or _from_url(bare)
    return None if found == _NIL else found


def _unwrapped(text: str) -> str:
    """`text` without Excel's `="…"` and without one pair of braces or parentheses around it."""
    if text.startswith("="):
        text = text[1:].strip(_AROUND)
    if (text[:1], text[-1:]) in {("{", "}"), ("(", ")")}:
        return text[1:-1].strip(_AROUND)
    return text


def _spelled_out(text: str) -> str | None:
    if _plain(text):
        return text
    parts = _undashed(text)
    return "-".join(parts.groups()) if parts else None


def _from_url(text: str) -> str | None:
    found = set(_inside(text)) if _url(text) else set()
    return found.pop() if len(found) == 1 else None


_run_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_LONGEST = 255
"""Bytes that a file system takes for one name."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SKEW = timedelta(days=1)
"""How far two machines' clocks may be apart."""


def is_run_id(text: str) -> bool:
    """True for what a run-id may be: its files in the history are named after it."""
    return _run_id(text) is not None


def is_folder_name(text: str) -> bool:
    """True for the name of a folder right below the reports folder; people copy runs under names of their own."""
    plain = text.isprintable() and not {"/", "\\"}.intersection(text)
    return plain and text.strip(". ") != "" and len(text.encode("utf-8", errors="replace")) <= _LONGEST


def is_time_of_a_run(moment: datetime) -> bool:
    """True for an aware time at which a run can have begun or ended, give or take a wrong clock."""
    return moment.tzinfo is not None and _FIRST <= moment < _LAST


def is_in_the_future(moment: datetime, now: datetime) -> bool:
    """True where a run says that it began later than any clock's error explains; both are aware."""
    return moment > now + _SKEW
