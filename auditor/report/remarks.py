"""Whether a run is complete, and what a reader must know about it, in one line."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.language import ENGLISH, Language
from auditor.core.model import Reason, Verdict
from auditor.core.results import Ledger, rows_note
from auditor.core.run_facts import UTC_NAMES, MembershipSource
from auditor.core.text import (
    as_sentence,
    describe_left_out,
    describe_not_verified,
    describe_undetermined,
    join_sentences,
)
from auditor.report.data import RunChanges, RunData


def day_of_last_audit(changes: RunChanges, language: Language) -> str:
    """The UTC day on which the audit began that is compared with, such as `23 Nov 2026`."""
    return language.date(changes.started_at.astimezone(UTC))


def compared_with(data: RunData) -> str:
    """Which audit this one is compared with, or that there is none, in sentences."""
    language = data.language
    if data.changes is None:
        why = language.text(data.without_changes) or language.text("There is no earlier audit to compare with.")
        return as_sentence(why, language)
    date = day_of_last_audit(data.changes, language)
    _, _, differs = data.changes.note.partition("; ")
    compared = language.text("Compared with the last audit ({date}).", date=date)
    return join_sentences(language, compared, as_sentence(differs, language))


def newly_blocked_text(count: int, unknown: int, date: str, language: Language) -> str:
    """How many customers are newly blocked, in sentences.

    Args:
        count: of them.
        unknown: of those that were not verified or not in the list at the last audit.
        date: of the last audit.
        language: of the sentences.
    """
    text = language.count(
        "{n} customer newly blocked since the last audit ({date}).",
        "{n} customers newly blocked since the last audit ({date}).",
        count,
        date=date,
    )
    of_them = language.count(
        "{n} of them was not verified or not in the list then.",
        "{n} of them were not verified or not in the list then.",
        unknown,
    )
    return join_sentences(language, text, of_them if unknown else "")


def find_zone(name: str) -> tzinfo:
    """The time zone of this IANA name; UTC where this machine does not know it."""
    try:
        return UTC if name in UTC_NAMES else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def counted(ledger: Ledger, language: Language) -> str:
    """How many customers there are, and on how many rows where both differ, in sentences."""
    customers = language.count("{n} customer", "{n} customers", ledger.customers)
    rows = rows_note(ledger.customers, ledger.rows, language)
    return join_sentences(language, as_sentence(customers, language), rows) if rows else customers


def note(data: RunData, language: Language = ENGLISH, *, by_customer: bool = False) -> str:
    """Whether the run is complete, and what a reader must know, in one line; `by_customer` as for `remarks`."""
    state = language.text("complete") if data.complete else language.text("INCOMPLETE")
    return ": ".join(filter(None, [state, remarks(data, language, by_customer=by_customer)]))


def not_verified_text(ledger: Ledger, language: Language) -> str:
    """How many customers are not verified; of rows without a customer, how many rows; empty where there are none."""
    if not ledger.open_rows:
        return ""
    if unknown := ledger.customers_of(Verdict.UNDETERMINED):
        return describe_not_verified(unknown, sum(map(ledger.customers_of, Verdict)), language)
    return describe_undetermined(ledger.open_rows, ledger.rows - ledger.not_selected, language)


def remarks(data: RunData, language: Language = ENGLISH, *, by_customer: bool = False, simulated: bool = True) -> str:
    """What a reader must know, in one line; empty where there is nothing.

    Args:
        data: of the run.
        language: of the line.
        by_customer: True counts customers that are not verified, for account managers; False counts rows, for operators.
        simulated: False leaves out that the data are simulated, for a reader who is told in other words.
    """
    return "; ".join(_remarks(data, language, by_customer=by_customer, simulated=simulated))


def _remarks(data: RunData, language: Language, *, by_customer: bool, simulated: bool) -> Iterator[str]:
    ledger, facts = data.ledger, data.facts
    if facts.selection:
        yield language.text("selection: {selection}", selection=facts.selection)
    # without a selection, rows that were left out make the run incomplete, and this is why
    if facts.selection or ledger.not_selected:
        yield describe_left_out(ledger.not_selected, language)
    if not facts.finished:
        yield f"{_not_finished(ledger, language)} ({facts.message or facts.cause})"
    if not ledger.balanced:
        yield language.text("the ledger does not balance")
    if count := ledger.open_rows:
        rows = ledger.rows - ledger.not_selected
        yield not_verified_text(ledger, language) if by_customer else describe_undetermined(count, rows, language)
    yield from _remarks_on_membership(data, language)
    yield from _remarks_on_answers(data, language)
    if facts.simulated and simulated:
        yield language.text("the data are simulated")


def _remarks_on_answers(data: RunData, language: Language) -> Iterator[str]:
    if data.freshness.reused and data.freshness.oldest:
        yield language.count(
            "{n} answer taken from earlier runs, the oldest evidence is of {time}",
            "{n} answers taken from earlier runs, the oldest evidence is of {time}",
            data.freshness.reused,
            time=language.time(data.freshness.oldest.astimezone(UTC)),
        )
    if damaged := len(data.facts.damaged_lines):
        yield language.count(
            "{n} damaged line of the journal: counted as not answered",
            "{n} damaged lines of the journal: counted as not answered",
            damaged,
        )


def _not_finished(ledger: Ledger, language: Language) -> str:
    """What a run that did not finish left undone: all may have been asked, some without a final answer."""
    left = sum(count.customers for count in ledger.by_reason() if count.reason is Reason.NOT_ATTEMPTED)
    if not left:
        return language.text("the run did not finish")
    return language.count(
        "the run did not finish: {n} customer was not asked",
        "the run did not finish: {n} customers were not asked",
        left,
    )


def _remarks_on_membership(data: RunData, language: Language) -> Iterator[str]:
    found = data.facts.membership
    if data.membership_unchecked:
        why = f" ({found.message})" if found and found.message else ""
        yield (
            language.text(
                "membership was not checked: {n} customers without an account status count as eligible and may not be the "
                "partner's",
                n=data.membership_unchecked,
            )
            + why
        )
    if data.unlisted is not None and len(data.unlisted):
        yield language.text(
            "{n} customers of the partner's own list are in none of the lists (unlisted.csv)", n=len(data.unlisted)
        )
    if incomplete := on_unlisted(data, language):
        yield incomplete


def on_unlisted(data: RunData, language: Language = ENGLISH) -> str:
    """Why unlisted.csv may lack customers; empty where it is whole."""
    found = data.facts.membership
    if found is None or found.way is not MembershipSource.LIST or found.complete:
        return ""
    why = f" ({found.message})" if found.message and not data.membership_unchecked else ""
    return language.text(
        "the partner's own list was not read to its end{why}, so unlisted.csv may lack customers", why=why
    )
