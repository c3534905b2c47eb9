"""`auditor demo`: its list meets everything there is."""

import json
from pathlib import Path
from typing import NoReturn

import pytest

from auditor import customers, journal
from auditor.cli import main
from auditor.commands.demo import _ALL, STRANGERS, WEIGHTS, _read_sample_rows, _simulator_options, find_sample
from auditor.core.model import Customer
from auditor.errors import SettingsError
from auditor.runs.options import RunOptions
from auditor.simulator import KINDS, Scenario
from image_support import png


def test_every_kind_of_answer_happens_to_somebody(tmp_path: Path) -> None:
    """Every status, error and fault kind of the simulator is met by a customer of the sample list."""
    options = _simulator_options(find_sample("customers.csv"), str(tmp_path))
    ids = [row.id for row in customers.read(str(find_sample("customers.csv"))) if isinstance(row, Customer)]
    census = Scenario(seed=options.seed, weights=WEIGHTS).count_kinds(ids)
    assert min(census.values()) > 0
    # what is left out is rejections for exceeding the limit, and those come from the simulator's own limit
    assert set(KINDS) - set(census) == {"throttled_once", "throttled_twice", "quota_once"}
    assert len(set(ids)) == 2000


def test_the_customer_list_of_the_demo_has_strangers(tmp_path: Path) -> None:
    """A few customers of the sample are none of the partner's, and a few of the partner's are not in the sample."""
    _simulator_options(find_sample("customers.csv"), str(tmp_path))
    sample = {row.id for row in customers.read(str(find_sample("customers.csv"))) if isinstance(row, Customer)}
    roster = {row.id for row in customers.read(str(tmp_path / "roster.csv")) if isinstance(row, Customer)}
    assert len(sample - roster) == len(roster - sample) == STRANGERS


@pytest.mark.system
def test_the_demo_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It exits 0, is throttled at least once, says that its data are simulated, and leaves `latest` alone."""
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    shown = capsys.readouterr().out
    assert "The data are simulated" in shown
    assert "run would have exited with 3" in shown
    assert "2,009 rows = " in shown
    assert not (tmp_path / "reports" / "latest").exists()
    (summary,) = (tmp_path / "reports").glob("2*/summary.json")
    assert json.loads(summary.read_text(encoding="utf-8"))["requests"]["throttled"] > 0


def test_the_reports_of_a_demo_have_the_look_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Language and house style; nothing else of a settings file counts, and a secret that it names is not read."""
    monkeypatch.chdir(tmp_path)
    Path("logo.png").write_bytes(png(40, 20))
    Path("auditor.toml").write_text(
        'reports = "real"\nmax_undetermined = 3\nlanguage = "de"\nrefresh_token_file = "elsewhere"\n'
        '[report]\nlogo = "logo.png"\ntitle = "Contoso"\naccent = "#245"\n'
    )

    def stop(_run: Path, _options: RunOptions) -> NoReturn:
        raise SettingsError("far enough", "")

    monkeypatch.setattr("auditor.runs.audit.run_audit", stop)
    assert main(["demo", "--language", "fr", "-q"]) == SettingsError.exit_code
    (run,) = Path("reports").glob("2*")
    facts = journal.read_facts(run)
    shown = facts.presentation
    assert (shown.language, shown.title, shown.accent, shown.logo) == ("fr", "Contoso", "#224455", "logo.png")
    assert (run / shown.logo).read_bytes() == png(40, 20)
    assert facts.max_undetermined == _ALL


def test_the_rows_name_the_list_and_not_where_it_is_kept() -> None:
    """What the reports of a demo say is the same on every machine."""
    assert {one.row.source_file for one in _read_sample_rows(find_sample("customers.csv"))} == {"customers.csv"}
