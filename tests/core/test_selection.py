"""Which rows are asked for."""

from auditor.core.model import Customer, Reason, RejectedRow, Row
from auditor.core.selection import Selection


def test_an_account_manager_is_found_in_any_spelling() -> None:
    """As in the table of `auditor mail`: letter case, white space and Unicode form do not count."""
    selection = Selection("", owners=[" ZOE\u0308  \u00c5ngstr\u00f6m"])
    asked = Customer("1f2e3d4c-0000-4000-8000-000000000001", Row("list.csv", 2, owner="zo\u00eb \u00e5ngstr\u00f6m"))
    assert selection.mark(asked) is asked
    left_out = selection.mark(Customer(asked.id, Row("list.csv", 3, owner="Zo\u00eb \u00c5ngstr\u00f6ms")))
    assert isinstance(left_out, RejectedRow)
    assert left_out.reason is Reason.NOT_SELECTED
