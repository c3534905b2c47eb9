"""Defects put into the report stage one at a time, and who finds each: verify after a run, `auditor verify`, the tests.

python tests/tools/mutants.py [NAME ...]

Each defect replaces one text in a copy of the package, or changes a rendered file together with its hash in manifest.json. The
copy renders three runs that know of each other; then the product's own check and the oracles of the tests look at them.
Exits with 1 where the tests miss one.
"""

# ruff: noqa: T201, PLC0415 - it prints a table; the copy of the package is on the path of its child processes only
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from report_support import Run

ROOT = Path(__file__).parents[2]
FOUND_BY = ("verify after a run", "auditor verify", "tests")


@dataclass(frozen=True)
class Edit:
    """A defect of the program: in `file` of the package, `old` becomes `new`."""

    name: str
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Tamper:
    """A file of a rendered run in which somebody changes `old` into `new`, and then its hash in the manifest."""

    name: str
    file: str
    old: str
    new: str


RECORDS, CSV, CHANGES = "report/records.py", "report/tables/csv.py", "report/history/changes.py"
SHEETS, COLUMNS, COUNTS = "report/workbook/table.py", "report/workbook/columns.py", "report/workbook/verdicts.py"
CASES, NOTES = "report/cases.py", "report/workbook/notes.py"
SELECTION, TILES = "report/page/selection.py", "report/page/tiles.py"
DEFECTS: tuple[Edit | Tamper, ...] = (
    Edit(
        "workbook: last row lost",
        SHEETS,
        "write_records(styles, page, part, widths)",
        "write_records(styles, page, replace(part, records=part.records.iloc[:-1]), widths)",
    ),
    Edit("page: last row lost", SELECTION, "pd.concat([blocked, undetermined, eligible],", "pd.concat([blocked, undetermined, eligible.iloc[:-1]],"),
    Edit(
        "results.csv: last row lost",
        CSV,
        "write(text, staging.create(RESULTS))",
        "write(text.slice(0, max(0, len(text) - 1)), staging.create(RESULTS))",
    ),
    Edit(
        "blocked.csv: a row lost",
        CSV,
        'write(text.filter(pc.equal(text["verdict"], verdict.value)), staging.create(name))',
        'write(text.filter(pc.equal(text["verdict"], verdict.value)).slice(verdict == "blocked"), staging.create(name))',
    ),
    Edit(
        "by-owner: a workbook holds another manager's rows",
        "report/workbook/by_owner.py",
        "for_owner(run, owner, results)",
        "for_owner(run, owner, run.results.loc[results.index.union(run.results.index[:1])])",
    ),
    Edit("workbook: wrong next step", COLUMNS, "short(Reason(reason), days)", "short(Reason.NOT_ALLOWED, days)"),
    Edit("workbook: API status shows the reason", COLUMNS, 'self.text("API status", "status")', 'self.text("API status", "reason")'),
    Edit("workbook: a < at the beginning of a text lost", SHEETS, "(row, place, value, style) == _TRUNCATED", "(row, place, value.lstrip('<') if isinstance(value, str) else value, style) == _TRUNCATED"),
    Edit("workbook: Days blocked empty", CASES, 'whole_days(cases["blocked_since"], cases["checked_at"])', "None"),
    Edit("workbook: link to another customer", COLUMNS, "template.replace(CUSTOMER_ID, one)", "template.replace(CUSTOMER_ID, one[::-1])"),
    Edit("workbook: About says the wrong verdict", "report/workbook/about.py", "VERDICTS[reason.verdict].name, words.meaning", "VERDICTS[Reason.ALLOWED.verdict].name, words.meaning"),
    Edit("workbook: chart over the wrong cells", COUNTS, '"values": [sheet, first, 1, first + 2, 1]', '"values": [sheet, first, 3, first + 2, 3]'),
    Edit("workbook: rows counted as customers", COUNTS, "customers = subset.ledger.customers_of(verdict)", "customers = subset.ledger.rows_of(verdict)"),
    Edit("page: rows counted as customers", TILES, '"customers": data.ledger.customers_of(verdict),', '"customers": data.ledger.rows_of(verdict),'),
    Edit("page: blocked in the wrong order", SELECTION, "blocked = _with_days(list_cases(data, results))", "blocked = _with_days(list_cases(data, results)).iloc[::-1]"),
    Edit("page: not the same twice", "report/page/__init__.py", '(files(__package__) / name).read_text(encoding="utf-8")', '(files(__package__) / name).read_text(encoding="utf-8") + f"/* {__import__(\'time\').time_ns()} */"'),
    Edit("changes.csv: times_blocked is one too many", CHANGES, '(blocked & ~goes_on).astype("int32")', '(blocked & ~goes_on).astype("int32") + 1'),
    Edit("changes.csv: re_reviewed never said", CHANGES, '(frame["last_update_before"] < frame["last_update"])', '(frame["last_update_before"] != frame["last_update_before"])'),
    Edit("sums: amounts with a comma doubled", "core/results/money.py", "_EXACT.fma(comma, count, commas[group])", "_EXACT.fma(comma * 2, count, commas[group])"),
    Edit("summary: wrong count of unchecked membership", RECORDS, "return int(unchecked.sum())", "return 2 * int(unchecked.sum())"),
    Edit("an incomplete run is called complete", "report/remarks.py", 'else language.text("INCOMPLETE")', 'else language.text("complete")'),
    Edit("the first final answer decides, not the last", RECORDS, 'answers.sort_values("final", kind="stable")', 'answers.iloc[::-1].sort_values("final", kind="stable")'),
    Edit("an answer that is not final decides", RECORDS, 'answers.sort_values("final", kind="stable")', "answers"),
    Edit("the offset of a time dropped", "report/times.py", 'known.where(zoned, known + "Z")', 'known.str.replace("[+-][0-9]{2}:[0-9]{2}$", "Z", regex=True).where(zoned, known + "Z")'),
    Edit("a customer that is not the partner's stays eligible", RECORDS, 'frame["reason"].mask(not_listed,', 'frame["reason"].mask(not_listed & False,'),
    Edit("only the deciding answer's requests counted", RECORDS, 'groupby("customer")["attempts"].sum()', 'groupby("customer")["attempts"].last()'),
    Edit("cases: the smallest amount first", CASES, "item[1][1].copy_negate()", "item[1][1]"),
    Edit("cases: newly blocked ones among the others", "core/results/case_group.py", "return CaseGroup.NEW", "return CaseGroup.OPEN"),
    Edit("results.parquet: numbers doubled", "report/render.py", "else float(one) for one in numbers", "else 2 * float(one) for one in numbers"),
    Edit("workbook: every status in the same words", COLUMNS, "self.language.text(one.name) for reason, one in REASONS", "self.language.text(REASONS[Reason.UNKNOWN].name) for reason, one in REASONS"),
    Edit("notes: the note stands in every column", COLUMNS, "notes[one].text(column)", 'notes[one].text("note")'),
    Edit("notes: what was written into a workbook is forgotten", NOTES, "sorted(shown & {*subset.data.notes})", "sorted(shown & {*subset.data.notes})[1:]"),
    Edit("notes: a changed workbook is removed", "report/kept.py", "if is_open or not is_as_written", "if is_open and not is_as_written"),
    Edit("notes: the older of two texts counts", "core/results/notes.py", "times.count(last := max(times))", "times.count(last := min(times))"),
    Tamper("tampered: a script added to the page", "report.html", "</body>", "<script>alert(1)</script></body>"),
    Tamper("tampered: a word changed in the page", "report.html", "Blocked", "Cleared"),
    Tamper("tampered: an owner changed in results.csv", "results.csv", '"ann"', '"eve"'),
    Tamper("tampered: a total changed in summary.json", "summary.json", '"added": 1', '"added": 2'),
)  # fmt: skip


def main(names: list[str]) -> int:
    """Try the defects whose names contain one of these, or all; print the table."""
    chosen = [one for one in DEFECTS if not names or any(name in one.name for name in names)]
    with ThreadPoolExecutor(max(1, min(2, os.cpu_count() or 1))) as pool:
        found = list(pool.map(_try, [None, *chosen]))
    print(
        f"| {'defect':<52} | {' | '.join(FOUND_BY)} |\n|{'-' * 54}|{'|'.join('-' * (len(one) + 2) for one in FOUND_BY)}|"
    )
    for name, finders in zip(["(none)", *(one.name for one in chosen)], found, strict=True):
        cells = [f"{finders.get(one, '-'):<{len(one)}}" for one in FOUND_BY]
        print(f"| {name:<52} | {' | '.join(cells)} |")
    missed = [one.name for one, finders in zip(chosen, found[1:], strict=True) if "tests" not in finders]
    if found[0]:
        print("\nthe package without a defect is found to have one")
    for name in missed:
        print(f"\nno test finds: {name}")
    return 1 if missed or found[0] else 0


def _try(defect: Edit | Tamper | None) -> dict[str, str]:
    """Who finds the defect: finder -> what it says."""
    with tempfile.TemporaryDirectory(prefix="auditor-mutants-") as name:
        package = Path(name) / "auditor"
        shutil.copytree(ROOT / "auditor", package, ignore=shutil.ignore_patterns("__pycache__"))
        if isinstance(defect, Edit):
            source = (package / defect.file).read_text(encoding="utf-8")
            if defect.old not in source:
                raise SystemExit(f"{defect.name}: {defect.file} has no {defect.old!r} any more")
            (package / defect.file).write_text(source.replace(defect.old, defect.new, 1), encoding="utf-8")
        paths = [name, str(ROOT / "tests"), str(ROOT / "tests" / "report")]
        tampered = str(DEFECTS.index(defect)) if isinstance(defect, Tamper) else ""
        done = subprocess.run(
            [sys.executable, __file__, "--child", f"{name}/runs", tampered],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"{defect and defect.name}: {done.stderr}")
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(folder: Path, tampered: str) -> None:
    """Render the runs and print who finds something."""
    runs = list(_runs(folder))
    if tampered:
        _tamper(runs[1], DEFECTS[int(tampered)])
    checks: list[tuple[str, Callable[[], object]]] = [
        (finder, partial(check, run)) for run in runs for finder, check in _checks()
    ]
    if not tampered:
        checks += _checks_of_notes(folder)
    found: dict[str, str] = {}
    for finder, check in checks:
        # whatever a defect leads to
        try:
            check()
        except Exception as error:  # noqa: BLE001
            found.setdefault(finder, "yes")
            print(f"{finder}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
    print(json.dumps(found))


def _checks() -> Iterator[tuple[str, Callable[["Run"], object]]]:

    from auditor.report.verify import check_reproducible, verify_run
    from oracle import changes, evidence, page, summary, workbook

    yield "verify after a run", lambda run: verify_run(run.stored, strays=False)
    yield "auditor verify", lambda run: verify_run(run.stored)
    yield "auditor verify", lambda run: check_reproducible(run.stored)
    # the tests of these two run them on what the tests render, too
    yield "tests", lambda run: verify_run(run.stored)
    yield "tests", lambda run: check_reproducible(run.stored)
    yield "tests", lambda run: changes.check_changes(evidence.read(run.path))
    yield "tests", lambda run: summary.check_summary(evidence.read(run.path))
    yield "tests", lambda run: workbook.check(run.path)
    yield "tests", lambda run: page.check(run.path)


def _checks_of_notes(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Tests that type into workbooks of runs of their own."""
    import test_typed_notes as notes
    from notes_support import rendered_run

    def rendered(name: str) -> "Run":
        return rendered_run(folder.with_name(name) / "20261122T120000Z")

    def came_back() -> None:
        run = rendered("back")
        notes.test_workbooks_that_came_back_are_read_from_a_folder(run, run.path.parent)

    def two_people() -> None:
        run = rendered("two")
        notes.test_two_people_with_copies_of_one_workbook(run, run.path.parent)

    yield "tests", lambda: notes.test_what_is_typed_stands_in_the_next_rendering(rendered("typed"))
    yield "tests", came_back
    yield "tests", lambda: notes.test_a_sheet_without_ids_is_reported(rendered("without_ids"))
    yield "tests", two_people


def _tamper(run: "Run", defect: Edit | Tamper) -> None:
    from report_support import forge

    path = run.path / defect.file
    content = path.read_text(encoding="utf-8")
    assert defect.old in content
    path.write_text(content.replace(defect.old, defect.new, 1), encoding="utf-8")
    forge(run)


def _runs(folder: Path) -> Iterator["Run"]:
    """Three runs, a week apart, each compared with the one before; the answers are chosen so that each defect shows."""
    from report_support import NOON, answer, member, new_run, row

    from auditor.core.run_facts import Membership, MembershipSource, Presentation
    from auditor.report.history import history_file
    from auditor.report.render import FORMATS, render

    shown = Presentation(sums=("Revenue",), customer_link="https://partner.example/customers/{customer_id}")
    owners = ("ann", "bo", None, "Søren & Ægir")
    rows: list[dict[str, Any]] = [
        row(
            n,
            source_row=n + 2,
            company_name=f"<r>Company {n}" if n == 3 else f"<Company {n}>",
            domain=f"c{n}.example",
            owner=owners[n % 4],
            other={"Revenue": f"1.{n:03},50", "Tags": "<b>x</b>"},
        )
        for n in range(12)
    ]
    rows += [row(1, source_row=14, owner="bo", other={"Revenue": "many", "Tags": None}), row("no id", source_row=15)]
    reasons = [
        "allowed allowed under_review not_allowed allowed allowed under_review allowed throttled allowed allowed allowed",
        "allowed under_review allowed not_allowed under_review allowed under_review no_account_status allowed allowed unknown",
        "allowed under_review under_review allowed under_review allowed under_review no_account_status throttled allowed",
    ]
    old = None
    for week, words in enumerate(reasons):
        began = NOON + timedelta(weeks=week)
        given = {"checked_at": f"{began:%Y-%m-%d}T11:00:00.000000Z"}
        answers = [answer(n, n, reason, **given, **_update(n, week)) for n, reason in enumerate(words.split())]
        # a retry, and a customer that was asked for twice
        answers += [
            answer(0, 0, "service_error", attempts=3, **given),
            answer(9, 9, "not_allowed", attempts=2, **given),
        ]
        answers += [answer(9, 9, "allowed", **given)] if week else []
        members = [member(n, company_name=f"M{n}", domain="m.example") for n in (0, 1, 20, 21)]
        paged = Membership(MembershipSource.LIST, 4, complete=week == 2, message="page 2: 500")
        made = new_run(
            folder / f"{began:%Y%m%d}T120000Z",
            rows[1:] if week == 2 else rows,
            [one | {"row": one["row"] - 1} for one in answers if one["row"]] if week == 2 else answers,
            members,
            membership=paged,
            presentation=shown,
            started_at=began,
            finished_at=began,
            max_undetermined=5 if week else 0,
        )
        run = made.compared_with(old)
        with history_file(folder, run.facts) as record:
            render(run.stored, FORMATS, record)
            if record:
                record.publish()
        old = run
        yield run


def _update(customer: int, week: int) -> dict[str, Any]:
    """When a status was last updated: for some with an offset, later each week, or never."""
    day = f"2026-10-{1 + customer + week * (customer in (0, 6)):02d}T23:30:00"
    return {"last_update_raw": None if customer == 4 else day + ("-05:00" if customer % 2 else "")}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main(sys.argv[1:]))
