"""What a run takes from its customer lists and from the settings: columns, rows, and how reports present them.

A named column that no list has is refused before the first request, with the nearest name. A list without one valid customer
id was misread, and is refused. `--reuse` is refused together with options that ask what has changed since the last run.
"""

import difflib
from collections.abc import Iterable, Iterator

from auditor.core.ids import normalise_id
from auditor.core.model import Customer, RejectedRow
from auditor.core.results import FailOn
from auditor.core.run_facts import Presentation
from auditor.core.text import escape_controls
from auditor.customers import Columns, CustomerList, Parts, may_hold_customers, quote_all
from auditor.errors import CustomerListError, SettingsError
from auditor.settings import Settings


def presentation_of(settings: Settings, sums: tuple[str, ...] = ()) -> Presentation:
    """How the reports of a run present it, for the journal's header.

    Args:
        settings: of the run.
        sums: columns of its lists to add up.
    """
    return Presentation(settings.customer_link, settings.packs, settings.zone or _local_zone(), sums)


def _local_zone() -> str:
    """The IANA name of this machine's time zone; UTC where it has none."""
    import tzlocal

    try:
        return tzlocal.get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"


def columns_of(settings: Settings) -> Columns:
    """The columns of the lists that the settings name."""
    return Columns(
        id=settings.id_column,
        company=settings.company_column,
        domain=settings.domain_column,
        owner=settings.owner_column,
        allow_ragged=settings.allow_ragged,
    )


def parts_of(settings: Settings) -> Parts:
    """The sheets, or the array of a JSON object, that the settings name."""
    return Parts(settings.sheet, settings.array)


def known_columns(wanted: Iterable[str], columns: Iterable[str]) -> tuple[str, ...]:
    """The columns to add up, by their names in the lists, each once.

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
    return (
        f"name one of: {', '.join(map(escape_controls, columns))}"
        if by_key
        else "the lists have no other column at all"
    )


SEARCHED_ROWS = 1000
"""Rejected rows whose other cells are searched for an id."""


def require_ids(one: CustomerList) -> Iterator[Customer | RejectedRow]:
    """Yield the rows of a list.

    Raises:
        CustomerListError: after the last row, where none has a valid id; or as the list itself.
    """
    rejected: list[RejectedRow] | None = []
    for row in one:
        if isinstance(row, Customer):
            rejected = None
        elif rejected is not None and len(rejected) < SEARCHED_ROWS:
            rejected.append(row)
        yield row
    if rejected:
        raise _no_ids_error(one, rejected)


def _no_ids_error(one: CustomerList, rejected: Iterable[RejectedRow]) -> CustomerListError:
    """The error; it names the column that does hold ids, where there is one."""
    cells: dict[str, list[str]] = {}
    first = ""
    for each in rejected:
        first = first or each.raw_id.strip()
        named = [
            (one.columns.company, each.row.company_name),
            (one.columns.domain, each.row.domain),
            (one.columns.owner, each.row.owner),
        ]
        for name, cell in [*named, *each.row.other.items()]:
            if name and cell and normalise_id(cell):
                cells.setdefault(name, []).append(cell)
    # a column that holds one id in every row is likely the partner's own
    likely = [name for name, found in cells.items() if may_hold_customers(name, found)]
    near = max(likely, key=lambda name: len(cells[name]), default=None)
    column = f"column {one.columns.id!r}" if one.columns.id else "the list"
    return CustomerListError(
        f"{one.name}: {column} holds no customer id"
        + (f"; did you mean {near!r}?" if near else "")
        + (f" (its first value is {quote_all([first])})" if first else ""),
        f"--id-column {near!r}" if near else "name the column of customer tenant ids (GUIDs) with --id-column",
    )


_ABOUT_CHANGES = (FailOn.NEWLY_BLOCKED, FailOn.CHANGES)


def check_reuse(settings: Settings) -> None:
    """Refuse `--reuse` together with options whose answer it would hide.

    Raises:
        SettingsError: `--fail-on` names changes.
    """
    hidden = [one for one in settings.fail_on if one in _ABOUT_CHANGES]
    if settings.reuse and hidden:
        names = ",".join(hidden)
        raise SettingsError(
            f"--fail-on {names} cannot be used with --reuse: customers whose eligible answer is reused are not asked again, "
            "so it stays unknown whether they are blocked by now",
            f"leave out --reuse (AUDITOR_REUSE), or take {names} out of --fail-on (AUDITOR_FAIL_ON)",
        )
