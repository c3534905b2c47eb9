"""Stored answers that contradict themselves."""

from itertools import product
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from auditor.core.judge.classification import classify
from auditor.core.judge.documented_answers import DOCUMENTED, is_contradictory
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
    """Judge a mutable copy, as readers have structs."""
    return is_contradictory(SimpleNamespace(**said._asdict()))


@pytest.mark.parametrize("name", sorted(path.stem for path in REPLIES.glob("*.http")))
def test_no_finding_contradicts_itself(name: str) -> None:
    """Every finding can be written to the journal and is accepted when it is read."""
    reply = load_reply(name)
    found = classify(reply, CUSTOMER)
    assert not wrong(Said(found.reason, found.status, reply.http_status, found.error_code, final=found.final))


def test_a_decided_answer_has_exactly_its_fields() -> None:
    """Every eligible or blocked reason has one status, one HTTP status and one error code, and is final."""
    assert {*DOCUMENTED} == {reason for reason in Reason if reason.verdict is not Verdict.UNDETERMINED}
    statuses, codes = {None, "Not Ready", *(status for status, _ in DOCUMENTED.values())}, {None, 200, 404, 503}
    for reason, (right, code) in DOCUMENTED.items():
        error = "600074" if code == 404 else None
        for said in product(statuses, codes, (None, "1000", "600074"), (True, False)):
            assert wrong(Said(reason, *said)) is not (said == (right, code, error, True))


def test_a_decided_answer_has_a_request() -> None:
    """Of this run, or of the run from which it was copied."""
    said = Said(Reason.ALLOWED, "Allowed", 200, None)
    assert wrong(said._replace(attempts=0))
    assert not wrong(said._replace(attempts=0, reused_from="20261122T120000Z"))
    assert wrong(said._replace(checked_at=None))
