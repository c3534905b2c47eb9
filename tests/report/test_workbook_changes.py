"""Workbooks of a run that is compared with an earlier one: what changed, in the whole and in each share."""

from decimal import Decimal
from pathlib import Path

from book_support import compared_run, opened, records, render, sheet
from report_support import Run, answer, new_run, row

from auditor.core.baseline import Baseline
from auditor.core.model import Verdict
from auditor.core.run_facts import Presentation


def _run(folder: Path) -> Run:
    """Customer 0 is newly blocked, 1 newly eligible, 2 as before, 3 is not verified; Cy's customer 4 is as before."""
    owners = ["Ann", "Bo", "Ann", "Bo", "Cy"]
    rows = [row(n, owner=owner, other={"Revenue": f"{n + 1}00.50"}) for n, owner in enumerate(owners)]
    rows.append(row(0, owner="Bo", source_row=9, other={"Revenue": "a lot"}))
    reasons = ["under_review", "allowed", "allowed", "service_error", "allowed"]
    answers = [answer(n, n, reason) for n, reason in enumerate(reasons)]
    return compared_run(folder, rows, answers, presentation=Presentation(sums=("Revenue",)))


def test_changes_are_told_and_counted(tmp_path: Path) -> None:
    """The sheet has what changes.csv has; the Summary's differences are those of the counts then and now."""
    run = _run(tmp_path)
    ledger = render(run, "csv", "xlsx")
    path = run.path / "audit.xlsx"
    assert [one["Change"] for one in records(path, "Changes")] == [
        *("Newly blocked", "No longer blocked", "Could not be compared", "No longer in the list")
    ]
    assert [one["Customer id"] for one in records(path, "Changes")] == [
        line["customer_id"] for line in run.records("changes.csv")
    ]
    told = {str(line[0]): line for line in sheet(path, "Summary")}
    assert [told[word][1:3] for word in ("Blocked", "Not verified", "Not blocked (eligible)")] == [
        *([1.0, -1.0], [1.0, 1.0], [3.0, -1.0])
    ]
    assert told["New since 21 Nov 2026"][1] == "Revenue"
    assert "On 6 rows of the customer lists." in told
    assert ledger.customers_of(Verdict.ELIGIBLE) == 3
    assert "Since 21 Nov 2026" in next(line for line in sheet(path, "Summary") if line[0] == "Verdict")


def test_a_pack_tells_its_owners_changes(tmp_path: Path) -> None:
    """A customer of two account managers changed for both; one that is gone, for whose it was; Cy has nothing to do."""
    run = _run(tmp_path)
    render(run, "csv", "xlsx")
    ann, bo = (records(run.path / "by-owner" / f"{name}.xlsx", "Changes") for name in ("Ann", "Bo"))
    assert [one["Change"] for one in ann] == ["Newly blocked", "No longer in the list"]
    assert [one["Change"] for one in bo] == ["Newly blocked", "No longer blocked", "Could not be compared"]
    index = {line["owner"]: (line["file"], line["changed"]) for line in run.records("by-owner/index.csv")}
    assert index == {"Ann": ("Ann.xlsx", "2"), "Bo": ("Bo.xlsx", "2"), "Cy": ("", "0")}


def test_blocked_since_is_the_earlier_of_what_is_known(tmp_path: Path) -> None:
    """The history's first sight of it, or the status's own date."""
    rows = [row(1), row(2)]
    dated = answer(1, 2, "under_review", last_update_raw="2026-06-01T10:00:00")
    run = compared_run(tmp_path, rows, [answer(0, 1, "under_review"), dated])
    render(run)
    found = {one["Customer id"][-1]: one for one in records(run.path / "audit.xlsx", "Action needed")}
    assert found["2"]["Blocked since (UTC)"].isoformat() == "2026-06-01T10:00:00"
    assert found["1"]["Blocked since (UTC)"].isoformat()[:10] == "2026-11-22"


def test_sums_stand_beside_the_counts(tmp_path: Path) -> None:
    """By verdict and by account manager; what is no number is counted, not guessed."""
    run = _run(tmp_path)
    render(run)
    rows = sheet(run.path / "audit.xlsx", "Summary")
    told = {str(line[0]): line for line in rows}
    assert [Decimal(str(told[word][3])) for word in ("Blocked", "Not verified", "Not blocked (eligible)")] == [
        *(Decimal("100.5"), Decimal("400.5"), Decimal("1001.5"))
    ]
    assert [told[name][5] for name in ("Ann", "Bo")] == [100.5, 0.0]
    assert told["At risk: Revenue"][1] == "100.50\n(1 row without a readable number)"
    assert any(str(line[0]).startswith("Revenue: 1 of the rows hold no number") for line in rows)
    ann = {str(line[0]): line for line in sheet(run.path / "by-owner" / "Ann.xlsx", "Summary")}
    assert ann["Blocked"][3] == 100.5
    assert ann["At risk: Revenue"][1] == "100.50"


def test_what_is_added_up_is_a_number_in_its_sheets(tmp_path: Path) -> None:
    """Read as the sums read it, so that a spreadsheet adds up the same; a text where it adds nothing, or would lose a digit."""
    money, seats = (
        ["1,234.50", "12,000", "n/a", "", "365.00", "0.30000000000000000001"],
        ["3", "-4", "5", "6", "07", "8"],
    )
    rows = [
        row(n, owner="Ann", other={"Revenue": one, "Seats": n_of})
        for n, (one, n_of) in enumerate(zip(money, seats, strict=True))
    ]
    answers = [answer(n, n, "under_review") for n in range(len(rows))]
    run = new_run(tmp_path / "r", rows, answers, presentation=Presentation(sums=("Revenue", "Seats")))
    render(run, "csv", "xlsx")
    for name in ("Action needed", "All customers"):
        found = sorted(records(run.path / "audit.xlsx", name), key=lambda one: str(one["Customer id"]))
        assert [one["Revenue"] for one in found] == [1234.5, 12000.0, "n/a", "", 365.0, "0.30000000000000000001"]
        assert [one["Seats"] for one in found] == [3.0, -4.0, 5.0, 6.0, 7.0, 8.0]
    summary = opened(run.path / "audit.xlsx")["Summary"]
    (line,) = [line for line in summary.iter_rows() if line[0].value == "Blocked" and line[4].value is not None]
    assert [cell.number_format for cell in line[3:5]] == ["#,##0.00_)", "#,##0_)"]
    assert line[4].value == 25


def test_what_changed_is_said_in_sentences(tmp_path: Path) -> None:
    """Only what there is, in people's spelling; nothing changed is said as that; one word for each verdict."""
    run = _run(tmp_path)
    render(run)
    told = [str(line[0]) for line in sheet(run.path / "audit.xlsx", "Summary")]
    said = "Compared with the last audit (21 Nov 2026). 1 customer newly blocked since the last audit (21 Nov 2026)."
    said += " No longer blocked: 1; No longer in the list: 1."
    assert f"{said} 1 customer could not be compared." in told
    assert "By account manager (customers)" in told
    assert "Not verified" in told
    assert "Undetermined" not in told
    first = str(sheet(run.path / "audit.xlsx", "Not verified")[1][0])
    assert first.startswith("1 customer could not be checked")


def test_a_run_without_a_baseline_says_so_once(tmp_path: Path) -> None:
    """As a sentence, on the Summary and on the sheet of changes."""
    baseline = Baseline(note="there is no earlier run to compare with")
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)], baseline=baseline)
    render(run)
    path = run.path / "audit.xlsx"
    assert "There is no earlier run to compare with." in [str(line[0]) for line in sheet(path, "Summary")]
    assert str(sheet(path, "Changes")[1][0]).startswith("There is no earlier run to compare with. As of")


def test_a_long_review_has_another_next_step(tmp_path: Path) -> None:
    """On the sheet of what asks for action, and on the page."""
    dates = ("2026-11-10T10:00:00", "2026-01-10T10:00:00")
    answers = [answer(n, n + 1, "under_review", last_update_raw=one) for n, one in enumerate(dates)]
    run = new_run(tmp_path / "r", [row(1), row(2)], answers)
    render(run, "csv", "xlsx", "html")
    steps = {one["Customer id"][-1]: one["What to do"] for one in records(run.path / "audit.xlsx", "Action needed")}
    assert steps["1"].startswith("Wait;")
    assert "support case" in steps["2"]
    assert "<td>Unusually long: open a support case" in (run.path / "report.html").read_text(encoding="utf-8")
