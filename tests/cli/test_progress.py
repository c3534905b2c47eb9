"""The progress line: as wide as the terminal, every number complete, waits shown."""

import io

import pytest
from rich.console import Console

from auditor.cli import progress
from auditor.core.judge.classification import classify
from auditor.core.model import ApiResponse, CustomerResult, Reason
from auditor.core.run_facts import RunFacts
from conftest import CUSTOMER, NOON, load_reply


class _Outlook:
    def __init__(self, waits: float = 0.0, slowed: float | None = None) -> None:
        self.waits, self.slowed = waits, slowed

    def eta(self, customers: int) -> float | None:
        return customers * 0.12

    def closed_for(self) -> float:
        return self.waits

    def slowed_to(self) -> float | None:
        return self.slowed


def _facts() -> RunFacts:
    return RunFacts(
        run_id="20261122T120000Z", api="http://127.0.0.1:9", rows=2000, customers=2000, started_at=NOON, simulated=False
    )


@pytest.fixture(autouse=True)
def _every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tick prints a note."""
    monkeypatch.setattr(progress, "NOTE_EVERY", -1.0)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_bar_shrinks_and_numbers_stay_complete(width: int) -> None:
    """A narrow terminal drops the words about the rest, then the bar; counts and total stay complete."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    live = progress._ProgressLine(console)
    live.start(_facts(), 2000, _Outlook(118.0, 131.0))
    reply = load_reply("200-allowed")
    for _ in range(25):
        live.add(CustomerResult(CUSTOMER, classify(reply, CUSTOMER), reply, 1))
        live.tick()
    live.stop()
    last = [line for line in file.getvalue().replace("\r", "\n").splitlines() if "asking" in line][-1]
    assert "25/2000" in last
    assert "0 blocked, 25 eligible, 0 not verified" in last
    assert "…" not in last
    assert ("throttled: waiting 118 s more" in last) == (width >= 120)


@pytest.mark.parametrize(
    ("room", "said", "bar"),
    [(60, "1 b; wait; left", 40), (16, "1 b; wait; left", 1), (12, "1 b; wait", 3), (2, "1 b", 1)],
)
def test_fit_words(room: int, said: str, bar: int) -> None:
    """The most urgent first; the numbers always."""
    assert progress.fit_words("1 b", ["wait", "left"], room) == (said, bar)


def test_a_wait_is_noted_while_no_answer_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log file: how long the service asked to wait, and the rate below the set one."""
    notes = progress._ProgressNotes()
    notes.start(_facts(), 2000, _Outlook(118.0, 131.0))
    notes.tick()
    said = capsys.readouterr().err
    assert "throttled: waiting 118 s more; about 4 minutes left; 131 a minute" in said


def test_an_answer_after_an_outage_replaces_the_one_that_was_not_final() -> None:
    """It is neither counted twice nor kept among those without a final answer."""
    lost = ApiResponse(NOON, failure="ConnectionRefusedError")
    counts = progress._ProgressNotes()
    counts.add(CustomerResult(CUSTOMER, classify(lost, CUSTOMER), lost, 1))
    counts.take_back(Reason.TRANSPORT_ERROR)
    response = load_reply("200-allowed")
    counts.add(CustomerResult(CUSTOMER, classify(response, CUSTOMER), response, 1))
    assert (counts.reasons.total(), counts.not_final) == (1, 0)
