"""Every text of the page against the oracle, over made-up runs; and whatever is changed in a page, the oracle finds."""

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nights_support import copied
from page_support import SCRIPT, markup_of, sample_run, verdicts
from report_support import NOON, STATUS, Case, Run, answer, cases, guid, new_run, passing_run, row
from verify_support import copy_run

from auditor.core.model import Cause, Reason, Verdict
from auditor.core.run_facts import ListWarning, Presentation
from auditor.report.page import context, selection
from conftest import few_examples
from oracle import page as page_oracle
from oracle.page_markup import Page

ROWS = [
    row(1, owner="ann", company_name="One", domain="one.example", other={"Tags": "gold", "Seats": "7"}),
    row(2, owner="bo", source_row=3, other={"Tags": "", "Seats": "8"}),
    row("no id", source_row=4),
    row(3, source_row=5, company_name="Three", other={"Tags": "gold"}),
    row(4, source_row=6, company_name="Four", domain="four.example", other={"Tags": "gold", "Seats": "9"}),
]
ANSWERS = [
    answer(0, 1, "under_review", last_update_raw="2026-10-01T10:00:00"),
    answer(1, 2, "not_ready", status="Not Ready", final=True, request_id="req-2"),
    answer(3, 3, "allowed", last_update_raw="2026-10-02T10:00:00"),
    answer(4, 4, "not_allowed", last_update_raw="2026-09-01T10:00:00"),
]
WARNINGS = (ListWarning("b <x>.csv", "row 3 has more than one id"),)

STATES = [
    ("allowed", 0),
    ("allowed", 3),
    ("under_review", 0),
    ("under_review", 3),
    ("under_review", 5),
    ("under_review", 11),
    ("not_allowed", 3),
    ("throttled", 0),
]
FACTS = st.fixed_dictionaries(
    {
        "simulated": st.booleans(),
        "max_undetermined": st.sampled_from([0, 99]),
        "lists": st.sampled_from([(), ("a.csv",), ("a.csv", SCRIPT)]),
        "cause": st.sampled_from([Cause.FINISHED, Cause.DEADLINE]),
        "message": st.sampled_from(["", "an hour is over"]),
        "presentation": st.builds(
            Presentation,
            zone=st.sampled_from(["UTC", "Europe/Copenhagen", "No/Where"]),
            sums=st.sampled_from([(), ("Tags",), ("status", "Tags")]),
            customer_link=st.sampled_from(["", "https://x.example/{customer_id}", "javascript:alert('{customer_id}')"]),
        ),
    }
)


READ = ("csv", "html")
"""What the oracle reads."""


def _render(run: Run) -> Path:
    """Render it; return the page."""
    run.render(READ)
    return run.path / page_oracle.NAME


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with rows of each verdict, with its page."""
    facts: dict[str, Any] = {"presentation": Presentation(sums=("Seats",)), "list_warnings": WARNINGS}
    run = new_run(
        tmp_path_factory.mktemp("page") / "r", ROWS, ANSWERS, max_undetermined=9, requests={"sent": 3}, **facts
    )
    _render(run)
    page_oracle.check(run.path)
    return run


@pytest.fixture
def run(right: Run, tmp_path: Path) -> Run:
    """A copy of it."""
    return copy_run(right, tmp_path)


@few_examples()
@given(cases(), FACTS)
def test_the_page_of_any_run_agrees(case: Case, facts: dict[str, Any]) -> None:
    """Any rows, answers, members and facts: each text of the page is what it must be, and no record is missing."""
    with passing_run(case.rows, case.answers, case.members, membership=case.membership, **facts) as run:
        _render(run)
        page_oracle.check(run.path)
        nobody = [one for one in run.records() if one["reason"] in {"invalid_id", "not_selected"}]
        customers = {one["customer_id"] for one in run.records() if one not in nobody}
        assert sum(verdicts(markup_of(run)).values()) == len(customers) + len(nobody)


@few_examples()
@given(cases(), st.integers(0, 3))
def test_the_page_of_a_long_list_agrees(case: Case, most: int) -> None:
    """What a page may leave out it says that it leaves out, and it has all that it must have, in order."""
    with pytest.MonkeyPatch.context() as patch, case.run() as run:
        patch.setattr(selection, "MOST_ROWS", 3)
        patch.setattr(selection, "MOST_OF_VERDICT", most)
        _render(run)
        page_oracle.check(run.path, most_rows=3, most_of_verdict=most)


@pytest.mark.parametrize("owners", [13, 16])
def test_the_page_of_many_account_managers_agrees(tmp_path: Path, owners: int) -> None:
    """More than have a bar of their own; with sums, and with warnings about the lists."""
    rows = [row(n, source_row=n + 2, owner=f"owner {n % owners}", other={"Seats": str(n)}) for n in range(40)]
    answers = [answer(n, n, "under_review" if n % 3 else "allowed") for n in range(40)]
    presentation = Presentation(sums=("Seats",))
    run = new_run(tmp_path / "r", rows, answers, presentation=presentation, list_warnings=WARNINGS)
    _render(run)
    page_oracle.check(run.path)


def test_a_row_left_out_without_a_selection_is_told(tmp_path: Path) -> None:
    """Such a run is incomplete: its page gives the cause, and never says that every customer has a verdict."""
    run = new_run(tmp_path / "r", [row(1, reason="not_selected")], [])
    text = _render(run).read_text(encoding="utf-8")
    page_oracle.check(run.path)
    assert "Incomplete." in text
    assert "1 row was not selected" in text
    assert "Every customer has a verdict" not in text


def test_a_long_list_is_cut_where_the_program_cuts_it(tmp_path: Path) -> None:
    """26,000 rows are too many for the eligible ones, and few enough for all that are blocked or not verified."""
    run = sample_run(tmp_path / "r", 26_000, max_undetermined=26_000)
    text = _render(run).read_text(encoding="utf-8")
    assert verdicts(Page(text)) == {Verdict.BLOCKED: 3380, Verdict.UNDETERMINED: 2080, Verdict.ELIGIBLE: 0}
    assert "eligible.csv has all of them" in text


@few_examples()
@given(
    st.lists(
        st.dictionaries(st.integers(1, 5), st.sampled_from(STATES), min_size=1, max_size=5), min_size=2, max_size=3
    ),
    st.sampled_from([2_000, 2]),
)
def test_the_page_of_a_run_after_others_agrees(days: list[dict[int, tuple[str, int]]], most: int) -> None:
    """Whatever became of the customers: changes, and since when each is blocked, are what the runs before say."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "MOST_CHANGES", most)
        run = None
        for day, known in enumerate(days):
            run = _day(Path(folder), 40 * day, known, run)
            page_oracle.check(run.path, most_changes=most)


def _day(folder: Path, day: int, known: dict[int, tuple[str, int]], old: Run | None = None) -> Run:
    """The rendered run of a day: for each customer its reason and the month of its last update; compared with another run."""
    began = NOON + timedelta(days=day)
    rows = [row(customer, company_name=f"<{customer}>", source_row=customer) for customer in known]
    rows.append(rows[0] | {"source_row": 9})
    answers = [
        answer(
            place,
            customer,
            reason,
            status=STATUS.get(Reason(reason)),
            last_update_raw=f"2026-{month:02}-01T00:00:00" if month else None,
            checked_at=f"{began:%Y-%m-%dT%H:%M:%S}.000000Z",
        )
        for place, (customer, (reason, month)) in enumerate(known.items())
    ]
    facts: dict[str, Any] = {"started_at": began, "finished_at": began, "max_undetermined": 9}
    return new_run(folder / f"{began:%Y%m%dT%H%M%SZ}", rows, answers, **facts).compared_with(old).recorded(READ)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two runs, a week apart: one customer blocked all the time, one newly, one removed."""
    folder = tmp_path_factory.mktemp("week")
    old = _day(folder, 0, {1: ("under_review", 0), 2: ("allowed", 3), 3: ("allowed", 3)})
    run = _day(folder, 7, {1: ("under_review", 0), 2: ("under_review", 11)}, old)
    page_oracle.check(run.path)
    return [old, run]


@pytest.fixture
def later(week: list[Run], tmp_path: Path) -> Run:
    """A copy of the later one, with the earlier one and the history beside it."""
    return copied(week, tmp_path)[1]


def test_the_cards_follow_the_runs(later: Run) -> None:
    """One more is blocked than a week ago, and two fewer are eligible."""
    text = (later.path / page_oracle.NAME).read_text(encoding="utf-8")
    assert re.findall(r'<p class="move[^>]*>([^<]*)<', text) == [
        "+1 since the last audit (22 Nov 2026)",
        "As many as in the last audit (22 Nov 2026)",
        "−2 since the last audit (22 Nov 2026)",
    ]


def test_how_often_a_customer_was_blocked_is_said(tmp_path: Path) -> None:
    """From the second time on: blocked, eligible for a run, and blocked again."""
    run = None
    for day, reason in enumerate(("under_review", "allowed", "under_review")):
        run = _day(tmp_path, day, {1: (reason, 3), 2: ("under_review", 3)}, run)
    assert run is not None
    text = (run.path / page_oracle.NAME).read_text(encoding="utf-8")
    page_oracle.check(run.path)
    # the first customer stands on two rows, and is there once
    assert re.findall(r"<small>(blocked .*?)</small>", text) == ["blocked 2 times"]


def _data(path: str, value: object) -> Callable[[str], str]:
    """Changes the JSON beside the tables."""

    def change(text: str) -> str:
        head, found, tail = re.split(r'(?<=id="data">)(.*)(?=</script>)', text, maxsplit=1)
        document = json.loads(found)
        place = document
        *names, last = path.split(".")
        for name in names:
            place = place[name]
        key = int(last) if isinstance(place, list) else last
        assert place[key] != value
        place[key] = value
        return head + json.dumps(document) + tail

    return change


def _text(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        return text.replace(old, new, 1)

    return change


def _numbered(changes: Sequence[tuple[Callable[[str], str], str]]) -> list[Any]:
    """Parameters of a test, with distinct ids."""
    return [pytest.param(change, found, id=f"{n} {found}") for n, (change, found) in enumerate(changes)]


def _swapped(table: str) -> Callable[[str], str]:
    """Changes the order of the first two rows of a table."""

    def change(text: str) -> str:
        head, found, tail = re.split(rf'(<table id="{table}".*?</table>)', text, maxsplit=1, flags=re.DOTALL)
        start, *rows, end = re.split(r"(<tr>\n(?:(?!<tr|</table>|\n<tbody).)*)", found, flags=re.DOTALL)
        rows[0], rows[2] = rows[2], rows[0]
        return "".join([head, start, *rows, end, tail])

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    _numbered(
        [
            (_text(">One</a>", ">Two</a>"), "table blocked, row 1 of the list: ['Two'"),
            (_text("<span>one.<wbr>example", "<span>two.<wbr>example"), "table blocked, row 1 of the list"),
            (_text(f"<code>{guid(2)}", f"<code>{guid(3)}"), "table undetermined, row 2 of the list"),
            (_text(f"<td>{guid(3)}", f"<td>{guid(2)}"), "table eligible, row 4 of the list"),
            (
                _text('<td>ann<td class="n m" data-column="Seats">7', '<td>bo<td class="n m" data-column="Seats">7'),
                "table blocked, row 1 of the list",
            ),
            (
                _text(
                    '<td class="n m" data-column="Seats">7<td>Under review',
                    '<td class="n m" data-column="Seats">7<td>Not approved',
                ),
                "table blocked, row 1 of the list",
            ),
            (_text("<td>2026-10-01<td class=n>", "<td>2026-10-02<td class=n>"), "table blocked, row 1 of the list"),
            (_text("<td class=n>52", "<td class=n>25"), "table blocked, row 1 of the list"),
            (_text("<td>Check name and address", "<td>Wait; check again in a few days"), "table blocked, row 5"),
            (_text('<td class="n m" data-column="Seats">9', '<td class="n m">8'), "table blocked, row 5 of the list"),
            (_text("<td>UnderReview", "<td>Unknown"), "table blocked, row 1 of the list"),
            (
                _text('<b>Do this first.</b> <a href="#blocked">Four', '<b>Do this first.</b> <a href="#blocked">One'),
                "what to do first",
            ),
            (_text("Blocked: 2 customers", "Blocked: 3 customers"), "heading"),
            (_text(f"customers/{guid(4)}", f"customers/{guid(1)}"), "links"),
            (_text("<td>Not Ready", "<td>Allowed"), "table undetermined, row 2 of the list"),
            (_text("<td>req-2", "<td>req-3"), "table undetermined, row 2 of the list"),
            (_text("Status not ready: 1", "Status not ready: 2"), "headings of undetermined"),
            (_text("The same for all: Tags: gold", "The same for all: Tags: silver"), "what is the same for all"),
            (_swapped("blocked"), "table blocked, row 5 of the list: ['One'"),
            (_data("columns.owner", {"each": "ann"}), "row 5 of the list, owner: 'ann'"),
            (_data("columns.kind", {"each": ["allowed", "Allowed"]}), "row 5 of the list, kind"),
            (_data("columns.days_in_status", {"each": 1}), "row 5 of the list, days_in_status: 1"),
            (_data("columns.last_update", {"each": 20000}), "row 5 of the list, last_update: 20000"),
            (_data("columns.begun.but", {"0": 1}), "row 5 of the list, begun: 1"),
            (_data("columns.change", {"each": "newly_blocked"}), "row 5 of the list, change"),
            (_data("columns.times_blocked", {"each": 7}), "row 5 of the list, times_blocked: 7"),
            (_data("columns.row_offset", {"each": 7}), "row 5 of the list, row_offset: 7"),
            (_data("own.0", ["Tags", {"each": "silver"}]), "Tags: ['silver'"),
            (_data("columns.place", {"list": [1, 5, 2, 3, 4]}), "row 5 of the list, place: 1"),
            (_data("columns.place", {"odd": 1}), "its column place is in no form"),
            (_data("link", "https://elsewhere.example/"), "link"),
            (_data("labels.undetermined", "Eligible"), "labels"),
            (_text('class="customers" value="2"', 'class="customers" value="0"'), "blocked figures"),
            (_text('value="2">2<', 'value="2">3<'), "blocked figures as text"),
            (_text("<b>16</b>", "<b>61</b>"), "money at risk"),
            (_text('data-owner="ann"', 'data-owner="bo"'), "chart of owners"),
            (_text('<rect class="blocked"', '<rect class="eligible"'), "chart of owners"),
            (_text("31 to 60 days</th>", "61 to 90 days</th>"), "chart of ages"),
            (_text("Half of them for 52 days", "Half of them for 5 days"), "note on ages"),
            (_text('lang="en" class=""', 'lang="en" class="incomplete"'), "class"),
            (_text("<title>", "<title>INCOMPLETE · "), "title"),
            (_text("Complete, with warnings.", "Complete."), "banner"),
            (_text("b &lt;x&gt;.csv", "c.csv"), "list warnings"),
            (_text("There is no earlier audit", "There is an earlier audit"), "note on changes"),
        ]
    ),
)
def test_what_is_shown_wrong_is_found(run: Run, change: Callable[[str], str], found: str) -> None:
    """In a table, in the order of its rows, in the data beside it, on a card, in a chart, in the title: named with its row."""
    path = run.path / page_oracle.NAME
    before = path.read_text(encoding="utf-8")
    changed = change(before)
    assert changed != before
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(AssertionError, match=re.escape(f"{page_oracle.NAME}{':' if 'form' in found else ','} {found}")):
        page_oracle.check(run.path)


@pytest.mark.parametrize(
    "last", ["<tr>\n<td>Three", "<tr>\n<th scope=row><b class=none>No name</b><span></span><code>no id"]
)
def test_a_row_that_is_left_out_is_found(run: Run, last: str) -> None:
    """The last row of a table is missed like any other."""
    path = run.path / page_oracle.NAME
    text = path.read_text(encoding="utf-8")
    changed = re.sub(re.escape(last) + r".*?(?=</table>)", "", text, count=1, flags=re.DOTALL)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(AssertionError, match="rows of table"):
        page_oracle.check(run.path)


@pytest.mark.parametrize(
    ("change", "found"),
    _numbered(
        [
            (
                _text(
                    "Verified by Microsoft<td>Blocked: Under review", "Verified by Microsoft<td>Blocked: Not approved"
                ),
                "changes",
            ),
            (_text("Not in the list", "Blocked"), "changes"),
            (_text("<code>" + guid(2), "<code>" + guid(3)), "table new, row 2 of the list"),
            (_text("New since 22 Nov 2026</h3>", "New since 21 Nov 2026</h3>"), "tile of who is new"),
            (_text("<b>1</b> Newly blocked", "<b>2</b> Newly blocked"), "kinds of changes"),
            (
                _text("<b>1 customer newly blocked", "<b>2 customers newly blocked"),
                "texts on",
            ),
            (_text("blocked since the last audit (22", "blocked since the last audit (21"), "texts on changes"),
            (_text("+1 since the last", "+2 since the last"), "blocked texts"),
            (_data("columns.days", {"each": 0}), "row 2 of the list, days: 0"),
        ]
    ),
)
def test_what_became_of_customers_is_compared(later: Run, change: Callable[[str], str], found: str) -> None:
    """With changes.csv, and with since when the runs before had the customer as blocked."""
    path = later.path / page_oracle.NAME
    before = path.read_text(encoding="utf-8")
    changed = change(before)
    assert changed != before
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(AssertionError, match=re.escape(f"{page_oracle.NAME}, {found}")):
        page_oracle.check(later.path)
