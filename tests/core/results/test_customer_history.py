"""Stretches of one customer's past."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model import Verdict
from auditor.core.results.history import Past, step

START = datetime(2026, 1, 1, tzinfo=UTC)


def folded(verdicts: list[Verdict]) -> Past | None:
    """A past of one answer a day."""
    past = None
    for day, verdict in enumerate(verdicts):
        past = step(past, verdict, START + timedelta(day))
    return past


def test_a_past_in_words() -> None:
    """Eligible, blocked for two days with a gap in between, eligible, blocked again."""
    e, b, u = Verdict.ELIGIBLE, Verdict.BLOCKED, Verdict.UNDETERMINED
    assert folded([u]) is None
    assert folded([e, b, u, b]) == Past(b, START + timedelta(1), 1)
    past = folded([e, b, u, b, e, u, b, u])
    assert past == Past(b, START + timedelta(6), 2)
    assert past.blocked_since == START + timedelta(6)
    assert (again := folded([b, e])) == Past(e, START + timedelta(1), 1)
    assert again.blocked_since is None


@given(st.lists(st.sampled_from(Verdict)))
def test_what_is_not_known_changes_nothing(verdicts: list[Verdict]) -> None:
    """A run that does not know neither begins nor ends a stretch; the number of stretches is that of the changes."""
    known = [verdict for verdict in verdicts if verdict is not Verdict.UNDETERMINED]
    past = folded(verdicts)
    assert (past is None) == (not known)
    if past:
        stretches = [one for one, before in zip(known, [None, *known], strict=False) if one is not before]
        assert (past.verdict, past.times_blocked) == (known[-1], stretches.count(Verdict.BLOCKED))
