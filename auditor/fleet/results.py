"""What a fleet's round found out about each partner: what travels between the machines, and what the combined report is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PartnerResult:
    """How one partner's audit ended.

    Attributes:
        name: of the partner, as in `[partner.NAME]`; also its folder in the reports folder.
        run: the folder of its run; None where no run was created.
        exit_code: of the audit; see the README's table.
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


FAILED, STOPPED_EARLY, TERMINATED = 1, 6, 143
"""Exit codes: a defect of auditor; stopped early, resumable; stopped by SIGTERM."""
_WORST_FIRST = (FAILED, 130, TERMINATED, 2, 4, 5, STOPPED_EARLY, 11, 3, 7, 10, 0)
"""The exit code of a fleet is the first of these that a partner has.

A defect comes first, then a stop by a signal: the caller ended it. Then what a person must change before another call can help
(settings, sign-in, list); then what another call finishes (stopped early, another run at work, incomplete); then reports to
render again; then complete runs.
"""


def worst_exit_code(codes: Iterable[int]) -> int:
    """The exit code of a fleet whose partners ended with these; 0 without partners. A code that is none of auditor's is a defect."""
    known = [code if code in _WORST_FIRST else FAILED for code in codes]
    return min(known, key=_WORST_FIRST.index, default=0)
