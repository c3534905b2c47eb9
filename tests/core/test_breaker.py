"""`Breaker`: ends a run whose first answers are all refusals of one kind."""

from auditor.core.breaker import FIRST, Breaker
from auditor.core.model import Cause, Finding, Reason

ELSEWHERE = Finding(reason=Reason.UNEXPECTED_REPLY)
REFUSED = Finding(reason=Reason.FORBIDDEN, error_code="900308")
FINE = Finding(reason=Reason.ALLOWED)


def _after(*findings: Finding) -> Breaker:
    breaker = Breaker()
    for finding in findings:
        breaker = breaker.after(finding)
    return breaker


def test_nothing_but_a_gateways_404_means_the_wrong_address() -> None:
    """Twenty answers without a code of Partner Center's end the run, nineteen do not."""
    assert _after(*[ELSEWHERE] * (FIRST - 1)).run_end is None
    end = _after(*[ELSEWHERE] * FIRST).run_end
    assert end is not None
    assert end.cause is Cause.SERVICE


def test_nothing_but_missing_privileges_is_the_sign_ins_fault() -> None:
    """Twenty times 900308 is no coincidence of customers."""
    end = _after(*[REFUSED] * FIRST).run_end
    assert end is not None
    assert end.cause is Cause.SIGN_IN


def test_one_good_answer_clears_the_suspicion_for_good() -> None:
    """What is refused later is a matter of that customer."""
    assert _after(ELSEWHERE, FINE, *[ELSEWHERE] * 100).run_end is None
    assert _after(*[ELSEWHERE] * 10, *[REFUSED] * 100).run_end is None
