"""What the tests of the workbooks share: runs with awkward texts, and workbooks read back by two libraries."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
from openpyxl.utils.escape import unescape
from python_calamine import CalamineWorkbook
from report_support import NOON, Run, answer, guid, new_run, row

from auditor.core.results.ledger import Ledger
from oracle import workbook as oracle

HEAD, LINKS = 3, 65_530
INJECTIONS = (
    *("=1+1", '=HYPERLINK("http://x.example","y")', "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|calc"),
    *("<r><t>x</t></r>", "<r>", "&amp;", "{=1}", "http://x.example", "mailto:a@b.example", "_x0041_", "_x005F_"),
    *("<r>ü</r>", "<r>_x0041_\x00</r>", "_x005F_x0041_", "_x0041_x0042_x0043_"),
    *("007", "1e5", "TRUE", "2021-07-14", "#N/A", " padded ", "a\nb", "\x00\x1f", "\ufffe", "😀", "</t></is></c>"),
)


def render(run: Run, *formats: str, most_links: int = LINKS) -> Ledger:
    """Render these formats, the workbooks where none is given, and compare every cell of the workbooks."""
    ledger = run.render(formats or ("xlsx",))
    if not formats or "xlsx" in formats:
        oracle.check(run.path, most_links=most_links)
    return ledger


def awkward_run(folder: Path, **facts: Any) -> Run:
    """Blocked, undetermined and eligible rows with every awkward text as name, owner and own column."""
    rows = [
        row(n, source_row=n + 2, company_name=text, domain=text, owner=text, other={"Tags": text, "status": text})
        for n, text in enumerate(INJECTIONS * 3)
    ]
    reasons = ("under_review", "service_error", "allowed")
    answers = [answer(n, n, reasons[n // len(INJECTIONS)]) for n in range(len(rows))]
    return new_run(folder, rows, answers, **facts)


def sheet(path: Path, name: str) -> list[list[Any]]:
    """A sheet's rows by python-calamine."""
    rows: list[list[Any]] = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()
    return rows


def records(path: Path, name: str) -> list[dict[str, Any]]:
    """A sheet's records by header, by python-calamine."""
    header, *rows = sheet(path, name)[HEAD - 1 :]
    return [dict(zip(header, row, strict=True)) for row in rows]


def opened(path: Path) -> Any:
    """The workbook by openpyxl."""
    return openpyxl.load_workbook(path)


def opened_records(path: Path, name: str) -> list[dict[str, Any]]:
    """A sheet's records by openpyxl, which leaves it to its users to read `_x0000_`."""
    header, *rows = opened(path)[name].iter_rows(min_row=HEAD, values_only=True)
    return [
        {
            label: unescape(value) if isinstance(value, str) else "" if value is None else value
            for label, value in zip(header, values, strict=True)
        }
        for values in rows
    ]


def parts(path: Path) -> dict[str, str]:
    """Every part of the file as text."""
    with ZipFile(path) as package:
        return {name: package.read(name).decode() for name in package.namelist()}


def compared_run(folder: Path, rows: list[dict[str, Any]], answers: list[dict[str, Any]], **facts: Any) -> Run:
    """A run with a baseline a day older: there every customer of these rows is eligible but customer 1, who is blocked,
    and customer 99 of Ann's, who is not in the lists any more, is blocked too.
    """
    listed = [{**line, "other": {}} for line in rows if line["reason"] is None]
    listed.append(row(99, owner="Ann", company_name="Gone Ltd"))
    ids = list(dict.fromkeys(line["customer_id"] for line in listed))
    at = {one: place for place, one in reversed(list(enumerate(line["customer_id"] for line in listed)))}
    before = [
        answer(at[one], reason="under_review" if one in (guid(1), guid(99)) else "allowed") | {"customer_id": one}
        for one in ids
    ]
    old = new_run(folder / "20261121T120000Z", listed, before, started_at=NOON - timedelta(days=1))
    return new_run(folder / "20261122T120000Z", rows, answers, **facts).compared_with(old)
