"""Customer ids, run ids, and the time at which a run can have started.

A customer id is normalised to one form, lower-case and dashed. Accepted beside the plain GUID: any case; blanks,
quotes, commas, semicolons and byte-order marks around it; `{…}` and `(…)`; Excel's `="…"`; `urn:uuid:`; 32 hexadecimal digits
without dashes; full-width characters, other dashes and soft hyphens, which word processors and web pages insert; a portal URL
with exactly one GUID. The all-zero GUID is not an id: it means "none".

No run id or folder name can refer to a path outside the reports folder.
"""

import re
from datetime import UTC, datetime, timedelta

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NIL = "00000000-0000-0000-0000-000000000000"
_LONGEST = 2048
"""Characters; longer than any URL of a portal."""

_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Zero-width characters and byte-order marks, which are copied together with an id."""
_REMOVED = dict.fromkeys(map(ord, _INVISIBLE + "\u00ad"))
"""Zero-width characters and soft hyphens, removed anywhere."""
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63), "-")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_REPLACED = {**_REMOVED, **_DASHES, **_FULL_WIDTH}
_QUOTES = "\"'`\u00ab\u00bb\u2018\u2019\u201a\u201c\u201d\u201e"
_AROUND = _BLANKS + _QUOTES + ",;"

_plain = re.compile(_GUID).fullmatch
_undashed = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})").fullmatch
# a cell with anything beside the URL is not a URL: blanks, quotes and list separators end one
_url = re.compile(r"(?:https?://)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]{1,5})?[/?#][^\s\"'<>;,|]*").fullmatch
_inside = re.compile(rf"(?<![0-9a-z-]){_GUID}(?![0-9a-z-])").findall


def normalise_id(text: str) -> str | None:
    """Normalise a customer tenant ID to a lower-case, dashed GUID; None if the text is not one."""
    if _plain(text):
        return None if text == _NIL else text
    if len(text) > _LONGEST:
        return None
    plain = text if text.isascii() else text.translate(_REPLACED)
    bare = _unwrap(plain.strip(_AROUND).lower()).removeprefix("urn:uuid:")
    found = _from_guid(bare) or _from_url(bare)
    return None if found == _NIL else found


def _unwrap(text: str) -> str:
    """Remove Excel's `="…"`, and one pair of braces or parentheses around the text."""
    if text.startswith("="):
        text = text[1:].strip(_AROUND)
    if (text[:1], text[-1:]) in {("{", "}"), ("(", ")")}:
        return text[1:-1].strip(_AROUND)
    return text


def _from_guid(text: str) -> str | None:
    if _plain(text):
        return text
    parts = _undashed(text)
    return "-".join(parts.groups()) if parts else None


def _from_url(text: str) -> str | None:
    found = set(_inside(text)) if _url(text) else set()
    return found.pop() if len(found) == 1 else None


_run_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch
_LONGEST_NAME = 255
"""Bytes: the maximum of file systems for one name."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SKEW = timedelta(days=1)
"""Tolerated difference between the clocks of two machines."""


def is_run_id(text: str) -> bool:
    """True for a valid run id; files in the history are named after it."""
    return _run_id(text) is not None


def is_folder_name(text: str) -> bool:
    """True for a valid name of a folder directly in the reports folder; people copy runs under other names."""
    plain = text.isprintable() and not {"/", "\\"}.intersection(text)
    return plain and text.strip(". ") != "" and len(text.encode("utf-8", errors="replace")) <= _LONGEST_NAME


_device = re.compile(r"(con|prn|aux|nul|conin_|conout_|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE).fullmatch


def is_device_name(text: str) -> bool:
    """True for a name that means a device on Windows. Source: "Naming Files, Paths, and Namespaces"."""
    return _device(text) is not None


def is_plausible_time(moment: datetime) -> bool:
    """True for an aware time that is plausible as the start or end of a run."""
    return moment.tzinfo is not None and _FIRST <= moment < _LAST


def is_future(moment: datetime, now: datetime) -> bool:
    """True if a run's start is later than any clock error explains; both times are aware."""
    return moment > now + _SKEW
