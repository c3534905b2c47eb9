"""The words of the mail to an account manager."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from auditor.core.model import Reason, Verdict
from auditor.core.results import Count, Ledger, OwnerResults, Sum, mail_subject, mail_text
from auditor.core.run_facts import RunFacts

ENDED = datetime(2026, 11, 30, 2, 14, tzinfo=UTC)


def _facts(*lists: str, simulated: bool = False) -> RunFacts:
    return RunFacts(
        run_id="20261130T020000Z", api="https://x", lists=lists or ("list.csv",), started_at=ENDED, simulated=simulated
    )


def _found(customers: dict[str, int], newly: tuple[str, ...] | None = (), sums: tuple[Sum, ...] = ()) -> OwnerResults:
    counts = tuple(
        Count(verdict=Reason(reason).verdict, reason=Reason(reason), rows=count, customers=count)
        for reason, count in customers.items()
    )
    total = sum(customers.values())
    return OwnerResults(
        owner="Ann",
        file="Ann.xlsx",
        bytes=1,
        sha256="",
        ledger=Ledger(rows=total, customers=total, statuses=counts),
        newly_blocked=newly,
        since="29 Nov 2026",
        sums=sums,
    )


@pytest.mark.parametrize(
    ("customers", "subject"),
    [
        ({"under_review": 1, "not_allowed": 1, "throttled": 3}, "2 customers cannot buy: list.csv of 2026-11-30"),
        ({"unknown": 1}, "1 customer cannot buy: list.csv of 2026-11-30"),
        ({"throttled": 3, "allowed": 1}, "3 customers not verified: list.csv of 2026-11-30"),
        ({"allowed": 1}, "No customer blocked: list.csv of 2026-11-30"),
    ],
)
def test_the_subject_says_what_counts_most(customers: dict[str, int], subject: str) -> None:
    """Blocked customers, else those not verified."""
    assert mail_subject(_found(customers), _facts(), ENDED, complete=True) == subject


def test_an_account_manager_with_rows_left_out_is_told_of_the_selection() -> None:
    """The counts are not those of all customers; where nothing of theirs was left out, they are."""
    facts = replace(_facts(), selection="--exclude b.txt")
    whole, part = _found({"under_review": 1, "allowed": 2}), _found({"under_review": 1, "allowed": 2})
    left_out = Count(verdict=Verdict.UNDETERMINED, reason=Reason.NOT_SELECTED, rows=4, customers=0)
    part = replace(part, ledger=replace(part.ledger, rows=7, statuses=(*part.ledger.statuses, left_out)))
    assert mail_subject(part, facts, ENDED, complete=True).startswith("SELECTION: 1 customer cannot buy")
    text = mail_text(part, facts, ENDED, complete=True)
    assert text.startswith("THIS AUDIT IS OF A SELECTION: 4 rows were not selected. Their customers were not checked")
    assert "Of your 3 selected customers:" in text
    assert mail_subject(whole, facts, ENDED, complete=True).startswith("1 customer cannot buy")
    text = mail_text(whole, facts, ENDED, complete=True)
    assert text.startswith("Of your 3 customers:")
    assert "Run: 20261130T020000Z, complete, of a selection of the list" in text


@pytest.mark.parametrize(
    ("lists", "name"),
    [
        (("/srv/lists/Contoso.xlsx#North",), "Contoso.xlsx#North"),
        ((r"C:\lists\a.csv", "b.csv", "c.csv"), "a.csv and 2 more"),
        (("-",), "standard input"),
        (("a\r\nBcc: eve@evil.test",), "a Bcc: eve@evil.test"),
        (("/srv/",), ""),
    ],
)
def test_the_list_is_named_without_its_folder(lists: tuple[str, ...], name: str) -> None:
    """In one line."""
    subject = mail_subject(_found({"allowed": 1}), _facts(*lists), ENDED, complete=True)
    assert subject == f"No customer blocked: {name} of 2026-11-30"
    own = RunFacts(run_id="", api="", started_at=ENDED)
    assert "the partner's own customer list" in mail_subject(_found({"allowed": 1}), own, ENDED, complete=True)


@pytest.mark.parametrize(("complete", "simulated"), [*product([True, False], repeat=2)])
def test_a_run_that_is_not_as_usual(*, complete: bool, simulated: bool) -> None:
    """Subject and first lines say so; the text of a usual run does not mention it."""
    facts, found = _facts(simulated=simulated), _found({"allowed": 1})
    subject, text = (words(found, facts, ENDED, complete=complete) for words in (mail_subject, mail_text))
    assert ("INCOMPLETE" in subject, "SIMULATED" in subject) == (not complete, simulated)
    first = text.partition("\n\n")[0]
    assert ("THE AUDIT IS NOT COMPLETE" in first, "THE DATA ARE SIMULATED" in first) == (not complete, simulated)
    assert f"Run: 20261130T020000Z, {'complete' if complete else 'NOT COMPLETE'}\n" in text


def test_the_text_names_every_count_and_what_to_do() -> None:
    """A row with an invalid id counts as not verified, though it is no customer."""
    found = _found({"under_review": 2, "not_allowed": 1, "throttled": 1, "allowed": 4})
    invalid = Count(verdict=Verdict.UNDETERMINED, reason=Reason.INVALID_ID, rows=2, customers=0)
    text = mail_text(_with(found, invalid), _facts(), ENDED, complete=True)
    for words in (
        "Of your 8 customers:",
        "- 3 blocked. New purchases, seat increases and upgrades fail.",
        "- 3 not verified. They could not be checked. Do not promise them an order.",
        "- 4 not blocked (eligible). ",
        "Nobody is newly blocked since the last audit (29 Nov 2026).",
        "- Under review by Microsoft (2): Wait: ",
        "- Not approved (1): Check ",
        "- Not verified (3): do not promise an order.",
        "Checked in Partner Center: 2026-11-30 02:14 UTC",
    ):
        assert words in text


def _with(found: OwnerResults, count: Count) -> OwnerResults:
    counts = (*found.ledger.statuses, count)
    return replace(found, ledger=replace(found.ledger, rows=found.ledger.rows + count.rows, statuses=counts))


def test_sums_of_blocked_customers() -> None:
    """With the rows that have no readable number; nothing where there is none."""
    sums = (
        Sum(column="Revenue\n", verdict=Verdict.BLOCKED, amounts={"": Decimal("1234.50")}, added=2, unparsed=1),
        Sum(column="Seats", verdict=Verdict.BLOCKED),
    )
    text = mail_text(_found({"unknown": 3}, None, sums), _facts(), ENDED, complete=True)
    assert "At risk, Revenue of blocked customers: 1,234.50 (1 row without a readable number)" in text
    assert "Seats" not in text
    assert "it is not known who is newly blocked" in text


def test_long_names_and_many_of_them() -> None:
    """At most 20 names, each cut; and how many more there are."""
    text = mail_text(_found({"unknown": 21}, ("x" * 500,) * 21), _facts(), ENDED, complete=True)
    assert "21 newly blocked since the last audit (29 Nov 2026):" in text
    assert text.count("x" * 79 + "…\n") == 20
    assert "- and 1 more, in the workbook" in text
