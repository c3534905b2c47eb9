"""A workbook that somebody changed, or has open, is never replaced or removed: it is kept beside the new one under another name.

`audit.xlsx` becomes `audit (changed 2026-11-30).xlsx`. It is moved there before it is looked at, so that nothing saved meanwhile is lost;
if it is as it was written, it is removed when the new one has its name.
"""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from pathlib import Path

from auditor.errors import OutputError
from auditor.report.schema import MANIFEST

SUFFIX = ".xlsx"
_KEPT = re.compile(r".+ \(changed \d{4}-\d{2}-\d{2}( \d+)?\)\.xlsx", re.DOTALL)
_OLDEST_OF_ZIP = (1980, 1, 1, 0, 0, 0)
"""The time of each part of a workbook that XlsxWriter wrote; programs that people use write others."""


def is_kept(name: str) -> bool:
    """Whether a file is a workbook that was kept for what somebody typed into it."""
    return _KEPT.fullmatch(name) is not None


def lock_files(path: Path) -> list[Path]:
    """The files that an office program leaves beside a workbook that it has open: of LibreOffice, and of Excel."""
    return [
        path.with_name(f".~lock.{path.name}#"),
        path.with_name(f"~${path.name}"),
        path.with_name(f"~${path.name[2:]}"),
    ]


def written_hashes(run: Path) -> dict[str, str]:
    """SHA-256 of each file as it was written, by its path from the run's folder; empty where no rendering was finished."""
    try:
        listed = json.loads((run / MANIFEST).read_bytes())["files"]
        return {str(one["name"]): str(one["sha256"]) for one in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_as_written(path: Path, sha256: str | None) -> bool:
    """Whether a workbook is as this program wrote it.

    Args:
        path: of the workbook.
        sha256: of the workbook as it was written; None where that is not known, as after a rendering that was killed. Then the
            workbook's own times decide: every program that people use sets them when it saves.
    """
    try:
        if sha256 is not None:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        with zipfile.ZipFile(path) as package:
            times = {part.date_time for part in package.infolist()}
            found = read_properties(package)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    return times == {_OLDEST_OF_ZIP} and bool(found.created) and found.created == found.modified


@dataclass(frozen=True, slots=True)
class WorkbookProperties:
    """What a workbook says about itself; a text is empty where the workbook does not have it.

    Attributes:
        created: when it was made.
        modified: when it was saved last.
        modified_by: who saved it last.
    """

    created: str
    modified: str
    modified_by: str


def read_properties(package: zipfile.ZipFile) -> WorkbookProperties:
    """Read the properties of a workbook.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: they are missing or damaged.
    """
    core = package.read("docProps/core.xml").decode()
    texts = (
        re.search(rf"<{name}[^>]*>([^<]*)<", core)
        for name in ("dcterms:created", "dcterms:modified", "cp:lastModifiedBy")
    )
    return WorkbookProperties(*(unescape(text[1]) if text else "" for text in texts))


class ChangedWorkbooks:
    """The workbooks of a run's folder that somebody changed or has open.

    Attributes:
        kept: those that were kept, under their new names.

    Args:
        run: the folder.
    """

    def __init__(self, run: Path) -> None:
        self.kept: list[Path] = []
        self._run = run
        self._written = written_hashes(run)

    def check(self, name: str) -> None:
        """Refuse to replace a workbook that is open on Windows, where an open file cannot be moved.

        Raises:
            OutputError: it is open.
        """
        if os.name == "nt" and name.endswith(SUFFIX) and (self._run / name).exists():
            try:
                (self._run / name).open("r+b").close()
            except PermissionError as error:
                raise OutputError(
                    f"{self._run / name}: is open in another program; nothing was replaced",
                    "close it and run this again",
                ) from error

    @contextmanager
    def replacing(self, name: str) -> Iterator[None]:
        """Keep the file if it is a workbook that was changed, while it is replaced or removed.

        Raises:
            OSError: it cannot be moved.
        """
        path = self._run / name
        if not name.endswith(SUFFIX) or not path.is_file():
            yield
            return
        is_open = any(one.exists() for one in lock_files(path))
        aside = _free_name(path)
        path.rename(aside)
        yield
        if is_open or not is_as_written(aside, self._written.get(name)):
            self.kept.append(aside)
        else:
            aside.unlink()


def _free_name(path: Path) -> Path:
    day = f"{datetime.now().astimezone():%Y-%m-%d}"
    number, found = 1, path.with_name(f"{path.stem} (changed {day}){SUFFIX}")
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem} (changed {day} {number}){SUFFIX}")
    return found
