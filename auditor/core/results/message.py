"""The message about a run or an error that people and programs are sent: what happened, counts, what to do.

It is read on a phone: short lines, the most important first: customers blocked, money at risk, who is new. It never holds a token,
a secret or an address to which messages go.
Names come from other people's lists: each is put into one line, control characters escaped, and cut.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.core.language import ENGLISH, Language, message
from auditor.core.model import Reason, Verdict
from auditor.core.results.blocked_customer import BlockedCustomer
from auditor.core.results.changes import ChangeCounts
from auditor.core.results.ledger import COMPLETE, MATCHED, Ledger
from auditor.core.results.money import Sum, describe_at_risk, format_amounts
from auditor.core.results.words import status_text
from auditor.core.run_facts import Freshness, RunFacts
from auditor.core.text import as_sentence, format_time, one_line

SCHEMA_VERSION = 1
"""Version of the JSON document of a message."""
NOT_SENT = 7
"""Exit code of a run that is complete, but whose message could not be sent."""
MOST_NAMES = 20
"""Newly blocked customers that a message or a mail names."""
_LONGEST_LINE = 500
"""Characters of a reason in a message."""
_ENDED, _FAILED = message("Audit ended (exit code {code})"), message("Audit failed (exit code {code})")
_AUDITS = {
    (False, False): message("Audit"),
    (False, True): message("Audit of a selection"),
    (True, False): message("Simulated audit"),
    (True, True): message("Simulated audit of a selection"),
}
"""(whether it is simulated, whether it is of a selection) -> how a title begins."""


class NotifyWhen(StrEnum):
    """When a message is sent."""

    ALWAYS = "always"
    CHANGES = "changes"
    """A customer is newly blocked, or anything else changed since the baseline run."""
    FAILURE = "failure"
    """The exit code is neither 0 nor 10."""


class Event(StrEnum):
    """What a message is about."""

    COMPLETE = "complete"
    """The run is complete."""
    INCOMPLETE = "incomplete"
    """Reports were written, and the run is not complete."""
    FAILED = "failed"
    """The command ended without reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message.

    Attributes:
        event: what it is about.
        exit_code: of the run, or of the command that failed.
        title: what happened, in a few words.
        lines: all of it for people, the most important first, without the title.
        summary: whether the run is complete, or the error, in one line; also in `lines`.
        at_risk: the sums over blocked customers, for people; also in `lines`.
        next_steps: what to do, as commands where there is one; also in `lines`.
        named: the lines that name customers; also in `lines`.
        run: facts of the run for programs, always in English; None where there is no run with reports.
        language: of the texts for people.
    """

    event: Event
    exit_code: int
    title: str
    lines: Sequence[str]
    summary: str
    at_risk: Sequence[str] = ()
    next_steps: Sequence[str] = ()
    named: Sequence[str] = ()
    run: Mapping[str, Any] | None = None
    language: Language = ENGLISH

    @property
    def text(self) -> str:
        """The lines as plain text."""
        return "\n".join(self.lines)

    @property
    def text_without_names(self) -> str:
        """Title and lines, without those that name customers."""
        return "\n".join([self.title, *(line for line in self.lines if line not in self.named)])

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object for programs; docs/notifications.md describes its fields."""
        return {
            "schema_version": SCHEMA_VERSION,
            "event": str(self.event),
            "exit_code": self.exit_code,
            "title": self.title,
            "text": self.text,
            "next_steps": list(self.next_steps),
            "run": self.run,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a message says about a run.

    Attributes:
        folder: of the run.
        facts, ledger, freshness: of the run.
        complete: whether the run is complete.
        note: whether it is complete, and what a reader must know, in one line of the message's language.
        english_note: the same for programs.
        changes: customers by change since the baseline run; None without one.
        newly_blocked: of each customer that is blocked now and was not in the baseline run, in the order of `report.cases`.
        sums: of the columns that are added up, over the blocked rows of all owners.
        report: the file to open first; empty where there is none.
        next_steps: what to do, as the command line says it.
        exit_code: of the run.
        language: of the message.
    """

    folder: str
    facts: RunFacts
    ledger: Ledger
    freshness: Freshness
    complete: bool
    note: str
    english_note: str
    changes: ChangeCounts | None = None
    newly_blocked: Sequence[BlockedCustomer] = ()
    sums: Sequence[Sum] = ()
    report: str = ""
    next_steps: Sequence[str] = ()
    exit_code: int = 0
    language: Language = ENGLISH


def is_success(code: int) -> bool:
    """True for the exit codes of a complete run."""
    return code in {COMPLETE, MATCHED}


def should_notify(when: Collection[NotifyWhen], code: int, changes: ChangeCounts | None) -> bool:
    """Whether a message is due.

    Args:
        when: the user's choice.
        code: exit code of the run.
        changes: since the baseline run; None without one.
    """
    changed = changes is not None and bool(changes.total or changes.newly_blocked_count)
    return (
        NotifyWhen.ALWAYS in when
        or (NotifyWhen.FAILURE in when and not is_success(code))
        or (NotifyWhen.CHANGES in when and changed)
    )


def code_after_message(code: int, *, sent: bool) -> int:
    """The exit code of a command, from that of its run and whether its message was sent: a worse code stays."""
    return NOT_SENT if is_success(code) and not sent else code


def describe_run(run: RunResult) -> Message:
    """The message about a run."""
    summary = one_line(as_sentence(run.note, run.language), _LONGEST_LINE)
    # of a run without an answer, 0 would read as good news
    at_risk = [describe_at_risk(one, run.language) for one in run.sums if run.complete or one.added or one.unparsed]
    named = _newly_blocked_lines(run)
    return Message(
        event=Event.COMPLETE if run.complete else Event.INCOMPLETE,
        exit_code=run.exit_code,
        title=_run_title(run),
        lines=_run_lines(run, summary, at_risk, named),
        summary=summary,
        at_risk=at_risk,
        next_steps=run.next_steps,
        named=named,
        run=_run_document(run),
        language=run.language,
    )


def describe_error(
    error: str, hint: str, code: int, lists: Sequence[str] = (), language: Language = ENGLISH
) -> Message:
    """The message about a command that ended without reports.

    Args:
        error: what happened and why.
        hint: what to do next; empty where the error says it.
        code: exit code of the command.
        lists: names of the customer lists, where they are known.
        language: of the message; error and hint stay as they are.
    """
    steps = [hint.strip()] if hint.strip() else []
    named = [language.text("Lists: {names}", names=_names_of(lists))] if lists else []
    summary = one_line(error, _LONGEST_LINE)
    lines = [summary, *named, *_step_lines(steps, language)]
    # a complete run, whose result cannot be read any more
    title = language.text(_ENDED if is_success(code) else _FAILED, code=code)
    return Message(
        event=Event.FAILED,
        exit_code=code,
        title=title,
        lines=lines,
        summary=summary,
        next_steps=steps,
        language=language,
    )


def _run_title(run: RunResult) -> str:
    language = run.language
    audit = language.text(_AUDITS[run.facts.simulated, bool(run.facts.selection)])
    if not run.complete:
        return language.text("{audit} NOT COMPLETE (exit code {code})", audit=audit, code=run.exit_code)
    if run.changes is None:
        return language.text("{audit} complete", audit=audit)
    blocked, changed = run.changes.newly_blocked_count, run.changes.total
    if blocked:
        what = language.count("{n} customer newly blocked", "{n} customers newly blocked", blocked)
    elif changed:
        what = language.count("{n} change", "{n} changes", changed)
    else:
        what = language.text("no changes")
    return language.text("{audit} complete: {what}", audit=audit, what=what)


def _run_lines(run: RunResult, summary: str, at_risk: Sequence[str], named: Sequence[str]) -> list[str]:
    language, facts = run.language, run.facts
    of_lists = language.text("Run {run_id} of {lists}", run_id=facts.run_id, lists=_names_of(facts.lists))
    counts = _count_line(run.ledger, language)
    return [
        # the counts of a run that is not complete may be too small
        *([counts, *at_risk] if run.complete else [summary, counts, *at_risk]),
        *named,
        *([summary] if run.complete else []),
        of_lists if facts.lists else language.text("Run {run_id}", run_id=facts.run_id),
        language.text("Report: {file}", file=run.report or language.text("none")),
        *_step_lines(run.next_steps, language),
    ]


def _step_lines(steps: Sequence[str], language: Language) -> list[str]:
    return [language.text("Next: {step}", step=one_line(step, _LONGEST_LINE)) for step in steps]


def _count_line(ledger: Ledger, language: Language) -> str:
    """The customers by verdict, then the rows that are no customers: those not selected, and those without a valid id."""
    by_reason = {count.reason: count for count in ledger.by_reason()}
    left_out, invalid = by_reason.get(Reason.NOT_SELECTED), by_reason.get(Reason.INVALID_ID)
    return ", ".join(
        [
            language.text("Customers: {n} blocked", n=ledger.customers_of(Verdict.BLOCKED)),
            language.text("{n} not blocked (eligible)", n=ledger.customers_of(Verdict.ELIGIBLE)),
            language.text("{n} not verified", n=ledger.customers_of(Verdict.UNDETERMINED)),
            *([language.count("{n} row not selected", "{n} rows not selected", left_out.rows)] if left_out else []),
            *(
                [language.count("and {n} row without a valid id", "and {n} rows without a valid id", invalid.rows)]
                if invalid
                else []
            ),
        ]
    )


def _newly_blocked_lines(run: RunResult) -> list[str]:
    baseline = run.facts.baseline
    if run.changes is None or not run.newly_blocked:
        return []
    language, count = run.language, len(run.newly_blocked)
    began = baseline.started_at if baseline else None
    lines = [
        language.text("Newly blocked since the last audit ({date}): {n}", date=language.date(began), n=count)
        if began
        else language.text("Newly blocked: {n}", n=count)
    ]
    for one in run.newly_blocked[:MOST_NAMES]:
        about = [one_line(status_text(one.status, language))]
        about += [format_amounts(one.amounts, language)] if one.amounts else []
        lines.append(f"- {one.name} ({', '.join(about)})")
    more = count - MOST_NAMES
    return [*lines, language.text("and {n} more", n=more)] if more > 0 else lines


def _names_of(lists: Sequence[str]) -> str:
    return one_line(", ".join(lists), _LONGEST_LINE)


def _run_document(run: RunResult) -> dict[str, Any]:
    facts, ledger, changes = run.facts, run.ledger, run.changes
    by_verdict = ledger.by_verdict()
    return {
        "run_id": facts.run_id,
        "folder": run.folder,
        "report": run.report or None,
        "lists": list(facts.lists),
        "complete": run.complete,
        "note": run.english_note,
        "simulated": facts.simulated,
        "selection": facts.selection or None,
        "started_at": format_time(facts.started_at),
        "finished_at": facts.finished_at and format_time(facts.finished_at),
        "rows": {"listed": ledger.rows, **{str(count.verdict): count.rows for count in by_verdict}},
        "customers": {"listed": ledger.customers, **{str(count.verdict): count.customers for count in by_verdict}},
        "baseline": facts.baseline.run_id or None if facts.baseline else None,
        "changed": None if changes is None else changes.total,
        "newly_blocked": None if changes is None else changes.newly_blocked_count,
        "newly_blocked_customers": [
            {"customer_id": one.customer_id, "company_name": one.company_name or None, "status": one.status}
            for one in run.newly_blocked[:MOST_NAMES]
        ],
        "at_risk": [
            {
                "column": one.column,
                "total": str(one.total),
                "amounts": {currency: str(amount) for currency, amount in one.amounts.items()},
                "unparsed": one.unparsed,
            }
            for one in run.sums
        ],
        "reused_answers": run.freshness.reused,
        "oldest_checked_at": run.freshness.oldest and format_time(run.freshness.oldest),
    }
