"""Properties of `auditor.customers.formats`: the content says what a list is."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from list_support import ONE, ids_in, opened, refusal

from auditor.customers import Format, read


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Id,Name\n{ONE},a\n", Format.CSV),
        (f"Id\tName\n{ONE}\ta\n", Format.CSV),
        (f"{ONE}\n", Format.TEXT),
        (f"{{{ONE}}}\n", Format.TEXT),
        (f"{{{ONE}}},Amber\n", Format.CSV),
        (f'{{"id": "{ONE}"}}\n', Format.JSON_LINES),
        (f' \n[{{"id": "{ONE}"}}]', Format.JSON),
        (f'["{ONE}"]', Format.JSON),
        (f'{{"items": [{{"id": "{ONE}"}}]}}', Format.JSON),
    ],
)
def test_text_formats(text: str, kind: Format) -> None:
    """Each text format is told by its content, an id in braces from JSON."""
    found = opened(text.encode())
    assert found.format is kind
    assert ids_in(list(found)) == [ONE]


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    """A CSV list called .xlsx is a CSV list."""
    path = tmp_path / "list.xlsx"
    path.write_text(f"Id,Name\n{ONE},a\n")
    found = read(str(path))
    assert found.format is Format.CSV
    assert ids_in(list(found)) == [ONE]


def test_a_web_page_is_no_list() -> None:
    """A sign-in page that was saved instead of the export is called a web page."""
    assert "is a web page" in refusal(f"<!DOCTYPE html><html>{ONE}</html>".encode()).message
    assert "is a web page" in refusal(f"\ufeff<?xml version='1.0'?><a>{ONE}</a>".encode()).message


def test_a_damaged_zip_archive() -> None:
    """An archive that ends early is refused."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("customers.csv", f"Id\n{ONE}\n")
    assert "no workbook that can be read" in refusal(held.getvalue()[:60]).message


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)) * 20, b"\x7fELF\x02\x01\x01\x00" + bytes(100), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)],
)
def test_binary_files(data: bytes) -> None:
    """Other binary files are refused as well."""
    assert refusal(data).message.startswith("standard input")


def test_a_csv_list_imports_neither_calamine_nor_pyarrow() -> None:
    """Only who reads a workbook or Parquet waits for the libraries that do."""
    code = f"""
import io, sys
from auditor.customers import read
list(read("-", stdin=io.BytesIO(b"Id\\n{ONE}\\n")))
sys.exit(bool({{"pyarrow", "python_calamine", "pandas"}} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
