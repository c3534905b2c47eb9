"""Checks of the sign-in: its credentials, whether it gives a token, of which kind, and how long it lasts."""

import threading
from datetime import UTC, datetime

from auditor.commands.doctor.context import DoctorContext
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.sign_in import ClockSkew, read_claims
from auditor.errors import SignInError, StoppedEarlyError
from auditor.fetch import TokenRequest
from auditor.fetch.auth import UnattendedSignIn
from auditor.runs import credentials
from auditor.runs.signals import run_uninterrupted

LONGEST = 120.0
"""Seconds to wait for a busy sign-in service; a run waits longer."""


def sources(context: DoctorContext) -> Result:
    """List the credentials that a run would use, in this order. No request is sent.

    Raises:
        SignInError: there are none.
        SettingsError: a setting of the sign-in cannot be used.
    """
    return diagnosis.ok(", else ".join(credentials.describe_sources(context.settings)))


def sign_in(context: DoctorContext) -> Result:
    """Get an access token as a run would, without the user; a sign-in that is due is renewed.

    Raises:
        SignInError: there is no token.
        StoppedEarlyError: the sign-in service is busy for too long, or cannot be reached.
        SettingsError: a setting of the sign-in cannot be used.
    """
    context.unattended = credentials.open_unattended(context.settings, context.messages.append, context.say)
    if context.unattended is None:
        context.token, context.source = credentials.access_token(context.settings), "AUDITOR_ACCESS_TOKEN"
        context.claims = read_claims(context.token)
    else:
        redeem(context, context.unattended, TokenRequest())
    return diagnosis.signed_in(context.source, context.days_left, context.messages)


def redeem(context: DoctorContext, found: UnattendedSignIn, need: TokenRequest) -> None:
    """Get an access token as a run would.

    Raises:
        SignInError, StoppedEarlyError: as `sign_in`.
        StoppedAtOnce: a signal came; the answer of the service is stored.
    """
    # of this call only: a sign-in that took longer and still succeeded must not cut the next one short
    given_up, cut_short = threading.Event(), threading.Event()

    def wait(seconds: float) -> bool:
        if given_up.wait(seconds):
            cut_short.set()
        return cut_short.is_set()

    timer = threading.Timer(LONGEST, given_up.set)
    timer.start()
    try:
        context.token, _ = run_uninterrupted(lambda: found.redeem(need, wait), given_up.set, context.say)
    except SignInError:
        if not cut_short.is_set():
            raise
        words = f"the sign-in service is busy: it gave no access token within {LONGEST:.0f} s"
        raise StoppedEarlyError(words, "run auditor doctor again later; a run waits five minutes") from None
    finally:
        timer.cancel()
    context.source, context.days_left = found.source, found.days_left
    context.claims = read_claims(context.token)


def days_left(context: DoctorContext) -> Result:
    """How long the sign-in lasts."""
    if context.source == "AUDITOR_ACCESS_TOKEN":
        return diagnosis.ok(
            "an access token from elsewhere is not renewed; it expires as the line above says", days=None
        )
    return diagnosis.days_left(context.days_left, context.source)


def token(context: DoctorContext) -> Result:
    """Of which kind the token is, and for which audience."""
    skew, seen = context.unattended.skew if context.unattended else None, context.service
    if skew is None and seen is not None and seen.ahead is not None:
        skew = ClockSkew(seen.ahead, seen.uncertain, "Partner Center")
    return diagnosis.token(context.claims, context.settings.audiences, datetime.now(UTC), skew)
