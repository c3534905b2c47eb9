"""The metrics file: complete or not at all, and what an earlier file says outlives a bad night."""

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from auditor.errors import OutputError, SettingsError
from auditor.notify import METRICS, Labels, write_metrics

PARTNER, LIST = "5f5e7f3a-0000-4000-8000-000000000001", "customers.csv"
LABELS = Labels(PARTNER, LIST)
SUCCESS = "auditor_last_success_timestamp_seconds"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def _samples(file: str = "a.prom") -> dict[tuple[str, str], float]:
    """(name, its own label) -> value; all must be of the same partner and list."""
    found = {}
    for family in text_string_to_metric_families(Path(file).read_text(encoding="utf-8")):
        assert family.type == "gauge"
        for sample in family.samples:
            own = {name: text for name, text in sample.labels.items() if name not in {"partner", "list"}}
            found[sample.name, "".join(own.values())] = sample.value
    return found


def test_what_is_not_known_anew_is_kept() -> None:
    """What is known to have no value goes; a success that is older than the known one changes nothing."""
    write_metrics("a.prom", {SUCCESS: {"": 100.0}, "auditor_customers": {"blocked": 3}}, LABELS)
    write_metrics("a.prom", {"auditor_exit_code": {"": 4}}, LABELS)
    assert _samples() == {(SUCCESS, ""): 100, ("auditor_customers", "blocked"): 3, ("auditor_exit_code", ""): 4}
    write_metrics("a.prom", {SUCCESS: {"": 50.0}, "auditor_customers": {}}, LABELS)
    assert _samples() == {(SUCCESS, ""): 100, ("auditor_exit_code", ""): 4}
    write_metrics("a.prom", {SUCCESS: {"": 150.0}}, LABELS)
    assert _samples()[SUCCESS, ""] == 150


def test_a_file_of_another_list_is_replaced() -> None:
    """Its values are not those of this list; a command that knows neither partner nor list keeps both."""
    write_metrics("a.prom", {SUCCESS: {"": 100.0}}, LABELS)
    write_metrics("a.prom", {"auditor_exit_code": {"": 4}}, Labels(None, None))
    assert _samples() == {(SUCCESS, ""): 100, ("auditor_exit_code", ""): 4}
    assert f'list="{LIST}",partner="{PARTNER}"' in Path("a.prom").read_text(encoding="utf-8")
    write_metrics("a.prom", {"auditor_exit_code": {"": 0}}, Labels(PARTNER, "other.csv"))
    assert _samples() == {("auditor_exit_code", ""): 0}
    write_metrics("a.prom", {"auditor_exit_code": {"": 0}}, Labels("another partner", None))
    assert 'list=""' in Path("a.prom").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["Kunden März.csv", 'a "b" \\ c', "line\nbreak", "{}=,", "客户.xlsx"])
def test_any_name_of_a_list_can_be_read_back(name: str) -> None:
    """Else the success of the night before would be lost."""
    write_metrics("a.prom", {SUCCESS: {"": 100.0}}, Labels("", name))
    write_metrics("a.prom", {}, Labels("", name))
    assert _samples() == {(SUCCESS, ""): 100}


@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), cut=st.integers(0, 400))
def test_a_damaged_file_is_no_error(content: bytes, cut: int) -> None:
    """Whatever is in it."""
    write_metrics("b.prom", {SUCCESS: {"": 1.0}, "auditor_exit_code": {"": 3}}, LABELS)
    Path("b.prom").write_bytes(Path("b.prom").read_bytes()[:cut] + content)
    write_metrics("b.prom", {"auditor_exit_code": {"": 0}}, LABELS)
    assert _samples("b.prom")["auditor_exit_code", ""] == 0


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_everybody_may_read_it_and_no_part_is_left() -> None:
    """node_exporter is another user, whatever the umask of the job."""
    before = os.umask(0o077)
    try:
        write_metrics("a.prom", {SUCCESS: {"": 1.0}}, LABELS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("a.prom").stat().st_mode) == 0o644
    assert [path.name for path in Path().iterdir()] == ["a.prom"]


def test_a_failure_leaves_the_earlier_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    write_metrics("a.prom", {SUCCESS: {"": 1.0}}, LABELS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"a\.prom cannot be written: No space left on device"):
        write_metrics("a.prom", {SUCCESS: {"": 2.0}}, LABELS)
    assert _samples() == {(SUCCESS, ""): 1}
    assert [path.name for path in Path().iterdir()] == ["a.prom"]
    with pytest.raises(OutputError, match="No such file or directory"):
        write_metrics("missing/a.prom", {}, LABELS)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names")
def test_a_link_stays_and_what_is_no_file_is_not_replaced() -> None:
    """A device or a pipe with a file in its place would break other programs, and a replaced link leaves its reader an old file."""
    Path("real.prom").touch()
    Path("link.prom").symlink_to("real.prom")
    write_metrics("link.prom", {SUCCESS: {"": 1.0}}, LABELS)
    assert Path("link.prom").is_symlink()
    assert _samples("real.prom") == {(SUCCESS, ""): 1}
    for number, make in enumerate([os.mkfifo, os.mkdir]):
        make(f"{number}.prom")
        before = os.lstat(f"{number}.prom").st_ino
        with pytest.raises(OutputError, match="it is not a file"):
            write_metrics(f"{number}.prom", {SUCCESS: {"": 1.0}}, LABELS)
        assert os.lstat(f"{number}.prom").st_ino == before


def test_without_its_library_the_message_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """That installs it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SettingsError) as error:
        write_metrics("a.prom", {}, LABELS)
    assert error.value.hint == 'pip install "partner-center-auditor[metrics]"'


def test_the_document_has_every_metric() -> None:
    """With its label and the same words."""
    text = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    for name, metric in METRICS.items():
        label = f"{{{metric.label}}}" if metric.label else ""
        assert f"| `{name}{label}` | {metric.help} |" in text
    assert text.count("| `auditor_") == len(METRICS)
