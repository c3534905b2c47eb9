"""Numbers in words for people. Rule: one row is one row, never 1 rows."""

from auditor.core.words import lasting, many

__all__ = ("lasting", "many")
