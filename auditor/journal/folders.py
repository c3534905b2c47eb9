"""Which folders hold a run. Rule: what cannot be read, or is only a link to one, is none; nothing here raises."""

from contextlib import suppress
from pathlib import Path

from auditor.journal.lines import JOURNAL


def folders(reports: Path) -> list[Path]:
    """The folders in `reports` that hold a journal, by name. Links are none, wherever they lead; nor is what cannot be read."""
    found: list[Path] = []
    with suppress(OSError):
        found = sorted(path for path in reports.iterdir() if not path.is_symlink())
    return [path for path in found if holds_journal(path)]


def holds_journal(folder: Path) -> bool:
    """False as well for a name that is too long, and for a link that leads to one."""
    with suppress(OSError):
        return (folder / JOURNAL).is_file()
    return False
