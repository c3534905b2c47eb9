"""What the tests of the verification share: runs rendered, verified and compared by the report stage."""

from collections.abc import Iterable
from dataclasses import replace

from report_support import BOTH, Run, _journal

from auditor import journal
from auditor.core.baseline import Baseline
from auditor.core.ledger import Ledger
from auditor.report.history.previous import snapshot_previous
from auditor.report.history.store import history_file
from auditor.report.records import StoredRun
from auditor.report.render import render as render_stored
from auditor.report.verify import Verified, as_disagreement, verify_run


def stored(run: Run) -> StoredRun:
    """The run as the report stage takes it."""
    return StoredRun(run.path, run.facts, run.answers, run.members)


def render(run: Run, formats: Iterable[str] = BOTH) -> Ledger:
    """Render a run."""
    return render_stored(stored(run), tuple(formats))


def verify(run: Run, *, strays: bool = True) -> Verified:
    """Verify a run by what its journal says now, as `auditor verify` does."""
    with as_disagreement(run.path):
        facts = journal.read_facts(run.path)
    return verify_run(replace(stored(run), facts=facts), strays=strays)


def compared(run: Run, old: Run | None = None) -> Run:
    """The run once it is settled what it is compared with; the history beside it is copied."""
    digest, _ = snapshot_previous(stored(run), stored(old) if old else None)
    began = old.facts.started_at if old else None
    baseline = Baseline(old.facts.run_id if old else "", began, "as the test wants it", digest)
    settled = run.with_facts(baseline=baseline)
    (run.path / "journal.jsonl").write_bytes(_journal(settled))
    return settled


def recorded(run: Run, formats: Iterable[str] = BOTH) -> Run:
    """Render and verify a run, and let the history have it, as a command does."""
    with history_file(run.path.parent, run.facts) as record:
        render_stored(stored(run), tuple(formats), record)
        verify_run(stored(run))
        if record:
            record.publish()
    return run
