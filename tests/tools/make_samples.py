"""Writes `sample_inputs/`: customer lists of invented customers, the same bytes every time.

    python tests/tools/make_samples.py [FOLDER]

Ids, names and account managers come from a fixed seed; domains are reserved ones (`.example`).
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import xlsxwriter
from sample_customers import NIL, Sample, invent_customers, with_faults

PORTAL = ("Microsoft ID", "Company name", "Primary domain name", "Relationship", "Tags")
TITLE_ROWS = 3
"""Rows above the header of the account managers' sheet."""


def customers_csv(customers: Sequence[Sample]) -> bytes:
    """The demo's list: the portal's export with a column of account managers, and faults."""
    rows = ([*row.portal_row(), row.manager] for row in with_faults(customers))
    return b"\xef\xbb\xbf" + _csv([*PORTAL, "Account manager"], rows).encode()


def portal_export(customers: Sequence[Sample]) -> bytes:
    """As the portal exports it."""
    telling = [c for c in customers if not c.name.isascii()][:10] + [c for c in customers if ", " in c.name][:10]
    shown = dict.fromkeys([*telling, *customers[300:330]])
    return b"\xef\xbb\xbf" + _csv(PORTAL, (row.portal_row() for row in list(shown)[:40])).encode()


def messy(customers: Sequence[Sample]) -> bytes:
    """A list that went through several hands: semicolons, Windows-1252, ids in many forms, some of them wrong."""
    c = [c for c in customers if _fits(c.name + c.manager, "cp1252")]
    ids = [
        c[0].id.upper(),
        f"  {c[1].id} ",
        f"{{{c[2].id.upper()}}}",
        c[3].id.replace("-", ""),
        f"https://partner.microsoft.com/dashboard/v2/customers/{c[4].id}/account",
        f"urn:uuid:{c[5].id}",
        f"'{c[6].id}",
        c[7].id,
        c[0].id,
        NIL,
        "n/a",
        f"{c[8].id} / {c[9].id}",
        "",
    ]
    notes = [
        "",
        "  zweizeilig:\nTelefon und Straße ",
        "=1+1",
        "007",
        "1e5",
        "NA",
        "NULL",
        'sagt "später"',
        "doppelt",
        "",
        "",
        "zwei in einer",
        "ohne ID",
    ]
    rows = [[s.name, i, s.domain, s.manager, n] for s, i, n in zip(c, ids, notes, strict=False)]
    text = _csv(("customer_name", "TENANT-ID", "Domain", "Owner", "Notes"), [*rows[:5], [""] * 5, *rows[5:]], ";")
    return (text + "\r\n  \r\n").encode("cp1252")


def ids_txt(customers: Sequence[Sample]) -> bytes:
    """One id a line."""
    lines = [c.id for c in customers[:20]]
    lines[4], lines[9] = lines[4].upper(), f"{{{lines[9]}}}"
    lines[12] = f"https://partner.microsoft.com/dashboard/v2/customers/{lines[12]}/account"
    text = ["# customers to check, one id a line", "", *lines, "", "# the same again", lines[0], "not an id"]
    return "".join(f"{line}\n" for line in text).encode()


def json_lines(customers: Sequence[Sample]) -> bytes:
    """Customers in the form of the API, an object a line."""
    shown = [c for c in customers if not c.name.isascii()][:10] + list(customers[100:120])
    return "".join(json.dumps(_item(c), ensure_ascii=False) + "\n" for c in shown).encode()


def _item(customer: Sample) -> Mapping[str, object]:
    profile = {"tenantId": customer.id, "domain": customer.domain, "companyName": customer.name}
    return {
        "id": customer.id,
        "companyProfile": profile,
        "relationshipToPartner": "reseller",
        "accountManager": customer.manager or None,
    }


def account_managers(customers: Sequence[Sample]) -> bytes:
    """A workbook as people keep one: a cover sheet, a title above the header, numbers, dates, a gap, a row without id."""
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    book.set_properties({"created": datetime(2025, 1, 1, tzinfo=UTC)})
    book.add_worksheet("About").write("A1", "Who looks after whom. The list is on the next sheet.")
    sheet = book.add_worksheet("Customers")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ["Account managers and their customers"], book.add_format({"bold": True}))
    sheet.write_row(1, 0, ["As of", "1 January 2025"])
    sheet.write_row(
        TITLE_ROWS, 0, ["Customer", "Account manager", "Tenant ID", "Seats", "Customer since", "Priority", "Reference"]
    )
    for i, customer in enumerate(customers[200:260]):
        row = TITLE_ROWS + 1 + i + (i >= 30)  # an empty row in the middle
        sheet.write_string(row, 0, customer.name)
        sheet.write_string(row, 1, customer.manager)
        sheet.write_string(row, 2, "to follow" if i == 45 else customer.id.upper() if i % 9 == 0 else customer.id)
        sheet.write_number(row, 3, 5 + 7 * i % 240)
        sheet.write_datetime(row, 4, date(2019, 3, 1) + timedelta(days=31 * i), day)
        sheet.write_boolean(row, 5, i % 4 == 0)
        sheet.write_string(row, 6, f"{i + 7:03}")
    book.close()
    return held.getvalue()


FILES: Mapping[str, Callable[[Sequence[Sample]], bytes]] = {
    "customers.csv": customers_csv,
    "portal-export.csv": portal_export,
    "messy.csv": messy,
    "ids.txt": ids_txt,
    "customers.jsonl": json_lines,
    "account-managers.xlsx": account_managers,
}


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    held = io.StringIO(newline="")
    writer = csv.writer(held, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return held.getvalue()


def _fits(text: str, encoding: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text


def main(folder: Path) -> None:
    """Write every sample into `folder`."""
    customers = invent_customers()
    for name, make in FILES.items():
        (folder / name).write_bytes(make(customers))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "sample_inputs")
