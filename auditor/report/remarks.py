"""Whether a run is complete, and what a reader must know about it, in one line."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.model import Reason
from auditor.core.results import Ledger
from auditor.core.run_facts import UTC_NAMES, MembershipSource
from auditor.core.text import count_noun, describe_left_out, describe_undetermined
from auditor.report.data import RunChanges, RunData


def sentence(text: str) -> str:
    """A remark as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in {'', '.', '!', '?'} else '.'}"


def day_of_baseline(changes: RunChanges, data: RunData) -> str:
    """The UTC day on which the baseline run began, such as `23 Nov`; with its year where that is not the run's."""
    day = changes.started_at.astimezone(UTC)
    return f"{day.day} {day:%b}" + ("" if day.year == data.facts.started_at.year else f" {day.year}")


def find_zone(name: str) -> tzinfo:
    """The time zone of this IANA name; UTC where this machine does not know it."""
    try:
        return UTC if name in UTC_NAMES else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def note(data: RunData) -> str:
    """Whether the run is complete, and what a reader must know, in one line."""
    state = "complete" if data.complete else "INCOMPLETE"
    return ": ".join(filter(None, [state, "; ".join(_remarks(data))]))


def _remarks(data: RunData) -> Iterator[str]:
    ledger, facts = data.ledger, data.facts
    if facts.selection:
        yield f"selection: {facts.selection}"
        yield describe_left_out(ledger.not_selected)
    if not facts.finished:
        yield f"{_not_finished(ledger)} ({facts.message or facts.cause})"
    if not ledger.balanced:
        yield "the ledger does not balance"
    if count := ledger.open_rows:
        yield describe_undetermined(count, ledger.rows - ledger.not_selected)
    yield from _remarks_on_membership(data)
    if data.freshness.reused and data.freshness.oldest:
        yield (
            f"{count_noun(data.freshness.reused, 'answer')} taken from earlier runs, "
            f"the oldest evidence is of {data.freshness.oldest.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        )
    if facts.damaged_lines:
        yield f"{count_noun(len(facts.damaged_lines), 'damaged line')} of the journal: counted as not answered"
    if facts.simulated:
        yield "the data are simulated"


def _not_finished(ledger: Ledger) -> str:
    """What a run that did not finish left undone: all may have been asked, some without a final answer."""
    left = sum(count.customers for count in ledger.by_reason() if count.reason is Reason.NOT_ATTEMPTED)
    if not left:
        return "the run did not finish"
    return f"the run did not finish: {count_noun(left, 'customer')} {'was' if left == 1 else 'were'} not asked"


def _remarks_on_membership(data: RunData) -> Iterator[str]:
    found = data.facts.membership
    if data.membership_unchecked:
        why = f" ({found.message})" if found and found.message else ""
        yield (
            f"membership was not checked: {data.membership_unchecked:,} customers without an account status count as eligible "
            f"and may not be the partner's{why}"
        )
    if data.unlisted is not None and len(data.unlisted):
        yield f"{len(data.unlisted):,} customers of the partner's own list are in none of the lists (unlisted.csv)"
    if incomplete := on_unlisted(data):
        yield incomplete


def on_unlisted(data: RunData) -> str:
    """Why unlisted.csv may lack customers; empty where it is whole."""
    found = data.facts.membership
    if found is None or found.way is not MembershipSource.LIST or found.complete:
        return ""
    why = f" ({found.message})" if found.message and not data.membership_unchecked else ""
    return f"the partner's own list was not read to its end{why}, so unlisted.csv may lack customers"
