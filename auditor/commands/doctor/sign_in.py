"""The sign-in itself: with what, whether it gives a token, of what kind, and how long it lasts."""

import threading
from datetime import UTC, datetime

from auditor.commands.doctor.context import Subject
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.sign_in import ClockSkew, read_claims
from auditor.errors import SignInError, StoppedEarlyError
from auditor.fetch import TokenRequest
from auditor.fetch.auth import UnattendedSignIn
from auditor.runs import credentials
from auditor.runs.signals import run_uninterrupted

LONGEST = 120.0
"""Seconds for a sign-in service that is busy; a run has more patience."""


def sources(subject: Subject) -> Result:
    """What a run would sign in with, in this order; nobody is asked.

    Raises:
        SignInError: there is nothing.
        SettingsError: a setting of the sign-in cannot be used.
    """
    return diagnosis.ok(", else ".join(credentials.describe_sources(subject.settings)))


def sign_in(subject: Subject) -> Result:
    """Gets an access token as a run would, without asking anybody; a sign-in that is due is renewed.

    Raises:
        SignInError: there is none to be had.
        StoppedEarlyError: the sign-in service is busy for too long, or out of reach.
        SettingsError: something that is needed for it cannot be used.
    """
    subject.unattended = credentials.open_unattended(subject.settings, subject.said.append, subject.tell)
    if subject.unattended is None:
        subject.token, subject.source = credentials.access_token(subject.settings), "AUDITOR_ACCESS_TOKEN"
        subject.claims = read_claims(subject.token)
    else:
        redeem(subject, subject.unattended, TokenRequest())
    return diagnosis.signed_in(subject.source, subject.days_left, subject.said)


def redeem(subject: Subject, found: UnattendedSignIn, need: TokenRequest) -> None:
    """Gets an access token as a run would.

    Raises:
        SignInError, StoppedEarlyError: as `sign_in`.
        StoppedAtOnce: a signal came; what the service answered is stored.
    """
    over = threading.Event()

    def give_up() -> None:
        over.set()
        found.cancel()

    patience = threading.Timer(LONGEST, give_up)
    patience.start()
    try:
        subject.token, _ = run_uninterrupted(lambda: found.redeem(need), give_up, subject.tell)
    except SignInError:
        if not over.is_set():
            raise
        words = f"the sign-in service is busy: it gave no access token within {LONGEST:.0f} s"
        raise StoppedEarlyError(words, "run auditor doctor again later; a run waits five minutes") from None
    finally:
        patience.cancel()
    subject.source, subject.days_left = found.source, found.days_left
    subject.claims = read_claims(subject.token)


def days_left(subject: Subject) -> Result:
    """How long the sign-in lasts."""
    if subject.source == "AUDITOR_ACCESS_TOKEN":
        return diagnosis.ok("nothing renews an access token from elsewhere; it ends as the line above says", days=None)
    return diagnosis.days_left(subject.days_left, subject.source)


def token(subject: Subject) -> Result:
    """Of what kind the token is, and for whom."""
    skew, seen = subject.unattended.skew if subject.unattended else None, subject.service
    if skew is None and seen is not None and seen.ahead is not None:
        skew = ClockSkew(seen.ahead, seen.uncertain, "Partner Center")
    return diagnosis.token(subject.claims, subject.settings.audiences, datetime.now(UTC), skew)
