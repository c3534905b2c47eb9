"""What a fleet's round found out about each partner: what travels between the machines, and what the combined report is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor.core.model import Cause
from auditor.core.results import COMPLETE, FAILED, INCOMPLETE, MATCHED, STOP_EXIT_CODES
from auditor.errors import (
    CustomerListError,
    LockHeldError,
    OutputError,
    SettingsError,
    SignInError,
    StoppedEarlyError,
)


@dataclass(frozen=True, slots=True)
class PartnerResult:
    """How one partner's audit ended.

    Attributes:
        name: of the partner, as in `[partner.NAME]`; also its folder in the reports folder.
        run: the folder of its run; None where no run was created.
        exit_code: of the audit; `docs/exit-codes.md` says what each means.
        reason: why it ended so, one sentence; empty for a complete run.
        customers: verdict -> number of customers, from the run's summary; empty where there is no summary.
        complete: True where every row has a verdict and its summary says so.
    """

    name: str
    run: Path | None
    exit_code: int
    reason: str = ""
    customers: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False


INTERRUPTED, TERMINATED = STOP_EXIT_CODES[Cause.INTERRUPTED], STOP_EXIT_CODES[Cause.TERMINATED]
"""Exit codes of a run that a signal stopped."""
_WORST_FIRST = (
    *(FAILED, INTERRUPTED, TERMINATED),
    *(SettingsError.exit_code, SignInError.exit_code, CustomerListError.exit_code),
    *(StoppedEarlyError.exit_code, LockHeldError.exit_code, INCOMPLETE),
    *(OutputError.exit_code, MATCHED, COMPLETE),
)
"""The exit code of a fleet is the first of these that a partner has.

A defect comes first, then a stop by a signal: the caller ended it. Then what a person must change before another call can help
(settings, sign-in, list); then what another call finishes (stopped early, another run at work, incomplete); then reports to
render again; then complete runs.
"""


def worst_exit_code(codes: Iterable[int]) -> int:
    """The exit code of a fleet whose partners ended with these; 0 without partners. A code that is none of auditor's is a defect."""
    known = [code if code in _WORST_FIRST else FAILED for code in codes]
    return min(known, key=_WORST_FIRST.index, default=0)
