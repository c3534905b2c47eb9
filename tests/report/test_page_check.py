"""`verify` reads the page back: whatever it shows wrong is found, though the manifest follows the change."""

import json
import re
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from page_support import markup_of, sample_run, verdicts
from report_support import NOON, STATUS, Case, Run, answer, cases, forge, guid, new_run, row

from auditor import report
from auditor.core.model import Reason, Verdict
from auditor.errors import IncompleteError
from auditor.report.page_check.markup import read_markup

ROWS = [
    row(1, owner="ann", company_name="One", domain="one.example", other={"Tags": "gold", "Seats": "7"}),
    row(2, owner="bo", source_row=3, other={"Tags": "", "Seats": "8"}),
    row("no id", source_row=4),
    row(3, source_row=5, company_name="Three", other={"Tags": "gold"}),
]
ANSWERS = [
    answer(0, 1, "under_review", last_update_raw="2026-10-01T10:00:00"),
    answer(1, 2, "not_ready", status="Not Ready", final=True),
    answer(3, 3, "allowed", last_update_raw="2026-10-02T10:00:00"),
]

STATES = [
    ("allowed", 0),
    ("allowed", 3),
    ("under_review", 0),
    ("under_review", 3),
    ("under_review", 5),
    ("throttled", 0),
]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a row of each verdict, rendered as a page alone."""
    made = new_run(tmp_path / "r", ROWS, ANSWERS, max_undetermined=9, requests={"sent": 3})
    made.render(["html"])
    return made


@settings(max_examples=25)
@given(cases())
def test_whatever_is_rendered_agrees(case: Case) -> None:
    """Any rows, answers and members: the page has each of them, as it must be."""
    with case.run() as run:
        run.render(["html", "csv"])
        assert "report.html" in report.verify(run.path).files
        assert sum(verdicts(markup_of(run)).values()) == len(case.rows)


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
    return lambda text: text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_text(">One</a>", ">Two</a>"), "row 1, company_name: 'Two'"),
        (_text("<span>one.example", "<span>two.example"), "row 1, domain"),
        (_text(f"<code>{guid(2)}", f"<code>{guid(3)}"), "row 2, customer_id"),
        (_text(f"<td>{guid(3)}", f"<td>{guid(2)}"), "row 4, customer_id"),
        (_text("<td>ann<td>Under review", "<td>bo<td>Under review"), "row 1, owner: 'bo'"),
        (_text("<td>ann<td>Under review", "<td>ann<td>Not allowed"), "row 1, reason: 'Not allowed'"),
        (_text("<td class=n>52", "<td class=n>25"), "row 1, days: '25'"),
        (_text("<td>Not Ready<td>", "<td>Allowed<td>"), "row 2, status: 'Allowed'"),
        (_data("columns.owner", {"each": "ann"}), "owner: 'ann'"),
        (_data("columns.kind", {"each": ["allowed", "Allowed"]}), "row 1, status: 'Allowed'"),
        (_data("columns.days_in_status", {"each": 1}), "row 1, days_in_status: '1'"),
        (_data("columns.last_update", {"each": 20000}), "row 1, last_update: '2024-10-04'"),
        (_data("columns.row_offset", {"each": 7}), "row 1, source_row: '8'"),
        (_data("own.0", ["Tags", {"each": "gold"}]), "row 2, Tags: 'gold'"),
        (_data("columns.place", {"list": [1, 2, 3, 9]}), "has a row 9"),
        (_data("columns.place", {"odd": 1}), "its column place is in no form"),
        (_text('class="rows" value="1"', 'class="rows" value="2"'), "blocked are {'customers': '1', 'rows': '2'}"),
        (_text('class="customers" value="1"', 'class="customers" value="0"'), "blocked are {'customers': '0'"),
        (_text('lang="en" class=""', 'lang="en" class="incomplete"'), "its class is"),
        (_text("<title>", "<title>INCOMPLETE · "), "its title is"),
    ],
)
def test_what_is_shown_wrong_is_found(run: Run, change: Callable[[str], str], found: str) -> None:
    """In a table, in the data beside it, on a card, in the title: named with its row and column."""
    path = run.path / "report.html"
    before = path.read_text(encoding="utf-8")
    report.verify(run.path)
    changed = change(before)
    assert changed != before
    path.write_text(changed, encoding="utf-8")
    forge(run)
    with pytest.raises(IncompleteError, match=re.escape(found)):
        report.verify(run.path)


def test_a_row_that_is_left_out_is_found(run: Run) -> None:
    """A list of ordinary length is there as a whole; the eligible row is the last on the page."""
    path = run.path / "report.html"
    text = path.read_text(encoding="utf-8")
    changed = re.sub(r"<tr>\n<td>Three.*(?=</table>)", "", text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    forge(run)
    with pytest.raises(IncompleteError, match="leaves out 1 eligible rows, where 0 were expected"):
        report.verify(run.path)


def test_the_manifest_counts_the_records_of_the_page(run: Run) -> None:
    """One for every row it shows."""
    path = run.path / "manifest.json"
    path.write_text(path.read_text().replace('"records": 4', '"records": 3'), encoding="utf-8")
    with pytest.raises(IncompleteError, match="records"):
        report.verify(run.path)


def test_a_long_list_agrees_with_its_page(tmp_path: Path) -> None:
    """What a page may leave out is not missed, and it has all that it must have."""
    run = sample_run(tmp_path / "r", 26_000, max_undetermined=26_000)
    run.render(["csv", "html"])
    assert report.verify(run.path).rows == 26_000
    text = (run.path / "report.html").read_text(encoding="utf-8")
    assert verdicts(read_markup(text)) == {Verdict.BLOCKED: 3380, Verdict.UNDETERMINED: 2080, Verdict.ELIGIBLE: 0}
    assert "eligible.csv has all of them" in text


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.integers(1, 5), st.sampled_from(STATES), min_size=1, max_size=5), min_size=2, max_size=3
    )
)
def test_the_page_of_a_run_after_others_agrees(days: list[dict[int, tuple[str, int]]]) -> None:
    """Whatever became of the customers: changes, and since when each is blocked, are what the runs before say."""
    with tempfile.TemporaryDirectory() as folder:
        run = None
        for day, known in enumerate(days):
            run = _day(Path(folder), day, known, run)
            run.render(["html", "csv"])
            report.verify(run.path)


def _day(folder: Path, day: int, known: dict[int, tuple[str, int]], old: Run | None = None) -> Run:
    """The run of a day: for each customer its reason and the month of its last update; compared with another run."""
    began = NOON + timedelta(days=day)
    rows = [row(customer, company_name=f"<{customer}>", source_row=customer) for customer in known]
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
    return new_run(folder / f"{began:%Y%m%dT%H%M%SZ}", rows, answers, **facts).compared_with(old).recorded()


@pytest.fixture
def later(tmp_path: Path) -> Run:
    """A run a week after another one: one customer blocked all the time, one newly, one gone."""
    old = _day(tmp_path, 0, {1: ("under_review", 0), 2: ("allowed", 3), 3: ("allowed", 3)})
    run = _day(tmp_path, 7, {1: ("under_review", 0), 2: ("under_review", 11)}, old)
    run.render(["html"])
    return run


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            _text("<td>Eligible, Allowed<td>Blocked, UnderReview", "<td>Eligible, Allowed<td>Eligible, Allowed"),
            "change 1",
        ),
        (_text("Not in the list", "Blocked"), "change 2"),
        (_text("<code>" + guid(2), "<code>" + guid(3)), f"change 1: ('<2>', '', '{guid(3)}'"),
        (_data("columns.days", {"each": 0}), "days: '7', where"),
    ],
)
def test_what_became_of_customers_is_compared(later: Run, change: Callable[[str], str], found: str) -> None:
    """With changes.csv, and with since when the runs before had the customer as blocked."""
    path = later.path / "report.html"
    report.verify(later.path)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    forge(later)
    with pytest.raises(IncompleteError, match=re.escape(found)):
        report.verify(later.path)


def test_the_cards_follow_the_runs(later: Run) -> None:
    """One more is blocked than a week ago, and two fewer are eligible."""
    text = (later.path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'<p class="move[^>]*>([^<]*)<', text) == [
        "+1 since the baseline",
        "As many as in the baseline",
        "−2 since the baseline",
    ]
