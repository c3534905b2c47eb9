"""Errors of the sign-in service -> what happened and what to do, by AADSTS number; without a number, by OAuth error code.

Source: "Microsoft Entra authentication and authorization error codes". For other numbers, the service's own message is shown, secrets
removed.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from auditor.core.judge import redact

_LOGIN = "sign in again: auditor login"
_NEW_KEY = "create a new secret in the app registration, and set AUDITOR_CLIENT_SECRET or AUDITOR_CLIENT_SECRET_FILE"
_REGISTRATION = "check AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID against the app registration"
_ADMIN = "an administrator of the partner's tenant can see the reason in Entra's sign-in log"
_LATER = "try again in a few minutes"
_PERMISSION = "add the delegated permission Microsoft Partner Center: user_impersonation to the app registration and grant consent"

TRANSIENT = frozenset({90006, 90012, 90024, 90033, 90055})
"""AADSTS numbers of transient errors, at any HTTP status. Source: as above ("retryable", "transient", "timed out", "service unavailable",
"throttling")."""
_TRANSIENT_WORD = "temporarily_unavailable"

_CAUSES: tuple[tuple[tuple[int, ...], str, str], ...] = (
    ((50076, 50079, 50074, 50072), "multi-factor authentication is required, and this sign-in had none", _LOGIN),
    ((50078, 50158), "the multi-factor authentication of this sign-in has expired, or another one is required", _LOGIN),
    ((50173, 50132, 50133), "the sign-in was revoked (a changed password, or an administrator)", _LOGIN),
    ((700082, 70008, 700081), "the refresh token has expired: it lives 90 days without use", _LOGIN),
    ((700084,), "the refresh token has expired: a single-page application's lives 24 hours", _LOGIN),
    ((70043,), "the sign-in is older than the tenant's sign-in frequency (Conditional Access) allows", _LOGIN),
    ((9002313, 70000), "the refresh token is invalid or damaged", _LOGIN),
    ((54005,), "the authorization code was used already", _LOGIN),
    ((65001, 65004, 90094), "there is no consent to the app registration for this user", _PERMISSION),
    ((650057, 70011, 650053, 500011), "the app registration may not request tokens for Partner Center", _PERMISSION),
    (
        (650052, 500014),
        "the service Microsoft Partner Center is not enabled in this tenant, or is disabled there",
        (
            "an administrator of the partner's tenant enables Microsoft Partner Center in Entra (Enterprise apps; application "
            "id fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd), then grants consent to the app registration"
        ),
    ),
    (
        (7000112,),
        "the app registration is disabled in this tenant",
        (
            "an administrator of the partner's tenant enables it in Entra: Enterprise apps, Properties, Enabled for users to "
            "sign in"
        ),
    ),
    (
        (700016, 90002, 900023, 90013, 700038),
        "there is no such tenant, or no such app registration in it",
        _REGISTRATION,
    ),
    (
        (50020, 50034),
        "the user does not belong to this tenant",
        "sign in as a user of the partner's tenant: auditor login",
    ),
    (
        (90072,),
        "the user's account belongs to another tenant and is not a guest in this one",
        "sign in as a user of the partner's tenant: auditor login; or an administrator adds the user as a guest",
    ),
    (
        (500341,),
        "the user's account was deleted",
        "an administrator restores it in Entra (Deleted users); or sign in as another user: auditor login",
    ),
    (
        (50085,),
        "the sign-in was made through another identity provider, which requires a new one",
        "sign in again, as a user of the partner's tenant with a password and MFA there: auditor login",
    ),
    (
        (700003,),
        "the device that signed in was deleted from the tenant",
        "an administrator registers the device in Entra again; or sign in on another device: auditor login",
    ),
    ((50057,), "the user's account is disabled", "have it enabled, or sign in as another: auditor login"),
    ((50105,), "the user is not assigned to the app registration", "assign the user to it in Entra (Enterprise apps)"),
    ((7000215,), "the client secret is wrong", _NEW_KEY + "; use the secret's value, not its id"),
    ((7000222,), "the client secret has expired", _NEW_KEY),
    (
        (700027, 700024, 700021, 700030),
        "the client certificate is refused",
        "upload the certificate to the app registration, check its dates and this machine's clock",
    ),
    (
        (7000218,),
        "the app registration is a confidential client, and the request had no secret",
        "set AUDITOR_CLIENT_SECRET_FILE or AUDITOR_CLIENT_CERTIFICATE, or allow public client flows in the registration",
    ),
    (
        (700025,),
        "the app registration is a public client, and the request had a secret",
        "unset AUDITOR_CLIENT_SECRET and AUDITOR_CLIENT_CERTIFICATE",
    ),
    (
        (50011, 500113),
        "the redirect URI is not registered",
        "add http://localhost to the app registration (Mobile and desktop applications), or use auditor login --device-code",
    ),
    ((53003, 53000, 530003, 53001, 53002, 530084), "a Conditional Access policy blocks this sign-in", _ADMIN),
    (
        (530035,),
        "the tenant's security defaults block this sign-in; they always block device codes",
        (
            "sign in through the browser, with MFA: auditor login; if that is blocked too, an administrator replaces "
            "security defaults by a Conditional Access policy"
        ),
    ),
    (
        (50196,),
        "the sign-in service stopped a loop: too many equal requests of this app registration within minutes",
        "wait ten minutes; if it happens again, look for several programs that share this app registration and user",
    ),
    (
        (90023,),
        "the sign-in service rejects the request as invalid",
        _REGISTRATION + "; an administrator of the partner's tenant can see the reason in Entra's sign-in log",
    ),
    (tuple(sorted(TRANSIENT)), "the sign-in service is busy or down at the moment", _LATER),
    ((50053, 50055, 50056, 50126), "the user cannot sign in", _ADMIN),
    ((70018, 70020, 70019), "the device code was declined, or not entered in time", "start again: auditor login"),
    ((70016,), "the device code was not approved", "start again: auditor login"),
)

REFUSALS = MappingProxyType({number: (what, remedy) for numbers, what, remedy in _CAUSES for number in numbers})
"""AADSTS number -> (what happened, what to do)."""
_BY_ERROR = MappingProxyType(
    {
        "access_denied": ("the sign-in was cancelled in the browser", "start again: auditor login"),
        "authorization_declined": ("the sign-in was declined", "start again: auditor login"),
        "expired_token": ("the device code was not entered in time", "start again: auditor login"),
        "interaction_required": ("the user must sign in interactively", _LOGIN),
        "consent_required": REFUSALS[65001],
        "login_required": ("the user must sign in", _LOGIN),
        "invalid_client": ("the app registration's secret or certificate is refused", _REGISTRATION),
        "unauthorized_client": ("the app registration may not sign in like this", _REGISTRATION),
        _TRANSIENT_WORD: REFUSALS[90033],
        "server_error": REFUSALS[90033],
    }
)
"""OAuth error code -> the same, for errors without a number."""
_NUMBER = re.compile(r"\bAADSTS(\d{4,9})\b")
_IDS = re.compile(r"\s*(?:Trace ID|Correlation ID|Timestamp):", re.IGNORECASE)
"""What follows the message of an error; the ids go to the log."""


def explain_refusal(reply: Mapping[str, Any], secrets: Iterable[str] = ()) -> tuple[str, str]:
    """Explain an error response of the sign-in service: (what happened, what to do), in one line each, without secrets.

    Args:
        reply: its JSON: `error`, `error_description`, `error_codes`.
        secrets: sent in the request; the response may quote them.
    """
    words = str(reply.get("error_description") or reply.get("error") or "")
    number = _number(reply, words)
    error = redact(str(reply.get("error") or ""), secrets, 60)
    known = _BY_ERROR.get(error) if number is None else REFUSALS.get(number)
    if known is None:
        return _own_message(redact(_IDS.split(words)[0], secrets) or error, number)
    code = f"AADSTS{number}" if number else error
    return f"sign-in was refused: {known[0]} ({code})", known[1]


def is_transient(reply: object) -> bool:
    """True for a transient error by its number or code, at any HTTP status.

    Args:
        reply: JSON of the sign-in service.
    """
    if not isinstance(reply, Mapping) or "error" not in reply:
        return False
    number = _number(reply, str(reply.get("error_description") or ""))
    return number in TRANSIENT or (number not in REFUSALS and reply["error"] == _TRANSIENT_WORD)


def _own_message(message: str, number: int | None) -> tuple[str, str]:
    message = message or "no token in the reply"
    if number is None:
        return f"sign-in was refused: {message}", _LOGIN
    code = "" if f"AADSTS{number}" in message else f" (AADSTS{number})"
    about = f"see https://login.microsoftonline.com/error?code={number}"
    return f"sign-in was refused: {message}{code}", f"{about}; {_ADMIN}; if a new sign-in is required: auditor login"


def _number(reply: Mapping[str, Any], words: str) -> int | None:
    codes = reply.get("error_codes")
    numbers = [code for code in map(_whole, codes) if code] if isinstance(codes, list) else []
    numbers += [int(found) for found in _NUMBER.findall(words)]
    return next((number for number in numbers if number in REFUSALS), next(iter(numbers), None))


def _whole(code: object) -> int | None:
    """One of `error_codes`, a number or its digits; None for anything else."""
    if isinstance(code, str) and re.fullmatch(r"[0-9]{4,9}", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None
