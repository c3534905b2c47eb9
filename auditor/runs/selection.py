"""Read the options that select rows (`--owner`, `--only`, `--exclude`), and check them against the lists."""

import difflib
from collections.abc import Iterable
from dataclasses import replace

from auditor.core.model import Customer
from auditor.core.selection import Selection
from auditor.core.text import count_noun, escape_controls, name_key, shell_quote
from auditor.errors import CustomerListError, SettingsError
from auditor.runs.options import open_list, read_rows
from auditor.settings import Settings


def read_selection(
    owners: Iterable[str], only: Iterable[str], exclude: Iterable[str], settings: Settings
) -> Selection | None:
    """Read the options that select rows; None where there are none.

    Args:
        owners: account managers; an empty text is for rows without one.
        only: paths of files with ids, read as customer lists are.
        exclude: the same.
        settings: of the run.

    Raises:
        CustomerListError: a file cannot be read, or holds no id.
    """
    named = {name_key(owner): owner.strip() for owner in owners}
    wanted, excluded = ({name: _read_ids(name, settings) for name in sorted({*names})} for names in (only, exclude))
    given = [
        *(("--owner", named[owner]) for owner in sorted(named)),
        *(("--only", name) for name in wanted),
        *(("--exclude", name) for name in excluded),
    ]
    if not given:
        return None
    text = " ".join(f"{option} {shell_quote(value)}" for option, value in given)
    return Selection(escape_controls(text), named.values(), wanted, excluded)


def _read_ids(name: str, settings: Settings) -> frozenset[str]:
    """The customer ids in a file. The columns and sheets that the settings name are those of the list."""
    plain = replace(
        settings, id_column=None, company_column=None, domain_column=None, owner_column=None, sheet=(), array=None
    )
    return frozenset(row.id for row in read_rows(open_list(name, plain)) if isinstance(row, Customer))


def check_selection(selection: Selection) -> list[tuple[str, str]]:
    """Check a selection after the last row of the lists.

    Returns:
        (name of the file, text) of each warning.

    Raises:
        SettingsError: no row has the account manager.
        CustomerListError: no customer is selected.
    """
    for owner in selection.unknown_owners():
        raise SettingsError(
            f"--owner {shell_quote(owner)}: no row has this account manager", _nearest(owner, selection.owners_found)
        )
    if not selection.customers:
        raise CustomerListError(f"{selection.text}: no customer of the lists is selected", "select others")
    return [
        (name, f"{missing:,} of {count_noun(ids, 'id')} {'is' if missing == 1 else 'are'} not in the lists (--only)")
        for name, missing, ids in selection.missing_ids()
    ]


def _nearest(owner: str, known: dict[str, str]) -> str:
    if near := difflib.get_close_matches(name_key(owner), filter(None, known), n=1):
        return f"did you mean {escape_controls(known[near[0]])!r}?"
    return "name an account manager of the list; --owner-column names their column"
