"""Tests of `auditor.customers.source`: files, pipes, files of other kinds, encodings and line ends."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TWO, ids_in, open_list, refusal, rows_in

from auditor.customers import read, source
from auditor.customers.source import HEAD_SIZE, LONGEST_LINE, Source, Text, open_source
from auditor.errors import CustomerListError

LIST = f"Id,Name\n{ONE},a\n{TWO},b\n".encode()


def _refusal(name: str) -> CustomerListError:
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
    """A missing file, a folder or an invalid path is named in one line."""
    assert "does not exist" in _refusal(str(tmp_path / "none.csv")).message
    assert "is a folder; expected a file" in _refusal(str(tmp_path)).message
    assert "cannot be read: embedded null" in _refusal("a\0\nb").message
    assert "cannot be read: File name too long" in _refusal("x" * 5000).message


def test_permission_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is reported as such. (Simulated, because root may read everything.)"""

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "permission denied" in _refusal("secret.csv").message


def test_empty_file(tmp_path: Path) -> None:
    """A file without a byte is called empty."""
    (tmp_path / "list.csv").touch()
    assert "is empty" in _refusal(str(tmp_path / "list.csv")).message


def test_read_error_later_on() -> None:
    """A device that fails while it is read ends in our error."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(CustomerListError, match="standard input cannot be read: Input/output error"):
        list(read("-", content=Failing(LIST + b"\n" * HEAD_SIZE)))


def test_standard_input_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is the process's own standard input, which stays open."""
    held = io.TextIOWrapper(io.BytesIO(LIST))
    monkeypatch.setattr(sys, "stdin", held)
    assert ids_in(list(read("-"))) == [ONE, TWO]
    assert not held.buffer.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipe(tmp_path: Path) -> None:
    """A named pipe, as a shell makes one for `<(…)`, can be read."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(LIST,))
    writer.start()
    assert ids_in(list(read(str(path)))) == [ONE, TWO]
    writer.join()


def test_a_pipe_is_spooled() -> None:
    """For a format that is read from its end, a pipe is copied, and the copy is closed with the source."""
    data = bytes(range(1, 256)) * 1000
    source = open_source("-", io.BytesIO(data))
    copy = source.spool()
    assert b"".join(copy.chunks()) == data
    with copy.reread() as again:
        assert b"".join(again.chunks()) == data
    source.close()
    assert copy.stream.closed


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
    """The message names the kind of the file, with advice."""
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
    error = _refusal(str(path))
    assert (
        f"is the lock file that Excel keeps while {tmp_path / 'list.xlsx'} is open (Anna Ott has it open)"
        in error.message
    )
    assert error.hint == f"hand in {tmp_path / 'list.xlsx'}"
    example = (Path(__file__).parent / "lists" / "F17__lock_~$list.xlsx").read_bytes()
    assert "Anna Ott has it open" in refusal(example).message
    path.write_bytes(b"")
    assert "is the lock file" in _refusal(str(path)).message
    other = tmp_path / ".~lock.list.ods#"
    other.write_bytes(b",ann,host,24.11.2026 09:00,file:///home/ann;")
    assert f"hand in {tmp_path / 'list.ods'}" in _refusal(str(other)).hint


def test_a_list_called_like_a_lock_file(tmp_path: Path) -> None:
    """A real list whose name begins like a lock file's is read."""
    path = tmp_path / "~$list.csv"
    path.write_bytes(LIST * 3)
    assert len(list(read(str(path)))) == 8


NAME = "Zoë – Ångström €"
_any_text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


def _text(data: bytes, head: int) -> Text:
    return Text(Source("-", data[:head], io.BytesIO(data[head:]), owned=False), [])


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
    ],
)
def test_unicode(encoding: str, name: str) -> None:
    """UTF-8 and UTF-16 are understood with a byte-order mark and without."""
    found = open_list(f"Id,Name\r\n{ONE},{NAME}\r\n".encode(encoding))
    assert [row.row.company_name for row in found] == [NAME]
    assert (found.encoding, found.warnings) == (name, [])


def test_utf_16_big_endian_with_mark() -> None:
    """The byte-order mark decides the byte order."""
    assert rows_in(b"\xfe\xff" + f"Id,Name\n{ONE},{NAME}\n".encode("utf-16-be"))[0].row.company_name == NAME


def test_windows_1252_as_a_last_resort() -> None:
    """A first character that is no UTF-8 makes the list Windows-1252, with a warning that names the line."""
    found = open_list(f"Id,Name\n{ONE},a\n{TWO},{NAME}\n".encode("cp1252"))
    assert [row.row.company_name for row in found] == ["a", NAME]
    assert found.encoding == "Windows-1252"
    assert len(found.warnings) == 1
    assert "line 3 is not UTF-8: read as Windows-1252" in found.warnings[0]


def test_windows_1252_far_down() -> None:
    """The first such character may be far down, and the list may come through a pipe."""
    filler = f"{ONE},a\n" * 40_000
    found = open_list(f"Id,Name\n{filler}{TWO},{NAME}\n".encode("cp1252"))
    assert found.warnings == []
    assert [row.row.company_name for row in found][-1] == NAME
    assert "line 40002 " in found.warnings[0]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (f"Id,Name\n{ONE},ä\n{TWO},".encode() + b"\xe4\n", "line 3 is not UTF-8"),
        (f"\ufeffId,Name\n{ONE},".encode() + b"\xe4\n", "line 2 is not UTF-8"),
        (f"Id,Name\n{ONE},".encode() + b"\xe4\n\r\n\x81\n", "line 4 is neither UTF-8 nor Windows-1252"),
        (f"Id,Name\n{ONE},a\n".encode("utf-16") + b"\x00", "line 3 is not UTF-16"),
        (f"Id,Name\n{ONE},a\n\r\n{TWO},\0\n".encode(), "line 4 holds a zero byte"),
        (f"Id,Name\n{ONE},".encode() + b"\xc3", "line 2 is not UTF-8"),
    ],
)
def test_invalid_bytes_are_refused(data: bytes, found: str) -> None:
    """When the encoding is known, an invalid byte is an error with its line; no byte is replaced."""
    if data.endswith(b"\xc3"):
        assert open_list(data).encoding == "Windows-1252"
    else:
        assert found in refusal(data).message


def test_line_ends() -> None:
    """Line feeds, carriage returns and both end a line, and only those: other separators are text."""
    data = f"Id,Name\r{ONE},a\u2028b\x0bc\x85d\r{TWO},e\r\n".encode()
    assert [(row.row.source_row, row.row.company_name) for row in rows_in(data)] == [
        (2, "a\u2028b\x0bc\x85d"),
        (3, "e"),
    ]


@given(_any_text, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 70), st.integers(1, 7))
def test_lines_in_pieces(text: str, encoding: str, head: int, size: int) -> None:
    """For any division of the bytes into pieces, the lines are the same, and together they are the text."""
    data = text.encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        lines = list(_text(data, max(head, 3)).lines()) if data else []
    assert lines == io.StringIO(text.removeprefix("\ufeff"), newline="").readlines()


@given(st.text(st.sampled_from("a\r\néöÿ"), max_size=40), st.integers(3, 40), st.integers(1, 7))
def test_windows_1252_in_pieces(text: str, head: int, size: int) -> None:
    """The same for Windows-1252, and the warning names the line of the first character that is no ASCII."""
    data = text.encode("cp1252")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        read = _text(data, head)
        lines = list(read.lines())
    assert lines == io.StringIO(text, newline="").readlines()
    if not text.isascii():
        first = next(i for i, line in enumerate(lines, 1) if not line.isascii())
        assert [f"line {first} " in warning for warning in read.warnings] == [True]


def test_peek_does_not_consume() -> None:
    """`peek` returns text that `chunks` returns again."""
    text = _text(b"a\nb", 3)
    assert text.peek() == text.peek() == "a\nb"
    assert list(text.chunks()) == ["a\nb"]


def test_overlong_line_is_refused() -> None:
    """A file without line ends is refused before all of it is in memory."""
    assert "line 2 is longer than" in refusal(b"Id\n" + b"x" * (LONGEST_LINE + (1 << 19))).message
