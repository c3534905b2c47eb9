"""What the page says of changes, sums and advice."""

import base64
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from page_support import ago, changed, render_page, run_data
from report_support import guid

from auditor import languages
from auditor.core.baseline import Baseline
from auditor.core.house_style import Logo
from auditor.core.model import Reason, Verdict
from auditor.core.results.ledger import Tally, build_ledger
from auditor.core.results.money import Sum, add_up
from auditor.core.results.words import LONG_NOTE, LONG_REVIEW, VERDICTS
from auditor.core.run_facts import Presentation
from auditor.report.data import RunData
from auditor.report.page import context
from auditor.report.page.selection import select


def _page(data: RunData) -> dict[str, Any]:
    return context.build_context(data, select(data))


def _text(data: RunData, folder: Path) -> str:
    return render_page(data, folder).read_text(encoding="utf-8")


MOVED: list[dict[str, Any]] = [
    {"change": "gone_from_list", "verdict_before": "blocked", "status_before": "UnderReview"},
    {"change": "newly_blocked", "verdict_before": "eligible", "verdict": "blocked", "status": "UnderReview"},
    {"change": "newly_blocked", "verdict_before": "eligible", "verdict": "blocked", "status": "<b>"},
    {
        "change": "new_in_list",
        "verdict": "eligible",
        "status": "Allowed",
        "company_name": "New & Co",
        "last_update": ago(2),
    },
]


def test_changes_stand_by_kind_in_their_order() -> None:
    """Each with what it was and what it is; kinds that do not occur are not there."""
    data = run_data([{"reason": "under_review"}], changes=changed(MOVED))
    groups = _page(data)["changes"]["groups"]
    assert [(group["label"], group["count"], len(group["rows"])) for group in groups] == [
        ("Newly blocked", 2, 2),
        ("New in the list", 1, 1),
        ("No longer in the list", 1, 1),
    ]
    assert [(row["before"], row["now"]) for group in groups for row in group["rows"]] == [
        ("Not blocked (eligible)", "Blocked: Under review by Microsoft"),
        ("Not blocked (eligible)", "Blocked: <b>"),
        ("Not in the list", "Not blocked (eligible): Verified by Microsoft"),
        ("Blocked: Under review by Microsoft", "Not in the list"),
    ]


def test_changes_are_in_the_page(tmp_path: Path) -> None:
    """With the baseline's note, and escaped."""
    text = _text(run_data([{"reason": "under_review"}], changes=changed(MOVED, "Compared with <run> 1.")), tmp_path)
    assert "Compared with the last audit (21 Nov 2026)." in text
    assert "<td>Blocked: &lt;b&gt;" in text
    assert "<b>2 customers newly blocked since the last audit (21 Nov 2026).</b></p>" in text
    assert "New &amp; Co" in text


def test_without_a_baseline_the_page_says_so(tmp_path: Path) -> None:
    """In the section and on every card."""
    text = _text(
        run_data([{"reason": "allowed"}], baseline=Baseline(note="the last run was over another list")), tmp_path
    )
    assert "The last run was over another list." in text
    assert text.count("No earlier audit to compare with") == 3
    assert 'id="changed"' not in text


def test_only_so_many_changes_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What matters most comes first, the counts stay whole, and the page says how many it leaves out."""
    monkeypatch.setattr(context, "MOST_CHANGES", 3)
    many: list[dict[str, Any]] = [{"change": "not_compared"}] * 4 + [
        {"change": "newly_blocked", "verdict": "blocked"}
    ] * 2
    found = _page(run_data([{"reason": "allowed"}], changes=changed(many)))["changes"]
    assert [(group["label"], group["count"], len(group["rows"])) for group in found["groups"]] == [
        ("Newly blocked", 2, 2),
        ("Could not be compared", 4, 1),
    ]
    assert found["left_out"] == "3 more are not on this page; changes.csv has all of them."


def test_cards_tell_the_change_since_the_baseline() -> None:
    """Customers now, less those that the baseline had: in the lists still, or gone from them."""
    records: list[dict[str, Any]] = [
        {"reason": "under_review", "verdict_before": "eligible"},
        {"reason": "under_review", "verdict_before": "blocked"},
        {"reason": "allowed", "verdict_before": None},
    ]
    cards = {card["verdict"]: card for card in _page(run_data(records, changes=changed(MOVED)))["cards"]}
    # blocked: 2 now; one then and one that is gone
    assert cards[Verdict.BLOCKED]["change"][0] is False
    assert cards[Verdict.ELIGIBLE]["change"][0] is False
    assert cards[Verdict.UNDETERMINED]["change"][0] is False
    more = {card["verdict"]: card["change"] for card in _page(run_data(records, changes=changed(MOVED[1:])))["cards"]}
    assert more[Verdict.BLOCKED] == (True, "+1 since the last audit (21 Nov 2026)")


def test_sums_stand_by_verdict_and_by_account_manager(tmp_path: Path) -> None:
    """With the digits that the numbers had, and with how many could not be read."""
    sums = [
        Sum(column="Revenue", verdict=verdict, owner=owner, amounts={"EUR": Decimal(total)}, unparsed=unparsed)
        for owner, figures in ((None, ("128400.00", "0", "7")), ("ann", ("128400.00", "0", "7")))
        for verdict, total, unparsed in zip(
            (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE), figures, (2, 0, 0), strict=True
        )
    ]
    data = run_data([{"reason": "under_review", "owner": "ann"}, {"reason": "allowed"}], sums=tuple(sums))
    found = _page(data)
    assert found["managers"] == [
        {"owner": "ann", "cells": ["1", "EUR 128,400.00", "0", "EUR 0", "0", "EUR 7"]},
        {"owner": "", "cells": ["0", "", "0", "", "1", ""]},
    ]
    text = _text(data, tmp_path)
    assert "<b>EUR 128,400.00</b></p>\n<p>of the blocked customers <small>(2 rows without a readable number)" in text
    assert "All account managers, with sums: 2" in text


def test_times_are_shown_in_the_readers_zone_too() -> None:
    """Where that is not UTC; a zone that this machine does not know is left out."""
    runs = [
        run_data([], presentation=Presentation(zone=zone))
        for zone in ("Europe/Copenhagen", "UTC", "Etc/UTC", "No/Where")
    ]
    assert [_page(data)["as_of"]["local"] for data in runs] == ["2026-11-22 13:00 Europe/Copenhagen", "", "", ""]


def test_columns_that_say_the_same_everywhere_are_said_once() -> None:
    """And are no part of the lines; one that says nothing is not mentioned."""
    own = [{"Relationship": "Reseller", "Tags": tags, "Notes": None} for tags in ("gold", None)]
    records = [{"reason": "under_review", "own": given} for given in own]
    found = _page(run_data(records, ("Relationship", "Tags", "Notes")))
    assert found["own"] == [("Relationship", "Reseller")]
    assert [line["own"] for line in found["groups"][1]["rows"]] == ["Tags: gold", ""]


def test_a_long_review_has_its_own_step_in_the_heading(tmp_path: Path) -> None:
    """To check back in a few days is no step for a review of a year; the card says from when on, for nobody may be so far."""
    data = run_data([{"reason": "under_review"}, {"reason": "not_allowed"}])
    note = LONG_NOTE.format(days=LONG_REVIEW)
    assert [note in step["next_step"] for step in _page(data)["steps"]] == [True, False]
    assert f"continue. {note.partition(chr(39))[0]}" in _text(data, tmp_path)


def test_those_that_could_not_be_compared_are_folded(tmp_path: Path) -> None:
    """Their number stands open; their lines wait behind it, after what did change."""
    moves = [{"change": "not_compared"}, {"change": "newly_blocked", "verdict": "blocked"}]
    text = _text(run_data([{"reason": "under_review"}], changes=changed(moves)), tmp_path)
    known, folded = text.index('<table id="changed"'), text.index('<table id="uncompared"')
    assert known < text.index("<summary>Could not be compared: 1 customer</summary>") < folded < text.index('id="all"')
    only = _text(run_data([{"reason": "under_review"}], changes=changed(moves[:1])), tmp_path)
    assert '<table id="changed"' not in only


def test_only_files_that_are_written_are_named(tmp_path: Path) -> None:
    """A page alone in its folder sends nobody to a table that is not there."""
    alone = _text(run_data([{"reason": "allowed"}]), tmp_path)
    assert "results." not in alone.partition("What this means</h2>")[2].partition("</main>")[0]
    beside = _text(run_data([{"reason": "allowed"}], tables=("results.parquet", "results.csv")), tmp_path)
    assert "Every column of every row is in the folder of the run: results.parquet, results.csv." in beside


def test_the_colours_of_the_bars_are_explained_in_words(tmp_path: Path) -> None:
    """On a narrow screen too, where the header of the chart has no room for them."""
    text = _text(run_data([{"reason": "allowed", "owner": "ann"}]), tmp_path)
    for verdict in Verdict:
        assert f'<span class="{verdict}">{VERDICTS[verdict].name}</span>' in text
    assert ".legend { display: flex" in text


BLOCKED: list[dict[str, Any]] = [
    {"reason": "under_review", "company_name": "Old", "verdict_before": "blocked", "blocked_since": ago(91)},
    {"reason": "not_allowed", "company_name": "Open", "verdict_before": "blocked", "blocked_since": ago(90)},
    *({"reason": "unknown", "company_name": f"New {n}", "blocked_since": ago(n)} for n in range(5)),
]


def test_the_first_screen_names_who_is_new_and_what_to_do_first(tmp_path: Path) -> None:
    """The newest case with its advice; the number of new customers with the first names; old cases are folded."""
    data = run_data(BLOCKED, changes=changed([]))
    found = _page(data)
    assert found["first"]["name"] == "New 0"
    assert found["first"]["text"] == "Status unknown to Microsoft (blocked). Look at the account in Partner Center."
    assert found["new"] == {
        "label": "New since 21 Nov 2026",
        "count": 5,
        "names": ["New 0", "New 1", "New 2", "and 2 more"],
    }
    text = _text(data, tmp_path)
    places = [text.index(f'<table id="{name}" class="cases">') for name in ("new", "blocked", "old")]
    assert places == sorted(places)
    assert "<summary>Blocked for more than 90 days: 1 customer</summary>" in text


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (["allowed"], "Nobody is blocked. There is nothing to do."),
        (["throttled"], "Nobody is known to be blocked. Do not promise orders to customers who are not verified."),
        ([], "Nobody is blocked. There is nothing to do."),
    ],
)
def test_where_nobody_is_blocked_the_first_line_says_so(reasons: list[str], said: str) -> None:
    """And who is not verified is never called eligible."""
    assert _page(run_data([{"reason": reason} for reason in reasons]))["first"]["text"] == said


def test_the_money_of_a_case_has_its_currency(tmp_path: Path) -> None:
    """In the case's own column, right before its status; each currency of a customer by itself."""
    twice: dict[str, Any] = {"reason": "under_review", "customer": 0, "customer_id": guid(0)}
    records = [twice | {"own": {"Revenue": text}} for text in ("EUR 1,200.50", "USD 80")]
    sums = add_up("Revenue", [("", Verdict.BLOCKED, record["own"]["Revenue"], 1) for record in records])
    data = run_data(records, ("Revenue",), sums=tuple(sums), presentation=Presentation(sums=("Revenue",)))
    text = _text(data, tmp_path)
    assert '<td class="n m" data-column="Revenue">EUR 1,200.50\nUSD 80<td>Under review by Microsoft' in text
    assert '<p class="big"><b>EUR 1,200.50</b><span class="hidden"> + </span><b>USD 80</b></p>' in text


def test_the_banner_says_once_that_the_data_are_simulated(tmp_path: Path) -> None:
    """In bold; behind it stand other warnings, or none."""
    text = _text(run_data([{"reason": "allowed"}], simulated=True), tmp_path)
    (banner,) = re.findall('<p class="banner warn">.*</p>', text)
    assert "Simulated data: nothing here is about anybody real.</strong> Every customer has a verdict.</p>" in banner
    assert "the data are simulated" not in banner.lower()


def test_a_house_style_is_in_the_file_itself(tmp_path: Path) -> None:
    """Title, colour and logo; the policy lets this image in, and none from elsewhere."""
    content = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x01"
    presentation = Presentation(title="Contoso <CSP>", accent="#7a1f5c")
    data = run_data([{"reason": "allowed"}], presentation=presentation, logo=Logo("logo.png", content, 2, 1))
    text = _text(data, tmp_path)
    assert "<title>Contoso &lt;CSP&gt; · 20261122T120000Z</title>" in text
    assert f'src="data:image/png;base64,{base64.b64encode(content).decode()}" width="2" height="1" alt="">' in text
    assert "--accent: #7a1f5c;" in text
    assert "; img-src data:; base-uri" in text
    assert "img-src" not in _text(run_data([{"reason": "allowed"}]), tmp_path)


def test_a_domain_breaks_at_its_dots(tmp_path: Path) -> None:
    """Not in the middle of a word, where it fits."""
    text = _text(run_data([{"reason": "unknown", "domain": "a&b.contoso.example"}]), tmp_path)
    assert "<span>a&amp;b.<wbr>contoso.<wbr>example</span>" in text


def test_what_the_style_says_is_in_the_language(tmp_path: Path) -> None:
    """The labels on a phone, and the state of the run on each sheet of paper."""
    german = _text(run_data([{"reason": "unknown"}], language=languages.load("de")), tmp_path)
    assert '--manager: "Kundenbetreuer"' in german
    assert '<html lang="de"' in german
    english = _text(run_data([{"reason": "unknown"}]), tmp_path)
    assert '@page simulated { @top-left { content: "SIMULATED DATA";' in english
    assert '--since: "Since";' in english


def test_the_banner_counts_customers_and_not_rows(tmp_path: Path) -> None:
    """A customer on two rows counts once, and a row without an id belongs to no customer."""
    twice = Tally(Reason.SERVICE_ERROR, rows=2, customers=1, owner_customers=1)
    known, none = Tally(Reason.ALLOWED, rows=1, customers=1, owner_customers=1), Tally(Reason.INVALID_ID, rows=1)
    records = [{"reason": "allowed"}]
    text = _text(run_data(records, ledger=build_ledger([twice, known, none], 4, 2)), tmp_path)
    assert "</strong> 1 of 2 customers is not verified (do not treat as eligible)" in text
    text = _text(run_data(records, ledger=build_ledger([known, none], 2, 1)), tmp_path)
    assert "</strong> 1 of 2 rows is not verified (do not treat as eligible)" in text
