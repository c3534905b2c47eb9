"""What the benchmarks of the report stage call: the only place here that knows how a run folder becomes reports."""

from collections.abc import Collection
from pathlib import Path

from auditor import journal, report


def render(run: Path, formats: Collection[str]) -> None:
    """Writes the reports of a run; with no format only the summary and the manifest."""
    report.render(_load(run), formats)


def verify(run: Path) -> None:
    """Checks the reports, as every command does that has written them."""
    report.verify_run(_load(run))


def _load(run: Path) -> report.StoredRun:
    return report.StoredRun(run, journal.read_facts(run), journal.answer_blocks(run))
