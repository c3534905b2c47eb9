"""`auditor run --dry-run`: what a run would ask for. Rule: it reads the lists, sends nothing and writes nothing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from auditor import customers, journal
from auditor.core.model import Customer
from auditor.core.pacing import estimate_seconds, starting_rate
from auditor.core.run_facts import VALIDATION_TYPE
from auditor.errors import CustomerListError
from auditor.runs.api_client import learned, plan_of
from auditor.runs.credentials import tenant_of
from auditor.runs.inputs import check_reuse, known_columns, require_ids
from auditor.settings import Settings

SHOWN = 20
"""How many rows with an invalid id are named."""


@dataclass(frozen=True, slots=True)
class ListFound:
    """One customer list.

    Attributes:
        name: as the user gave it.
        format: how it was understood: format, encoding, delimiter, sheet.
        columns: role -> the column that was recognised; roles without one are missing.
        other_columns: those that travel to the report as they are.
        warnings: what a person should know, a sentence each.
    """

    name: str
    format: str
    columns: dict[str, str]
    other_columns: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do.

    Attributes:
        lists: what was found in each list.
        rows, customers, duplicates, invalid: rows; distinct ids; rows that name a customer again; rows without a valid id.
        invalid_rows: the first rows without a valid id: (list, row, text in the id column).
        reused: customers for whom the answer of an earlier run would be taken (`--reuse`).
        calls: requests, if every one succeeds and nobody is without an account status.
        seconds: at the pace of a run; None where it is not paced.
        learned_per_minute: requests a minute that a run would begin with, where an earlier one learned less than is set.
        warnings: what a person should know of the answers that would be reused, a sentence each.
    """

    lists: tuple[ListFound, ...]
    rows: int
    customers: int
    duplicates: int
    invalid: int
    invalid_rows: tuple[tuple[str, int, str], ...]
    calls: int
    seconds: float | None
    learned_per_minute: float | None = None
    reused: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def minutes(self) -> float | None:
        """The same in minutes, to a tenth."""
        return None if self.seconds is None else round(self.seconds / 60, 1)


@dataclass(slots=True)
class _Counting:
    rows: int = 0
    invalid: list[tuple[str, int, str]] = field(default_factory=list)
    invalid_count: int = 0
    seen: dict[bytes, None] = field(default_factory=dict)


def preview(
    sources: tuple[str, ...],
    columns: customers.Columns,
    settings: Settings,
    parts: customers.Parts = customers.WHOLE,
) -> Preview:
    """Reads the lists and says what a run would do.

    Args:
        sources: paths of the lists; `-` is standard input.
        columns: which columns the user named.
        settings: of the run.
        parts: which sheets, or which array of a JSON object, the user named.

    Raises:
        SettingsError: a column to add up is not there, or `--reuse` hides what `--fail-on` names.
        CustomerListError: a list cannot be read, is empty, or has no id column or no id.
    """
    check_reuse(settings)
    counting = _Counting()
    found = tuple(_read(customers.read(source, columns=columns, parts=parts), counting) for source in sources)
    if not counting.rows:
        raise CustomerListError(f"{', '.join(sources)}: no rows", "hand in a list with at least one customer")
    known_columns(settings.sum, dict.fromkeys(column for one in found for column in one.other_columns))
    plan, memory = plan_of(settings), learned(settings)
    warnings: list[str] = []
    reused = _reused(counting.seen, settings, warnings.append)
    begins, calls = starting_rate(plan, memory), _calls(len(counting.seen), reused, settings.limit)
    seconds = estimate_seconds(plan, memory, calls)
    return Preview(
        lists=found,
        rows=counting.rows,
        customers=len(counting.seen),
        duplicates=counting.rows - counting.invalid_count - len(counting.seen),
        invalid=counting.invalid_count,
        invalid_rows=tuple(counting.invalid),
        calls=calls,
        seconds=None if seconds is None else round(seconds, 1),
        learned_per_minute=round(begins.per_minute, 1) if begins else None,
        reused=len(reused),
        warnings=tuple(warnings),
    )


def _reused(seen: Collection[bytes], settings: Settings, warned: Callable[[str], None]) -> set[int]:
    """The positions of the customers whose answers a run would take from earlier ones."""
    if not settings.reuse:
        return set()
    now = datetime.now(UTC)
    asked = journal.Query(settings.api, VALIDATION_TYPE, tenant_of(settings) or "")
    ids = [str(UUID(bytes=one)) for one in seen]
    since = now - timedelta(seconds=settings.reuse)
    return set(journal.find_reusable_customers(Path(settings.reports), asked, ids, (since, now), warned))


def _calls(customers: int, reused: set[int], limit: int | None) -> int:
    """How many of the first `limit` customers are left to ask for."""
    return sum(position not in reused for position in range(min(customers, limit or customers)))


def _read(one: customers.CustomerList, counting: _Counting) -> ListFound:
    for row in require_ids(one):
        counting.rows += 1
        if isinstance(row, Customer):
            counting.seen[bytes.fromhex(row.id.replace("-", ""))] = None
            continue
        counting.invalid_count += 1
        if len(counting.invalid) < SHOWN:
            counting.invalid.append((row.row.source_file, row.row.source_row, row.raw_id))
    how = [
        one.format.value,
        one.encoding,
        one.delimiter and f"delimiter {one.delimiter!r}",
        one.sheet and f"sheet {one.sheet!r}",
    ]
    roles = {role: getattr(one.columns, role) for role in ("id", "company", "domain", "owner")}
    return ListFound(
        one.name,
        ", ".join(filter(None, how)),
        {role: name for role, name in roles.items() if name is not None},
        tuple(one.other_columns),
        tuple(one.warnings),
    )
