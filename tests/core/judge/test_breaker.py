"""`Breaker`: ends a run whose first answers are all refusals of one kind."""

import pytest

from auditor.core.judge.breaker import BELIEVING, FIRST, Breaker, doubted, nothing_answered
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


def test_where_no_request_got_an_answer_the_service_is_down() -> None:
    """However few there were; one answer of whatever kind says that somebody is there."""
    end = nothing_answered({"sent": 3, "transport_error": 3}, "https://api.example", "Connection refused")
    assert end is not None
    assert (end.cause, end.message) == (
        Cause.SERVICE,
        "nothing at https://api.example answered (last: Connection refused)",
    )
    assert nothing_answered({"sent": 3, "transport_error": 2, "http_503": 1}, "", "") is None
    assert nothing_answered({"sent": 0}, "", "") is None


def test_what_need_not_be_partner_centers_own_ends_a_run_whatever_its_status() -> None:
    """A proxy's 403 and a sign-on page's 200 as well as a gateway's 404."""
    for reason in (Reason.FORBIDDEN, Reason.MALFORMED_REPLY):
        end = _after(*[Finding(reason=reason)] * FIRST).run_end
        assert end is not None
        assert end.cause is Cause.SERVICE


@pytest.mark.parametrize("code", ["600006", "1002", "2032", "a code of next year", "20002"])
def test_one_code_for_everybody_is_the_sign_ins_fault(code: str) -> None:
    """Twenty 403s with one code, whatever it is, and no other answer: exit code 4, and the code is named."""
    refused = Finding(Reason.NO_RELATIONSHIP if code == "20002" else Reason.FORBIDDEN, error_code=code)
    assert _after(*[refused] * (FIRST - 1)).run_end is None
    end = _after(*[refused] * FIRST).run_end
    assert end is not None
    assert end.cause is Cause.SIGN_IN
    assert f"403, code {code}" in end.message
    assert end.hint


def test_two_codes_or_one_answer_make_refusals_the_customers_own() -> None:
    """Any other outcome of any customer; only one that is no answer says nothing."""
    refused, other = Finding(Reason.FORBIDDEN, error_code="600006"), Finding(Reason.FORBIDDEN, error_code="1002")
    lost = Finding(Reason.TRANSPORT_ERROR)
    for odd in (other, FINE, Finding(Reason.CUSTOMER_NOT_FOUND, error_code="60003"), Finding(Reason.REJECTED)):
        assert _after(*[refused] * 19, odd, *[refused] * 100).run_end is None
        assert _after(odd, *[refused] * 100).run_end is None
    assert _after(lost, *[refused] * 10, lost, *[refused] * 10).run_end is not None


def test_no_relationship_is_believed_where_it_was_doubted_before() -> None:
    """The first session asks whether the list is the right one; whoever resumes gets an answer for each customer."""
    stranger = Finding(Reason.NO_RELATIONSHIP, error_code="20002")
    breaker = BELIEVING
    for _ in range(100):
        breaker = breaker.after(stranger)
    assert breaker.run_end is None


def test_only_refusals_that_end_runs_are_doubted() -> None:
    """Any 403; a customer that is not found is not there for good."""
    assert doubted(Reason.FORBIDDEN, None)
    assert doubted(Reason.FORBIDDEN, "900308")
    assert doubted(Reason.FORBIDDEN, "1002")
    assert doubted(Reason.NO_RELATIONSHIP, "20002")
    assert not doubted(Reason.CUSTOMER_NOT_FOUND, "60003")


def test_a_defect_on_twenty_customers_in_a_row_ends_the_run() -> None:
    """Not on nineteen, and not on every second one."""
    broken = Finding(Reason.INTERNAL_ERROR)
    assert _after(FINE, *[broken] * (FIRST - 1)).run_end is None
    assert _after(*[broken, FINE] * 100).run_end is None
    end = _after(FINE, *[broken] * FIRST).run_end
    assert end is not None
    assert end.cause is Cause.DEFECT
