"""JSON Lines -> Arrow tables. Nothing is inferred: the caller declares every type.

Files are read in blocks of whole lines, so that the text of a large file is never in memory as a whole.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, OutputError

_BLOCK_BYTES = 4 << 20
_PIECE_BYTES = 1 << 20
"""What one thread parses at a time."""


def read_blocks(path: Path) -> Iterator[bytes]:
    """A file in blocks of whole lines.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block + file.readline()
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be read: {error.strerror or error}", f"auditor report {shell_quote(path.parent)}"
        ) from error


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
