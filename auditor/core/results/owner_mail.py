"""The mail that brings an account manager their workbook: subject and text. Plain text, for people who have not seen the program.

The text says first who cannot buy, then what is not known, then what to do. Names come from other people's files: they stay
in one line, without control characters.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from auditor.core.language import ENGLISH, Language, message
from auditor.core.model import Verdict
from auditor.core.results.ledger import Ledger
from auditor.core.results.message import MOST_NAMES
from auditor.core.results.money import Sum, describe_at_risk
from auditor.core.results.words import ACCOUNT_VERIFICATION, REASONS, VERDICTS
from auditor.core.run_facts import RunFacts
from auditor.core.text import describe_left_out, one_line

NO_OWNER = message("(no account manager)")
"""Stands for the rows without an account manager, in workbooks; in the table of addresses always in English."""


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
        since: day on which the last audit began, such as `23 Nov 2026`; empty where there is none.
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


def mail_subject(
    found: OwnerResults, facts: RunFacts, ended: datetime, *, complete: bool, language: Language = ENGLISH
) -> str:
    """The subject, in one line.

    Args:
        found: about the account manager's customers.
        facts: of the run.
        ended: when the run ended, in the zone of its reports.
        complete: whether the run is.
        language: of the mail.
    """
    if found.blocked:
        what = language.count("{n} customer cannot buy", "{n} customers cannot buy", found.blocked)
    elif found.not_verified:
        what = language.count("{n} customer not verified", "{n} customers not verified", found.not_verified)
    else:
        what = language.text("No customer blocked")
    state = [
        *([language.text("SIMULATED")] if facts.simulated else []),
        *([language.text("SELECTION")] if found.ledger.not_selected else []),
        *([] if complete else [language.text("INCOMPLETE")]),
    ]
    of = language.text("{list_name} of {date}", list_name=_list_name(facts, language), date=language.short_date(ended))
    return ": ".join([*state, what, of])


def mail_text(
    found: OwnerResults, facts: RunFacts, ended: datetime, *, complete: bool, language: Language = ENGLISH
) -> str:
    """The text, one paragraph a line; arguments as for `mail_subject`."""
    parts = [
        _state(found, facts, language, complete=complete),
        _counts(found, language),
        _newly_blocked(found, language),
        _sums(found, language),
        _what_to_do(found, language),
        language.text("About account verification: {url}", url=ACCOUNT_VERIFICATION) if found.blocked else "",
        language.text(
            "The workbook {file} is attached. Its sheet {sheet} has the blocked customers.",
            file=found.file,
            sheet=language.text("Action needed"),
        ),
        _origin(found, facts, ended, language, complete=complete),
        language.text("A program sent this mail. For questions, ask the people who run the audit."),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _state(found: OwnerResults, facts: RunFacts, language: Language, *, complete: bool) -> str:
    """What a reader must know before the counts; empty for a complete run of all real customers."""
    sentences = []
    if facts.simulated:
        sentences.append(language.text("THE DATA ARE SIMULATED: no real customer was asked for."))
    if not complete:
        sentences.append(
            language.text(
                "THE AUDIT IS NOT COMPLETE: some customers were not checked. Do not promise an order to a customer who is "
                "not verified; a customer who is missing here may be blocked."
            )
        )
    if left_out := found.ledger.not_selected:
        sentences.append(
            language.text(
                "THIS AUDIT IS OF A SELECTION: {left_out}. Their customers were not checked, and are not counted here; they "
                "may be blocked.",
                left_out=describe_left_out(left_out, language),
            )
        )
    return "\n".join(sentences)


def _counts(found: OwnerResults, language: Language) -> str:
    customers, eligible = found.ledger.customers, found.ledger.customers_of(Verdict.ELIGIBLE)
    meanings = {verdict: language.text(words.meaning) for verdict, words in VERDICTS.items()}
    lines = [
        language.count("Of your {n} selected customer:", "Of your {n} selected customers:", customers)
        if found.ledger.not_selected
        else language.count("Of your {n} customer:", "Of your {n} customers:", customers),
        language.text("- {n} blocked. {meaning}", n=found.blocked, meaning=meanings[Verdict.BLOCKED]),
        language.text(
            "- {n} not verified. They could not be checked. Do not promise them an order.", n=found.not_verified
        )
        if found.not_verified
        else language.text("- {n} not verified.", n=0),
        language.text("- {n} not blocked (eligible). {meaning}", n=eligible, meaning=meanings[Verdict.ELIGIBLE]),
    ]
    return "\n".join(lines)


def _newly_blocked(found: OwnerResults, language: Language) -> str:
    if found.newly_blocked is None:
        return language.text("There is no earlier audit to compare with, so it is not known who is newly blocked.")
    count = len(found.newly_blocked)
    if not count:
        return language.text("Nobody is newly blocked since the last audit ({date}).", date=found.since)
    names = [f"- {one_line(name)}" for name in found.newly_blocked[:MOST_NAMES]]
    more = count - MOST_NAMES
    names += [language.text("- and {n} more, in the workbook", n=more)] if more > 0 else []
    return "\n".join(
        [language.text("{n} newly blocked since the last audit ({date}):", n=count, date=found.since), *names]
    )


def _sums(found: OwnerResults, language: Language) -> str:
    return "\n".join(describe_at_risk(one, language) for one in found.sums if one.added or one.unparsed)


def _what_to_do(found: OwnerResults, language: Language) -> str:
    steps = [
        f"- {language.text(REASONS[count.reason].name)} ({language.number(count.customers)}): "
        + language.text(REASONS[count.reason].next_step)
        for count in found.ledger.by_reason()
        if count.reason and count.reason.verdict is Verdict.BLOCKED
    ]
    if found.not_verified:
        steps.append(
            language.text(
                "- Not verified ({n}): do not promise an order. The sheet {sheet} says why, and what to do.",
                n=found.not_verified,
                sheet=language.text("Not verified"),
            )
        )
    return "\n".join([language.text("What to do first:"), *steps]) if steps else ""


def _origin(found: OwnerResults, facts: RunFacts, ended: datetime, language: Language, *, complete: bool) -> str:
    """Where the counts come from."""
    state = language.text("complete") if complete else language.text("NOT COMPLETE")
    state += language.text(", of a selection of the list") if facts.selection else ""
    owner = one_line(found.owner) if found.owner else language.text(NO_OWNER)
    lines = [
        language.text("Customer list: {list_name}", list_name=_list_name(facts, language)),
        language.text("Checked in Partner Center: {time}", time=language.time(ended, ended.tzname() or "UTC")),
        language.text("Run: {run_id}, {state}", run_id=facts.run_id, state=state),
        language.text("For: {owner}", owner=owner),
    ]
    return "\n".join(lines)


def _list_name(facts: RunFacts, language: Language) -> str:
    """The customer list without its folder, and how many others there are."""
    if not facts.lists:
        return language.text("the partner's own customer list")
    first = re.split(r"[/\\]", facts.lists[0])[-1]
    name = language.text("standard input") if first == "-" else one_line(first)
    more = len(facts.lists) - 1
    return language.text("{list_name} and {n} more", list_name=name, n=more) if more else name
