"""File names for account managers. Rule: any two of them have different names on every file system, and no name leads out of
its folder or means a device.

What is not allowed on Windows, Linux or macOS, or in a link, becomes `_`; names that differ in letter case or in their
Unicode form alone, that were cut, or of which nothing is left, get eight digits of their own text's SHA-256. So a name
depends on the account managers of the run and not on their order. Source: "Naming Files, Paths, and Namespaces".
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

UNASSIGNED = "_unassigned"
"""The name for rows without an account manager."""
SUFFIX = ".xlsx"

_LENGTH, _BYTES = 80, 160
_FORBIDDEN = re.compile(r'[<>:"/\\|?*#%]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin_|conout_|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_RESERVED = frozenset({UNASSIGNED, "index"})


def file_names(owners: Iterable[str]) -> dict[str, str]:
    """Account manager -> file name; the empty text stands for none.

    Args:
        owners: distinct texts.
    """
    distinct = sorted({*owners} - {""})
    stems = {owner: _stem(owner) for owner in distinct}
    taken = Counter(_key(stem) for stem in stems.values())
    names = {"": UNASSIGNED + SUFFIX}
    for owner, stem in stems.items():
        alone = stem and taken[_key(stem)] == 1 and _key(stem) not in _RESERVED and len(stem) <= _LENGTH
        names[owner] = (stem if alone and _fits(stem) else f"{_shortened(stem)}-{_digits(owner)}") + SUFFIX
    return names


def _stem(owner: str) -> str:
    """The text as a file name may have it, of any length."""
    composed = unicodedata.normalize("NFC", owner)
    # controls, marks of direction and the like, lone surrogates, what is not assigned
    shown = "".join("_" if unicodedata.category(c).startswith(("C", "Z")) and c != " " else c for c in composed)
    plain = " ".join(_FORBIDDEN.sub("_", shown).split())
    plain = plain.rstrip(" .").lstrip(" .-~")
    if not plain.strip("_ "):
        return ""
    return f"_{plain}" if _DEVICES.fullmatch(plain) else plain


def _key(stem: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", stem).casefold())


def _fits(stem: str) -> bool:
    return len(stem) <= _LENGTH and len(stem.encode()) <= _BYTES


def _shortened(stem: str) -> str:
    cut = stem[:_LENGTH].encode()[:_BYTES].decode("utf-8", "ignore")
    return cut.rstrip(" .") or "account manager"


def _digits(owner: str) -> str:
    return hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:8]
