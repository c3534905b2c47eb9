"""What the tests of the verification share."""

import shutil
from dataclasses import replace
from pathlib import Path

from report_support import Run

from auditor import journal
from auditor.report import Verified, as_disagreement, verify_run


def copy_run(run: Run, parent: Path) -> Run:
    """A copy of a rendered run, for a test that changes its files: many times as quick as rendering another."""
    return replace(run, path=shutil.copytree(run.path, parent / run.path.name))


def verify(run: Run, *, strays: bool = True) -> Verified:
    """Verify a run by what its journal says now, as `auditor verify` does."""
    with as_disagreement(run.path):
        facts = journal.read_facts(run.path)
    return verify_run(replace(run.stored, facts=facts), strays=strays)
