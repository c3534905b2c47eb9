"""What `doctor` makes of what it finds. Rule: values in, a line out; nothing here looks at the world, and no line holds a
secret or a customer.

A failed check carries the exit code that a run would end with for the same reason, so that both tell a caller the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditor.core.body import clean
from auditor.core.ledger import STOPPED
from auditor.core.model import Cause, Finding, Reason, Verdict
from auditor.core.sign_in_life import warning as ending_soon
from auditor.core.token_claims import Claims, TokenKind, problem

SETTINGS, SIGN_IN, SERVICE, LOCKED = 2, STOPPED[Cause.SIGN_IN], STOPPED[Cause.SERVICE], 11
"""Exit codes of failed checks."""
SKEW_NOTED = 30.0
"""Seconds from which a clock's error is worth mending."""
SKEW_REFUSED = 300.0
"""Seconds from which sign-in services refuse a request, and a fresh token seems expired."""
CERTIFICATE_NOTED = 14.0
"""Days of life left below which a certificate is worth a word."""
LEAST_FREE = 100 << 20
"""Bytes: a run of 10,000 customers takes a tenth of it."""


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found.

    Attributes:
        state: how it ended.
        found: in one line.
        next: what to do, in one line; empty where there is nothing to do.
        exit_code: of a failed check.
        facts: the same for programs.
    """

    state: State
    found: str
    next: str = ""
    exit_code: int = 0
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """A result with the name of its check."""

    name: str
    result: Result


def ok(found: str, **facts: str | float | bool | None) -> Result:
    """Nothing to do."""
    return Result(State.OK, found, facts=facts)


def warning(found: str, then: str, **facts: str | float | bool | None) -> Result:
    """A run would go on, but somebody should act."""
    return Result(State.WARNING, found, then, facts=facts)


def failed(found: str, then: str, exit_code: int, **facts: str | float | bool | None) -> Result:
    """A run would not come to its end."""
    return Result(State.FAILED, found, then, exit_code, facts)


def skipped(because: str) -> Result:
    """Nothing was looked at."""
    return Result(State.SKIPPED, because)


def exit_code(results: Iterable[Named]) -> int:
    """That of the first failed check, in the order in which they depend on one another; 0 where none failed."""
    return next((one.result.exit_code for one in results if one.result.state is State.FAILED), 0)


def clock(ahead: float, uncertain: float) -> Result:
    """What a clock's error means.

    Args:
        ahead: seconds that this machine is ahead of the service; negative where it is behind.
        uncertain: seconds that the measurement may be wrong by, either way.
    """
    size = max(0.0, abs(ahead) - uncertain)
    words = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the service's (± {uncertain:.1f} s)"
    facts = {"ahead_seconds": round(ahead, 1), "uncertain_seconds": round(uncertain, 1)}
    set_it = "set this machine's clock, or let it be set (NTP)"
    if size >= SKEW_REFUSED:
        return failed(f"this machine's clock is {words}", set_it, SIGN_IN, **facts)
    if size >= SKEW_NOTED:
        return warning(f"this machine's clock is {words}", set_it, **facts)
    return ok(f"within {abs(ahead) + uncertain:.1f} s of the service's", **facts)


def certificate(version: str, issuer: str, expires_at: datetime, now: datetime) -> Result:
    """What a certificate that is trusted says.

    Args:
        version: of TLS, in OpenSSL's words.
        issuer: who issued it.
        expires_at, now: aware.
    """
    days = (expires_at - now).total_seconds() / 86400
    found = f"{version}; issued by {issuer}; valid until {expires_at:%Y-%m-%d}"
    facts = {"version": version, "issuer": issuer, "days_left": round(days, 1)}
    if days < CERTIFICATE_NOTED:
        return warning(f"{found}, {days:.0f} days", "whoever issued it has to renew it in time", **facts)
    return ok(found, **facts)


def token(claims: Claims | None, audiences: Iterable[str], now: datetime) -> Result:
    """Of what kind an access token is, and for whom."""
    if claims is None:
        return ok("the access token is opaque: only the API can judge it")
    trouble = problem(claims, frozenset(audiences), now)
    if trouble is not None:
        what, _, then = trouble.partition(": ")
        return failed(what, then or "sign in again: auditor login", SIGN_IN, kind=claims.kind)
    kind = {TokenKind.APP_USER: "App+User", TokenKind.APP_ONLY: "app-only"}.get(
        claims.kind, "of a kind it does not say"
    )
    words = [f"an access token {kind}" if claims.kind is TokenKind.UNKNOWN else f"an {kind} token"]
    words += [f"of {masked(claims.user_name)}"] if claims.user_name else []
    words += [f"in tenant {claims.tenant_id}"] if claims.tenant_id else []
    words += [f"for {claims.audience}"] if claims.audience else []
    minutes = (claims.expires_at - now).total_seconds() / 60 if claims.expires_at else None
    words += [f"valid for {minutes:.0f} minutes"] if minutes is not None else []
    left = None if minutes is None else round(minutes, 1)
    return ok(" ".join(words), kind=claims.kind, tenant_id=claims.tenant_id, minutes_left=left)


def mfa(claims: Claims | None, reported: bool | None) -> Result:  # noqa: FBT001 - three answers, not a switch
    """Whether the sign-in carries multi-factor authentication.

    Args:
        claims: of the token; None where it is opaque.
        reported: what the API says (`isMfaCompliant`); None where it does not.
    """
    claimed = claims.mfa if claims else None
    facts = {"claimed": claimed, "reported": reported}
    if reported is False or (claimed is False and reported is None):
        who = "the API says that" if reported is False else "by its claims,"
        return failed(
            f"{who} the access token carries no multi-factor authentication (401, code 900421)",
            "sign in again with multi-factor authentication: auditor login",
            SIGN_IN,
            **facts,
        )
    if reported:
        return ok("the API says that the access token carries it", **facts)
    words = "by its claims, the access token carries it" if claimed else "neither the token nor the API says"
    return ok(f"{words}; the API did not report it" if claimed else words, **facts)


def days_left(days: int | None, where: str) -> Result:
    """How long the sign-in lasts.

    Args:
        days: until the refresh token ends; None where nobody knows when it was given.
        where: what holds it, for people.
    """
    if days is None:
        return ok(f"the refresh token in {where} does not say when it was given", days=None)
    soon = ending_soon(days, where)
    if soon is not None:
        what, _, then = soon.rpartition(": ")
        return warning(what, then, days=days)
    return ok(f"{days} days until the refresh token in {where} ends, unless it is used before", days=days)


def answered(finding: Finding, http_status: int | None, seconds: float) -> Result:
    """What one answer about a customer of the partner's means for a run; the customer is not named."""
    code = f", code {finding.error_code}" if finding.error_code else ""
    facts = {"http_status": http_status, "error_code": finding.error_code, "seconds": round(seconds, 3)}
    http = f"HTTP {http_status}{code}" if http_status else "no answer"
    if finding.run_end is not None:
        end = finding.run_end
        return failed(end.message, end.hint, STOPPED[end.cause], **facts)
    if http_status is None:
        return failed(http, "see the checks above; then run it again", SERVICE, **facts)
    if finding.verdict is Verdict.UNDETERMINED:
        return warning(f"{http}: {finding.reason}", "ask for single customers with auditor status ID", **facts)
    return ok(f"answered with {http} in {seconds:.2f} s", **facts)


def stranger(finding: Finding, http_status: int | None) -> Result:
    """What the API answers for a tenant that nobody has: does "no account status" say anything?"""
    facts = {"http_status": http_status, "error_code": finding.error_code, "reason": finding.reason}
    code = f"HTTP {http_status}" + (f", code {finding.error_code}" if finding.error_code else "")
    if finding.reason is Reason.NO_ACCOUNT_STATUS:
        return ok(
            f"a stranger is answered like a customer without an account status ({code}): "
            "keep --customer-list auto, which tells them apart",
            **facts,
        )
    if finding.reason in {Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP, Reason.REJECTED, Reason.FORBIDDEN}:
        return ok(f"a stranger is told apart from customers ({code}: {finding.reason})", **facts)
    return warning(f"a stranger's answer says nothing ({code}: {finding.reason})", "run it again", **facts)


def disk(free: int, largest: int) -> Result:
    """Whether a run has room.

    Args:
        free: bytes.
        largest: bytes of the newest run; 0 where there is none.
    """
    needed = max(LEAST_FREE, 2 * largest)
    found = f"{free / 2**30:,.1f} GB free; a run is taken to need {needed / 2**20:,.0f} MB"
    if free < needed:
        return failed(found, "make room, or name another folder with --reports", SERVICE, free_bytes=free)
    if free < 5 * needed:
        return warning(found, "make room before many runs are kept there", free_bytes=free)
    return ok(found, free_bytes=free)


def pace(per_minute: float | None, learned: float | None, customers: int) -> Result:
    """How long the next run takes.

    Args:
        per_minute: requests a minute as set; None is to be learned, 0 is not paced.
        learned: requests a minute that an earlier run came to; None where nothing was learned.
        customers: of the newest run; 0 where there is none.
    """
    known = [rate for rate in (per_minute, learned) if rate]
    at = min(known) if known else None
    how = "not paced" if per_minute == 0 else "to be learned" if per_minute is None else f"{per_minute:,.0f} a minute"
    found = f"set: {how}; learned: {f'{learned:,.0f} a minute' if learned else 'nothing'}"
    minutes = round(customers / at, 1) if at and customers and per_minute != 0 else None
    if minutes is not None:
        found += f"; {customers:,} customers as in the newest run take {minutes:,.1f} minutes"
    return ok(found, per_minute=per_minute, learned_per_minute=learned, minutes=minutes)


def masked(name: str) -> str:
    """A user's name as it may be pasted into a ticket: enough for its owner to know it again."""
    local, at, domain = clean(name).rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else f"{name[:1]}…"
