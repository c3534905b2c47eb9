"""`core.consistency`: what decides says so in all its parts."""

from itertools import product

import pytest

from auditor.core.classify import classify
from auditor.core.consistency import DECIDED, contradictory
from auditor.core.model import Reason, Verdict
from conftest import CUSTOMER, REPLIES, load_reply


@pytest.mark.parametrize("name", sorted(path.stem for path in REPLIES.glob("*.http")))
def test_no_finding_contradicts_itself(name: str) -> None:
    """Whatever a reply is judged to be can be written down and is believed when it is read."""
    reply = load_reply(name)
    found = classify(reply, CUSTOMER)
    assert not contradictory(found.reason, final=found.final, status=found.status, http_status=reply.http_status)


def test_what_decides_is_contradicted_by_whatever_else_it_could_say() -> None:
    """Every reason of eligible and blocked has one status and one HTTP status, and stands for good."""
    assert {*DECIDED} == {reason for reason in Reason if reason.verdict is not Verdict.UNDETERMINED}
    statuses, codes = {"Not Ready", *(status for status, _ in DECIDED.values())}, {200, 404, 503}
    for reason, (right, code) in DECIDED.items():
        for status, http, final in product(statuses, codes, (True, False)):
            wrong = contradictory(reason, final=final, status=status, http_status=http)
            assert wrong is not ((status, http, final) == (right, code, True))
        assert not contradictory(reason, final=True, status=None, http_status=None)
