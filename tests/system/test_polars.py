"""polars reads what `auditor history export` wrote, as it stands."""

from pathlib import Path

import polars as pl
import pytest
from nights_support import made

from auditor import read_history
from auditor.cli import main
from auditor.core.model import Reason

pytestmark = pytest.mark.system

FREE, JANUARY = (Reason.ALLOWED, 0), (Reason.UNDER_REVIEW, 0)


def test_a_delta_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a run was replaced, only its present records are there."""
    monkeypatch.chdir(tmp_path)
    for night in ({1: JANUARY, 2: FREE}, {1: FREE, 2: FREE, 3: JANUARY}):
        made(Path("reports"), 0, night)
        assert main(["history", "export", "--delta", "table", "-q"]) == 0
    found = pl.read_delta("table").sort("customer_id")
    wanted = read_history("reports")
    assert found["verdict"].to_list() == ["eligible", "eligible", "blocked"] == wanted["verdict"].to_list()
    assert found.columns == list(wanted.columns)
    assert found["checked_at"].to_list() == wanted["checked_at"].to_list()
