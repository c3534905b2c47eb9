"""Tests of `auditor.customers.id_column`: which of several columns of GUIDs holds the customer tenant IDs."""

import json
import uuid
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TENANTS, THREE, TWO, example, ids_in, open_list, refusal, rows_in

from auditor.customers import Columns
from auditor.customers.columns import assess_table
from auditor.customers.id_column import IdEvidence
from auditor.customers.table import Format, Table

KEYS = [str(uuid.UUID(int=n + (1 << 120))) for n in range(12)]
"""Keys of another system."""

SAYS_TENANT = [
    "Azure Tenant ID",
    "Microsoft ID",
    "AAD Tenant",
    "Entra GUID",
    "M365 Tenant Id",
    "Directory (tenant) ID",
    "customer.tenantId",
    "referenceCustomerId",
    "companyProfile.tenantId",
    "Mandanten-ID",
    "ID du locataire",
    "Kiracı Kimliği",
    "テナント ID",
    "Partner Center customer ID",
]
GENERIC = ["id", "Customer ID", "Company ID", "GUID", "customer.id", "Client Id", "Kunden-ID", "account_id"]
OTHER = [
    *("Subscription ID", "Azure subscription ID", "SubscriptionGuid", "Relationship ID", "Agreement", "Order ID"),
    *("orderId", "Product ID", "Invoice", "OfferId", "EntitlementId", "User ID", "Entra object ID", "App ID"),
    *("PartnerId", "Partner Tenant ID", "Reseller tenant", "Indirect reseller ID", "commerceId", "Abonnement-ID"),
    *("Tenant subscription ID", "ResourceGuid", "License ID", "Correlation ID", "billingProfile.id"),
]


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    return "\n".join([",".join(names), *(",".join(row) for row in rows)]).encode()


@pytest.mark.parametrize("generic", GENERIC)
@pytest.mark.parametrize("tenant", SAYS_TENANT)
def test_a_name_that_says_tenant_wins(generic: str, tenant: str) -> None:
    """A generic id may be the key of another system: the column whose name says tenant is the id."""
    rows = list(zip(KEYS, TENANTS, strict=True))
    assert ids_in(rows_in(_table([generic, tenant], rows))) == [*TENANTS]
    assert ids_in(rows_in(_table([tenant, generic], [(b, a) for a, b in rows]))) == [*TENANTS]


@pytest.mark.parametrize("name", [*SAYS_TENANT, *GENERIC, "Reference", "Kunde"])
@pytest.mark.parametrize("other", OTHER)
def test_a_column_of_other_ids_is_no_candidate(name: str, other: str) -> None:
    """A column that is named as something else does not count beside any other column of GUIDs."""
    assert ids_in(rows_in(_table([other, name], list(zip(KEYS, TENANTS, strict=True))))) == [*TENANTS]


@pytest.mark.parametrize("other", OTHER)
def test_only_ids_of_other_things_are_refused(other: str) -> None:
    """F2: where the only GUIDs are named as something else, the list is refused; --id-column overrides."""
    data = _table(["Customer", other], list(zip("abcdefghijkl", KEYS, strict=True)))
    error = refusal(data)
    assert f'"{other}" (first "{KEYS[0]}")' in error.message
    assert f'--id-column "{other}"' in error.hint
    assert ids_in(rows_in(data, Columns(id=other))) == KEYS


def test_hashes_are_refused() -> None:
    """F2: 32 digits without dashes under a name that does not speak of ids are refused; an id's name is believed."""
    hashes = [one.replace("-", "") for one in TENANTS]
    error = refusal(_table(["Checksum", "Name"], [(one, "a") for one in hashes]))
    assert "32 digits without dashes" in error.message
    assert '--id-column "Checksum"' in error.hint
    for name in ("Checksum", "Tenant ID", "id"):
        data = _table([name, "Name"], [(one, "a") for one in hashes])
        assert ids_in(rows_in(data, Columns(id=name if name == "Checksum" else None))) == [*TENANTS]
    assert ids_in(rows_in("\n".join(hashes).encode())) == [*TENANTS]


@pytest.mark.parametrize("names", [("id", "Customer ID"), ("id", "Reference"), ("Customer ID", "Reference")])
def test_two_uncertain_names_are_ambiguous(names: tuple[str, str]) -> None:
    """If neither name is certain and the ids differ, the error names and quotes both."""
    error = refusal(_table([*names], list(zip(KEYS, TENANTS, strict=True))))
    assert f'"{names[0]}", "{names[1]}" could each be the customer id' in error.message
    assert f'"{KEYS[0]}", "{TENANTS[0]}"' in error.message
    assert f'--id-column "{names[0]}"' in error.hint


def test_a_sparsely_filled_tenant_column() -> None:
    """A tenant column with few ids is still the id column; the other rows are kept without an id."""
    rows = [(key, TENANTS[n] if n % 4 == 0 else "n/a" if n % 4 == 1 else "") for n, key in enumerate(KEYS)]
    found = ids_in(rows_in(_table(["id", "Azure Tenant ID", "Name"], [(*row, "a") for row in rows])))
    assert found == [row[1] for row in rows]


def test_a_tenant_column_that_is_filled_later_only() -> None:
    """If the tenant column is blank in the first rows, the generic id is used; a later tenant ID is an error."""
    keys = [str(uuid.UUID(int=n + (1 << 120))) for n in range(700)]
    rows = [(key, "") for key in keys]
    assert ids_in(rows_in(_table(["id", "Azure Tenant ID"], rows))) == keys
    rows[650] = (keys[650], ONE)
    error = refusal(_table(["id", "Azure Tenant ID"], rows))
    assert f'row 652 holds "{ONE}" in "Azure Tenant ID"' in error.message


@pytest.mark.parametrize(
    "names", [("Id", "TenantId"), ("A", "B"), ("Tenant ID", "Microsoft ID"), ("id", "Kennzeichen")]
)
def test_columns_with_the_same_ids_are_one(names: tuple[str, str]) -> None:
    """F1: two columns that hold the same id in every row are not ambiguous."""
    rows = [(one, one.upper()) for one in TENANTS]
    assert ids_in(rows_in(_table([*names], rows))) == [*TENANTS]
    rows[3] = ("", TENANTS[3])
    assert ids_in(rows_in(_table([*names], rows))) == [*TENANTS]


def test_columns_with_the_same_ids_are_compared_to_the_end() -> None:
    """F1: a difference below the rows that were looked at ends the reading, and names the row."""
    many = [str(uuid.UUID(int=n + (1 << 110))) for n in range(900)]
    rows = [(one, one) for one in many]
    data = _table(["id", "tenantId"], rows)
    assert ids_in(rows_in(data)) == many
    rows[800] = (many[800], ONE)
    error = refusal(_table(["id", "tenantId"], rows))
    assert "standard input: row 802 holds" in error.message
    assert "--id-column" in error.hint
    assert ids_in(rows_in(_table(["id", "tenantId"], rows), Columns(id="id"))) == many


@given(st.lists(st.sampled_from([ONE, TWO, THREE, ""]), min_size=1, max_size=6), st.data())
def test_two_columns_lose_no_row(ids: list[str], data: st.DataObject) -> None:
    """With any content of two uncertain columns, either every row comes out or the list is refused."""
    others = [data.draw(st.sampled_from([one, TWO, ""])) for one in ids]
    list_ = _table(["A", "B", "C"], [(a, b, "x") for a, b in zip(ids, others, strict=True)])
    differ = any(a and b and a != b for a, b in zip(ids, others, strict=True))
    if differ and len(set(ids) - {""}) > 1 and len(set(others) - {""}) > 1:
        assert "could each be" in refusal(list_).message
    elif any(ids) and not any(others):
        assert ids_in(rows_in(list_)) == ids


def test_constant_column_is_ignored() -> None:
    """F3: one id in every row is likely the partner's own tenant, where another column's ids differ."""
    rows = [(THREE, one) for one in TENANTS]
    assert ids_in(rows_in(_table(["A", "B"], rows))) == [*TENANTS]
    assert ids_in(rows_in(_table(["TenantId", "CustomerTenantId"], rows))) == [*TENANTS]
    error = refusal(_table(["TenantId", "Customer ID"], rows))
    assert '"Customer ID", "TenantId" could each be' in error.message


def test_all_rows_with_one_id_are_a_warning() -> None:
    """F3: the warning comes with a chosen column as well, but not for a list of one row."""
    found = open_list(_table(["Tenant ID", "Name"], [(ONE, "a"), (ONE, "b")]))
    assert ids_in(list(found)) == [ONE, ONE]
    assert f"all 2 rows are one customer, {ONE}" in found.warnings[-1]
    for rows in ([(ONE, "a")], [(ONE, "a"), (TWO, "b")]):
        found = open_list(_table(["Tenant ID", "Name"], rows))
        list(found)
        assert found.warnings == []


def test_a_constant_column_is_not_suggested() -> None:
    """F3: the export of relationships that names one tenant in every row is refused without naming that column."""
    error = refusal(example("F3"))
    assert '"id" holds more than an id' in error.message
    assert "Tenant" not in error.hint
    found = open_list(example("F3"), Columns(id="Tenant"))
    list(found)
    assert "are one customer" in found.warnings[-1]
    found = open_list(_table(["Tenant ID", "Zeichen", "Name"], [("1", ONE, "a"), ("2", ONE, "b")]))
    assert found.warnings == []


def test_examples() -> None:
    """Lists that were misread once: the expected column, and every row."""
    expected = {
        "W5__pc": "referenceCustomerId",
        "W5__pax8": "Azure Tenant ID",
        "F1__get": "TenantId",
        "F1__gr": "tenantId",
    }
    for name, column in expected.items():
        found = open_list(example(name))
        assert (found.columns.id, ids_in(list(found))) == (column, [*TENANTS])
    for name in ("F4", "F11"):
        assert ids_in(rows_in(example(name))) == [*TENANTS]
    assert '"Subscription ID" (first "' in refusal(example("F2")).message


def test_a_customer_as_the_api_writes_it() -> None:
    """The whole record of a customer holds other GUIDs; the tenant id is the id."""
    items = [
        {
            "id": one,
            "commerceId": key,
            "companyProfile": {"tenantId": one, "domain": "a.example", "companyName": "A"},
            "billingProfile": {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, key)), "email": "a@a.example"},
            "relationshipToPartner": "reseller",
        }
        for one, key in zip(TENANTS, KEYS, strict=True)
    ]
    found = open_list(json.dumps({"totalCount": 12, "items": items}).encode())
    assert found.columns.id == "companyProfile.tenantId"
    assert ids_in(list(found)) == [*TENANTS]


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        (["Name"], [("a",)], IdEvidence.NONE),
        (["Subscription ID"], [(ONE,)], IdEvidence.OTHER_IDS),
        (["Partner tenant ID"], [(ONE,)], IdEvidence.OTHER_IDS),
        (["id"], [("17",)], IdEvidence.OTHER_IDS),
        (["x"], [(ONE,)], IdEvidence.UNNAMED),
        (["Microsoft ID"], [("#N/A",)], IdEvidence.UNNAMED),
        (["id"], [(ONE,)], IdEvidence.GENERIC),
        (["Customer ID", "Subscription ID"], [(ONE, TWO)], IdEvidence.GENERIC),
        (["id", "Tenant ID"], [(ONE, TWO)], IdEvidence.NAMED),
        (["x", "Mandanten-ID"], [(ONE, TWO)], IdEvidence.NAMED),
    ],
)
def test_evidence(names: list[str], cells: list[tuple[str, ...]], expected: IdEvidence) -> None:
    """How sure a table is, by its names and its cells; the user's choice is as sure as a name that says tenant."""
    sample = [dict(zip(names, row, strict=True)) for row in cells]
    table = Table(format=Format.CSV, names=tuple(names), sample=sample, header_row=1)
    assert assess_table(table, Columns()) is expected
    assert assess_table(table, Columns(id=names[0].upper())) is IdEvidence.NAMED
    assert assess_table(table, Columns(id="elsewhere")) is IdEvidence.NONE


@pytest.mark.parametrize(("cell", "refused"), [("co0.onmicrosoft.example", True), ("", False)])
def test_tenant_column_without_ids(cell: str, refused: bool) -> None:  # noqa: FBT001 - a case
    """A generic id beside it may be another system's key: an error if the tenant column is filled, a warning if it is empty."""
    data = f"id,Name,Azure Tenant ID\n{ONE},a,{cell}\n{TWO},b,{cell}\n".encode()
    if refused:
        assert '"Azure Tenant ID" names the tenant but holds no GUID' in refusal(data).message
    else:
        assert any('"Azure Tenant ID" names the tenant but is empty' in one for one in open_list(data).warnings)
