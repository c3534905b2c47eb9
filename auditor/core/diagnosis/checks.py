"""What `doctor` makes of what it finds. Rule: values in, a line out; nothing here looks at the world, and no line holds a
secret or a customer.

A failed check carries the exit code that a run would end with for the same reason, so that both tell a caller the same.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from auditor.core.judge import clean
from auditor.core.model import Cause
from auditor.core.results import STOPPED
from auditor.core.text import lasting, many

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


_USER = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
Fact = str | int | float | bool | None


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
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """A result with the name of its check."""

    name: str
    result: Result


def ok(found: str, **facts: Fact) -> Result:
    """Nothing to do."""
    return Result(State.OK, found, facts=facts)


def warning(found: str, then: str, **facts: Fact) -> Result:
    """A run would go on, but somebody should act."""
    return Result(State.WARNING, found, then, facts=facts)


def failed(found: str, then: str, exit_code: int, **facts: Fact) -> Result:
    """A run would not come to its end."""
    return Result(State.FAILED, found, then, exit_code, facts)


def skipped(because: str) -> Result:
    """Nothing was looked at."""
    return Result(State.SKIPPED, because)


def shareable(result: Result, home: str) -> Result:
    """The result as it may be pasted into a ticket: users' names masked, and the home folder, which is called like its user.

    Args:
        result: of a check; its words may quote the sign-in service, or a path.
        home: the user's home folder, absolute.
    """

    def masked_in(text: str) -> str:
        short = text.replace(home, "~") if len(home) > 1 else text
        return _USER.sub(lambda found: masked(found[0]), short)

    return replace(result, found=masked_in(result.found), next=masked_in(result.next))


def masked(name: str) -> str:
    """A user's name as it may be pasted into a ticket: enough for its owner to know it again."""
    local, at, domain = clean(name).rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else f"{name[:1]}…"


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
    return ok(f"this machine's clock is right, within {abs(ahead) + uncertain:.1f} s", **facts)


def certificate(version: str, issuer: str, expires_at: datetime, now: datetime) -> Result:
    """What a certificate that is trusted says.

    Args:
        version: of TLS, in OpenSSL's words.
        issuer: who issued it.
        expires_at: when it ends; aware.
        now: aware.
    """
    days = (expires_at - now).total_seconds() / 86400
    found = f"the certificate is trusted: issued by {issuer}, valid until {expires_at:%Y-%m-%d} ({version})"
    facts: dict[str, Fact] = {"version": version, "issuer": issuer, "days_left": round(days, 1)}
    if days < CERTIFICATE_NOTED:
        return warning(f"{found}: {days:.0f} days left", "whoever runs the server has to renew it in time", **facts)
    return ok(found, **facts)


def disk(free: int, largest: int) -> Result:
    """Whether a run has room.

    Args:
        free: bytes.
        largest: bytes of the newest run; 0 where there is none.
    """
    needed = max(LEAST_FREE, 2 * largest)
    found = f"{free / 2**30:,.1f} GB free where the run folders go; a run takes {needed / 2**20:,.0f} MB at most"
    if free < needed:
        return failed(found, "make room, or name another folder with --reports", SERVICE, free_bytes=free)
    if free < 5 * needed:
        return warning(found, "make room before many runs are kept there", free_bytes=free)
    return ok(found, free_bytes=free)


def no_run(simulated: int) -> Result:
    """There is no run but so many that a simulator answered."""
    if not simulated:
        return ok("no run is in this reports folder yet", run_id=None)
    there = f"{many(simulated, 'simulated run')} (demo, or a simulator), which {'is' if simulated == 1 else 'are'}"
    return ok(f"no run of real customers is in this reports folder yet; {there} left out here", run_id=None)


def pace(per_minute: float | None, learned: float | None, customers: int) -> Result:
    """How long the next run takes.

    Args:
        per_minute: requests a minute as set; None is to be learned, 0 is not paced.
        learned: requests a minute that an earlier run came to; None where nothing was learned.
        customers: of the newest run; 0 where there is none.
    """
    known = [rate for rate in (per_minute, learned) if rate]
    at = min(known) if known else None
    how = "the pace is to be learned" if per_minute is None else f"{per_minute:,.0f} requests a minute are set"
    how = "requests are not paced" if per_minute == 0 else how
    found = f"{how}; earlier runs learned {f'a limit of {learned:,.0f} a minute' if learned else 'of no limit'}"
    minutes = round(customers / at, 1) if at and customers and per_minute != 0 else None
    if minutes is not None and at:
        found += (
            f"; a list as long as the newest run's ({many(customers, 'customer')}) takes {lasting(60 * customers / at)}"
        )
    return ok(found, per_minute=per_minute, learned_per_minute=learned, minutes=minutes)
