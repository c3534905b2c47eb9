"""The checks of `doctor`: measured values -> a result in one line, without secrets and customers.

A failed check has the exit code that a run would end with for the same reason.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from auditor.core.judge import clean
from auditor.core.model import Cause
from auditor.core.results import STOP_EXIT_CODES
from auditor.core.sign_in import SET_CLOCK
from auditor.core.text import count_noun, format_duration

SETTINGS, SIGN_IN, SERVICE, LOCKED = 2, STOP_EXIT_CODES[Cause.SIGN_IN], STOP_EXIT_CODES[Cause.SERVICE], 11
"""Exit codes of failed checks."""
SKEW_WARNING = 30.0
"""Seconds; a larger error of the clock is a warning."""
SKEW_REFUSED = 300.0
"""Seconds; with a larger error, sign-in services refuse requests, and new tokens seem expired."""
CERTIFICATE_WARNING = 14.0
"""Days left; with fewer, a certificate is a warning."""
LEAST_FREE = 100 << 20
"""Bytes; a run of 10,000 customers needs a tenth of it."""


_USER = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
Fact = str | int | float | bool | None


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check.

    Attributes:
        state: how it ended.
        found: the result in one line.
        next: what to do, in one line; empty if there is nothing to do.
        exit_code: of a failed check; else 0.
        facts: the result for programs.
    """

    state: CheckState
    found: str
    next: str = ""
    exit_code: int = 0
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A result with the name of its check."""

    name: str
    result: Result


def ok(found: str, **facts: Fact) -> Result:
    """The check passed: nothing to do."""
    return Result(CheckState.OK, found, facts=facts)


def warning(found: str, then: str, **facts: Fact) -> Result:
    """A run would continue, but there is something to do."""
    return Result(CheckState.WARNING, found, then, facts=facts)


def failed(found: str, then: str, exit_code: int, **facts: Fact) -> Result:
    """A run would fail."""
    return Result(CheckState.FAILED, found, then, exit_code, facts)


def skipped(because: str) -> Result:
    """The check was not made."""
    return Result(CheckState.SKIPPED, because)


def shareable(result: Result, home: str) -> Result:
    """The result for a ticket: user names masked, and the home folder, which is named after its user, replaced by `~`.

    Args:
        result: of a check; it may quote the sign-in service, or a path.
        home: the user's home folder, absolute.
    """

    def mask(text: str) -> str:
        short = text.replace(home, "~") if len(home) > 1 else text
        return _USER.sub(lambda found: mask_user(found[0]), short)

    return replace(result, found=mask(result.found), next=mask(result.next))


def mask_user(name: str) -> str:
    """Mask a user's name, so that only the user recognises it."""
    local, at, domain = clean(name).rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else f"{name[:1]}…"


def exit_code(results: Iterable[CheckResult]) -> int:
    """The exit code of the first failed check; 0 if none failed. Later checks depend on earlier ones."""
    return next((one.result.exit_code for one in results if one.result.state is CheckState.FAILED), 0)


def clock(ahead: float, uncertain: float) -> Result:
    """Judge the error of this machine's clock.

    Args:
        ahead: seconds that this machine is ahead of the service; negative if it is behind.
        uncertain: seconds; the error of the measurement, in both directions.
    """
    size = max(0.0, abs(ahead) - uncertain)
    words = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the service's (± {uncertain:.1f} s)"
    facts = {"ahead_seconds": round(ahead, 1), "uncertain_seconds": round(uncertain, 1)}
    if size >= SKEW_REFUSED:
        return failed(f"this machine's clock is {words}", SET_CLOCK, SIGN_IN, **facts)
    if size >= SKEW_WARNING:
        return warning(f"this machine's clock is {words}", SET_CLOCK, **facts)
    return ok(f"this machine's clock is right, within {abs(ahead) + uncertain:.1f} s", **facts)


def certificate(version: str, issuer: str, expires_at: datetime, now: datetime) -> Result:
    """Judge the expiry of a trusted certificate.

    Args:
        version: of TLS, as OpenSSL names it.
        issuer: name of the issuer.
        expires_at: aware.
        now: aware.
    """
    days = (expires_at - now).total_seconds() / 86400
    found = f"the certificate is trusted: issued by {issuer}, valid until {expires_at:%Y-%m-%d} ({version})"
    facts: dict[str, Fact] = {"version": version, "issuer": issuer, "days_left": round(days, 1)}
    if days < CERTIFICATE_WARNING:
        return warning(f"{found}: {days:.0f} days left", "the administrator of the server must renew it", **facts)
    return ok(found, **facts)


def disk(free: int, largest: int) -> Result:
    """Judge the free disk space for a run.

    Args:
        free: bytes.
        largest: bytes of the newest run; 0 without one.
    """
    needed = max(LEAST_FREE, 2 * largest)
    found = f"{free / 2**30:,.1f} GB free where the run folders go; a run needs at most {needed / 2**20:,.0f} MB"
    if free < needed:
        return failed(found, "make room, or name another folder with --reports", SERVICE, free_bytes=free)
    if free < 5 * needed:
        return warning(found, "make room before many runs are stored there", free_bytes=free)
    return ok(found, free_bytes=free)


def no_run(simulated: int) -> Result:
    """There is no run of real customers; `simulated` is the number of runs against a simulator."""
    if not simulated:
        return ok("no run is in this reports folder yet", run_id=None)
    there = (
        f"{count_noun(simulated, 'simulated run')} (demo, or a simulator), which {'is' if simulated == 1 else 'are'}"
    )
    return ok(f"no run of real customers is in this reports folder yet; {there} left out here", run_id=None)


def pace(per_minute: float | None, learned: float | None, customers: int) -> Result:
    """Estimate how long the next run takes.

    Args:
        per_minute: configured requests a minute; None if to be learned, 0 without a limit.
        learned: requests a minute that an earlier run learned; None without one.
        customers: of the newest run; 0 without one.
    """
    known = [rate for rate in (per_minute, learned) if rate]
    at = min(known) if known else None
    how = "the pace is to be learned" if per_minute is None else f"{per_minute:,.0f} requests a minute are set"
    how = "requests are not paced" if per_minute == 0 else how
    found = f"{how}; earlier runs learned {f'a limit of {learned:,.0f} a minute' if learned else 'of no limit'}"
    minutes = round(customers / at, 1) if at and customers and per_minute != 0 else None
    if minutes is not None and at:
        found += f"; a list as long as the newest run's ({count_noun(customers, 'customer')}) takes {format_duration(60 * customers / at)}"
    return ok(found, per_minute=per_minute, learned_per_minute=learned, minutes=minutes)
