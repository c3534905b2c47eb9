"""`Breaker`: ends a run whose first answers are all refusals of one kind."""

from auditor.core.breaker import FIRST, Breaker, doubted, nothing_answered
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
    """A proxy's 403 and a sign-on page's 200 as well as a gateway's 404; with a code it is about the customer."""
    for reason in (Reason.FORBIDDEN, Reason.MALFORMED_REPLY):
        end = _after(*[Finding(reason=reason)] * FIRST).run_end
        assert end is not None
        assert end.cause is Cause.SERVICE
    assert _after(*[Finding(reason=Reason.FORBIDDEN, error_code="1002")] * 100).run_end is None


def test_only_refusals_that_end_runs_are_doubted() -> None:
    """Who has no relationship, or is refused with another code, is refused for good."""
    assert doubted(Reason.FORBIDDEN, None)
    assert doubted(Reason.FORBIDDEN, "900308")
    assert not doubted(Reason.FORBIDDEN, "1002")
    assert not doubted(Reason.NO_RELATIONSHIP, None)
