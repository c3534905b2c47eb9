"""`auditor run --dry-run`: what a run would ask for. It reads the lists; it sends nothing and writes nothing."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from auditor import journal
from auditor.core.model import Customer, Reason
from auditor.core.pacing import estimate_seconds, starting_rate
from auditor.core.run_facts import VALIDATION_TYPE
from auditor.core.selection import Selection
from auditor.customers import CustomerList
from auditor.errors import CustomerListError
from auditor.runs.api_client import load_learned_rate, plan_of
from auditor.runs.baseline import identity_of
from auditor.runs.credentials import tenant_of
from auditor.runs.options import RunOptions, check_reuse, find_sum_columns, open_list, read_rows
from auditor.runs.priority import CustomerOrder, choose_priority, describe_unknown, known_customers
from auditor.runs.selection import check_selection
from auditor.settings import Settings

SHOWN = 20
"""Maximum number of rows with an invalid id that are named."""
SHOWN_FIRST = 10
"""Number of customers that are named as asked first."""


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
        warnings: about the answers that would be reused, and the selection, one sentence each.
        selection: the options that select rows; empty where all are asked for.
        not_selected: rows that were left out.
        asked_first: (customer id, why) of the first ten customers (`--priority`).
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
    selection: str = ""
    not_selected: int = 0
    asked_first: tuple[tuple[str, str], ...] = ()

    @property
    def minutes(self) -> float | None:
        """The same in minutes, to a tenth."""
        return None if self.seconds is None else round(self.seconds / 60, 1)


@dataclass(slots=True)
class _Counter:
    """Counts rows over all lists.

    Attributes:
        selection: which rows are asked for; None: all.
        order: of the customers (`--priority`); None: in list order.
        ids: the distinct customers, in order, as bytes.
    """

    selection: Selection | None
    order: CustomerOrder | None
    rows: int = 0
    invalid: int = 0
    invalid_rows: list[tuple[str, int, str]] = field(default_factory=list)
    ids: dict[bytes, None] = field(default_factory=dict)
    not_selected: int = 0


def preview(sources: tuple[str, ...], settings: Settings, selection: Selection | None = None) -> Preview:
    """Read the lists and describe what a run would do.

    Args:
        sources: paths of the lists; `-` is standard input.
        settings: of the run.
        selection: which rows are asked for; None: all.

    Raises:
        SettingsError: a column to add up is missing, or `--reuse` hides what `--fail-on` names.
        CustomerListError: a list cannot be read, is empty, or has no id column or no id; nobody is selected.
    """
    check_reuse(settings)
    opened = [open_list(source, settings) for source in sources]
    columns = tuple(dict.fromkeys(column for one in opened for column in one.other_columns))
    warnings: list[str] = []
    options = RunOptions(settings, settings.format, selection=selection)
    counter = _Counter(selection, _open_order(sources, options, columns, warnings.append))
    lists = tuple(_read_list(one, counter) for one in opened)
    if not counter.rows:
        raise CustomerListError(f"{', '.join(sources)}: no rows", "hand in a list with at least one customer")
    if selection:
        warnings += [f"{name}: {text}" for name, text in check_selection(selection)]
    find_sum_columns(settings.sum, columns)
    plan, memory = plan_of(settings), load_learned_rate(settings)
    reused = _find_reused(counter.ids, settings, warnings.append)
    # a run with --limit asks for the first customers only
    first = min(len(counter.ids), settings.limit or len(counter.ids))
    learned, calls = starting_rate(plan, memory), sum(position not in reused for position in range(first))
    seconds = estimate_seconds(plan, memory, calls)
    return Preview(
        lists=lists,
        rows=counter.rows,
        customers=len(counter.ids),
        duplicates=counter.rows - counter.invalid - counter.not_selected - len(counter.ids),
        invalid=counter.invalid,
        invalid_rows=tuple(counter.invalid_rows),
        calls=calls,
        seconds=None if seconds is None else round(seconds, 1),
        learned_per_minute=round(learned.per_minute, 1) if learned else None,
        reused=len(reused),
        warnings=tuple(warnings),
        selection=options.selection_text,
        not_selected=counter.not_selected,
        asked_first=tuple(counter.order.finish().first(SHOWN_FIRST)) if counter.order else (),
    )


def _open_order(
    sources: tuple[str, ...], options: RunOptions, columns: tuple[str, ...], warn: Callable[[str], None]
) -> CustomerOrder | None:
    """The order of the customers, before their rows are read; None where it is that of the lists."""
    settings = options.settings
    if not settings.priority:
        return None
    reports = Path(settings.reports)
    chosen = choose_priority(reports, identity_of(options, sources), settings.priority, columns)
    if unknown := describe_unknown(chosen):
        warn(unknown)
    return CustomerOrder(chosen.words, known_customers(reports, chosen, warn))


def _find_reused(ids: Collection[bytes], settings: Settings, warn: Callable[[str], None]) -> set[int]:
    """Find the positions of the customers whose answers a run would take from earlier ones."""
    if not settings.reuse:
        return set()
    now = datetime.now(UTC)
    query = journal.Query(settings.api, VALIDATION_TYPE, tenant_of(settings) or "")
    guids = [str(UUID(bytes=one)) for one in ids]
    since = now - timedelta(seconds=settings.reuse)
    return set(journal.find_reusable_customers(Path(settings.reports), query, guids, (since, now), warn))


def _read_list(one: CustomerList, counter: _Counter) -> ListPreview:
    selection = counter.selection
    rows = read_rows(one)
    for row in map(selection.mark, rows) if selection else rows:
        counter.rows += 1
        if isinstance(row, Customer):
            counter.ids[bytes.fromhex(row.id.replace("-", ""))] = None
            if counter.order:
                counter.order.add(counter.rows, row.id, row.row.other)
            continue
        if row.reason is Reason.NOT_SELECTED:
            counter.not_selected += 1
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
