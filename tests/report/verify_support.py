"""What the tests of the verification share."""

from dataclasses import replace

from report_support import Run

from auditor import journal
from auditor.report import Verified, as_disagreement, verify_run


def verify(run: Run, *, strays: bool = True) -> Verified:
    """Verify a run by what its journal says now, as `auditor verify` does."""
    with as_disagreement(run.path):
        facts = journal.read_facts(run.path)
    return verify_run(replace(run.stored, facts=facts), strays=strays)
