"""A workbook for each account manager, and index.csv, which names every account manager with their counts, whether they have a
workbook or not, so that it adds up to the whole.

Any two account managers have different file names on every file system, and no name leads out of its folder or means a
device. What is not allowed on Windows, Linux or macOS, or in a link, becomes `_`; names that differ in letter case or in
their Unicode form alone, that were cut, or of which nothing is left, get eight digits of their own text's SHA-256. So a
name depends on the account managers of the run and not on their order. A name that the file system cannot encode, as in a
Latin-1 locale, is written in ASCII, with the digits. Source: "Naming Files, Paths, and Namespaces".
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from types import MappingProxyType

import msgspec

from auditor.core.ids import is_device_name
from auditor.core.model import Verdict
from auditor.core.run_facts import OwnerWorkbooks
from auditor.core.text import name_key
from auditor.report.files import PACKS, AtomicFile, Staging
from auditor.report.kept import is_kept
from auditor.report.tables import csv
from auditor.report.workbook.subset import Subset, for_owner

INDEX = f"{PACKS}/index.csv"
UNASSIGNED = "_unassigned"
"""The file name for rows without an account manager."""

_SUFFIX = ".xlsx"
_LENGTH, _BYTES = 80, 160
_FORBIDDEN = re.compile(r'[<>:"/\\|?*#%]+')
_RESERVED = frozenset({UNASSIGNED, "index"})
_LETTERS = MappingProxyType(
    str.maketrans(
        {"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th"}
        | {"Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "ß": "ss", "ẞ": "SS", "ı": "i", "Ħ": "H", "ħ": "h"}
    )
)
"""Latin letters that Unicode does not decompose."""


class IndexLine(msgspec.Struct):
    """A line of index.csv: one account manager, in the order of their names.

    Attributes:
        owner: Name of the account manager. Null in the line of the rows without one.
        file: Name of the workbook in by-owner/. Null where the account manager has none: there is nothing to do.
        rows: Number of rows.
        eligible: Number of rows with this verdict.
        blocked: Number of rows with this verdict.
        undetermined: Number of rows with this verdict.
        changed: Number of customers with a change since the baseline run. Null where there is no baseline run.
    """

    owner: str | None
    file: str | None
    rows: int
    eligible: int
    blocked: int
    undetermined: int
    changed: int | None


def write_by_owner(run: Subset, staging: Staging, write: Callable[[Subset, AtomicFile], None]) -> dict[str, str]:
    """Write the workbooks and the index, where the lists name account managers.

    Args:
        run: the whole run.
        staging: the folder that they are written to.
        write: writes a workbook.

    Returns:
        The path of the workbook of each account manager who has one.

    Raises:
        OutputError: one of them cannot be written.
    """
    owners = run.results["owner"].fillna("")
    if not (owners != "").any():
        return {}
    names = file_names(owners.unique(), lambda name: staging.takes(f"{PACKS}/{name}"))
    paths: dict[str, str] = {}
    lines = []
    for owner, results in run.results.groupby(owners, sort=True):
        subset = for_owner(run, owner, results)
        changed = None if subset.delta is None else subset.delta.changed
        counts = {verdict.value: subset.ledger.rows_of(verdict) for verdict in Verdict}
        if _has_workbook(subset):
            paths[owner] = f"{PACKS}/{names[owner]}"
            file = staging.create(paths[owner])
            write(subset, file)
            file.finish()
        file_name = names[owner] if owner in paths else None
        line = IndexLine(owner, file_name, rows=subset.ledger.rows, **counts, changed=changed)
        lines.append(csv.line(msgspec.structs.astuple(line)))
    index = staging.create(INDEX)
    index.write(csv.line(IndexLine.__struct_fields__) + b"".join(lines))
    index.records = len(lines)
    return paths


def _has_workbook(subset: Subset) -> bool:
    """Whether the account manager has something to do, or all account managers get a workbook."""
    open_rows = subset.ledger.rows_of(Verdict.BLOCKED) + subset.ledger.open_rows
    changed = subset.delta.changed if subset.delta else 0
    return subset.data.facts.presentation.packs is OwnerWorkbooks.ALL or bool(open_rows or changed)


def file_names(owners: Iterable[str], is_allowed: Callable[[str], bool] = lambda _name: True) -> dict[str, str]:
    """Account manager -> file name; the empty text is for rows without one.

    Args:
        owners: distinct texts.
        is_allowed: whether the file system can encode a name.
    """
    stems = {owner: _stem(owner) for owner in sorted({*owners} - {""})}
    taken = Counter(map(name_key, stems.values()))
    names = {"": UNASSIGNED + _SUFFIX}
    for owner, stem in stems.items():
        is_unique = stem and taken[name_key(stem)] == 1 and name_key(stem) not in _RESERVED
        name = (
            stem
            if is_unique and _fits(stem) and not is_kept(stem + _SUFFIX)
            else f"{_shortened(stem)}-{_digits(owner)}"
        )
        if not is_allowed(name + _SUFFIX):
            name = f"{_shortened(_stem(_in_ascii(stem)))}-{_digits(owner)}"
        names[owner] = name + _SUFFIX
    return names


def _in_ascii(stem: str) -> str:
    """The text without accents; what is no Latin letter becomes `_`."""
    decomposed = unicodedata.normalize("NFKD", stem.translate(_LETTERS))
    return "".join(c if c.isascii() else "_" for c in decomposed if not unicodedata.combining(c))


def _stem(owner: str) -> str:
    """The text as a file name may have it, of any length."""
    composed = unicodedata.normalize("NFC", owner)
    # controls, marks of direction and the like, lone surrogates, what is not assigned
    shown = "".join("_" if unicodedata.category(c).startswith(("C", "Z")) and c != " " else c for c in composed)
    plain = " ".join(_FORBIDDEN.sub("_", shown).split())
    plain = plain.rstrip(" .").lstrip(" .-~")
    if not plain.strip("_ "):
        return ""
    return f"_{plain}" if is_device_name(plain) else plain


def _fits(stem: str) -> bool:
    return len(stem) <= _LENGTH and len(stem.encode()) <= _BYTES


def _shortened(stem: str) -> str:
    kept = stem[:_LENGTH].encode()[:_BYTES].decode("utf-8", "ignore")
    return kept.rstrip(" .") or "account manager"


def _digits(owner: str) -> str:
    return hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:8]
