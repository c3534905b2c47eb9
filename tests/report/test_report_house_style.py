"""A partner's title, colour and logo in the workbooks; the logo is a file of the run, and belongs to what is verified."""

import hashlib
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from book_support import opened, render, sheet
from report_support import Run, answer, forge, new_run, row

from auditor.core.run_facts import Presentation
from auditor.errors import IncompleteError
from image_support import png


def _run(folder: Path) -> Run:
    logo = png(400, 80)
    shown = Presentation(
        title="Contoso: who can buy",
        accent="#7a1620",
        logo="logo.png",
        logo_digest=hashlib.sha256(logo).hexdigest(),
    )
    run = new_run(folder, [row(1, owner="Ann")], [answer(0, 1, "under_review")], presentation=shown)
    (run.path / "logo.png").write_bytes(logo)
    render(run)
    return run


def test_it_is_shown_and_verified(tmp_path: Path) -> None:
    """On the first sheet of every workbook; the logo keeps its shape and is in the manifest."""
    run = _run(tmp_path / "r")
    run.verify()
    for name, title in (("audit.xlsx", "Contoso: who can buy"), ("by-owner/Ann.xlsx", "Contoso: who can buy: Ann")):
        path = run.path / name
        assert sheet(path, "Summary")[1][0] == title
        assert opened(path).properties.title.startswith("Contoso: who can buy")
        with ZipFile(path) as package:
            assert package.read("xl/media/image1.png") == png(400, 80)
            drawing, styles = (package.read(f"xl/{name}.xml").decode() for name in ("drawings/drawing1", "styles"))
        width, height = map(int, re.findall(r'<a:ext cx="([0-9]+)" cy="([0-9]+)"', drawing)[0])
        assert width / height == pytest.approx(400 / 80, rel=0.1)
        assert "FF7A1620" in styles.upper()
    assert '"logo.png"' in (run.path / "manifest.json").read_text()


def test_another_logo_is_found(tmp_path: Path) -> None:
    """Though the manifest was made to agree."""
    run = _run(tmp_path / "r")
    (run.path / "logo.png").write_bytes(png(40, 8))
    forge(run)
    with pytest.raises(IncompleteError, match=r"logo\.png"):
        run.verify()


def test_a_logo_that_is_missing(tmp_path: Path) -> None:
    """The reports cannot be rendered again without it; the message says what to do."""
    run = _run(tmp_path / "r")
    (run.path / "logo.png").unlink()
    with pytest.raises(IncompleteError, match=r"logo\.png: not what journal\.jsonl says") as caught:
        run.render()
    assert caught.value.hint == "put the file back as it was"
