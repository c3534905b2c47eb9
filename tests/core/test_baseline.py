"""Which runs may be compared."""

from dataclasses import replace

import pytest

from auditor.core.baseline import RunIdentity, describe_other_lists, normalise_list_name, why_incomparable

RUN = RunIdentity("https://api.example", "account", simulated=False, tenant="", lists=("in/Customers-2026-11.csv",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Customers-2026-11.csv", "Customers-2026-12.csv"),
        ("customers_20261130.csv", "customers_20261231.csv"),
        ("Customers 2026-11-22T10-30-00.csv", "Customers 2026-12-01T09-00-00.csv"),
        ("Customers (1).csv", "Customers.csv"),
        ("exports/november/Customers.csv", "C:\\exports\\december\\customers.csv"),
        ("2026-11.csv", "2026-12.csv"),
        ("-", "-"),
    ],
)
def test_the_same_list_in_two_exports(one: str, other: str) -> None:
    """Folder, letter case, a date, and the number of a second download do not matter."""
    assert normalise_list_name(one) == normalise_list_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("region1.csv", "region2.csv"),
        ("customers.csv", "customers.xlsx"),
        ("partner 4711.csv", "partner 4712.csv"),
        ("customers2026.csv", "customers2025.csv"),
        ("2025-13.csv", "2025-14.csv"),
        ("a-20261101.csv", "b-20261101.csv"),
    ],
)
def test_different_lists(one: str, other: str) -> None:
    """Any other number or word makes another list."""
    assert normalise_list_name(one) != normalise_list_name(other)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"simulated": True}, "simulated"),
        ({"api": "https://other.example"}, "https://other.example"),
        ({"validation_type": "other"}, "other"),
    ],
)
def test_incomparable_runs(change: dict[str, object], words: str) -> None:
    """Another service, another type, a simulator: refused with the reason."""
    other = replace(RUN, **change)  # type: ignore[arg-type] # by name
    assert words in why_incomparable(RUN, other)
    assert RUN.comparison_key != other.comparison_key


def test_two_partners_cannot_be_compared() -> None:
    """If both runs know their tenant; a run with a given token does not."""
    first, second = replace(RUN, tenant="a"), replace(RUN, tenant="b")
    assert "partner" in why_incomparable(first, second)
    assert not why_incomparable(first, RUN)


def test_simulators_are_one_service() -> None:
    """A simulator's URL differs every time, and demos are compared."""
    first = replace(RUN, simulated=True)
    second = replace(first, api="http://127.0.0.1:1", tenant="b")
    assert not why_incomparable(first, second)
    assert first.comparison_key == second.comparison_key


def test_other_lists_are_compared_with_a_remark() -> None:
    """It concerns new and removed customers."""
    other = replace(RUN, lists=("region2.csv",))
    assert not why_incomparable(RUN, other)
    assert "region2.csv" in describe_other_lists(RUN, other)
    assert not describe_other_lists(RUN, replace(RUN, lists=("Customers-2026-12.csv",)))
