"""Prometheus' own tool reads the metrics file and the alert rules. Debian: prometheus."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.notify import METRICS
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]


@pytest.fixture(name="simulator")
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    answers = dict.fromkeys(IDS, "allowed") | {IDS[0]: "under_review", IDS[1]: "throttled_once", IDS[2]: "not_found"}
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(overrides=answers))


def _promtool(*arguments: str, given: str = "") -> str:
    done = subprocess.run(["/usr/bin/promtool", *arguments], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.system
@pytest.mark.usefixtures("simulator")
def test_prometheus_finds_nothing_to_complain_about_in_a_real_file() -> None:
    """Neither after a run nor after a command without one; such a list has no learned rate, and such a token no sign-in."""
    run = ["run", "list.txt", "--customer-list", "never", "--format", "csv", "-q", "--metrics", "audit.prom"]
    assert main([*run, "--max-undetermined", "1"]) == 0
    assert main([*run, "--max-undetermined", "1"]) == 0
    text = Path("audit.prom").read_text(encoding="utf-8")
    assert _promtool("check", "metrics", given=text) == ""
    found = set(re.findall(r"^(auditor_\w+)\{", text, re.MULTILINE))
    assert METRICS.keys() - found == {"auditor_sign_in_end_timestamp_seconds", "auditor_learned_requests_per_minute"}
    assert main(["run", "missing.csv", "--metrics", "audit.prom"]) == 5
    assert _promtool("check", "metrics", given=Path("audit.prom").read_text(encoding="utf-8")) == ""


@pytest.mark.system
def test_the_alert_rules_do_what_they_say() -> None:
    """As their unit tests expect; each rule has one."""
    assert "12 rules found" in _promtool("check", "rules", str(RECIPES / "alerts.yml"))
    _promtool("test", "rules", str(ROOT / "tests" / "system" / "alerts_test.yml"))
    rules = re.findall(r"alert: (\w+)", (RECIPES / "alerts.yml").read_text(encoding="utf-8"))
    tested = (ROOT / "tests" / "system" / "alerts_test.yml").read_text(encoding="utf-8")
    assert len(rules) == 12
    assert not [name for name in rules if f"alertname: {name}\n" not in tested]


def test_rules_and_dashboard_name_metrics_that_exist() -> None:
    """And each rule has a summary and a command."""
    rules, dashboard = (
        (RECIPES / "alerts.yml").read_text(encoding="utf-8"),
        (RECIPES / "dashboard.json").read_text("utf-8"),
    )
    expressions = re.findall(r"expr: (.*(?:\n {10}.+)*)", rules)
    assert len(expressions) == rules.count("alert: ") == rules.count("summary: ") == rules.count("command: ")
    panels = json.loads(dashboard)["panels"]
    assert len(panels) == 8
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    for text in [*expressions, *shown]:
        assert set(re.findall(r"auditor_\w+", text)) <= METRICS.keys(), text
