"""Properties of `auditor.core.sign_in_errors`."""

from typing import Any

import pytest

from auditor.core.sign_in_errors import REFUSALS, Refusal, refusal

RT = "0.AXsimulated-" + "x" * 60


def reply(number: int, **more: Any) -> dict[str, Any]:
    """An error reply as the service words it."""
    words = f"AADSTS{number}: Something. Trace ID: 5f0c Correlation ID: 77aa Timestamp: 2026-11-22 12:00:00Z"
    return {"error": "invalid_grant", "error_description": words, "error_codes": [number], **more}


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (50076, "multi-factor", "auditor login"),
        (50173, "revoked", "auditor login"),
        (700082, "90 days", "auditor login"),
        (65001, "consented", "user_impersonation"),
        (700016, "no such", "AUDITOR_CLIENT_ID"),
        (7000215, "secret is wrong", "AUDITOR_CLIENT_SECRET"),
        (7000222, "secret has expired", "AUDITOR_CLIENT_SECRET"),
        (700027, "certificate", "upload"),
        (7000218, "confidential", "AUDITOR_CLIENT_SECRET"),
        (50011, "redirect", "http://localhost"),
        (53003, "Conditional Access", "log"),
    ],
)
def test_known_numbers_have_a_cure(number: int, message: str, hint: str) -> None:
    """What happened, the number for whoever looks it up, and what to do."""
    found = refusal(reply(number))
    assert message in found.message
    assert f"AADSTS{number}" in found.message
    assert hint in found.hint


def test_the_number_is_found_in_the_text_where_the_list_lacks() -> None:
    """Some replies hold it in the description alone."""
    assert refusal(reply(50076, error_codes=None)) == refusal(reply(50076))
    assert refusal({"error_description": "AADSTS50076: MFA", "error_codes": ["x"]}) == refusal(reply(50076))


def test_the_first_known_of_several_numbers_counts() -> None:
    """A reply may list a general number beside the telling one."""
    assert refusal(reply(50173, error_codes=[123456, 50173])) == refusal(reply(50173))


def test_unknown_numbers_speak_for_themselves() -> None:
    """In the service's own words, without trace ids and without what could be a token."""
    found = refusal({"error_description": f"AADSTS999999: Odd {RT}. Trace ID: 5f0c Correlation ID: 7"}, ["short"])
    assert found.message == "sign-in was refused: AADSTS999999: Odd [secret]"


@pytest.mark.parametrize("words", [{}, {"error": None}, {"error": []}, {"error_description": 7}, {"error_codes": {}}])
def test_odd_replies_are_refusals_too(words: dict[str, Any]) -> None:
    """A reply that says nothing is said to say nothing."""
    assert refusal(words).message.startswith("sign-in was refused: ")


def test_oauth_errors_without_a_number() -> None:
    """The codes of the OAuth standard are known by their names."""
    assert "cancelled" in refusal({"error": "access_denied", "error_description": "AADSTS65004"[:0]}).message


@pytest.mark.parametrize("number", sorted(REFUSALS))
def test_no_secret_is_repeated(number: int) -> None:
    """Whatever the service quotes, no refusal holds it."""
    quoting = reply(number, error_description=f"AADSTS{number}: Bad token {RT} and pass~1.", error=RT)
    found = refusal(quoting, ["pass~1", RT])
    assert isinstance(found, Refusal)
    assert RT not in f"{found}"
    assert "pass~1" not in f"{found}"
