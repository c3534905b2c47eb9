"""`auditor simulate`: who the customers of a simulator are that nobody told."""

from auditor import customers
from auditor.commands.demo import sample
from auditor.commands.simulate import customers_of
from auditor.core.model import Customer
from auditor.simulator import Scenario
from auditor.simulator.customers import Directory

STRANGER = "11111111-2222-4333-8444-555555555555"


def test_without_a_number_a_sample_list_is_the_customer_list_and_nobody_is_a_stranger() -> None:
    """So that a run with a list, and one without, show something; kinds of strangers are strangers all the same."""
    known = Directory(customers_of(None), Scenario(seed=0))
    listed = [row.id for row in customers.read(str(sample("portal-export.csv"))) if isinstance(row, Customer)]
    assert listed
    assert [member.id for member in known.listed] == listed
    assert known.refusal(STRANGER) is None


def test_a_number_invents_a_list_outside_which_everybody_is_a_stranger() -> None:
    """An empty one has nobody to be compared with: every GUID is a customer."""
    known = Directory(customers_of(7), Scenario(seed=0, weights={"allowed": 1}))
    assert len(known.listed) == 7
    assert known.refusal(STRANGER) is not None
    assert Directory(customers_of(0), Scenario(seed=0)).refusal(STRANGER) is None
