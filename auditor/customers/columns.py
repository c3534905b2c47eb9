"""Find the columns of id, company, domain and owner. Of two equal candidates none is guessed.

The user's choice comes first, then the header's words (case, accents, blanks, underscores and dashes are ignored). Two
candidates for the id are an error; two for another role are a warning, and neither is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.ids import normalise_id
from auditor.customers.header_words import ROLE_WORDS, fold, fold_name
from auditor.customers.id_column import IdEvidence, assess_id_columns, find_id_column
from auditor.customers.messages import format_option, quote_all
from auditor.customers.table import Table, is_blank
from auditor.errors import CustomerListError

_ROLE_NAMES = {"id": "customer id", "company": "company name", "domain": "domain", "owner": "account manager"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names by role: the user's choice (None: find it), or the result (None: there is none).

    Attributes:
        id: the customer tenant ID.
        company: the customer's name.
        domain: the customer's domain.
        owner: the account manager.
        allow_ragged: True if the user accepts rows longer than the header, without company, domain and owner.
    """

    id: str | None = None
    company: str | None = None
    domain: str | None = None
    owner: str | None = None
    allow_ragged: bool = False


def find_columns(table: Table, wanted: Columns, label: str, warnings: list[str]) -> Columns:
    """Find the columns of a table by role.

    Args:
        table: the parsed list.
        wanted: the user's choice.
        label: the list's name for messages.
        warnings: warnings for the user are appended here.

    Raises:
        CustomerListError: no id column, two candidates for a role, or a chosen column that is not there.
    """
    if not table.names:
        raise CustomerListError(f"{label} ({table.format}) has no rows", "hand in a list with at least one customer")
    chosen = _find_chosen(table, "id", wanted.id, label) if wanted.id else find_id_column(table, label, warnings)
    found: dict[str, str | None] = {"id": chosen}
    found |= {
        role: _find_chosen(table, role, getattr(wanted, role), label) for role in ROLE_WORDS if getattr(wanted, role)
    }
    # the company comes last: the warning about a missing one lists the columns that are still free
    for role in ("domain", "owner", "company"):
        if role not in found:
            free = [name for name in table.names if name not in found.values()]
            found[role] = _find_by_words(table, free, role, warnings)
    return Columns(found["id"], found["company"], found["domain"], found["owner"])


def _find_chosen(table: Table, role: str, choice: str, label: str) -> str:
    names = [n for n in table.names if n == choice] or [n for n in table.names if fold(n) == fold(choice)]
    if not names:
        raise CustomerListError(
            f'{label} has no column "{choice}"; it has {quote_all(table.names)}', f"correct --{role}-column"
        )
    if len(names) > 1:
        raise CustomerListError(
            f"{label}: {quote_all(names)} could each be the {_ROLE_NAMES[role]}",
            f"choose one by its exact name, such as {format_option(f'--{role}-column', names[0])}",
        )
    return names[0]


def assess_table(table: Table, wanted: Columns) -> IdEvidence:
    """Return the evidence that a table holds customer tenant IDs."""
    if not wanted.id:
        return assess_id_columns(table)
    chosen = any(fold(name) == fold(wanted.id) for name in table.names)
    return IdEvidence.NAMED if chosen else IdEvidence.NONE


def _find_by_words(table: Table, names: Sequence[str], role: str, warnings: list[str]) -> str | None:
    """Return the one column whose header names the role; None if no header or several do."""
    for words in ROLE_WORDS[role]:
        matching = [name for name in names if fold_name(name) in words]
        if len(matching) > 1:
            warnings.append(
                f"{quote_all(matching)} could each be the {_ROLE_NAMES[role]} (first values "
                f"{quote_all([_first_value(table, name) for name in matching])}): none is taken; "
                f"choose one, such as {format_option(f'--{role}-column', matching[0])}"
            )
            return None
        if matching:
            return matching[0]
    if role == "company":
        _warn_without_company(table, names, warnings)
    return None


def _warn_without_company(table: Table, names: Sequence[str], warnings: list[str]) -> None:
    firsts = {name: _first_value(table, name) for name in names}
    texts = [name for name, cell in firsts.items() if normalise_id(cell) is None and any(map(str.isalpha, cell))]
    if texts:
        warnings.append(
            f"no column of company names was recognised among {quote_all(texts)}: "
            f"if there is one, choose it with --company-column NAME"
        )


def _first_value(table: Table, name: str) -> str:
    cells = (row.get(name, "") for row in table.sample)
    return next((cell for cell in cells if not is_blank(cell)), "")
