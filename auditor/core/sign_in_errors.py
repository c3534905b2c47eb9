"""The sign-in service's refusals -> what happened and what to do. Rule: its AADSTS number decides, never its words.

Source: "Microsoft Entra authentication and authorization error codes". What is not listed here is shown in the
service's own words, without what could be a secret.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from auditor.core.redaction import redact

_LOGIN = "sign in again: auditor login"
_NEW_KEY = "make a new secret in the app registration, and set AUDITOR_CLIENT_SECRET or AUDITOR_CLIENT_SECRET_FILE"
_REGISTRATION = "check AUDITOR_CLIENT_ID and AUDITOR_TENANT_ID against the app registration"
_ADMIN = "an administrator of the partner's tenant can see the reason in Entra's sign-in log"
_PERMISSION = "add the delegated permission Microsoft Partner Center: user_impersonation to the app registration and grant consent"

_CAUSES: tuple[tuple[tuple[int, ...], str, str], ...] = (
    ((50076, 50079, 50074, 50072), "multi-factor authentication is required, and this sign-in had none", _LOGIN),
    ((50078, 50158), "the multi-factor authentication of this sign-in is over, or another one is asked for", _LOGIN),
    ((50173, 50132, 50133), "the sign-in was revoked (a changed password, or an administrator)", _LOGIN),
    ((700082, 70008, 700081), "the refresh token has expired: it lives 90 days without use", _LOGIN),
    ((700084,), "the refresh token has expired: a single-page application's lives 24 hours", _LOGIN),
    ((70043,), "the sign-in is older than the tenant's sign-in frequency (Conditional Access) allows", _LOGIN),
    ((9002313, 70000), "the refresh token is none, or is damaged", _LOGIN),
    ((54005,), "the authorization code was used already", _LOGIN),
    ((65001, 65004, 90094), "nobody has consented to the app registration for this user", _PERMISSION),
    ((650057, 70011, 650053, 500011), "the app registration may not ask for Partner Center", _PERMISSION),
    (
        (700016, 90002, 900023, 90013, 700038),
        "there is no such tenant, or no such app registration in it",
        _REGISTRATION,
    ),
    ((50020, 50034), "the user is none of this tenant", "sign in as a user of the partner's tenant: auditor login"),
    ((50057,), "the user's account is disabled", "have it enabled, or sign in as another: auditor login"),
    ((50105,), "the user is not assigned to the app registration", "assign the user to it in Entra (Enterprise apps)"),
    ((7000215,), "the client secret is wrong", _NEW_KEY + "; the secret's value is meant, not its id"),
    ((7000222,), "the client secret has expired", _NEW_KEY),
    (
        (700027, 700024, 700021, 700030),
        "the client certificate is refused",
        "upload the certificate to the app registration, check its dates and this machine's clock",
    ),
    (
        (7000218,),
        "the app registration is a confidential client, and no secret came with the request",
        "set AUDITOR_CLIENT_SECRET_FILE or AUDITOR_CLIENT_CERTIFICATE, or allow public client flows in the registration",
    ),
    (
        (700025,),
        "the app registration is a public client, and a secret came with the request",
        "unset AUDITOR_CLIENT_SECRET and AUDITOR_CLIENT_CERTIFICATE",
    ),
    (
        (50011, 500113),
        "the redirect URI is not registered",
        "add http://localhost to the app registration (Mobile and desktop applications), or use auditor login --device-code",
    ),
    ((53003, 53000, 530003, 53001, 53002, 530084), "a Conditional Access policy blocks this sign-in", _ADMIN),
    ((50053, 50055, 50056, 50126), "the user cannot sign in", _ADMIN),
    ((70018, 70020, 70019), "the device code was declined, or nobody typed it in time", "start again: auditor login"),
    ((70016,), "nobody has approved the device code", "start again: auditor login"),
)

REFUSALS = MappingProxyType({number: (what, cure) for numbers, what, cure in _CAUSES for number in numbers})
"""AADSTS number -> (what happened, what to do)."""
_BY_ERROR = MappingProxyType(
    {
        "access_denied": ("the sign-in was cancelled in the browser", "start again: auditor login"),
        "authorization_declined": ("the sign-in was declined", "start again: auditor login"),
        "expired_token": ("nobody typed the device code in time", "start again: auditor login"),
        "interaction_required": ("the user has to act", _LOGIN),
        "consent_required": REFUSALS[65001],
        "login_required": ("the user has to sign in", _LOGIN),
        "invalid_client": ("the app registration's secret or certificate is refused", _REGISTRATION),
        "unauthorized_client": ("the app registration may not sign in like this", _REGISTRATION),
    }
)
"""OAuth's own error codes, for a service that gives no number."""
_NUMBER = re.compile(r"\bAADSTS(\d{4,9})\b")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the sign-in service gave no token, and the next thing to do, each in one line; neither holds a secret."""

    message: str
    hint: str


def refusal(reply: Mapping[str, Any], secrets: Iterable[str] = ()) -> Refusal:
    """What an error reply of the sign-in service means.

    Args:
        reply: its JSON: `error`, `error_description`, `error_codes`.
        secrets: what the request held; the reply may quote it.
    """
    words = str(reply.get("error_description") or reply.get("error") or "no token in the reply")
    number = _number(reply, words)
    error = redact(str(reply.get("error") or ""), secrets, 60)
    known = REFUSALS.get(number or 0) or _BY_ERROR.get(error)
    if known is None:
        said = redact(words.partition(" Trace ID:")[0], secrets)
        return Refusal(f"sign-in was refused: {said}", _LOGIN)
    code = f"AADSTS{number}" if number else error
    return Refusal(f"sign-in was refused: {known[0]} ({code})", known[1])


def _number(reply: Mapping[str, Any], words: str) -> int | None:
    codes = reply.get("error_codes")
    numbers = [code for code in codes if isinstance(code, int)] if isinstance(codes, list) else []
    if not numbers and (found := _NUMBER.search(words)):
        numbers = [int(found.group(1))]
    return next((number for number in numbers if number in REFUSALS), next(iter(numbers), None))
