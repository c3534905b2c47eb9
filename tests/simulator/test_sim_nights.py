"""What differs from one simulated night to the next, and an outage that ends."""

import pytest

from auditor.simulator import GateOptions, Scenario, ThrottleOptions, gate
from auditor.simulator.nights import with_newly_blocked
from auditor.simulator.options import IdentityOptions
from auditor.simulator.throttle import Throttle
from auditor.simulator.tokens import TokenMint

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 40)]


def test_each_night_keeps_whoever_was_blocked_the_night_before() -> None:
    """Only allowed customers become blocked, as many as asked for, the same ones every time."""
    plain = Scenario(seed=3)
    before: set[str] = set()
    for count in range(6):
        night = with_newly_blocked(plain, IDS, count)
        blocked = {one for one in IDS if night.kind_of(one) != plain.kind_of(one)}
        assert len(blocked) == count
        assert before <= blocked
        assert all(plain.kind_of(one).startswith("allowed") for one in blocked)
        before = blocked
    with pytest.raises(ValueError, match="cannot become blocked"):
        with_newly_blocked(plain, IDS, 40)


def test_an_outage_begins_after_its_count_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 for so many seconds from the first request that meets it, whatever token comes."""
    now = [100.0]
    monkeypatch.setattr("auditor.simulator.gate.time.monotonic", lambda: now[0])
    options = GateOptions(check=False, outage_after=2, outage_seconds=30)
    open_throttle = Throttle(ThrottleOptions(windows=()), lambda: now[0])
    guard = gate.Gate(options, open_throttle, TokenMint(IdentityOptions()))
    found = []
    for moment in (100.0, 110.0, 120.0, 149.9, 150.0):
        now[0] = moment
        refusal = guard.refuse(None, None)
        found.append((refusal.by, refusal.reply.status) if refusal else None)
    assert found == [None, None, ("outage", 503), ("outage", 503), None]
