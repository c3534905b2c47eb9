"""`auditor whoami` and the sentence after `auditor login`: who is signed in. Rule: what the token says, and no guess."""

from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.core.sign_in import Claims, ClockSkew, find_token_problem, read_claims
from auditor.errors import SignInError
from auditor.fetch import TokenRequest
from auditor.runs import credentials
from auditor.runs.credentials import Say
from auditor.runs.signals import run_uninterrupted
from auditor.settings import Settings


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, and for how long.

    Attributes:
        source: where the token comes from, for people.
        claims: what the token says of itself; None where it is opaque.
        days_left: days that the sign-in lasts without being used; None where nobody knows.
        problem: why the API would refuse the token, and what to do; None where nothing is known to be wrong.
    """

    source: str
    claims: Claims | None
    days_left: int | None
    problem: str | None

    @property
    def exit_code(self) -> int:
        """What the command returns."""
        return 0 if self.problem is None else SignInError.exit_code


def who(settings: Settings, say: Say) -> SignedIn:
    """Gets a token as a run would, and reads it.

    Args:
        settings: of the sign-in.
        say: is given what the user should know, a sentence each.

    Raises:
        SignInError: nobody is signed in, or the sign-in is over.
        StoppedEarlyError: the sign-in service is busy for too long, or out of reach.
        SettingsError: a setting of the sign-in cannot be used.
        StoppedAtOnce: a signal came; what the service answered is stored.
    """
    found = credentials.open_unattended(settings, say)
    if found is None:
        return described(credentials.access_token(settings), settings, "AUDITOR_ACCESS_TOKEN", None)
    token, _ = run_uninterrupted(lambda: found.redeem(TokenRequest()), found.cancel, say)
    credentials.warn_of_clock(found.skew, say)
    return described(token, settings, found.source, found.days_left, found.skew)


def described(
    token: str, settings: Settings, source: str, days_left: int | None, skew: ClockSkew | None = None
) -> SignedIn:
    """What a token says of itself, and whether it serves."""
    claims = read_claims(token)
    wrong = find_token_problem(claims, settings.audiences, datetime.now(UTC), skew) if claims else None
    return SignedIn(source, claims, days_left, wrong)
