"""Properties of `auditor.customers.source`: files, pipes, and what is no list."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest
from list_support import ONE, TWO, ids_in, refusal

from auditor.customers import read
from auditor.customers.source import HEAD_SIZE, open_source
from auditor.errors import CustomerListError

LIST = f"Id,Name\n{ONE},a\n{TWO},b\n".encode()


def _refused(name: str) -> CustomerListError:
    with pytest.raises(CustomerListError) as caught:
        read(name)
    return caught.value


def test_file(tmp_path: Path) -> None:
    """A file is read by its path, and rows carry the name that the user gave."""
    path = tmp_path / "näme.csv"
    path.write_bytes(LIST)
    rows = list(read(str(path)))
    assert ids_in(rows) == [ONE, TWO]
    assert {row.row.source_file for row in rows} == {str(path)}


def test_missing_folder_and_unusable_name(tmp_path: Path) -> None:
    """What cannot be opened is named in one line: missing, a folder, no path at all."""
    assert "does not exist" in _refused(str(tmp_path / "none.csv")).message
    assert "is a folder; expected a file" in _refused(str(tmp_path)).message
    assert "cannot be read: embedded null" in _refused("a\0\nb").message
    assert "cannot be read: File name too long" in _refused("x" * 5000).message


def test_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is reported as that. (Faked: root may read everything.)"""

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "permission denied" in _refused("secret.csv").message


def test_empty_file(tmp_path: Path) -> None:
    """A file without a byte is called empty."""
    (tmp_path / "list.csv").touch()
    assert "is empty" in _refused(str(tmp_path / "list.csv")).message


def test_read_error_later_on() -> None:
    """A device that fails while it is read ends in our error."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(CustomerListError, match="standard input cannot be read: Input/output error"):
        list(read("-", stdin=Failing(LIST + b"\n" * HEAD_SIZE)))


def test_standard_input_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is the process's own standard input, which stays open."""
    held = io.TextIOWrapper(io.BytesIO(LIST))
    monkeypatch.setattr(sys, "stdin", held)
    assert ids_in(list(read("-"))) == [ONE, TWO]
    assert not held.buffer.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe(tmp_path: Path) -> None:
    """A pipe in the file system, as a shell makes one for `<(…)`, is read as it comes."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(LIST,))
    writer.start()
    assert ids_in(list(read(str(path)))) == [ONE, TWO]
    writer.join()


def test_seekable_copy_of_a_pipe() -> None:
    """Where a format must be read from its end, a pipe is copied whole, and the copy is closed with the source."""
    data = bytes(range(1, 256)) * 1000
    source = open_source("-", io.BytesIO(data))
    copy = source.seekable()
    assert copy.read() == data
    source.close()
    assert copy.closed


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x1f\x8b\x08\x00", "gzip-compressed"),
        (b"BZh91AY", "bzip2-compressed"),
        (b"\xfd7zXZ\x00", "xz-compressed"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89PNG\r\n", "a picture"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"PARE", "an encrypted Parquet file"),
        (b"{\\rtf1", "a rich-text document"),
    ],
)
def test_known_kinds_that_are_no_lists(head: bytes, kind: str) -> None:
    """What is plainly something else is called by its name, with advice."""
    error = refusal(head + b"rest")
    assert kind in error.message
    assert error.hint


def _lock(owner: str) -> bytes:
    """The lock file that Excel writes."""
    narrow = owner.encode("cp1252", "replace").ljust(54)
    wide = owner.ljust(54).encode("utf-16-le")
    return bytes([len(owner)]) + narrow + bytes([len(owner), 0]) + wide


def test_the_lock_file_of_excel(tmp_path: Path) -> None:
    """The file that Excel keeps beside an open workbook is called that, with the workbook to hand in and who has it open."""
    path = tmp_path / "~$list.xlsx"
    path.write_bytes(_lock("Anna Ott"))
    error = _refused(str(path))
    assert (
        f"is the lock file that Excel keeps while {tmp_path / 'list.xlsx'} is open (Anna Ott has it open)"
        in error.message
    )
    assert error.hint == f"hand in {tmp_path / 'list.xlsx'}"
    example = (Path(__file__).parent / "lists" / "F17__lock_~$list.xlsx").read_bytes()
    assert "Anna Ott has it open" in refusal(example).message
    path.write_bytes(b"")
    assert "is the lock file" in _refused(str(path)).message
    other = tmp_path / ".~lock.list.ods#"
    other.write_bytes(b",ann,host,24.11.2026 09:00,file:///home/ann;")
    assert f"hand in {tmp_path / 'list.ods'}" in _refused(str(other)).hint


def test_a_list_called_like_a_lock_file(tmp_path: Path) -> None:
    """A real list whose name begins like a lock file's is read."""
    path = tmp_path / "~$list.csv"
    path.write_bytes(LIST * 3)
    assert len(list(read(str(path)))) == 8
