"""The mail that brings an account manager their workbook: subject and text. Plain text, for people who have not seen the program.

The text says first who cannot buy, then what is not known, then what to do. Names come from other people's files: they stay
in one line, without control characters.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from auditor.core.model import Reason, Verdict
from auditor.core.results.advice import ADVICE, MEANINGS
from auditor.core.results.ledger import Ledger
from auditor.core.results.message import MOST_NAMES
from auditor.core.results.money import Sum, describe_at_risk
from auditor.core.run_facts import RunFacts
from auditor.core.text import count_noun, describe_left_out, one_line

NO_OWNER = "(no account manager)"
"""Stands for the rows without an account manager, in workbooks and in the table of addresses."""
_LABELS = {Reason.UNDER_REVIEW: "Under review", Reason.NOT_ALLOWED: "Not allowed", Reason.UNKNOWN: "Status unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerResults:
    """What a run found out about the customers of one account manager who has a workbook.

    Attributes:
        owner: the account manager; empty for the rows without one.
        file: name of the workbook in by-owner/.
        bytes: its size.
        sha256: SHA-256 of its content, in hexadecimal digits.
        ledger: of these rows.
        newly_blocked: names, or ids, of the customers blocked since the baseline run; None where there is none.
        since: day on which the baseline run began, such as `23 Nov`; empty where there is none.
        sums: of the blocked rows, for each column that the run adds up.
    """

    owner: str
    file: str
    bytes: int
    sha256: str
    ledger: Ledger
    newly_blocked: tuple[str, ...] | None
    since: str
    sums: tuple[Sum, ...]

    @property
    def name(self) -> str:
        """The account manager, for people."""
        return self.owner or NO_OWNER

    @property
    def blocked(self) -> int:
        """Number of blocked customers."""
        return self.ledger.customers_of(Verdict.BLOCKED)

    @property
    def not_verified(self) -> int:
        """Number of undetermined customers; a row with an invalid id counts as one."""
        return self.ledger.customers_of(Verdict.UNDETERMINED) + self.ledger.invalid_rows


def mail_subject(found: OwnerResults, facts: RunFacts, ended: datetime, *, complete: bool) -> str:
    """The subject, in one line.

    Args:
        found: about the account manager's customers.
        facts: of the run.
        ended: when the run ended, in the zone of its reports.
        complete: whether the run is.
    """
    if found.blocked:
        what = f"{count_noun(found.blocked, 'customer')} cannot buy"
    else:
        what = (
            f"{count_noun(found.not_verified, 'customer')} not verified"
            if found.not_verified
            else "No customer blocked"
        )
    state = "SIMULATED: " if facts.simulated else ""
    state += "SELECTION: " if found.ledger.not_selected else ""
    state += "" if complete else "INCOMPLETE: "
    return f"{state}{what}: {_list_name(facts)} of {ended:%Y-%m-%d}"


def mail_text(found: OwnerResults, facts: RunFacts, ended: datetime, *, complete: bool) -> str:
    """The text, one paragraph a line; arguments as for `mail_subject`."""
    parts = [
        _state(found, facts, complete=complete),
        _counts(found),
        _newly_blocked(found),
        _sums(found),
        _what_to_do(found),
        f"The workbook {found.file} is attached. Its sheet Action needed has the blocked customers.",
        _origin(found, facts, ended, complete=complete),
        "A program sent this mail. For questions, ask the people who run the audit.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _state(found: OwnerResults, facts: RunFacts, *, complete: bool) -> str:
    """What a reader must know before the counts; empty for a complete run of all real customers."""
    sentences = []
    if facts.simulated:
        sentences.append("THE DATA ARE SIMULATED: no real customer was asked for.")
    if not complete:
        sentences.append(
            "THE AUDIT IS NOT COMPLETE: some customers were not checked. Do not promise an order to a customer who is not "
            "verified; a customer who is missing here may be blocked."
        )
    if left_out := found.ledger.not_selected:
        sentences.append(
            f"THIS AUDIT IS OF A SELECTION: {describe_left_out(left_out)}. Their customers were not checked, "
            "and are not counted here; they may be blocked."
        )
    return "\n".join(sentences)


def _counts(found: OwnerResults) -> str:
    eligible = found.ledger.customers_of(Verdict.ELIGIBLE)
    lines = [
        f"Of your {count_noun(found.ledger.customers, 'selected customer' if found.ledger.not_selected else 'customer')}:",
        f"- {found.blocked:,} blocked. {MEANINGS[Verdict.BLOCKED]}",
        f"- {found.not_verified:,} not verified."
        + (" They could not be checked. Do not promise them an order." if found.not_verified else ""),
        f"- {eligible:,} eligible. {MEANINGS[Verdict.ELIGIBLE]}",
    ]
    return "\n".join(lines)


def _newly_blocked(found: OwnerResults) -> str:
    if found.newly_blocked is None:
        return "There is no earlier audit to compare with, so it is not known who is newly blocked."
    if not found.newly_blocked:
        return f"Nobody is newly blocked since {found.since}."
    names = [f"- {one_line(name)}" for name in found.newly_blocked[:MOST_NAMES]]
    more = len(found.newly_blocked) - MOST_NAMES
    names += [f"- and {more:,} more, in the workbook"] if more > 0 else []
    return "\n".join([f"{len(found.newly_blocked):,} newly blocked since {found.since}:", *names])


def _sums(found: OwnerResults) -> str:
    return "\n".join(describe_at_risk(one) for one in found.sums if one.added or one.unparsed)


def _what_to_do(found: OwnerResults) -> str:
    steps = [
        f"- {_LABELS[count.reason]} ({count.customers:,}): {ADVICE[count.reason].next_step}"
        for count in found.ledger.by_reason()
        if count.reason in _LABELS
    ]
    if found.not_verified:
        steps.append(
            f"- Not verified ({found.not_verified:,}): do not promise an order. The sheet Not verified says why, and what to do."
        )
    return "\n".join(["What to do first:", *steps]) if steps else ""


def _origin(found: OwnerResults, facts: RunFacts, ended: datetime, *, complete: bool) -> str:
    """Where the counts come from."""
    lines = [
        f"Customer list: {_list_name(facts)}",
        f"Checked in Partner Center: {ended:%Y-%m-%d %H:%M} {ended.tzname() or 'UTC'}",
        f"Run: {facts.run_id}, {'complete' if complete else 'NOT COMPLETE'}"
        + (", of a selection of the list" if facts.selection else ""),
        f"For: {one_line(found.name)}",
    ]
    return "\n".join(lines)


def _list_name(facts: RunFacts) -> str:
    """The customer list without its folder, and how many others there are."""
    if not facts.lists:
        return "the partner's own customer list"
    first = re.split(r"[/\\]", facts.lists[0])[-1]
    name = "standard input" if first == "-" else one_line(first)
    return f"{name} and {len(facts.lists) - 1:,} more" if facts.lists[1:] else name
