"""Properties of `auditor.core.sign_in.sign_in_errors`."""

from typing import Any

import pytest

from auditor.core.sign_in.sign_in_errors import REFUSALS, TRANSIENT, explain_refusal, is_transient

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
        (65001, "no consent", "user_impersonation"),
        (700016, "no such", "AUDITOR_CLIENT_ID"),
        (7000215, "secret is wrong", "AUDITOR_CLIENT_SECRET"),
        (7000222, "secret has expired", "AUDITOR_CLIENT_SECRET"),
        (700027, "certificate", "upload"),
        (7000218, "confidential", "AUDITOR_CLIENT_SECRET"),
        (50011, "redirect", "http://localhost"),
        (53003, "Conditional Access", "log"),
        (7000112, "disabled", "administrator"),
        (500014, "disabled", "administrator"),
        (500341, "deleted", "administrator"),
        (90072, "another tenant", "user of the partner's tenant"),
        (90023, "invalid", "AUDITOR_CLIENT_ID"),
        (50196, "loop", "wait"),
        (700003, "device", "administrator"),
        (50085, "another identity provider", "auditor login"),
        (650052, "not enabled", "administrator"),
        (530035, "security defaults", "browser"),
    ],
)
def test_known_numbers_have_a_remedy(number: int, message: str, hint: str) -> None:
    """What happened, the number to look up, and what to do."""
    found = explain_refusal(reply(number))
    assert message in found[0]
    assert f"AADSTS{number}" in found[0]
    assert hint in found[1]


def test_the_number_is_found_in_the_description() -> None:
    """Some responses have it there only."""
    assert explain_refusal(reply(50076, error_codes=None)) == explain_refusal(reply(50076))
    assert explain_refusal({"error_description": "AADSTS50076: MFA", "error_codes": ["x"]}) == explain_refusal(
        reply(50076)
    )


def test_the_first_known_of_several_numbers_counts() -> None:
    """A response may list a general number beside the specific one."""
    assert explain_refusal(reply(50173, error_codes=[123456, 50173])) == explain_refusal(reply(50173))


def test_unknown_numbers_show_the_services_message() -> None:
    """Without trace ids and possible tokens."""
    found = explain_refusal(
        {"error_description": f"AADSTS999999: Odd {RT}. Trace ID: 5f0c Correlation ID: 7"}, ["short"]
    )
    assert found[0] == "sign-in was refused: AADSTS999999: Odd [secret]"


@pytest.mark.parametrize("words", [{}, {"error": None}, {"error": []}, {"error_description": 7}, {"error_codes": {}}])
def test_odd_responses_are_refusals(words: dict[str, Any]) -> None:
    """Also an empty one."""
    assert explain_refusal(words)[0].startswith("sign-in was refused: ")


def test_oauth_errors_without_a_number() -> None:
    """By the codes of the OAuth standard."""
    assert "cancelled" in explain_refusal({"error": "access_denied", "error_description": "AADSTS65004"[:0]})[0]


@pytest.mark.parametrize("number", sorted(REFUSALS))
def test_no_secret_is_repeated(number: int) -> None:
    """Whatever the service quotes."""
    quoting = reply(number, error_description=f"AADSTS{number}: Bad token {RT} and pass~1.", error=RT)
    found = explain_refusal(quoting, ["pass~1", RT])
    assert RT not in f"{found}"
    assert "pass~1" not in f"{found}"


OAUTH_WORDS = (
    "access_denied",
    "invalid_client",
    "unauthorized_client",
    "interaction_required",
    "expired_token",
    "login_required",
)


@pytest.mark.parametrize("word", OAUTH_WORDS)
@pytest.mark.parametrize("where", ["error_codes", "text", "digits"])
def test_the_number_counts_more_than_the_oauth_code(word: str, where: str) -> None:
    """An unknown number is shown with Entra's message: the code beside it would give a wrong cause."""
    text = "AADSTS777777: The words of Entra." if where == "text" else "The words of Entra."
    codes = {"error_codes": [777777], "digits": ["777777"]}.get(where)
    found = explain_refusal({"error": word, "error_description": text, "error_codes": codes})
    assert "The words of Entra." in found[0]
    assert found[0].count("777777") == 1
    assert "error?code=777777" in found[1]
    assert explain_refusal({"error": word})[0] != found[0]


@pytest.mark.parametrize(("word", "number"), [("invalid_client", 650052), ("access_denied", 530035)])
def test_a_known_number_has_its_cause_with_any_oauth_code(word: str, number: int) -> None:
    """Two that were seen with a wrong cause."""
    assert explain_refusal(reply(number, error=word)) == explain_refusal(reply(number))


@pytest.mark.parametrize("gap", [" ", "\n", "\r\n", "\r\n\r\n", "\t", ""])
@pytest.mark.parametrize("first", ["Trace ID: 5f0c", "Correlation ID: 77aa", "Timestamp: 2026-11-22 12:00:00Z"])
def test_ids_after_the_message_are_removed(gap: str, first: str) -> None:
    """After a blank or a line break, in any order."""
    text = gap.join(["AADSTS777777: Odd.", first, "Trace ID: 1", "Correlation ID: 2", "Timestamp: 3"])
    assert explain_refusal({"error_description": text})[0] == "sign-in was refused: AADSTS777777: Odd."


def test_a_response_of_ids_alone_shows_the_oauth_code() -> None:
    """No message is left."""
    assert explain_refusal({"error": "odd", "error_description": "Trace ID: 1"})[0] == "sign-in was refused: odd"


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        ({"error": "temporarily_unavailable"}, True),
        ({"error": "temporarily_unavailable", "error_codes": [777777]}, True),
        ({"error": "temporarily_unavailable", "error_codes": [50173]}, False),
        *(({"error": "server_error", "error_codes": [number]}, True) for number in sorted(TRANSIENT)),
        ({"error": "invalid_grant", "error_description": "AADSTS90033: A transient error has occurred."}, True),
        ({"error": "invalid_request", "error_codes": [90023]}, False),
        ({"error": "invalid_grant", "error_codes": [50173]}, False),
        ({"error_codes": [90033]}, False),
        ([], False),
        (None, False),
    ],
)
def test_transient_errors(answer: object, passes: bool) -> None:  # noqa: FBT001 - a table's column
    """By Entra's number, else by the OAuth code."""
    assert is_transient(answer) is passes
