"""Audits many partners: one child process a partner, on one machine or on a Dask cluster."""

from auditor.fleet.combined import FLEET, combine
from auditor.fleet.results import PartnerResult

__all__ = ["FLEET", "PartnerResult", "combine"]
