"""JSON Lines -> Arrow tables, a block at a time. Rule: nothing is inferred; every type is given by the caller.

A block is some whole lines, so a file of any size is read in constant memory and in its own order.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.json

from auditor.core.text import typed
from auditor.errors import IncompleteError, OutputError

BLOCK_BYTES = 4 << 20
"""About 15,000 rows: large enough for the readers and writers to be quick, small enough to hold several copies."""
_PIECE_BYTES = 1 << 20
"""What one thread parses at a time."""


def blocks(path: Path) -> Iterator[bytes]:
    """The file in blocks of whole lines.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block + file.readline()
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be read: {error.strerror or error}", f"auditor report {typed(path.parent)}"
        ) from error


def parse(block: bytes, schema: pa.Schema, name: str, *, strict: bool = False) -> pa.Table:
    """One record a line, with the columns of the schema; a field that a line lacks is null.

    Args:
        block: whole lines.
        schema: the fields wanted.
        name: of the file, for the error.
        strict: whether a field that the schema lacks is an error; else it is passed over.

    Raises:
        IncompleteError: a line is no JSON object, or a field is of another type.
    """
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
