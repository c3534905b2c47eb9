"""The words of the mail to an account manager."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from auditor.core.model import Reason, Verdict
from auditor.core.results import BlockedCustomer, CaseGroup, Count, Ledger, OwnerResults, Sum, mail_subject, mail_text
from auditor.core.run_facts import RunFacts

ENDED = datetime(2026, 11, 30, 2, 14, tzinfo=UTC)


def _facts(*lists: str, simulated: bool = False) -> RunFacts:
    return RunFacts(
        run_id="20261130T020000Z", api="https://x", lists=lists or ("list.csv",), started_at=ENDED, simulated=simulated
    )


def _found(
    customers: dict[str, int],
    cases: tuple[BlockedCustomer, ...] = (),
    sums: tuple[Sum, ...] = (),
    since: str = "29 Nov 2026",
) -> OwnerResults:
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
        cases=cases,
        since=since,
        sums=sums,
    )


def _case(name: str, group: str, reason: str = "under_review", days: int = 2, revenue: str = "") -> BlockedCustomer:
    return BlockedCustomer(
        customer_id=f"id of {name}",
        company_name=name,
        group=CaseGroup(group),
        status="",
        reason=Reason(reason),
        days=days,
        amounts={"EUR": Decimal(revenue)} if revenue else {},
    )


@pytest.mark.parametrize(
    ("customers", "subject"),
    [
        ({"under_review": 1, "not_allowed": 1, "throttled": 3}, "2 customers blocked: list.csv of 2026-11-30"),
        ({"unknown": 1}, "1 customer blocked: list.csv of 2026-11-30"),
        ({"throttled": 3, "allowed": 1}, "3 customers not verified: list.csv of 2026-11-30"),
        ({"allowed": 1}, "No customer blocked: list.csv of 2026-11-30"),
    ],
)
def test_the_subject_says_what_counts_most(customers: dict[str, int], subject: str) -> None:
    """Blocked customers, else those not verified."""
    assert mail_subject(_found(customers), _facts(), ENDED, complete=True) == subject


def test_the_subject_counts_new_cases() -> None:
    """They are why somebody opens the mail."""
    found = _found({"under_review": 3}, (_case("A", "new"), _case("B", "open"), _case("C", "old")))
    assert mail_subject(found, _facts(), ENDED, complete=True) == "3 customers blocked, 1 new: list.csv of 2026-11-30"


def test_an_account_manager_with_rows_left_out_is_told_of_the_selection() -> None:
    """The counts are not those of all customers; where nothing of theirs was left out, they are."""
    facts = replace(_facts(), selection="--exclude b.txt")
    whole, part = _found({"under_review": 1, "allowed": 2}), _found({"under_review": 1, "allowed": 2})
    left_out = Count(verdict=Verdict.UNDETERMINED, reason=Reason.NOT_SELECTED, rows=4, customers=0)
    part = replace(part, ledger=replace(part.ledger, rows=7, statuses=(*part.ledger.statuses, left_out)))
    assert mail_subject(part, facts, ENDED, complete=True).startswith("SELECTION: 1 customer blocked")
    text = mail_text(part, facts, ENDED, complete=True)
    assert text.startswith("THIS AUDIT IS OF A SELECTION: 4 rows were not selected. Their customers were not checked")
    assert "\n\n1 of your 3 customers is blocked." in text
    assert mail_subject(whole, facts, ENDED, complete=True).startswith("1 customer blocked")
    text = mail_text(whole, facts, ENDED, complete=True)
    assert text.startswith("1 of your 3 customers is blocked.")
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


def test_the_first_line_says_how_many_who_is_new_and_how_much_money() -> None:
    """Then come the new cases with names, the open ones, and how many are old."""
    cases = (
        _case("Contoso", "new", revenue="900"),
        _case("Fabrikam", "open", "not_allowed", revenue="50.5"),
        _case("", "open", days=40),
        _case("Old", "old"),
    )
    sums = (Sum(column="Revenue", verdict=Verdict.BLOCKED, amounts={"EUR": Decimal("950.5")}, added=2),)
    found = _found({"under_review": 3, "not_allowed": 1, "allowed": 4, "throttled": 1}, cases, sums)
    assert mail_text(found, _facts(), ENDED, complete=True).split("\n\n")[:5] == [
        "4 of your 9 customers are blocked. 1 is new since the last audit of 29 Nov 2026. At risk: Revenue EUR 950.50.",
        "New since 29 Nov 2026: 1\n- Contoso (EUR 900): Under review by Microsoft. Wait; check again in a few days.",
        (
            "Blocked: 2\n"
            "- Fabrikam (EUR 50.50): Not approved. Check name and address with the customer.\n"
            "- id of : Under review by Microsoft. Unusually long: open a support case."
        ),
        "Blocked for more than 90 days: 1",
        (
            "Not verified: 1. They could not be checked: do not promise them an order. "
            'The sheet "Not verified" says why.\nNot blocked (eligible): 4'
        ),
    ]


@pytest.mark.parametrize(
    ("customers", "since", "first"),
    [
        ({"allowed": 1}, "29 Nov 2026", "Your 1 customer is not blocked."),
        ({"allowed": 3}, "29 Nov 2026", "None of your 3 customers is blocked."),
        ({"allowed": 3, "throttled": 1}, "29 Nov 2026", "No customer is known to be blocked."),
        (
            {"unknown": 1},
            "29 Nov 2026",
            "1 of your 1 customers is blocked. Nobody is new since the last audit of 29 Nov 2026.",
        ),
        (
            {"unknown": 2, "allowed": 1},
            "",
            "2 of your 3 customers are blocked. There is no earlier audit to compare with, so it is not known who is new.",
        ),
    ],
)
def test_the_first_line_of_other_results(customers: dict[str, int], since: str, first: str) -> None:
    """Where customers are not verified, the mail does not say that nobody is blocked."""
    assert mail_text(_found(customers, since=since), _facts(), ENDED, complete=True).splitlines()[0] == first


def test_a_row_with_an_invalid_id_is_not_verified() -> None:
    """Though it is no customer."""
    found = _found({"under_review": 2, "throttled": 1, "allowed": 4})
    invalid = Count(verdict=Verdict.UNDETERMINED, reason=Reason.INVALID_ID, rows=2, customers=0)
    text = mail_text(_with(found, invalid), _facts(), ENDED, complete=True)
    assert "Not verified: 3. " in text
    assert "Checked in Partner Center: 2026-11-30 02:14 UTC" in text
    assert "Blocked means: New purchases, seat increases and upgrades fail." in text


def _with(found: OwnerResults, count: Count) -> OwnerResults:
    counts = (*found.ledger.statuses, count)
    return replace(found, ledger=replace(found.ledger, rows=found.ledger.rows + count.rows, statuses=counts))


def test_sums_of_blocked_customers() -> None:
    """With the rows that have no readable number; nothing where there is none."""
    sums = (
        Sum(column="Revenue\n", verdict=Verdict.BLOCKED, amounts={"": Decimal("1234.50")}, added=2, unparsed=1),
        Sum(column="Seats", verdict=Verdict.BLOCKED),
        Sum(column="Fee", verdict=Verdict.BLOCKED, amounts={"EUR": Decimal(1), "USD": Decimal(2)}, added=2),
    )
    text = mail_text(_found({"unknown": 3}, (), sums), _facts(), ENDED, complete=True)
    assert "At risk: Revenue 1,234.50 (1 row without a readable number), Fee EUR 1 + USD 2." in text
    assert "Seats" not in text


def test_long_names_and_many_of_them() -> None:
    """At most 20 names, each cut; and how many more there are."""
    text = mail_text(
        _found({"unknown": 21}, (_case("x" * 500, "new", "unknown"),) * 21), _facts(), ENDED, complete=True
    )
    assert "New since 29 Nov 2026: 21" in text
    assert text.count("x" * 79 + "…: ") == 20
    assert "- and 1 more, in the workbook" in text
