"""A run with a house style, from the settings file to the reports, and the files that it names."""

from pathlib import Path

import pytest
from mail_run_support import audit, write_list

from auditor.cli import main
from auditor.core.run_facts import FORMATS
from image_support import png


def test_a_run_with_a_logo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The logo is copied as the run begins: a later rendering has it also where the settings name another, or none."""
    monkeypatch.chdir(tmp_path)
    write_list()
    Path("logo.png").write_bytes(png(40, 20))
    Path("auditor.toml").write_text('[report]\nlogo = "logo.png"\ntitle = "Contoso: who can buy"\naccent = "#7a1f3d"\n')
    audit(monkeypatch, formats=",".join(FORMATS))
    run = next(Path("reports").glob("2*"))
    assert (run / "logo.png").read_bytes() == png(40, 20)
    page = (run / "report.html").read_text(encoding="utf-8")
    for shown in ("Contoso: who can buy", "#7a1f3d", "data:image/png;base64,"):
        assert shown in page
    Path("logo.png").unlink()
    Path("auditor.toml").unlink()
    capsys.readouterr()
    assert main(["report", str(run)]) == 0
    assert "logo.png           the logo, as it was when the run began" in capsys.readouterr().out
    assert (run / "report.html").read_text(encoding="utf-8") == page
    assert main(["verify", str(run), "-q"]) == 0


def test_a_logo_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings are refused before anything is asked, and no run folder stays."""
    monkeypatch.chdir(tmp_path)
    write_list()
    Path("auditor.toml").write_text('[report]\nlogo = "logo.png"\n')
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "x")
    assert main(["run", "list.csv", "-q"]) == 2
    assert "report_logo: logo.png cannot be read" in capsys.readouterr().err
    assert not list(Path("reports").glob("2*"))
