"""The mail that brings an account manager their workbook: subject and text. Plain text, for people who have not seen the program.

The first line says how many of their customers are blocked, how many of them are new, and how much money is at risk. Then come the
customers, in the order of `report.cases`. Names come from other people's files: they stay in one line, without control characters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.core.language import ENGLISH, Language, message
from auditor.core.model import Verdict
from auditor.core.results.blocked_customer import BlockedCustomer
from auditor.core.results.case_group import CaseGroup, group_name
from auditor.core.results.ledger import Ledger
from auditor.core.results.message import MOST_NAMES
from auditor.core.results.money import Sum, format_amounts, format_total
from auditor.core.results.words import ACCOUNT_VERIFICATION, REASONS, VERDICTS, advice
from auditor.core.run_facts import RunFacts
from auditor.core.text import describe_left_out, join_sentences, one_line

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
        cases: the blocked customers, in the order of `report.cases`.
        since: day on which the last audit began, such as `23 Nov 2026`; empty where there is none.
        sums: of the blocked rows, for each column that the run adds up.
    """

    owner: str
    file: str
    bytes: int
    sha256: str
    ledger: Ledger
    cases: tuple[BlockedCustomer, ...]
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
    def newly_blocked(self) -> int:
        """Number of customers that are blocked and were not at the last audit."""
        return sum(case.group is CaseGroup.NEW for case in self.cases)

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
    if found.newly_blocked:
        what = language.count(
            "{n} customer blocked, {new} new",
            "{n} customers blocked, {new} new",
            found.blocked,
            new=found.newly_blocked,
        )
    elif found.blocked:
        what = language.count("{n} customer blocked", "{n} customers blocked", found.blocked)
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
        _summary(found, language),
        *_groups(found, language),
        _others(found, language),
        _what_it_means(found, language),
        language.text(
            'The workbook {file} is attached. Its sheet "{sheet}" has the blocked customers.',
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


def _summary(found: OwnerResults, language: Language) -> str:
    """How many are blocked, how many of them are new, how much money is at risk: in one line."""
    total, new = found.ledger.customers, found.newly_blocked
    sentences = [
        language.count(
            "{n} of your {total} customers is blocked.",
            "{n} of your {total} customers are blocked.",
            found.blocked,
            total=total,
        )
        if found.blocked
        else language.count("Your {n} customer is not blocked.", "None of your {n} customers is blocked.", total)
        if total and not found.not_verified
        else language.text("No customer is known to be blocked.")
    ]
    if not found.since:
        sentences.append(language.text("There is no earlier audit to compare with, so it is not known who is new."))
    elif found.blocked:
        sentences.append(
            language.count(
                "{n} is new since the last audit of {date}.",
                "{n} are new since the last audit of {date}.",
                new,
                date=found.since,
            )
            if new
            else language.text("Nobody is new since the last audit of {date}.", date=found.since)
        )
    sums = [
        f"{one_line(one.column)} {format_total(one.amounts, one.unparsed, language)}"
        for one in found.sums
        if one.added or one.unparsed
    ]
    at_risk = language.text("At risk: {sums}.", sums=", ".join(sums)) if sums else ""
    return join_sentences(language, *sentences, at_risk)


def _groups(found: OwnerResults, language: Language) -> list[str]:
    """The blocked customers by group; old cases are only counted."""
    paragraphs = []
    for group in CaseGroup:
        cases = [case for case in found.cases if case.group is group]
        if cases:
            title = language.text("{group}: {n}", group=group_name(group, language, found.since), n=len(cases))
            lines = [] if group is CaseGroup.OLD else _case_lines(cases, language)
            paragraphs.append("\n".join([title, *lines]))
    return paragraphs


def _case_lines(cases: Sequence[BlockedCustomer], language: Language) -> list[str]:
    lines = []
    for case in cases[:MOST_NAMES]:
        customer = case.name
        if case.amounts:
            amount = format_amounts(case.amounts, language)
            customer = language.text("{customer} ({amount})", customer=customer, amount=amount)
        lines.append(
            language.text(
                "- {customer}: {status}. {advice}",
                customer=customer,
                status=language.text(REASONS[case.reason].name),
                advice=advice(case.reason, case.days, language),
            )
        )
    more = len(cases) - MOST_NAMES
    return [*lines, language.text("- and {n} more, in the workbook", n=more)] if more > 0 else lines


def _others(found: OwnerResults, language: Language) -> str:
    """Who is not verified, and how many are not blocked."""
    lines = []
    if found.not_verified:
        lines.append(
            language.text(
                'Not verified: {n}. They could not be checked: do not promise them an order. The sheet "{sheet}" says why.',
                n=found.not_verified,
                sheet=language.text("Not verified"),
            )
        )
    lines.append(language.text("Not blocked (eligible): {n}", n=found.ledger.customers_of(Verdict.ELIGIBLE)))
    return "\n".join(lines)


def _what_it_means(found: OwnerResults, language: Language) -> str:
    if not found.blocked:
        return ""
    meaning = language.text("Blocked means: {meaning}", meaning=language.text(VERDICTS[Verdict.BLOCKED].meaning))
    about = language.text("About account verification: {url}", url=ACCOUNT_VERIFICATION)
    return f"{meaning}\n{about}"


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
