"""The notebooks, executed in a kernel of their own; what key cells show."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "first-audit.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Id of each code cell -> what it shows, without markup."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR", "XDG_STATE_HOME"):
            patch.setenv(name, str(folder))
        notebook: Any = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call] # has no types
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: " ".join(map(_shown, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"}


def _shown(output: Any) -> str:
    data = output.get("data", {})
    html = str(data.get("text/html") or data.get("text/plain"))
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL))


def test_it_is_stored_without_outputs() -> None:
    """So a change of the notebook is a change of its text."""
    notebook: Any = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call] # has no types
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def test_the_result_of_an_audit(outputs: dict[str, str]) -> None:
    """Its state, the counts, and who is blocked."""
    result = outputs["audit"]
    assert "Complete. 12 customers: Blocked 2, Not verified 0, Not blocked (eligible) 10." in result
    assert "Company 3" in result
    assert "Company 8" in result
    blocked = outputs["blocked"]
    assert [name in blocked for name in ("Company 3", "Company 8", "Company 5")] == [True, True, False]
    assert re.search(r"eligible 10 blocked 2 undetermined 0", outputs["counts"])


def test_the_next_night(outputs: dict[str, str]) -> None:
    """What changed, what could not be checked, and both runs in the history."""
    changes = outputs["changes"]
    assert "newly_blocked Company 5 Allowed UnderReview" in changes
    assert "newly_eligible Company 8 NotAllowed Allowed" in changes
    assert "Stranger" in outputs["undetermined"]
    history = outputs["history"]
    assert re.findall(r"Company \d (\w+)", history) == ["eligible", "blocked", "blocked", "eligible"]


def test_one_answer_at_a_time(outputs: dict[str, str]) -> None:
    """Each of five customers once."""
    answers = outputs["client"]
    assert len(re.findall(r"(?:eligible Allowed|blocked UnderReview) 1 ", answers)) == 5
