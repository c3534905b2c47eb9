"""The combined report of a fleet's round, `fleet/<round>/`: one folder over the runs of many partners.

============  ==========================================================================================
`partners`    each partner's run verified, and what is known of a partner without a run
`tables`      results.parquet and results.csv: the partners' results, one below the other
`summary`     summary.json: counts by partner and in all
`people`      the rows that people act on: blocked and not verified, of all partners
`workbook`    fleet.xlsx
`page`        fleet.html
`render`      writes all of them, manifest.json last
`verify`      reads them back: hashes, both tables alike, and the counts of summary.json
============  ==========================================================================================

A customer of two partners stays two rows: each partner has an answer of its own.
"""

from auditor.report.fleet.partners import FleetPartner
from auditor.report.fleet.render import render_fleet
from auditor.report.fleet.summary import FleetSummary, PartnerSummary
from auditor.report.fleet.verify import repair_command, verify_fleet

__all__ = ["FleetPartner", "FleetSummary", "PartnerSummary", "render_fleet", "repair_command", "verify_fleet"]
