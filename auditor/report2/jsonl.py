"""JSON Lines -> Arrow tables. Nothing is inferred: the caller declares every type.

Files are read in blocks of whole lines, so that the text of a large file is never in memory as a whole.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from auditor.core.words import typed
from auditor.errors import IncompleteError, OutputError
from auditor.report2.files import Entry

_BLOCK_BYTES = 4 << 20
_PIECE_BYTES = 1 << 20
"""What one thread parses at a time."""


class Reader:
    """Reads a file once and measures it on the way.

    Attributes:
        entry: size, hash and line count, complete after `read`.
    """

    def __init__(self, path: Path) -> None:
        self.entry = Entry(path.name, 0, hashlib.sha256().hexdigest(), 0)
        self._path = path

    def read(self, schema: pa.Schema, *, strict: bool = False) -> pa.Table:
        """Parse the whole file; see `parse_blocks`.

        Raises:
            OutputError: the file cannot be read.
            IncompleteError: it is damaged.
        """
        return parse_blocks(self._blocks(), schema, self._path.name, strict=strict)

    def _blocks(self) -> Iterator[bytes]:
        digest, size, lines, last = hashlib.sha256(), 0, 0, b"\n"
        try:
            with self._path.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    block += file.readline()
                    digest.update(block)
                    size += len(block)
                    lines += block.count(b"\n")
                    last = block[-1:]
                    yield block
        except OSError as error:
            raise OutputError(
                f"{self._path}: cannot be read: {error.strerror or error}", f"auditor report {typed(self._path.parent)}"
            ) from error
        self.entry = Entry(self._path.name, size, digest.hexdigest(), lines + (last != b"\n"))


def parse_blocks(blocks: Iterable[bytes], schema: pa.Schema, name: str, *, strict: bool = False) -> pa.Table:
    """Parse blocks of whole lines: one record a line, with the columns of the schema; a field that a line lacks is null.

    Args:
        blocks: the lines.
        schema: the fields wanted.
        name: of the file, for messages.
        strict: raise for a field that the schema lacks; otherwise ignore it.

    Returns:
        One table whose columns have one chunk each.

    Raises:
        IncompleteError: a line is no JSON object, or a field has another type.
    """
    tables = [schema.empty_table(), *(_parse(block, schema, name, strict=strict) for block in blocks)]
    return pa.concat_tables(tables).combine_chunks()


def _parse(block: bytes, schema: pa.Schema, name: str, *, strict: bool) -> pa.Table:
    options = pyarrow.json.ParseOptions(
        explicit_schema=schema, unexpected_field_behavior="error" if strict else "ignore"
    )
    try:
        return _read(block, options, _PIECE_BYTES).select(schema.names)
    except pa.ArrowInvalid:
        pass  # a line may be longer than a piece, which pyarrow cannot divide
    try:
        return _read(block, options, len(block)).select(schema.names)
    except pa.ArrowInvalid as error:
        raise IncompleteError(
            f"{name}: cannot be understood: {error}", "the file was damaged or changed: audit the list again"
        ) from error


def _read(block: bytes, options: pyarrow.json.ParseOptions, piece: int) -> pa.Table:
    return pyarrow.json.read_json(pa.BufferReader(block), pyarrow.json.ReadOptions(block_size=piece), options)
