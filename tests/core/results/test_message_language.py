"""No text of a mail or a message is outside the catalogues; what programs read stays English."""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from language_support import MarkedLanguage, unmarked

from auditor.cli.step_summary import append_summary
from auditor.core.baseline import Baseline
from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results import (
    BlockedCustomer,
    CaseGroup,
    ChangeCounts,
    OwnerResults,
    RunResult,
    Sum,
    Tally,
    build_ledger,
    describe_error,
    describe_run,
    mail_subject,
    mail_text,
)
from auditor.core.results.changes import Change
from auditor.core.run_facts import Freshness, RunFacts

NIGHT = datetime(2026, 11, 30, 2, 14, tzinfo=UTC)
LANGUAGE = MarkedLanguage()
TALLIES = [Tally(reason, "", rows=30, customers=25) for reason in Reason if reason is not Reason.INVALID_ID]
LEDGER = build_ledger([*TALLIES, Tally(Reason.INVALID_ID, rows=2)], 30 * len(TALLIES) + 2, 25 * len(TALLIES))
CASES = tuple(
    BlockedCustomer(
        customer_id="c0ffee",
        company_name="Contoso",
        group=group,
        status="UnderReview",
        reason=reason,
        days=days,
        amounts={"EUR": Decimal(900)},
    )
    for group, reason, days in product(CaseGroup, [one for one in Reason if one.verdict is Verdict.BLOCKED], (2, 400))
    for _ in range(8)
)
SUMS = (
    Sum(column="Revenue", verdict=Verdict.BLOCKED, amounts={"EUR": Decimal(5), "USD": Decimal(2)}, added=9, unparsed=2),
)
DATA = "Contoso (EUR 900) c0ffee Revenue EUR USD list.csv Ann Ann.xlsx b.csv 20261130T020000Z 30 Nov 2026 900 5 + 2 UTC auditor resume r"


def _facts(*, simulated: bool, lists: Sequence[str], selection: str = "") -> RunFacts:
    return RunFacts(
        run_id="20261130T020000Z",
        api="https://api.example",
        lists=tuple(lists),
        started_at=NIGHT,
        finished_at=NIGHT,
        cause=Cause.FINISHED,
        simulated=simulated,
        selection=selection,
        baseline=Baseline(run_id="20261129T020000Z", started_at=NIGHT),
    )


@pytest.mark.parametrize("cases", [CASES, CASES[:1], ()])
@pytest.mark.parametrize(("complete", "since", "owner"), [(True, "30 Nov 2026", "Ann"), (False, "", "")])
def test_every_text_of_a_mail_is_a_message_or_data(
    cases: tuple[BlockedCustomer, ...], since: str, owner: str, *, complete: bool
) -> None:
    """The subject as well; for every reason, group and state."""
    ledger = LEDGER if cases else build_ledger([Tally(Reason.ALLOWED, "Allowed", rows=1, customers=1)], 1, 1)
    found = OwnerResults(
        owner=owner, file="Ann.xlsx", bytes=1, sha256="", ledger=ledger, cases=cases, since=since, sums=SUMS
    )
    facts = _facts(simulated=not complete, lists=["list.csv", "b.csv"] if complete else [])
    subject, text = (
        write(found, facts, NIGHT, complete=complete, language=LANGUAGE) for write in (mail_subject, mail_text)
    )
    texts = [subject, *text.splitlines()]
    assert {text: left for text in texts if (left := unmarked(text.removeprefix("- "), DATA))} == {}


def _message(*, complete: bool, changes: ChangeCounts | None = None, language: MarkedLanguage = LANGUAGE) -> RunResult:
    return RunResult(
        folder="r",
        facts=_facts(simulated=not complete, lists=["list.csv"] if complete else [], selection="--owner Ann"),
        ledger=LEDGER,
        freshness=Freshness(NIGHT),
        complete=complete,
        note="‹as report.note says it›",
        english_note="complete",
        changes=changes,
        newly_blocked=CASES[:21] if changes and changes.newly_blocked_count else (),
        sums=SUMS,
        report="" if complete else "r/report.html",
        next_steps=["auditor resume r"],
        exit_code=0 if complete else 3,
        language=language,
    )


NOTHING = ChangeCounts(dict.fromkeys(Change, 0))
CHANGES = [None, NOTHING, ChangeCounts({**NOTHING.customers, Change.RE_REVIEWED: 2}, 21)]


@pytest.mark.parametrize(("complete", "changes"), [*product([True, False], CHANGES)])
def test_every_text_of_a_message_is_a_message_or_data(*, complete: bool, changes: ChangeCounts | None) -> None:
    """Title and lines; and of an error what is around it."""
    said = describe_run(_message(complete=complete, changes=changes))
    error = describe_error("Contoso", "auditor resume r", 5, ["list.csv"], LANGUAGE)
    texts = [said.title, *said.lines, error.title, *error.lines]
    data = f"{DATA} r/report.html"
    assert {text: left for text in texts if (left := unmarked(text.removeprefix("- "), data))} == {}


@pytest.mark.parametrize("changes", CHANGES)
def test_every_text_of_a_step_summary_is_a_message_or_data(changes: ChangeCounts | None, tmp_path: Path) -> None:
    """Headings, tables and what stands before a command."""
    append_summary(str(tmp_path / "summary.md"), describe_run(_message(complete=False, changes=changes)), Path("r"))
    written = html.unescape((tmp_path / "summary.md").read_text(encoding="utf-8"))
    texts = re.split(r"[|\n]|## |<code>|</code>", written)
    data = f"{DATA} r/report.html"
    assert {text: left for text in texts if (left := unmarked(text.strip(), data))} == {}
