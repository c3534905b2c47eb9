"""The circuit breaker ends a run whose first answers are all refusals of one kind."""

import pytest

from auditor.core.judge.breaker import FIRST_ANSWERS, LENIENT_BREAKER, Breaker, end_without_answer, is_suspect_refusal
from auditor.core.model import Cause, Finding, Reason

ELSEWHERE = Finding(reason=Reason.UNEXPECTED_REPLY)
REFUSED = Finding(reason=Reason.FORBIDDEN, error_code="900308")
FINE = Finding(reason=Reason.ALLOWED)


def _after(*findings: Finding) -> Breaker:
    breaker = Breaker()
    for finding in findings:
        breaker = breaker.after(finding)
    return breaker


def test_twenty_gateway_404s_mean_the_wrong_url() -> None:
    """Twenty answers without a code of Partner Center end the run, nineteen do not."""
    assert _after(*[ELSEWHERE] * (FIRST_ANSWERS - 1)).run_end is None
    end = _after(*[ELSEWHERE] * FIRST_ANSWERS).run_end
    assert end is not None
    assert end.cause is Cause.SERVICE


def test_twenty_missing_privileges_are_a_sign_in_fault() -> None:
    """Twenty times 900308 ends the run."""
    end = _after(*[REFUSED] * FIRST_ANSWERS).run_end
    assert end is not None
    assert end.cause is Cause.SIGN_IN


def test_one_other_answer_ends_the_suspicion() -> None:
    """A later refusal concerns its customer only."""
    assert _after(ELSEWHERE, FINE, *[ELSEWHERE] * 100).run_end is None
    assert _after(*[ELSEWHERE] * 10, *[REFUSED] * 100).run_end is None


def test_without_any_answer_the_service_is_down() -> None:
    """After any number of requests; one answer of any kind is enough to continue."""
    end = end_without_answer({"sent": 3, "transport_error": 3}, "https://api.example", "Connection refused")
    assert end is not None
    assert (end.cause, end.message) == (
        Cause.SERVICE,
        "nothing at https://api.example answered (last: Connection refused)",
    )
    assert end_without_answer({"sent": 3, "transport_error": 2, "http_503": 1}, "", "") is None
    assert end_without_answer({"sent": 0}, "", "") is None


def test_answers_of_a_proxy_end_a_run() -> None:
    """A proxy's 403 and a sign-on page's 200, like a gateway's 404."""
    for reason in (Reason.FORBIDDEN, Reason.MALFORMED_REPLY):
        end = _after(*[Finding(reason=reason)] * FIRST_ANSWERS).run_end
        assert end is not None
        assert end.cause is Cause.SERVICE


@pytest.mark.parametrize("code", ["600006", "1002", "2032", "a code of next year", "20002"])
def test_one_code_for_all_customers_is_a_sign_in_fault(code: str) -> None:
    """Twenty 403s with one code and no other answer: exit code 4, and the message has the code."""
    refused = Finding(Reason.NO_RELATIONSHIP if code == "20002" else Reason.FORBIDDEN, error_code=code)
    assert _after(*[refused] * (FIRST_ANSWERS - 1)).run_end is None
    end = _after(*[refused] * FIRST_ANSWERS).run_end
    assert end is not None
    assert end.cause is Cause.SIGN_IN
    assert f"403, code {code}" in end.message
    assert end.hint


def test_two_codes_or_one_answer_continue_the_run() -> None:
    """Any other outcome of a customer, except a failure without an answer."""
    refused, other = Finding(Reason.FORBIDDEN, error_code="600006"), Finding(Reason.FORBIDDEN, error_code="1002")
    lost = Finding(Reason.TRANSPORT_ERROR)
    for odd in (other, FINE, Finding(Reason.CUSTOMER_NOT_FOUND, error_code="60003"), Finding(Reason.REJECTED)):
        assert _after(*[refused] * 19, odd, *[refused] * 100).run_end is None
        assert _after(odd, *[refused] * 100).run_end is None
    assert _after(lost, *[refused] * 10, lost, *[refused] * 10).run_end is not None


def test_no_relationship_is_accepted_on_resume() -> None:
    """It ends the first session only; a resumed one accepts it for each customer."""
    stranger = Finding(Reason.NO_RELATIONSHIP, error_code="20002")
    breaker = LENIENT_BREAKER
    for _ in range(100):
        breaker = breaker.after(stranger)
    assert breaker.run_end is None


def test_suspect_refusals() -> None:
    """Any 403; a customer that is not found is not asked again."""
    assert is_suspect_refusal(Reason.FORBIDDEN, None)
    assert is_suspect_refusal(Reason.FORBIDDEN, "900308")
    assert is_suspect_refusal(Reason.FORBIDDEN, "1002")
    assert is_suspect_refusal(Reason.NO_RELATIONSHIP, "20002")
    assert not is_suspect_refusal(Reason.CUSTOMER_NOT_FOUND, "60003")


def test_a_defect_on_twenty_customers_in_a_row_ends_the_run() -> None:
    """Not on nineteen, and not on every second one."""
    broken = Finding(Reason.INTERNAL_ERROR)
    assert _after(FINE, *[broken] * (FIRST_ANSWERS - 1)).run_end is None
    assert _after(*[broken, FINE] * 100).run_end is None
    end = _after(FINE, *[broken] * FIRST_ANSWERS).run_end
    assert end is not None
    assert end.cause is Cause.DEFECT
