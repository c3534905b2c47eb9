"""Shared by the benchmarks of the report stage: the only module here that renders a run folder."""

from collections.abc import Collection
from pathlib import Path

from auditor import journal, report


def render(run: Path, formats: Collection[str]) -> None:
    """Write the reports of a run; without a format only the summary and the manifest."""
    report.render(load(run), formats)


def verify(stored: report.StoredRun) -> None:
    """Verify the reports, as every command does after writing them."""
    report.verify_run(stored)


def load(run: Path) -> report.StoredRun:
    """Load the run, once for rendering and verification together."""
    return report.StoredRun(run, journal.read_facts(run), journal.answer_blocks(run))
