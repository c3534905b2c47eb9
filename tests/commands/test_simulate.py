"""`auditor simulate`: the customers of a simulator without `--customers`."""

from auditor import customers
from auditor.commands.demo import find_sample
from auditor.commands.simulate import customer_options
from auditor.core.model import Customer
from auditor.simulator import Scenario
from auditor.simulator.customers import Directory

STRANGER = "11111111-2222-4333-8444-555555555555"


def test_without_a_number_every_id_is_known() -> None:
    """So that a run with a list, and one without, show something; kinds of strangers are strangers all the same."""
    known = Directory(customer_options(None), Scenario(seed=0))
    listed = [row.id for row in customers.read(str(find_sample("portal-export.csv"))) if isinstance(row, Customer)]
    assert listed
    assert [member.id for member in known.listed] == listed
    assert known.refusal(STRANGER) is None


def test_an_id_outside_a_generated_list_is_unknown() -> None:
    """Any other id is answered with 404; with 0 customers, every GUID is a customer."""
    known = Directory(customer_options(7), Scenario(seed=0, weights={"allowed": 1}))
    assert len(known.listed) == 7
    assert known.refusal(STRANGER) is not None
    assert Directory(customer_options(0), Scenario(seed=0)).refusal(STRANGER) is None
