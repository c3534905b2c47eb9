"""Doctor's checks: thresholds, exit codes, and texts without secrets."""

from datetime import UTC, datetime, timedelta

import pytest

from auditor.core.diagnosis import checks as doctor
from auditor.core.diagnosis import sign_in as doctor_sign_in
from auditor.core.diagnosis.checks import CheckResult, CheckState
from auditor.core.model import Cause, Finding, Next, Reason, RunEnd
from auditor.core.sign_in.token_claims import Claims, TokenKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
API = "https://api.partnercenter.microsoft.com"
USER = Claims(audience=API, user_name="ada.lovelace@partner.example", kind=TokenKind.APP_USER, mfa=True)


@pytest.mark.parametrize(
    ("ahead", "uncertain", "state"),
    [
        (0.0, 0.5, CheckState.OK),
        (29.0, 0.5, CheckState.OK),
        (-30.4, 0.5, CheckState.OK),
        (30.5, 0.5, CheckState.WARNING),
        (-299.0, 0.5, CheckState.WARNING),
        (301.0, 0.5, CheckState.FAILED),
        (-3600.0, 0.5, CheckState.FAILED),
        (40.0, 15.0, CheckState.OK),
    ],
)
def test_a_clock_is_judged_by_what_is_certain(ahead: float, uncertain: float, state: CheckState) -> None:
    """Half a minute is a warning, five minutes are a failure; the error of the measurement is subtracted."""
    found = doctor.clock(ahead, uncertain)
    assert found.state is state
    assert found.exit_code == (4 if state is CheckState.FAILED else 0)
    if state is not CheckState.OK:
        assert ("ahead of" if ahead > 0 else "behind") in found.found


@pytest.mark.parametrize(("days", "state"), [(400, CheckState.OK), (14.1, CheckState.OK), (13.9, CheckState.WARNING)])
def test_a_certificate_near_its_end_is_a_warning(days: float, state: CheckState) -> None:
    """With its issuer and the end of its validity."""
    found = doctor.certificate("TLSv1.3", "Some Authority", NOW + timedelta(days=days), NOW)
    assert found.state is state
    assert "Some Authority" in found.found


def test_the_first_failure_gives_the_exit_code() -> None:
    """Warnings and skipped checks give none."""
    found = [
        CheckResult("a", doctor.warning("w", "x")),
        CheckResult("b", doctor.skipped("s")),
        CheckResult("c", doctor.failed("f", "x", 6)),
        CheckResult("d", doctor.failed("f", "x", 4)),
    ]
    assert doctor.exit_code(found) == 6
    assert doctor.exit_code(found[:2]) == 0


@pytest.mark.parametrize(
    ("claims", "state", "words"),
    [
        (None, CheckState.OK, "only the API can judge it"),
        (USER, CheckState.OK, "an App+User token, as required, of user a…@partner.example"),
        (Claims(kind=TokenKind.APP_ONLY), CheckState.FAILED, "app-only"),
        (Claims(audience="https://graph.windows.net"), CheckState.FAILED, "graph.windows.net"),
        (Claims(audience=API, expires_at=NOW - timedelta(hours=1)), CheckState.FAILED, "expired"),
        (Claims(audience=API, expires_at=NOW + timedelta(minutes=30)), CheckState.OK, "valid for 30 minutes"),
    ],
)
def test_a_token_is_named_by_its_claims(claims: Claims | None, state: CheckState, words: str) -> None:
    """Useless tokens fail with 4 before any request; the user's name is masked."""
    found = doctor_sign_in.token(claims, [API], NOW)
    assert (found.state, found.exit_code) == (state, 4 if state is CheckState.FAILED else 0)
    assert words in found.found
    assert "lovelace" not in found.found
    assert bool(found.next) == (state is CheckState.FAILED)


@pytest.mark.parametrize(
    ("claimed", "reported", "state"),
    [
        (True, True, CheckState.OK),
        (True, None, CheckState.OK),
        (None, None, CheckState.OK),
        (None, True, CheckState.OK),
        (False, True, CheckState.OK),
        (False, None, CheckState.FAILED),
        (True, False, CheckState.FAILED),
        (None, False, CheckState.FAILED),
    ],
)
def test_the_api_decides_about_mfa(claimed: bool | None, reported: bool | None, state: CheckState) -> None:  # noqa: FBT001 - a table's columns
    """Its report counts more than the token's claims; neither of both is no failure."""
    assert doctor_sign_in.mfa(Claims(mfa=claimed), reported).state is state


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (None, CheckState.OK),
        (90, CheckState.OK),
        (15, CheckState.OK),
        (14, CheckState.WARNING),
        (0, CheckState.WARNING),
    ],
)
def test_the_end_of_a_sign_in_is_announced(days: int | None, state: CheckState) -> None:
    """From fourteen days on, with what to do."""
    found = doctor_sign_in.days_left(days, "the file x")
    assert found.state is state
    assert ("auditor login" in found.next) == (state is CheckState.WARNING)


def test_an_answer_is_judged_without_its_message() -> None:
    """The service's message may name a customer, so it is left out; the run's end keeps its own exit code."""
    named = Finding(reason=Reason.REJECTED, error_code="2000", error_message="Contoso is no customer")
    found = doctor_sign_in.customer_answer(named, 400, 0.2)
    assert found.state is CheckState.WARNING
    assert "Contoso" not in found.found + found.next
    end = RunEnd(Cause.SIGN_IN, "no multi-factor claim", "sign in again")
    ended = doctor_sign_in.customer_answer(Finding(reason=Reason.FORBIDDEN, next=Next.END_RUN, run_end=end), 401, 0.2)
    assert (ended.state, ended.exit_code, ended.next) == (CheckState.FAILED, 4, "sign in again")
    assert doctor_sign_in.customer_answer(Finding(reason=Reason.TRANSPORT_ERROR), None, 1.0).exit_code == 6
    assert doctor_sign_in.customer_answer(Finding(reason=Reason.UNDER_REVIEW), 200, 0.2).state is CheckState.OK


@pytest.mark.parametrize(
    ("reason", "state", "words"),
    [
        (Reason.NO_ACCOUNT_STATUS, CheckState.OK, "keep --customer-list auto"),
        (Reason.NO_RELATIONSHIP, CheckState.OK, "another answer"),
        (Reason.CUSTOMER_NOT_FOUND, CheckState.OK, "another answer"),
        (Reason.SERVICE_ERROR, CheckState.WARNING, "is not known: at the moment it is HTTP 404: service_error"),
        (Reason.ALLOWED, CheckState.WARNING, "the answer of a customer (HTTP 404: allowed)"),
    ],
)
def test_the_answer_to_a_random_id(reason: Reason, state: CheckState, words: str) -> None:
    """Whether "no account status" identifies a customer."""
    found = doctor_sign_in.random_id(Finding(reason=reason), 404)
    assert (found.state, words in found.found) == (state, True)


def test_an_eligible_random_id() -> None:
    """A simulator without unknown ids is fine; with another service, the user compares lists."""
    found = Finding(reason=Reason.ALLOWED)
    simulated = doctor_sign_in.random_id(found, 200, simulated=True)
    assert (simulated.state, simulated.next, "--customers N" in simulated.found) == (CheckState.OK, "", True)
    assert doctor_sign_in.random_id(found, 200).next == "compare lists with auditor customers"


@pytest.mark.parametrize(
    ("free", "largest", "state"),
    [(1 << 40, 0, CheckState.OK), (400 << 20, 0, CheckState.WARNING), (50 << 20, 0, CheckState.FAILED), (1 << 30, 1 << 30, CheckState.FAILED)],
)  # fmt: skip
def test_disk_space_is_judged_by_the_newest_run(free: int, largest: int, state: CheckState) -> None:
    """A run twice the size of the newest one must fit."""
    assert doctor.disk(free, largest).state is state


@pytest.mark.parametrize(
    ("set_to", "learned", "customers", "minutes"),
    [
        (500.0, None, 10_000, 20.0),
        (500.0, 250.0, 10_000, 40.0),
        (None, 400.0, 1000, 2.5),
        (None, None, 1000, None),
        (0.0, 250.0, 1000, None),
        (500.0, None, 0, None),
    ],
)
def test_minutes_follow_from_the_slower_of_both_paces(
    set_to: float | None, learned: float | None, customers: int, minutes: float | None
) -> None:
    """The lower of the configured and the learned rate; None without either, or without a limit."""
    found = doctor.pace(set_to, learned, customers)
    assert found.facts["minutes"] == minutes


def test_a_short_run_is_given_in_seconds() -> None:
    """Below a minute and a half."""
    assert "(20 customers) takes about 2 seconds" in doctor.pace(500.0, None, 20).found
    assert "(10,000 customers) takes about 20 minutes" in doctor.pace(500.0, None, 10_000).found


@pytest.mark.parametrize(
    ("name", "shown"), [("ada@partner.example", "a…@partner.example"), ("ada", "a…"), ("", "…"), ("@x", "…@x")]
)
def test_a_name_is_masked(name: str, shown: str) -> None:
    """Only the user recognises it."""
    assert doctor.mask_user(name) == shown


def test_texts_of_others_are_masked_for_a_ticket() -> None:
    """A message of the sign-in service, a path, a proxy: only user names are masked."""
    said = (
        "the sign-in of ada.lovelace@partner.example, kept in /home/ada/.local/x; through http://[secret]@p.example:1"
    )
    found = doctor.shareable(doctor.failed(said, "see /home/ada/x", 4), "/home/ada")
    assert found.found == "the sign-in of a…@partner.example, kept in ~/.local/x; through http://[secret]@p.example:1"
    assert (found.next, found.exit_code, found.state) == ("see ~/x", 4, CheckState.FAILED)
    assert doctor.shareable(doctor.ok("/srv/reports"), "/").found == "/srv/reports"
