"""Archives. Rule: what is packed is unpacked to a temporary file, never beyond a bound; one list in an archive is the list.

A few kilobytes can unpack to terabytes, so that bytes are counted while they come; what an archive states is not believed.
"""

import gzip
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, BinaryIO, cast

from auditor.customers.columns import quoted
from auditor.customers.containers import office_kind
from auditor.customers.source import CHUNK_SIZE, EXPECTED, Source, begun, label
from auditor.errors import CustomerListError

MOST_UNPACKED = 1 << 30
"""Bytes; a list of ten million rows."""
MOST_TIMES = 200
"""How much smaller a list is packed, at most; text packs to a tenth, zeros to a thousandth."""

_SUSPICIOUS = 1 << 26
_MOST_MEMBERS = 100
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP archive of files.

    Attributes:
        source: the archive itself.
        archive: opened.
        members: the names of its files, without what operating systems add.
    """

    source: Source
    archive: zipfile.ZipFile
    members: tuple[str, ...]

    def open(self, member: str) -> Source:
        """One of its files, unpacked.

        Raises:
            CustomerListError: protected, damaged, too large, an archive itself, or no list.
        """
        info = self.archive.getinfo(member)
        name = f"{self.source.name}#{member}"
        if info.flag_bits & _ENCRYPTED:
            raise CustomerListError(
                f"{label(name)} is protected with a password", "unpack the archive, and hand in the list itself"
            )
        return _not_packed_again(_unpacked(lambda: self.archive.open(info), name, info.compress_size, "ZIP"))

    def refusal(self, lists: Sequence[str], faults: Sequence[CustomerListError]) -> CustomerListError:
        """Why the archive is not read: it holds several lists, or none."""
        shown = self.source.label
        if lists:
            members = [name.removeprefix(f"{self.source.name}#") for name in lists]
            return CustomerListError(
                f"{shown} is an archive with {len(lists)} lists: {quoted(members)}",
                "unpack it, and name the lists to audit one by one",
            )
        if len(faults) == 1:
            return faults[0]
        if not faults:
            return CustomerListError(f"{shown} is an archive without a file in it; {EXPECTED}")
        return CustomerListError(
            f"{shown} is an archive with {len(faults)} files, none of them a list: {faults[0].message}", faults[0].hint
        )


def unpack(source: Source) -> Source | Archive:
    """What is packed in a list: itself where nothing is, the unpacked list, or an archive of files.

    Raises:
        CustomerListError: protected, damaged, too large, or a document of another kind.
    """
    if source.head.startswith(_GZIP):
        packed = source.seekable()
        size = packed.seek(0, io.SEEK_END)
        packed.seek(0)
        found = _unpacked(lambda: cast("IO[bytes]", gzip.GzipFile(fileobj=packed)), source.name, size, "gzip")
        source.close()
        return _not_packed_again(found)
    return _opened_zip(source)


def _not_packed_again(found: Source) -> Source:
    """The same source, which is closed where it is an archive itself.

    Raises:
        CustomerListError: it is one, or a document that is no list.
    """
    try:
        again = found.head.startswith(_GZIP) or isinstance(_opened_zip(found), Archive)
        found.stream.seek(len(found.head))
    except BaseException:
        found.close()
        raise
    if again:
        found.close()
        raise CustomerListError(f"{found.label} is an archive in an archive", "unpack it first")
    return found


def _opened_zip(source: Source) -> Source | Archive:
    """The archive that a source is; the source where it is none, or a workbook, or so damaged that it could be either."""
    if not source.head.startswith(_ZIP):
        return source
    source = source.held()
    try:
        archive = zipfile.ZipFile(source.seekable())
        names = archive.namelist()
        kind = office_kind(archive)
    except _FAULTS:
        return source  # whoever reads the workbook says what is wrong
    if kind == "workbook":
        return source
    if kind is not None:
        raise CustomerListError(f"{source.label} is {kind}; {EXPECTED}", "export the customers as CSV or XLSX")
    files = tuple(dict.fromkeys(name for name in names if _is_file(name)))
    if len(files) > _MOST_MEMBERS:
        raise CustomerListError(
            f"{source.label} is an archive with {len(files):,} files",
            "unpack it, and name the lists to audit one by one",
        )
    return Archive(source, archive, files)


def _is_file(name: str) -> bool:
    last = name.rpartition("/")[2]
    return bool(last) and not name.startswith("__MACOSX/") and not last.startswith((".", "~$")) and last != "Thumbs.db"


def _unpacked(opening: Callable[[], IO[bytes]], name: str, size: int, kind: str) -> Source:
    """A copy of what is packed, of which the first bytes have been read."""
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the source
    try:
        with opening() as stream:
            copy.writelines(_bounded(stream, name, size))
        copy.seek(0)
        return begun(name, copy, owned=True)
    except _FAULTS as error:
        copy.close()
        why = " ".join(str(error).split())[:200]
        raise CustomerListError(
            f"{label(name)} is {kind}-compressed, but cannot be unpacked ({why})", "unpack it first"
        ) from error
    except BaseException:
        copy.close()
        raise


def _bounded(stream: IO[bytes], name: str, size: int) -> Iterator[bytes]:
    total = 0
    while chunk := stream.read(CHUNK_SIZE):
        total += len(chunk)
        if total > MOST_UNPACKED or (total > _SUSPICIOUS and total > size * MOST_TIMES):
            raise CustomerListError(
                f"{label(name)} unpacks to more than {total:,} bytes from {size:,}: no list is packed so small",
                "unpack it yourself if you trust it, and hand in the list",
            )
        yield chunk
