"""Writes `docs/pictures/`: screenshots of the workbook and the page of the committed example.

    python tests/tools/make_pictures.py [FOLDER]

Takes Debian's chromium, libreoffice-calc, poppler-utils and fonts-noto-cjk. The pictures are not byte for byte the same on
another machine; a test sees to it that they are small and that the documents show them.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "reports" / "example"
PAGE, WORKBOOK = "page.png", "workbook.png"
WIDTH, HEIGHT = 1280, 760
"""Points of the browser's window."""
DOTS = 108
"""An inch of paper."""
CUT = (30, 50, 1210, 420)
"""The part of the sheet that has something on it: left, top, width, height in dots."""
ACTION_NEEDED = "2"
"""Its sheet of paper."""


def run(*command: str) -> None:
    """Run a program; show its output if it fails."""
    subprocess.run(command, check=True, capture_output=True, timeout=180)


def take_page(target: Path, work: Path) -> None:
    """The top of report.html, in a light window."""
    run(
        *("chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={work}/browser"),
        *(f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={target}", (EXAMPLE / "report.html").as_uri()),
    )


def take_workbook(target: Path, work: Path) -> None:
    """The sheet `Action needed` of audit.xlsx, as it is printed."""
    office = ("soffice", f"-env:UserInstallation={(work / 'office').as_uri()}", "--headless")
    run(*office, "--convert-to", "pdf", "--outdir", str(work), str(EXAMPLE / "audit.xlsx"))
    left, top, width, height = map(str, CUT)
    run(
        *("pdftoppm", "-png", "-singlefile", "-r", str(DOTS), "-f", ACTION_NEEDED, "-l", ACTION_NEEDED),
        *("-x", left, "-y", top, "-W", width, "-H", height),
        *(str(work / "audit.pdf"), str(target.with_suffix(""))),
    )


def main(target: Path) -> None:
    """Write the pictures."""
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        take_page(target / PAGE, Path(name))
        take_workbook(target / WORKBOOK, Path(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
