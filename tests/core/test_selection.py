"""Which rows are asked for."""

from auditor.core.selection import normalise_owner


def test_an_account_manager_is_found_in_any_spelling() -> None:
    """As in the table of `auditor mail`: letter case, white space and Unicode form do not count."""
    assert normalise_owner(" ZOE\u0308  \u00c5ngstr\u00f6m") == normalise_owner("zo\u00eb \u00e5ngstr\u00f6m")
    assert normalise_owner("Ann") != normalise_owner("Anna")
