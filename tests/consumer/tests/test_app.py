"""Tests of the consumer, with the fixture that auditor brings along."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import auditor
from auditor import Verdict
from auditor.testing import PartnerCenter
from consumer import app

ANNA = "11111111-1111-4222-8333-444444444444"
BERT = "22222222-1111-4222-8333-444444444444"
CARL = "33333333-1111-4222-8333-444444444444"
ORDERS = pd.DataFrame({"customer_id": [ANNA, BERT, CARL], "seats": [1, 20, 300]})
REPORTS = Path("reports")


@pytest.fixture
def center(partner_center: PartnerCenter) -> PartnerCenter:
    """Three customers: one may buy, one is blocked, one has no status."""
    partner_center[ANNA] = "Allowed"
    partner_center[BERT] = "UnderReview"
    partner_center[CARL] = "NoStatus"
    return partner_center


def test_orders_of_blocked_customers_are_held(center: PartnerCenter) -> None:
    """Every customer is asked once."""
    night = app.audit_orders(ORDERS, REPORTS)
    assert night == app.Night(frozenset({ANNA, CARL}), frozenset({BERT}), frozenset(), complete=True)
    assert sorted(request.customer_id for request in center.requests) == [ANNA, BERT, CARL]


def test_an_incomplete_audit_can_be_finished(center: PartnerCenter) -> None:
    """What the first one left out is asked by the second."""
    night = app.audit_orders(ORDERS, REPORTS, limit=1)
    assert not night.complete
    assert night.ended_early
    [run] = auditor.list_runs(REPORTS)
    assert app.finish(auditor.open_run(run.path)).complete
    assert len(center.requests) == len(ORDERS)


def test_a_second_night_finds_who_became_blocked(center: PartnerCenter) -> None:
    """From the stored runs and the history."""
    app.audit_orders(ORDERS, REPORTS)
    assert app.newly_blocked(REPORTS) == []
    center[ANNA] = "NotAllowed"
    app.audit_orders(ORDERS, REPORTS)
    assert app.newly_blocked(REPORTS) == [ANNA]
    assert len(app.complete_runs(REPORTS)) == 2
    today = datetime.now(UTC).date()
    assert [app.nights_blocked(each, REPORTS, today) for each in (ANNA, BERT, CARL)] == [1, 2, 0]


def test_several_lists_are_audited_side_by_side(center: PartnerCenter) -> None:
    """A failure of one customer makes its list incomplete."""
    center[CARL] = "tenant_not_found"
    lists = {"north": [ANNA, BERT], "south": [CARL]}
    assert asyncio.run(app.audit_partners(lists, REPORTS)) == {"north": True, "south": False}


@pytest.mark.usefixtures("center")
def test_single_customers_and_their_names() -> None:
    """No files are written."""
    expected = {ANNA: Verdict.ELIGIBLE, BERT: Verdict.BLOCKED}
    assert asyncio.run(app.verdicts([ANNA, BERT])) == expected
    assert [asyncio.run(app.may_order(each)) for each in (ANNA, BERT)] == [True, False]
    assert list(asyncio.run(app.company_names())) == [ANNA, BERT, CARL]
    assert not REPORTS.exists()


def test_a_response_from_elsewhere_is_judged() -> None:
    """Without I/O."""
    body = b'{"type":"account","status":"UnderReview","lastUpdateDateTime":"2026-11-20T10:00:00"}'
    assert app.must_call(200, body, ANNA)
    assert not app.must_call(503, b"", ANNA)


def test_errors_say_what_to_do_next(center: PartnerCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired token, a table without ids, a value that is none."""
    with pytest.raises(auditor.CustomerListError) as no_ids:
        app.audit_orders(pd.DataFrame({"seats": [1]}), REPORTS)
    assert app.what_next(no_ids.value).startswith("change the call: ")
    with pytest.raises(auditor.SettingsError) as bad_value:
        auditor.audit([ANNA], concurrency=0)
    assert app.what_next(bad_value.value).startswith("change the call: ")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", center.expired_token())
    with pytest.raises(auditor.SignInError) as expired:
        app.audit_orders(ORDERS, REPORTS)
    assert app.what_next(expired.value).startswith("sign in again: ")
    assert app.what_next(auditor.LockHeldError("")) == "wait for the other audit"
    assert app.what_next(auditor.StoppedEarlyError("")).startswith("resume")
    assert app.what_next(auditor.OutputError("")).startswith("look at")
    assert auditor.__version__ in app.what_next(auditor.AuditorError("defect"))
