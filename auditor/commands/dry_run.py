"""`auditor run --dry-run`: what a run would ask for. It reads the lists; it sends nothing and writes nothing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from auditor import journal
from auditor.core.model import Customer
from auditor.core.pacing import estimate_seconds, starting_rate
from auditor.core.run_facts import VALIDATION_TYPE
from auditor.customers import CustomerList
from auditor.errors import CustomerListError
from auditor.runs.api_client import load_learned_rate, plan_of
from auditor.runs.credentials import tenant_of
from auditor.runs.options import check_reuse, find_sum_columns, open_list, read_rows
from auditor.settings import Settings

SHOWN = 20
"""Maximum number of rows with an invalid id that are named."""


@dataclass(frozen=True, slots=True)
class ListPreview:
    """One customer list.

    Attributes:
        name: as the user gave it.
        format: how it was understood: format, encoding, delimiter, sheet.
        columns: role -> recognised column; roles without one are missing.
        other_columns: columns that are copied to the report.
        warnings: one sentence each.
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
        lists: the lists, in the order given.
        rows, customers, duplicates, invalid: rows; distinct ids; rows that name a customer again; rows without a valid id.
        invalid_rows: the first rows without a valid id: (list, row, text in the id column).
        calls: requests, if every one succeeds and no customer is without an account status.
        seconds: duration at the rate of a run; None where no rate is set.
        learned_per_minute: the rate that a run would start with, where an earlier run learned a lower one than is set.
        reused: customers for whom the answer of an earlier run would be used (`--reuse`).
        warnings: about the answers that would be reused, one sentence each.
    """

    lists: tuple[ListPreview, ...]
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
class _Counter:
    """Counts rows over all lists; `ids` are the distinct customers, in order, as bytes."""

    rows: int = 0
    invalid: int = 0
    invalid_rows: list[tuple[str, int, str]] = field(default_factory=list)
    ids: dict[bytes, None] = field(default_factory=dict)


def preview(sources: tuple[str, ...], settings: Settings) -> Preview:
    """Read the lists and describe what a run would do.

    Args:
        sources: paths of the lists; `-` is standard input.
        settings: of the run.

    Raises:
        SettingsError: a column to add up is missing, or `--reuse` hides what `--fail-on` names.
        CustomerListError: a list cannot be read, is empty, or has no id column or no id.
    """
    check_reuse(settings)
    counter = _Counter()
    lists = tuple(_read_list(open_list(source, settings), counter) for source in sources)
    if not counter.rows:
        raise CustomerListError(f"{', '.join(sources)}: no rows", "hand in a list with at least one customer")
    find_sum_columns(settings.sum, dict.fromkeys(column for one in lists for column in one.other_columns))
    plan, memory = plan_of(settings), load_learned_rate(settings)
    warnings: list[str] = []
    reused = _find_reused(counter.ids, settings, warnings.append)
    learned, calls = starting_rate(plan, memory), _count_calls(len(counter.ids), reused, settings.limit)
    seconds = estimate_seconds(plan, memory, calls)
    return Preview(
        lists=lists,
        rows=counter.rows,
        customers=len(counter.ids),
        duplicates=counter.rows - counter.invalid - len(counter.ids),
        invalid=counter.invalid,
        invalid_rows=tuple(counter.invalid_rows),
        calls=calls,
        seconds=None if seconds is None else round(seconds, 1),
        learned_per_minute=round(learned.per_minute, 1) if learned else None,
        reused=len(reused),
        warnings=tuple(warnings),
    )


def _find_reused(ids: Collection[bytes], settings: Settings, warn: Callable[[str], None]) -> set[int]:
    """Find the positions of the customers whose answers a run would take from earlier ones."""
    if not settings.reuse:
        return set()
    now = datetime.now(UTC)
    query = journal.Query(settings.api, VALIDATION_TYPE, tenant_of(settings) or "")
    guids = [str(UUID(bytes=one)) for one in ids]
    since = now - timedelta(seconds=settings.reuse)
    return set(journal.find_reusable_customers(Path(settings.reports), query, guids, (since, now), warn))


def _count_calls(customers: int, reused: set[int], limit: int | None) -> int:
    """Count which of the first `limit` customers are left to ask for."""
    return sum(position not in reused for position in range(min(customers, limit or customers)))


def _read_list(one: CustomerList, counter: _Counter) -> ListPreview:
    for row in read_rows(one):
        counter.rows += 1
        if isinstance(row, Customer):
            counter.ids[bytes.fromhex(row.id.replace("-", ""))] = None
            continue
        counter.invalid += 1
        if len(counter.invalid_rows) < SHOWN:
            counter.invalid_rows.append((row.row.source_file, row.row.source_row, row.raw_id))
    how = [
        one.format.value,
        one.encoding,
        one.delimiter and f"delimiter {one.delimiter!r}",
        one.sheet and f"sheet {one.sheet!r}",
    ]
    roles = {role: getattr(one.columns, role) for role in ("id", "company", "domain", "owner")}
    return ListPreview(
        one.name,
        ", ".join(filter(None, how)),
        {role: name for role, name in roles.items() if name is not None},
        tuple(one.other_columns),
        tuple(one.warnings),
    )
