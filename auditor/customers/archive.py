"""Archives and office documents. The only list in an archive is read; other documents are refused by their kind.

Compressed data is unpacked to a temporary file, up to a limit: a few kilobytes can unpack to terabytes. The bytes are counted
while they are unpacked; the size that an archive states is not used.
"""

import gzip
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO, cast

import olefile

from auditor.customers.messages import EXPECTED, format_label, format_reason
from auditor.customers.source import CHUNK_SIZE, Source, closed_on_error, read_head
from auditor.errors import CustomerListError

MOST_UNPACKED = 1 << 30
"""Bytes; a list of ten million rows."""
MOST_TIMES = 200
"""Maximum compression ratio of a list; text packs to a tenth, zeros to a thousandth."""

_SUSPICIOUS = 1 << 26
_MOST_MEMBERS = 100
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, LookupError,
)  # fmt: skip
"""The libraries' exceptions for a damaged archive."""

OLD_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of older office documents, and of all password-protected ones."""

_FOLDERS = (
    ("xl/", "workbook"),
    ("word/", "a Word document (.docx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("visio/", "a Visio drawing (.vsdx)"),
    ("Report/Layout", "a Power BI report (.pbix)"),
    ("Index/", "an Apple document (Numbers, Pages or Keynote)"),
    ("Index.zip", "an Apple document (Numbers, Pages or Keynote)"),
    ("index.apxl", "an Apple Keynote presentation"),
    ("index.xml.gz", "an Apple document (Numbers, Pages or Keynote)"),
)
_STREAMS = (
    ("EncryptedPackage", "protected with a password"),
    ("WordDocument", "a Word document (.doc)"),
    ("PowerPoint Document", "a PowerPoint presentation (.ppt)"),
    ("__properties_version1.0", "an Outlook message (.msg)"),
    ("VisioDocument", "a Visio drawing (.vsd)"),
)
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_LONGEST_TYPE = 200


def unpack(source: Source) -> Source | zipfile.ZipFile:
    """Unpack a list. Return the unpacked list, the source itself if it is not packed, or an archive of files.

    Raises:
        CustomerListError: protected, damaged, too large, or a document of another kind.
    """
    if not source.head.startswith(_GZIP):
        return _open_zip(source)
    source = source.spool()
    size = source.stream.seek(0, io.SEEK_END)
    source.stream.seek(0)
    found = _decompress(lambda: cast("IO[bytes]", gzip.GzipFile(fileobj=source.stream)), source.name, size, "gzip")
    source.close()
    return _refuse_nested(found)


def _refuse_nested(found: Source) -> Source:
    """Return the same source; an archive, or a document that is not a list, is closed and refused."""
    with closed_on_error(found):
        if found.head.startswith(_GZIP) or isinstance(_open_zip(found), zipfile.ZipFile):
            raise CustomerListError(f"{found.label} is an archive in an archive", "unpack it first")
        found.stream.seek(len(found.head))
        return found


def _open_zip(source: Source) -> Source | zipfile.ZipFile:
    """Open a ZIP archive. Return the source itself if it is none, is a workbook, or is too damaged to tell."""
    if not source.head.startswith(_ZIP):
        return source
    source = source.spool()
    try:
        archive = zipfile.ZipFile(source.stream)
        files = list_members(archive)
        kind = _find_office_kind(archive)
    except ZIP_FAULTS:
        return source  # `read_workbook` reports the damage
    if kind == "workbook":
        return source
    if kind is not None:
        raise CustomerListError(f"{source.label} is {kind}; {EXPECTED}", "export the customers as CSV or XLSX")
    if len(files) > _MOST_MEMBERS:
        raise CustomerListError(
            f"{source.label} is an archive with {len(files):,} files",
            "unpack it, and name the lists to audit one by one",
        )
    return archive


def list_members(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of an archive's files, without those that operating systems add."""
    return list(dict.fromkeys(name for name in archive.namelist() if _is_file(name)))


def _is_file(name: str) -> bool:
    last = name.rpartition("/")[2]
    return bool(last) and not name.startswith("__MACOSX/") and not last.startswith((".", "~$")) and last != "Thumbs.db"


def extract_member(archive: zipfile.ZipFile, member: str, archive_name: str) -> Source:
    """Unpack one file of an archive.

    Raises:
        CustomerListError: protected, damaged, too large, an archive itself, or not a list.
    """
    info = archive.getinfo(member)
    name = f"{archive_name}#{member}"
    if info.flag_bits & _ENCRYPTED:
        raise CustomerListError(
            f"{format_label(name)} is protected with a password", "unpack the archive, and hand in the list itself"
        )
    return _refuse_nested(_decompress(lambda: archive.open(info), name, info.compress_size, "ZIP"))


def _decompress(open_stream: Callable[[], IO[bytes]], name: str, size: int, kind: str) -> Source:
    """Unpack `size` bytes to a temporary file, and read its first bytes."""
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the source
    with closed_on_error(copy):
        try:
            with open_stream() as stream:
                copy.writelines(_read_limited(stream, name, size))
            copy.seek(0)
            return read_head(name, copy, owned=True)
        except ZIP_FAULTS as error:
            raise CustomerListError(
                f"{format_label(name)} is {kind}-compressed, but cannot be unpacked ({format_reason(error)})",
                "unpack it first",
            ) from error


def _read_limited(stream: IO[bytes], name: str, size: int) -> Iterator[bytes]:
    total = 0
    while chunk := stream.read(CHUNK_SIZE):
        total += len(chunk)
        if total > MOST_UNPACKED or (total > _SUSPICIOUS and total > size * MOST_TIMES):
            raise CustomerListError(
                f"{format_label(name)} unpacks to more than {total:,} bytes from {size:,}: no list is packed so small",
                "unpack it yourself if you trust it, and hand in the list",
            )
        yield chunk


def _find_office_kind(archive: zipfile.ZipFile) -> str | None:
    """Return what a ZIP archive is: "workbook", another office document, or None for an archive of files."""
    names = archive.namelist()
    if "mimetype" in names:
        with archive.open("mimetype") as opened:
            stated = opened.read(_LONGEST_TYPE).decode("ascii", "replace").strip()
        if stated.startswith(_OPEN_DOCUMENT):
            kind = stated.removeprefix(_OPEN_DOCUMENT)
            return "workbook" if kind.startswith("spreadsheet") else f"an OpenDocument file ({kind})"
    office = "[Content_Types].xml" in names
    for start, kind in _FOLDERS:
        if any(name.startswith(start) for name in names) and (office or not start.endswith(("xl/", "word/", "ppt/"))):
            return kind
    return "an office document that is no workbook" if office else None


def find_old_document(file: BinaryIO) -> str | None:
    """Return the kind of an older document that is not a readable workbook; None if it may be one."""
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as compound:
            return next((kind for stream, kind in _STREAMS if compound.exists(stream)), None)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    finally:
        file.seek(0)
