"""The independent recount: what it reads from rows and journal, against the rules in plain Python, and by hand."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import Case, Run, answer, cases, guid, member, new_run, passing_run, row

from auditor.core.model import Reason, Verdict
from auditor.core.results.ledger import Tally, build_ledger
from auditor.core.run_facts import Membership, MembershipSource
from auditor.errors import IncompleteError
from auditor.report import times
from auditor.report.schema import TIME
from auditor.report.verify.counts import Counted, count_records
from auditor.report.verify.recount import SourceIndex, _times, read_sources
from conftest import many_examples

FORM = (
    r"(1[89]|2[012])[0-9]{2}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])[T ]([01][0-9]|2[0-5]):[0-6][0-9]:[0-6][0-9]"
    r"(\.[0-9]{1,10})?(Z|[+-]([01][0-9]|2[0-4]):[0-6][0-9])?"
)
COMMON = r"(19|20|21)[0-9]{2}-(0[0-9]|1[0-3])-(0[1-9]|[12][0-9]|3[0-2])T(0[0-9]|2[34]):[0-6][0-9]:[0-5][0-9](\.[0-9]{6}Z)?\n?"


def _read(run: Run) -> SourceIndex:
    return read_sources(run.path, run.facts)


def _records(run: Run) -> list[dict[str, str | None]]:
    records: list[dict[str, str | None]] = _read(run).cells().to_pylist()
    return records


@given(cases())
def test_each_record_follows_from_its_row_and_the_deciding_answer(case: Case) -> None:
    """The last final answer, else the last one, with the requests of all of them; nothing for a customer never asked."""
    with case.run() as run:
        for line, reason, record in zip(case.rows, case.expected(), _records(run), strict=True):
            own = (
                [] if line["reason"] else [told for told in case.answers if told["customer_id"] == line["customer_id"]]
            )
            deciding: Any = next(reversed([told for told in own if told["final"]] or own), {})
            assert (record["verdict"], record["reason"]) == (reason.verdict, reason)
            assert record["status"] == deciding.get("status")
            assert record["last_update_raw"] == deciding.get("last_update_raw")
            assert record["error_message"] == deciding.get("error_message")
            assert record["attempts"] == str(sum(told["attempts"] for told in own))
            assert (record["customer_id"], record["raw_id"]) == (line["customer_id"], line.get("raw_id"))
            assert (record["owner"], record["source_row"]) == (line["owner"], str(line["source_row"]))
            listed = [told for told in case.members if told["customer_id"] == line["customer_id"]]
            asked = case.membership is not None and case.membership.way in (
                MembershipSource.LIST,
                MembershipSource.SINGLY,
            )
            name = listed[-1]["company_name"] if listed and asked and not line["reason"] else None
            assert record["company_name"] == (name if line["company_name"] is None else line["company_name"])


@given(cases())
def test_whose_membership_is_unknown_is_counted(case: Case) -> None:
    """Customers without an account status that may not be the partner's; and who of the partner's list is in no row."""
    with case.run() as run:
        doubtful = {
            line["customer_id"]
            for line, reason in zip(case.rows, case.expected(), strict=True)
            if reason is Reason.NO_ACCOUNT_STATUS and case.member(line["customer_id"]) is None
        }
        found = _read(run)
        assert found.membership_unchecked() == len(doubtful)
        named = {line["customer_id"] for line in case.rows if line["reason"] in (None, "not_selected")}
        last = {line["customer_id"]: line for line in case.members}
        others = {customer for customer, line in last.items() if customer not in named and line["member"]}
        assert {cells[0] for cells in found.unlisted()} == others


def _as_column(raw: str) -> str | None:
    parsed = times.parse(pd.Series([raw], dtype=pd.ArrowDtype(pa.string())))
    text: str | None = times.as_text(pa.chunked_array([pa.array(parsed, TIME)]))[0].as_py()
    return text


@many_examples()
@given(st.from_regex(FORM, fullmatch=True) | st.from_regex(COMMON, fullmatch=True) | st.text(max_size=30))
def test_times_are_those_of_the_reports(raw: str) -> None:
    """Days that no month has, placeholder years, offsets, digits without end, any text: both readings are one."""
    assert _times(pa.chunked_array([[raw, None]])).to_pylist() == [_as_column(raw), None]


def test_a_row_that_was_never_asked_for(tmp_path: Path) -> None:
    """No answer: not attempted, no requests, nothing else; what the list says stands, what it lacks is null."""
    given_row = row(1, company_name="A", owner="ann", source_row=3, other={"Tags": "x", "Seats": None})
    (found,) = _records(new_run(tmp_path / "r", [given_row], []))
    assert {name: value for name, value in found.items() if value is not None} == {
        "customer_id": guid(1),
        "company_name": "A",
        "verdict": "undetermined",
        "reason": "not_attempted",
        "attempts": "0",
        "owner": "ann",
        "source_file": "list.csv",
        "source_row": "3",
        "Tags": "x",
    }


@pytest.mark.parametrize("way", [MembershipSource.OWN, MembershipSource.LIST, MembershipSource.SINGLY, None])
def test_a_known_stranger_without_an_account_status_is_not_eligible(
    tmp_path: Path, way: MembershipSource | None
) -> None:
    """Where the partner's list was read to its end, or its customer was asked for by itself."""
    members = (
        [member(1, known=way is not MembershipSource.SINGLY)]
        if way in (MembershipSource.LIST, MembershipSource.SINGLY)
        else []
    )
    found_list = None if way is None else Membership(way, 1, complete=True)
    rows, answers = [row(1), row(2)], [answer(0, 1, "no_account_status"), answer(1, 2, "no_account_status")]
    run = new_run(tmp_path / "r", rows, answers, members, membership=found_list)
    strange = (
        {MembershipSource.LIST: [False, True], MembershipSource.SINGLY: [True, False]}.get(way, [False, False])
        if way
        else [False, False]
    )
    verdicts = [Verdict.UNDETERMINED if one else Verdict.ELIGIBLE for one in strange]
    assert [record["verdict"] for record in _records(run)] == verdicts


def test_names_come_from_the_partners_list_where_the_list_has_none(tmp_path: Path) -> None:
    """Null is filled, a text is not."""
    members = [member(1, company_name="B", domain="b.example")]
    paged = Membership(MembershipSource.LIST, 1, complete=True)
    (found,) = _records(new_run(tmp_path / "r", [row(1, company_name="A")], [], members, membership=paged))
    assert (found["company_name"], found["domain"]) == ("A", "b.example")


@pytest.mark.parametrize("given_ids", [{}, {"customer_id": "?", "raw_id": None}])
def test_a_rejected_row_keeps_its_reason(tmp_path: Path, given_ids: dict[str, Any]) -> None:
    """Its text is no customer id, though a version before there was a raw_id stored it there."""
    (found,) = _records(new_run(tmp_path / "r", [row("?", **given_ids)], []))
    assert (found["customer_id"], found["raw_id"], found["reason"]) == (None, "?", "invalid_id")


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ("2026-11-20T12:00:00", "2"),
        ("2026-11-20T12:00:01", "1"),
        ("2026-11-23T00:00:00", "0"),
        (None, None),
        ("x", None),
    ],
)
def test_days_in_status(tmp_path: Path, last: str | None, days: str | None) -> None:
    """Whole days until the answer came; a clock that runs ahead gives none."""
    told = answer(0, 1, last_update_raw=last, checked_at="2026-11-22T12:00:00Z")
    (found,) = _records(new_run(tmp_path / "r", [row(1)], [told]))
    assert found["days_in_status"] == days


def test_requests_beyond_the_columns_range_are_cut(tmp_path: Path) -> None:
    """An int16, as declared."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, attempts=30_000), answer(0, attempts=30_000)])
    assert _records(run)[0]["attempts"] == "32767"


def test_a_customer_is_one_by_its_id(tmp_path: Path) -> None:
    """Ids that differ in one half only are two customers."""
    other = "ffffffff-0000-4000-8000-000000000001"
    rows = [row(1), row(2), {**row(1), "customer_id": other}, row(1), row("?")]
    members = [member(2), {**member(1), "customer_id": other}, member(5)]
    found = _read(
        new_run(tmp_path / "r", rows, [], members, membership=Membership(MembershipSource.LIST, 3, complete=True))
    )
    assert found.customers.to_pylist() == [guid(1), guid(2), other, guid(1), None]
    assert [cells[0] for cells in found.unlisted()] == [guid(5)]


@pytest.mark.parametrize("at", [-2, -1, 1, 2, 3, 2**40])
def test_an_answer_for_another_row_is_refused(tmp_path: Path, at: int) -> None:
    """Rows of others, rejected rows, rows that there are not."""
    run = new_run(tmp_path / "r", [row(1), row(2), row("?")], [answer(at, 1)])
    with pytest.raises(IncompleteError, match=f"names row {at}, where rows.jsonl has another"):
        _read(run)


def test_a_row_that_is_wrong_about_being_the_first_is_found(tmp_path: Path) -> None:
    """Whoever takes the mark from a customer's first row, or gives a second one, decides who is asked."""
    rows = [row(1, first=True), row("x", first=False), row(1, first=False), row(2, first=True)]
    assert len(_read(new_run(tmp_path / "right", rows, [answer(0)])).customers) == 4
    for wrong, first in ((0, False), (2, True), (3, False)):
        forged = [line | ({"first": first} if place == wrong else {}) for place, line in enumerate(rows)]
        with pytest.raises(IncompleteError, match=f"row {wrong + 1}: is wrong about being the first"):
            _read(new_run(tmp_path / str(wrong), forged, [answer(0)]))


def test_lines_that_the_journal_counts_as_damaged_must_be_damaged() -> None:
    """And no others: the two readers of the journal agree."""
    with passing_run([row(1)], [answer(0)]) as run:
        assert _read(run).damaged == []
        with pytest.raises(IncompleteError, match=r"lines \[\] are damaged, not \[3\]"):
            _read(run.with_facts(damaged_lines=(3,)))


RECORDS = st.lists(
    st.builds(
        lambda customer, reason, status, owner: Counted(customer, None, reason.verdict, reason, status, owner),
        st.sampled_from([guid(1), guid(2), guid(3)]),
        st.sampled_from([Reason.ALLOWED, Reason.UNDER_REVIEW, Reason.THROTTLED]),
        st.sampled_from([None, "Allowed"]),
        st.sampled_from([None, "", "ann", "bo"]),
    )
)


@given(RECORDS)
def test_the_ledger_counts_rows_and_distinct_customers(records: list[Counted]) -> None:
    """A customer counts once in all, and once for each owner; no owner is the empty text."""
    tallies = [
        Tally(
            Reason(one.reason),
            one.status or "",
            one.owner or "",
            rows=1,
            customers=one.customer_id not in [other.customer_id for other in records[:at]],
            owner_customers=(one.customer_id, one.owner or "")
            not in [(other.customer_id, other.owner or "") for other in records[:at]],
        )
        for at, one in enumerate(records)
    ]
    assert count_records(records) == build_ledger(tallies, len(records), len({one.customer_id for one in records}))


def test_an_invalid_id_is_a_row_but_no_customer() -> None:
    """However often its text stands in the lists."""
    nobody = Counted(None, "x", "undetermined", "invalid_id", None, None)
    assert (count_records([nobody, nobody]).rows, count_records([nobody, nobody]).customers) == (2, 0)
