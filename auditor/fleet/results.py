"""What a fleet's round found out about each partner: what travels between the machines, and what the combined report is made of."""

from collections.abc import Mapping
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
