"""Properties of `auditor.customers.text`: encodings and line ends."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_support import ONE, TWO, opened, refusal, rows_in

from auditor.customers import source
from auditor.customers.source import Source
from auditor.customers.text import LONGEST_LINE, Text

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
    found = opened(f"Id,Name\r\n{ONE},{NAME}\r\n".encode(encoding))
    assert [row.row.company_name for row in found] == [NAME]
    assert (found.encoding, found.warnings) == (name, [])


def test_utf_16_big_endian_with_mark() -> None:
    """The mark decides on the order of bytes."""
    assert rows_in(b"\xfe\xff" + f"Id,Name\n{ONE},{NAME}\n".encode("utf-16-be"))[0].row.company_name == NAME


def test_windows_1252_as_a_last_resort() -> None:
    """A first character that is no UTF-8 makes the list Windows-1252, with a warning that names the line."""
    found = opened(f"Id,Name\n{ONE},a\n{TWO},{NAME}\n".encode("cp1252"))
    assert [row.row.company_name for row in found] == ["a", NAME]
    assert found.encoding == "Windows-1252"
    assert len(found.warnings) == 1
    assert "line 3 is not UTF-8: read as Windows-1252" in found.warnings[0]


def test_windows_1252_far_down() -> None:
    """It does not matter how far down the first such character stands, nor that the list comes through a pipe."""
    filler = f"{ONE},a\n" * 40_000
    found = opened(f"Id,Name\n{filler}{TWO},{NAME}\n".encode("cp1252"))
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
def test_bytes_that_do_not_fit(data: bytes, found: str) -> None:
    """Once the encoding is settled, a byte that does not fit ends the reading, with its line; nothing is replaced."""
    if data.endswith(b"\xc3"):
        assert opened(data).encoding == "Windows-1252"
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
def test_pieces_do_not_matter(text: str, encoding: str, head: int, size: int) -> None:
    """However the bytes are cut into pieces, the same lines come out, and together they are the text."""
    data = text.encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "CHUNK_SIZE", size)
        lines = list(_text(data, max(head, 3)).lines()) if data else []
    assert lines == io.StringIO(text.removeprefix("\ufeff"), newline="").readlines()


@given(st.text(st.sampled_from("a\r\néöÿ"), max_size=40), st.integers(3, 40), st.integers(1, 7))
def test_pieces_do_not_matter_in_windows_1252(text: str, head: int, size: int) -> None:
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


def test_peek_takes_nothing_away() -> None:
    """What was looked at comes again."""
    text = _text(b"a\nb", 3)
    assert text.peek() == text.peek() == "a\nb"
    assert list(text.chunks()) == ["a\nb"]


def test_line_without_end() -> None:
    """A file without line ends is refused before it is held whole."""
    assert "line 2 is longer than" in refusal(b"Id\n" + b"x" * (LONGEST_LINE + (1 << 19))).message
