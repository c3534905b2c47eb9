"""`core.consistency`: what decides says so in all its parts."""

from itertools import product
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from auditor.core.judge.classification import classify
from auditor.core.judge.documented_answers import DECIDED, contradictory
from auditor.core.model import Reason, Verdict
from conftest import CUSTOMER, REPLIES, load_reply


class Said(NamedTuple):
    """An answer as a journal may have it."""

    reason: Reason
    status: str | None
    http_status: int | None
    error_code: str | None
    final: bool = True
    attempts: int = 1
    checked_at: str | None = "2026-11-22T12:00:00Z"
    reused_from: str | None = None


def wrong(said: Said) -> bool:
    """What is judged, by a mutable copy: readers have structs."""
    return contradictory(SimpleNamespace(**said._asdict()))


@pytest.mark.parametrize("name", sorted(path.stem for path in REPLIES.glob("*.http")))
def test_no_finding_contradicts_itself(name: str) -> None:
    """Whatever a reply is judged to be can be written down and is believed when it is read."""
    reply = load_reply(name)
    found = classify(reply, CUSTOMER)
    assert not wrong(Said(found.reason, found.status, reply.http_status, found.error_code, final=found.final))


def test_what_decides_is_contradicted_by_whatever_else_it_could_say() -> None:
    """Every reason of eligible and blocked has one status, one HTTP status and one error code, and stands for good."""
    assert {*DECIDED} == {reason for reason in Reason if reason.verdict is not Verdict.UNDETERMINED}
    statuses, codes = {None, "Not Ready", *(status for status, _ in DECIDED.values())}, {None, 200, 404, 503}
    for reason, (right, code) in DECIDED.items():
        error = "600074" if code == 404 else None
        for said in product(statuses, codes, (None, "1000", "600074"), (True, False)):
            assert wrong(Said(reason, *said)) is not (said == (right, code, error, True))


def test_what_decides_was_asked_for_at_some_time() -> None:
    """By a request of this run, or of the run that it names."""
    said = Said(Reason.ALLOWED, "Allowed", 200, None)
    assert wrong(said._replace(attempts=0))
    assert not wrong(said._replace(attempts=0, reused_from="20261122T120000Z"))
    assert wrong(said._replace(checked_at=None))
