"""Audits many partners: one child process a partner, on one machine or on a Dask cluster.

============  ==========================================================
`partners`    the file of partners, and its problems
`rounds`      which round a call finishes or starts; what a partner has in it
`child`       one partner: its child process, and when it is started again
`engine`      one Dask task a partner
`results`     how a partner ended, and the exit code of all
`combined`    the combined report of a round
============  ==========================================================
"""

from auditor.fleet.child import Counts, PartnerTask
from auditor.fleet.combined import combine, combine_round, one_report_at_a_time
from auditor.fleet.engine import ClusterOptions, FleetObserver, audit_partners
from auditor.fleet.partners import Partner, read_partners
from auditor.fleet.results import PartnerResult, worst_exit_code
from auditor.fleet.rounds import (
    FLEET,
    PartnerFolder,
    Round,
    describe_complete_run,
    describe_run,
    find_round,
    open_round,
    record,
    results_of,
)

__all__ = [
    "FLEET",
    "ClusterOptions",
    "Counts",
    "FleetObserver",
    "Partner",
    "PartnerFolder",
    "PartnerResult",
    "PartnerTask",
    "Round",
    "audit_partners",
    "combine",
    "combine_round",
    "describe_complete_run",
    "describe_run",
    "find_round",
    "one_report_at_a_time",
    "open_round",
    "read_partners",
    "record",
    "results_of",
    "worst_exit_code",
]
