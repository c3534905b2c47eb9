"""Tests of `auditor.customers.archive`: archives, and documents that are not lists."""

import gzip
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import xlsxwriter
from list_support import ONE, TWO, ids_in, open_list, refusal, rows_in
from old_workbook import compound_file

from auditor.core.model import Customer
from auditor.customers import Columns, Format, read
from auditor.customers.archive import MOST_UNPACKED
from auditor.errors import CustomerListError

LISTS = Path(__file__).parent / "lists"
LIST = f"Microsoft ID,Name\n{ONE},a\n{TWO},b\n".encode()


def _zip(members: Mapping[str, bytes | str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


def _book() -> bytes:
    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    book.add_worksheet().write_column(0, 0, ["Microsoft ID", ONE, TWO])
    book.close()
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", LIST, Format.CSV),
        ("folder/ä.json", f'{{"value":[{{"id":"{ONE}"}},{{"id":"{TWO}"}}]}}'.encode(), Format.JSON),
        ("a.xlsx", _book(), Format.WORKBOOK),
    ],
)
def test_one_list_in_an_archive(name: str, data: bytes, kind: Format, tmp_path: Path) -> None:
    """The only list in a ZIP archive is read, ignoring files that operating systems add; a gzip-compressed one as well."""
    packed = _zip({"folder/": b"", name: data, f"__MACOSX/._{name}": b"x", "folder/.DS_Store": b"x"})
    path = tmp_path / "list.zip"
    path.write_bytes(packed)
    for found in (read(str(path)), open_list(packed)):
        rows = list(found)
        assert (found.format, ids_in(rows), found.warnings) == (kind, [ONE, TWO], [])
        assert rows[0].row.source_file == f"{'-' if found.name.startswith('-') else path}#{name}"
    found = open_list(gzip.compress(data))
    assert (found.format, found.name, ids_in(list(found))) == (kind, "-", [ONE, TWO])


def test_archive_from_a_pipe() -> None:
    """An archive and a workbook can be read from a pipe."""
    for data in (_zip({"a.csv": LIST}), _book(), gzip.compress(LIST)):
        reading, writing = os.pipe()
        writer = threading.Thread(target=_write_all, args=(writing, data))
        writer.start()
        with os.fdopen(reading, "rb") as pipe:
            assert ids_in(list(read("-", content=pipe))) == [ONE, TWO]
        writer.join()


def _write_all(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def test_example_recon_archive() -> None:
    """A recon file of the portal, as it is downloaded."""
    found = read(str(LISTS / "F13__recon.zip"), columns=Columns(id="CustomerId", domain="CustomerDomainName"))
    assert sum(isinstance(row, Customer) for row in found) > 0
    assert found.name.endswith("F13__recon.zip#nce_invoice_recon.csv")


def test_other_files_in_the_archive_are_named() -> None:
    """Files that are no lists are named with the reason."""
    found = open_list(_zip({"readme.txt": "Hello, you\n", "a.csv": LIST, "logo.png": b"\x89PNG\r\n"}))
    assert ids_in(list(found)) == [ONE, TWO]
    assert [warning.split(" ")[4] for warning in found.warnings] == ["readme.txt", "logo.png"]


def test_several_lists_in_an_archive_are_refused() -> None:
    """Two lists in an archive are refused; the message names both in the archive's order."""
    error = refusal(_zip({"b.csv": LIST, "a.csv": LIST}))
    assert 'is an archive with 2 lists: "b.csv", "a.csv"' in error.message
    assert "unpack it" in error.hint


def test_archive_without_a_list_is_refused() -> None:
    """An archive without a file or without a list is refused with the reason."""
    assert "is an archive without a file in it" in refusal(_zip({})).message
    assert refusal(_zip({"a.csv": "Name\nx\n"})).message.startswith(
        'standard input, a.csv (plain text) has no id column; found "Name"'
    )
    assert "with 2 files, none of them a list" in refusal(_zip({"a.csv": "Name\nx\n", "b.csv": "City\ny\n"})).message
    assert "is an archive with 200 files" in refusal(_zip({f"{n}.csv": LIST for n in range(200)})).message


def test_nested_archives_are_refused() -> None:
    """An archive in an archive is refused."""
    for data in (
        _zip({"a.zip": _zip({"a.csv": LIST})}),
        _zip({"a.csv.gz": gzip.compress(LIST)}),
        gzip.compress(gzip.compress(LIST)),
        gzip.compress(_zip({"a.csv": LIST})),
    ):
        assert "is an archive in an archive" in refusal(data).message
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    assert "is a tar archive" in refusal(held.getvalue()).message
    assert "is a tar archive" in refusal(gzip.decompress(held.getvalue())).message


def test_archive_bombs_are_refused() -> None:
    """A file that unpacks to far more than any list is refused before it is unpacked completely."""
    bomb = bytes(1 << 20)
    held = io.BytesIO()
    with gzip.GzipFile(fileobj=held, mode="wb") as packed:
        for _ in range(100):
            packed.write(bomb)
    assert MOST_UNPACKED > 100 << 20
    assert "no list is packed so small" in refusal(held.getvalue()).message
    assert "no list is packed so small" in refusal(_zip({"a.csv": bomb * 100})).message


@pytest.mark.parametrize("cut", [1, 10, 40, 60])
def test_damaged_archives_are_refused(cut: int) -> None:
    """A truncated or corrupt archive is refused."""
    for data in (gzip.compress(LIST), _zip({"a.csv": LIST})):
        assert refusal(data[:-cut]).message
        assert refusal(data[:30] + bytes(cut) + data[30 + cut :]).message


def test_protected_member_is_refused() -> None:
    """A member that needs a password is named."""
    data = bytearray(_zip({"a.csv": LIST}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    assert refusal(bytes(data)).message == "standard input, a.csv is protected with a password"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"[Content_Types].xml": "", "word/document.xml": ""}, "a Word document (.docx)"),
        ({"[Content_Types].xml": "", "ppt/presentation.xml": ""}, "a PowerPoint presentation (.pptx)"),
        ({"[Content_Types].xml": "", "x": ""}, "an office document that is no workbook"),
        ({"[Content_Types].xml": "", "Report/Layout": "", "DataModel": ""}, "a Power BI report (.pbix)"),
        (
            {"Index/Document.iwa": "", "Index/CalculationEngine.iwa": ""},
            "an Apple document (Numbers, Pages or Keynote)",
        ),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, "an OpenDocument file (text)"),
    ],
)
def test_office_documents_are_named(members: dict[str, str], kind: str) -> None:
    """The message names the kind of an office document, alone and in an archive."""
    error = refusal(_zip(members))
    assert error.message.startswith(f"standard input is {kind}; expected")
    assert error.hint == "export the customers as CSV or XLSX"
    assert kind in refusal(_zip({"inner": _zip(members)})).message


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        ("EncryptedPackage", "is protected with a password"),
        ("WordDocument", "is a Word document (.doc); expected"),
        ("PowerPoint Document", "is a PowerPoint presentation (.ppt); expected"),
        ("__properties_version1.0", "is an Outlook message (.msg); expected"),
    ],
)
def test_old_office_documents_are_named(stream: str, kind: str) -> None:
    """The message names the kind of an older document."""
    assert kind in refusal(compound_file({"Other": b"x", stream: b"x"})).message


def test_protected_workbook_is_refused() -> None:
    """The message says that the workbook has a password, and what to do."""
    with pytest.raises(CustomerListError) as caught:
        read(str(LISTS / "F13__x_password.xlsx"))
    assert caught.value.message.endswith("F13__x_password.xlsx is protected with a password")
    assert "remove the password in Excel" in caught.value.hint


def test_workbook_is_no_archive() -> None:
    """A workbook is not read as an archive of files."""
    assert ids_in(rows_in(_book())) == [ONE, TWO]
