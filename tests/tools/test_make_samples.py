"""Properties of the sample lists and of their generator."""

import re
from pathlib import Path

import pytest
from make_samples import FILES
from sample_customers import CUSTOMERS, invent_customers

from auditor import customers
from auditor.core.model import Customer

SAMPLES = Path(__file__).parents[2] / "sample_inputs"


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".xlsx")])
def test_regenerating_gives_the_same_bytes(name: str) -> None:
    """The committed text samples are the generator's output."""
    assert FILES[name](invent_customers()) == (SAMPLES / name).read_bytes()


def test_the_demo_list_holds_2000_customers_and_a_few_faults() -> None:
    """The list of the demo: 2,000 distinct customers, 4 of them twice, 5 rows without an id; every row is accounted for."""
    rows = list(customers.read(str(SAMPLES / "customers.csv")))
    ids = [row.id for row in rows if isinstance(row, Customer)]
    assert len(set(ids)) == CUSTOMERS == 2000
    assert len(ids) == 2004
    assert len(rows) == 2009


def test_the_portal_export_has_its_shape() -> None:
    """The portal's export: a byte-order mark, CRLF, its five columns, 40 distinct customers."""
    data = (SAMPLES / "portal-export.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfMicrosoft ID,Company name,Primary domain name,Relationship,Tags\r\n")
    assert re.search(rb"[^\r]\n", data) is None
    rows = list(customers.read(str(SAMPLES / "portal-export.csv")))
    assert len({row.id for row in rows if isinstance(row, Customer)}) == len(rows) == 40


def test_every_sample_is_named_in_the_readme() -> None:
    """The folder's README says what each file is, and names no other."""
    named = set(re.findall(r"^\| `([^`]+)`", (SAMPLES / "README.md").read_text("utf-8"), flags=re.MULTILINE))
    assert named == set(FILES) == {path.name for path in SAMPLES.iterdir()} - {"README.md"}


def test_only_reserved_domains() -> None:
    """All sample customers have reserved domains."""
    assert all(customer.domain.endswith(".example") for customer in invent_customers())


@pytest.mark.parametrize(
    ("name", "kind", "rows", "ids", "distinct"),
    [
        ("account-managers.xlsx", customers.Format.WORKBOOK, 60, 59, 59),
        ("messy.csv", customers.Format.CSV, 13, 9, 8),
        ("ids.txt", customers.Format.TEXT, 22, 21, 20),
        ("customers.jsonl", customers.Format.JSON_LINES, 30, 30, 30),
    ],
)
def test_every_sample_is_read_to_the_end(name: str, kind: customers.Format, rows: int, ids: int, distinct: int) -> None:
    """Each sample is recognised, with the expected numbers of rows, ids and customers."""
    found = customers.read(str(SAMPLES / name))
    listed = list(found)
    tenants = [row.id for row in listed if isinstance(row, Customer)]
    assert (found.format, len(listed), len(tenants), len(set(tenants))) == (kind, rows, ids, distinct)
