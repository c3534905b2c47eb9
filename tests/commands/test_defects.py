"""An unforeseen body, row or record of one customer: the run continues, reports it, and ends with exit code 1."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from auditor.cli import main
from auditor.core.ids import normalise_id
from auditor.core.judge import classification as classify_module
from auditor.core.judge.breaker import FIRST_ANSWERS
from auditor.core.model import ApiResponse, Finding
from auditor.core.run_facts import FORMATS
from auditor.fetch.retries import RetryingClient
from auditor.journal import Journal, read_facts
from auditor.simulator import AnswerOptions, Kind, PlannedReply, Question, Simulator, kinds
from auditor.simulator.replies import fault
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 61)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--concurrency", "1"]
RUN += ["--format", "csv"]


def _allowed_beside(value: bytes) -> Any:
    body = b'{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00","more":%s}'
    return lambda _: PlannedReply(body=body % value)


def _refused(_: Question) -> PlannedReply:
    return fault(403, 600006, "The requested action is not allowed.")


MORE = {
    "nested": Kind("nested", 1, "500 arrays", _allowed_beside(b"[" * 500 + b"]" * 500)),
    "deep": Kind("deep", 1, "300,000 arrays", _allowed_beside(b"[" * 300_000 + b"]" * 300_000)),
    "nan": Kind("nan", 1, "NaN", _allowed_beside(b"NaN")),
    "refused": Kind("refused", 1, "403/600006", _refused),
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with kinds of trouble that no documentation speaks of."""
    monkeypatch.setattr(kinds, "KINDS", {**kinds.KINDS, **MORE})
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}))


@pytest.fixture
def kind_of(simulator: Simulator) -> dict[str, str]:
    """Customer -> kind; the others are allowed. Filled by the test before its first request."""
    return cast("dict[str, str]", simulator.scenario.overrides)


def _folder() -> Path:
    return next(path for path in Path("reports").glob("2*") if path.is_dir() and not path.is_symlink())


def _reasons() -> dict[str, str]:
    with (_folder() / "results.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row["reason"] for row in csv.DictReader(file)}


def test_a_body_of_nested_arrays_or_with_nan_is_one_customers_affair(
    simulator: Simulator, kind_of: dict[str, str]
) -> None:
    """Malformed, never eligible, asked for again by `resume`; all other customers are answered."""
    assert simulator.api_url
    kind_of.update({IDS[3]: "nested", IDS[7]: "nan", IDS[9]: "deep"})
    assert main([*RUN, "--quiet"]) == 3
    reasons = _reasons()
    assert {one: reason for one, reason in reasons.items() if reason != "allowed"} == dict.fromkeys(
        kind_of, "malformed_reply"
    )
    assert len(reasons) == len(IDS)
    assert main(["resume", "--quiet"]) == 3
    kind_of.clear()
    assert main(["resume", "--quiet"]) == 0
    assert set(_reasons().values()) == {"allowed"}


def _failing_for(customers: set[str]) -> Any:
    real = classify_module.classify

    def judge(reply: ApiResponse, customer_id: str) -> Finding:
        if customer_id in customers:
            raise ZeroDivisionError(f"no divisor, but a token: {'abcdefgh' * 20}")
        return real(reply, customer_id)

    return judge


def _judging(monkeypatch: pytest.MonkeyPatch, judge: Any) -> None:
    # the default of its last parameter
    monkeypatch.setattr(RetryingClient.__init__, "__defaults__", (judge,))


def test_a_defect_met_on_one_customer_costs_that_customer_only(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    """`internal_error`: logged with its traceback and without secrets; every report is written, exit code 1."""
    assert simulator.api_url
    _judging(monkeypatch, _failing_for({IDS[5]}))
    assert main([*RUN, "--format", ",".join(FORMATS)]) == 1
    reasons = _reasons()
    assert len(reasons) == len(IDS)
    assert {one for one, reason in reasons.items() if reason != "allowed"} == {IDS[5]}
    assert reasons[IDS[5]] == "internal_error"
    assert "1 row could not be checked because of a defect in auditor" in capsys.readouterr().err
    assert "Traceback (most recent call last)" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert IDS[5] in caplog.text
    assert "abcdefgh" * 10 not in caplog.text + (_folder() / "results.csv").read_text(encoding="utf-8")
    assert {path.name for path in _folder().iterdir()} >= {
        "results.parquet",
        "report.html",
        "audit.xlsx",
        "manifest.json",
    }
    assert main(["verify", str(_folder())]) == 0
    assert main(["report", str(_folder()), "--quiet"]) == 1


def test_resume_asks_again_after_a_defect(simulator: Simulator) -> None:
    """Even where as many undetermined rows are allowed; the version that has no defect answers."""
    judge = _failing_for({IDS[5], IDS[50]})
    with pytest.MonkeyPatch.context() as broken:
        _judging(broken, judge)
        assert main([*RUN, "--quiet", "--max-undetermined", "5"]) == 1
    asked = len(simulator.log.api)
    assert main(["resume", str(_folder()), "--quiet"]) == 0
    assert len(simulator.log.api) == asked + 2
    assert set(_reasons().values()) == {"allowed"}


def test_an_answer_that_cannot_be_written_down_is_an_internal_error(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a character in a field, as an example: the journal refuses it, the run goes on."""
    assert simulator.api_url
    real = Journal.record

    def record(self: Journal, row: int, answer: Any) -> None:
        if row == 4 and answer.finding.reason == "allowed":
            answer = answer._replace(finding=answer.finding._replace(error_message="\ud800"))
        real(self, row, answer)

    monkeypatch.setattr(Journal, "record", record)
    assert main([*RUN, "--quiet"]) == 1
    assert _reasons()[IDS[4]] == "internal_error"
    assert list(_reasons().values()).count("allowed") == len(IDS) - 1


def test_a_defect_on_every_customer_ends_the_run_early(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty in a row are enough to know; the rest of the quota is not wasted."""
    _judging(monkeypatch, _failing_for(set(IDS)))
    assert main([*RUN, "--quiet"]) == 1
    assert FIRST_ANSWERS <= len(simulator.log.api) <= FIRST_ANSWERS + 2
    facts = read_facts(_folder())
    assert (facts.cause, facts.finished) == ("defect", False)
    assert json.loads((_folder() / "summary.json").read_text(encoding="utf-8"))["complete"] is False


def test_a_row_that_cannot_be_judged_stays_in_the_reports(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are asked for; no row disappears."""
    assert simulator.api_url

    def normalise(text: str) -> str | None:
        if text == IDS[2]:
            raise KeyError(text)
        return normalise_id(text)

    monkeypatch.setattr("auditor.customers.rows.normalise_id", normalise)
    assert main([*RUN, "--quiet"]) == 3
    with (_folder() / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows[:4]] == ["allowed", "allowed", "invalid_id", "allowed"]
    assert len(rows) == len(IDS)
    assert "KeyError" in capsys.readouterr().err
    assert main(["verify", str(_folder())]) == 0


def test_one_code_for_everybody_ends_the_run_early_and_resume_asks_them_again(
    simulator: Simulator, kind_of: dict[str, str], capsys: Any
) -> None:
    """403/600006 concerns all customers: exit 4 as for a missing role; no customer's refusal is final."""
    kind_of.update(dict.fromkeys(IDS, "refused"))
    assert main(RUN) == 4
    assert FIRST_ANSWERS <= len(simulator.log.api) <= FIRST_ANSWERS + 2
    said = capsys.readouterr().err
    assert "403, code 600006" in said
    assert "role" in said
    kind_of.clear()
    assert main(["resume", "--quiet"]) == 0
    assert set(_reasons().values()) == {"allowed"}


def test_one_answer_of_another_kind_makes_refusals_the_customers_own(
    simulator: Simulator, kind_of: dict[str, str]
) -> None:
    """Forty refusals after one approval are forty rows with a reason."""
    assert simulator.api_url
    kind_of.update(dict.fromkeys(IDS[1:41], "refused"))
    assert main([*RUN, "--quiet"]) == 3
    assert list(_reasons().values()).count("forbidden") == 40


def test_a_list_of_former_customers_can_be_finished(simulator: Simulator, kind_of: dict[str, str]) -> None:
    """403/20002 for the first twenty ends the first session, for the list may be another partner's; whoever resumes is answered."""
    assert simulator.api_url
    kind_of.update(dict.fromkeys(IDS, "no_relationship"))
    assert main([*RUN, "--quiet"]) == 4
    assert list(_reasons().values()).count("not_attempted") >= len(IDS) - FIRST_ANSWERS - 2
    assert main(["resume", "--quiet"]) == 3
    assert set(_reasons().values()) == {"no_relationship"}
    assert read_facts(_folder()).finished
