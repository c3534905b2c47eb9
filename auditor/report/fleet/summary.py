"""summary.json of a round: its declared content, and how it follows from the partners' runs.

What is not known of a partner is null, never 0: nobody may read that such a partner has no blocked customers.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from auditor.core.language import ENGLISH, Language
from auditor.core.model import Reason, Verdict
from auditor.core.results import Ledger
from auditor.core.text import format_time
from auditor.report.fleet.partners import VerifiedPartner, folder_of
from auditor.report.schema import SCHEMA_VERSION
from auditor.report.tables.summary_document import LedgerCounts, VerdictCounts

JSON = "summary.json"
_MOST_NAMES = 20
"""Names of partners in a sentence."""
_Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class ReasonCounts(Struct):
    """Number of rows and customers with the same reason.

    Attributes:
        verdict: Of these rows.
        reason: Of these rows.
        rows: Number of rows.
        customers: Number of distinct customers of each partner, added up over the partners.
    """

    verdict: Verdict
    reason: Reason
    rows: int
    customers: int


class PartnerSummary(Struct, kw_only=True):
    """One partner of a round.

    Attributes:
        partner: Its name.
        complete: True where its audit ended with a complete run, and all files of the run agree.
        exit_code: Of its audit.
        note: Why it is not complete, or warnings; empty where there is nothing to say.
        run_id: Of its run. Null where there is no run.
        folder: Of its run, from the reports folder. Null where there is no run.
        manifest_sha256: SHA-256 of manifest.json of its run, in hexadecimal digits. Null where no run could be taken.
        simulated: True where the answers came from the simulator. Null where no run could be taken.
        started_at: When its run began. Null where no run could be taken.
        finished_at: When the last session of its run ended. Null where no run could be taken, and where that session was killed.
        ledger: Rows and customers by verdict. Null where no run could be taken: nothing is known of its customers.
        reasons: Counts by reason, without zeros; empty where no run could be taken.
    """

    partner: str
    complete: bool
    exit_code: int
    note: str
    run_id: str | None
    folder: str | None
    manifest_sha256: str | None
    simulated: bool | None
    started_at: _Time | None
    finished_at: _Time | None
    ledger: LedgerCounts | None
    reasons: list[ReasonCounts]


class FleetSummary(Struct, kw_only=True):
    """The counts of a fleet's round, by partner and in all: summary.json in `fleet/<round>/`.

    Attributes:
        schema_version: Version of the tables, summary.json and manifest.json.
        round_id: Of the round.
        complete: True where the audit of every partner ended with a complete run.
        note: Whether the round is complete, and if not, which partners are not, in one line.
        simulated: True where answers of a partner came from the simulator.
        ledger: Rows and customers of all partners whose run was taken. A customer of two partners counts twice.
        reasons: The same by reason, without zeros.
        partners: Every partner of the round, in the order of the partners' file.
    """

    schema_version: int
    round_id: str
    complete: bool
    note: str
    simulated: bool
    ledger: LedgerCounts
    reasons: list[ReasonCounts]
    partners: list[PartnerSummary]

    @property
    def started_at(self) -> datetime:
        """When the round started, UTC."""
        return datetime.strptime(self.round_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    @property
    def states(self) -> dict[str, bool]:
        """Of each partner, whether it is complete."""
        return {one.partner: one.complete for one in self.partners}


@dataclass(frozen=True, slots=True)
class PartnerReport:
    """A partner as the documents show it.

    Attributes:
        found: the partner, with its run where one is taken.
        note: what is to be said of it.
    """

    found: VerifiedPartner
    note: str


def summarise_round(round_id: str, partners: Sequence[PartnerReport], reports: Path) -> FleetSummary:
    """The counts of a round.

    Args:
        round_id: of the round.
        partners: in the order of the partners' file.
        reports: the reports folder.
    """
    taken = [one.found.verified for one in partners if one.found.verified]
    ledgers = [one.ledger for one in taken]
    why = describe_incomplete({one.found.partner.name: one.found.complete for one in partners}, ENGLISH)
    return FleetSummary(
        schema_version=SCHEMA_VERSION,
        round_id=round_id,
        complete=not why,
        note=f"INCOMPLETE: {why}" if why else "complete",
        simulated=any(one.facts.simulated for one in taken),
        ledger=count_ledgers(ledgers),
        reasons=count_reasons(ledgers),
        partners=[_summarise(one, reports) for one in partners],
    )


def describe_incomplete(partners: Mapping[str, bool], language: Language) -> str:
    """Why a round is not complete, in one line; empty where it is.

    Args:
        partners: name -> whether it is complete.
        language: of the line.
    """
    incomplete = [name for name, complete in partners.items() if not complete]
    if not partners:
        # such a round has audited nobody
        return language.text("there are no partners")
    if not incomplete:
        return ""
    return language.count(
        "{n} of {partners} partners is not complete: {names}",
        "{n} of {partners} partners are not complete: {names}",
        len(incomplete),
        partners=len(partners),
        names=", ".join(incomplete[:_MOST_NAMES]) + (", …" if len(incomplete) > _MOST_NAMES else ""),
    )


def _summarise(one: PartnerReport, reports: Path) -> PartnerSummary:
    partner, verified = one.found.partner, one.found.verified
    facts = verified.facts if verified else None
    return PartnerSummary(
        partner=partner.name,
        complete=one.found.complete,
        exit_code=partner.exit_code,
        note=one.note,
        run_id=partner.run.facts.run_id if partner.run else None,
        folder=folder_of(one.found, reports),
        manifest_sha256=one.found.digest or None,
        simulated=facts.simulated if facts else None,
        started_at=format_time(facts.started_at) if facts else None,
        finished_at=format_time(facts.finished_at) if facts and facts.finished_at else None,
        ledger=count_ledgers([verified.ledger]) if verified else None,
        reasons=count_reasons([verified.ledger]) if verified else [],
    )


def count_ledgers(ledgers: Iterable[Ledger]) -> LedgerCounts:
    """The ledgers of partners, added up."""
    ledgers = [*ledgers]
    rows = {str(v): sum(one.rows_of(v) for one in ledgers) for v in Verdict}
    customers = {str(v): sum(one.customers_of(v) for one in ledgers) for v in Verdict}
    return LedgerCounts(
        all(one.balanced for one in ledgers),
        VerdictCounts(sum(one.rows for one in ledgers), **rows),
        VerdictCounts(sum(one.customers for one in ledgers), **customers),
    )


def count_reasons(ledgers: Iterable[Ledger]) -> list[ReasonCounts]:
    """The counts by reason of partners, added up, in the order of the reasons."""
    rows: Counter[Reason] = Counter()
    customers: Counter[Reason] = Counter()
    for count in (count for one in ledgers for count in one.statuses):
        if count.reason is not None:
            rows[count.reason] += count.rows
            customers[count.reason] += count.customers
    return [ReasonCounts(one.verdict, one, rows[one], customers[one]) for one in Reason if rows[one]]


def encode(summary: FleetSummary) -> bytes:
    """The content of summary.json."""
    return json.dumps(msgspec.to_builtins(summary), indent=2, ensure_ascii=False).encode() + b"\n"


def decode(content: bytes) -> FleetSummary:
    """Read summary.json.

    Raises:
        MsgspecError: it is damaged.
    """
    return msgspec.json.decode(content, type=FleetSummary)
