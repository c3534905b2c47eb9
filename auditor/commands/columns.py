"""Columns of the lists that the user names. Rule: one that is not there is said before the first request, with the nearest."""

import difflib
from collections.abc import Iterable

from auditor.core.words import escaped
from auditor.customers import Columns, Parts
from auditor.errors import SettingsError
from auditor.settings import Settings


def columns_of(settings: Settings) -> Columns:
    """The columns of the lists that the user names by their role."""
    return Columns(
        id=settings.id_column,
        company=settings.company_column,
        domain=settings.domain_column,
        owner=settings.owner_column,
        allow_ragged=settings.allow_ragged,
    )


def parts_of(settings: Settings) -> Parts:
    """The sheets, or the array of a JSON object, that the user names."""
    return Parts(settings.sheet, settings.array)


def known_columns(wanted: Iterable[str], columns: Iterable[str]) -> tuple[str, ...]:
    """The columns to add up, by the lists' own names, each once.

    Args:
        wanted: as the user wrote them; letter case and blanks around them do not matter.
        columns: the lists' other columns.

    Raises:
        SettingsError: a list has no such column.
    """
    names = {name.strip().casefold(): name for name in reversed([*columns])} | {name: name for name in columns}
    found: dict[str, None] = {}
    for one in wanted:
        name = names.get(one) or names.get(one.strip().casefold())
        if name is None:
            raise SettingsError(
                f"--sum {one}: the lists have no such column beside those of the customer", _hint(one, columns)
            )
        found[name] = None
    return tuple(found)


def _hint(wanted: str, columns: Iterable[str]) -> str:
    by_key = {name.casefold(): name for name in columns}
    if near := difflib.get_close_matches(wanted.casefold(), by_key, n=1):
        return f"did you mean {by_key[near[0]]!r}?"
    return f"name one of: {', '.join(map(escaped, columns))}" if by_key else "the lists have no other column at all"
