"""`auditor simulate`: the customers of a simulator without `--customers`."""

from pathlib import Path

from auditor import customers, fleet
from auditor.commands.demo import find_sample
from auditor.commands.simulate import customer_options, write_partners
from auditor.core.model import Customer
from auditor.simulator import IdentityOptions, Scenario, SimulatorOptions, serve_in_thread
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


def test_the_file_of_partners_is_one_that_a_fleet_takes(tmp_path: Path) -> None:
    """Three tenants; their tokens are in files that nobody else can read, and nowhere else."""
    options = SimulatorOptions(tls=False, identity=IdentityOptions(enabled=False))
    with serve_in_thread(options) as simulator:
        path = write_partners(tmp_path / 'a "b" Ü', simulator)
        names, partners = fleet.read_partners(path)
    assert names == ["north", "south", "west"]
    assert len({one.settings.tenant_id for one in partners}) == 3
    assert [bool(one.settings.lists) for one in partners] == [True, True, False]
    tokens = [one.settings.access_token for one in partners]
    assert all(token and token.reveal() not in path.read_text(encoding="utf-8") for token in tokens)
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob("*.token")} == {0o600}
