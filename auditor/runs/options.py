"""The options of a run, checked against its customer lists, and the observer that it reports to.

A named column that no list has is refused before the first request, with the nearest name. A list without one valid customer
id was misread, and is refused. `--reuse` is refused together with options that ask what has changed since the last run.
"""

import difflib
import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from auditor import customers
from auditor.core.house_style import MOST_LOGO_BYTES, Logo, read_logo
from auditor.core.ids import normalise_id
from auditor.core.judge import MembershipCheck
from auditor.core.model import Customer, CustomerResult, Reason, RejectedRow, RunEnd
from auditor.core.results import FailOn
from auditor.core.run_facts import Presentation, RunFacts
from auditor.core.selection import Selection
from auditor.core.text import escape_controls
from auditor.customers import CustomerList
from auditor.errors import CustomerListError, SettingsError, describe_os_error
from auditor.fetch import RateLimiter
from auditor.runs.rendering_slot import RenderingSlots
from auditor.runs.signals import StopRequest, stop_on_request, stop_on_signals
from auditor.settings import Origins, Settings

_log = logging.getLogger("auditor")


class ProgressEstimate(Protocol):
    """Estimate of the rest of a run, for the progress line."""

    def eta(self, customers: int) -> float | None:
        """Seconds that this many customers will take; None where it is not known yet."""

    def closed_for(self) -> float:
        """Seconds left of the wait that the service asked for; 0 where there is none."""

    def slowed_to(self) -> float | None:
        """The rate in requests a minute, where it is below the set one; else None."""


TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RunObserver:
    """Receives what happens during a run, in the thread of the run. An exception of a callable ends the run.

    Messages that no callable takes go to the logger `auditor`.

    Attributes:
        started: receives the run's facts, the number of customers to ask for and an estimate, before the first request.
        ticked: is called every `TICK_SECONDS` during the requests, also where no answer comes.
        answered: receives every answer as it is recorded.
        replaced: receives the reason of an earlier answer whose customer was asked again; the next answer replaces it.
        sign_in: receives messages about the sign-in, one sentence each.
        warned: receives warnings, one sentence each.
        noted: receives notes, one sentence each.
    """

    started: Callable[[RunFacts, int, ProgressEstimate], object] = lambda _facts, _to_ask, _estimate: None
    ticked: Callable[[], object] = lambda: None
    answered: Callable[[CustomerResult], object] = lambda _answer: None
    replaced: Callable[[Reason], object] = lambda _reason: None
    sign_in: Callable[[str], None] = _log.warning
    warned: Callable[[str], None] = _log.warning
    noted: Callable[[str], None] = _log.info


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run.

    Attributes:
        settings: of the run.
        formats: which report formats to write.
        check: whether and how membership in the partner's own customer list is checked.
        simulated: True where the answers come from the built-in simulator.
        observer: receives what happens.
        stop: stops the run at the caller's request; None: signals stop it, as on the command line.
        selection: which rows are asked for; None: all.
        continues: where an unfinished run of the same list is finished instead (`--continue`): where each setting comes from;
            None: a new run is started.
        slots: which limit how many runs render at the same time; None: nothing does.
    """

    settings: Settings
    formats: tuple[str, ...]
    check: MembershipCheck = MembershipCheck.AUTO
    simulated: bool = False
    observer: RunObserver = field(default_factory=RunObserver)
    stop: StopRequest | None = None
    selection: Selection | None = None
    continues: Origins | None = None
    slots: RenderingSlots | None = None

    @property
    def selection_text(self) -> str:
        """The options that select rows; empty where all are asked for."""
        return self.selection.text if self.selection else ""

    def stop_early(
        self, rate_limiter: RateLimiter, *, then: str = "", deadline: float | None = None
    ) -> AbstractContextManager[list[RunEnd]]:
        """Stop new requests when the caller asks for it, or at a signal; see `signals.stop_on_signals`."""
        if self.stop is not None and not self.stop.with_signals:
            return stop_on_request(rate_limiter, self.stop, deadline=deadline)
        return stop_on_signals(rate_limiter, self.observer.warned, request=self.stop, then=then, deadline=deadline)


def presentation_of(settings: Settings, sums: tuple[str, ...] = (), logo: Logo | None = None) -> Presentation:
    """Collect how the reports of a run present it, for the journal's header.

    Args:
        settings: of the run.
        sums: columns of its lists to add up.
        logo: of its reports.
    """
    return Presentation(
        settings.customer_link,
        settings.packs,
        settings.zone or _local_zone(),
        sums,
        settings.language,
        settings.report_title,
        settings.report_accent,
        *((logo.name, hashlib.sha256(logo.content).hexdigest()) if logo else ()),
    )


def load_logo(settings: Settings) -> Logo | None:
    """The logo of the reports; None where there is none.

    Raises:
        SettingsError: it cannot be read, or is no image that can be shown.
    """
    if settings.report_logo is None:
        return None
    try:
        with Path(settings.report_logo).open("rb") as file:
            return read_logo(file.read(MOST_LOGO_BYTES + 1))
    except OSError as error:
        raise SettingsError(
            f"report_logo: {settings.report_logo} cannot be read: {describe_os_error(error)}",
            "name another image, or none",
        ) from error
    except ValueError as error:
        raise SettingsError(f"report_logo: {settings.report_logo} {error}", "name another image, or none") from None


def _local_zone() -> str:
    """The IANA name of this machine's time zone; UTC where it has none."""
    import tzlocal

    try:
        return tzlocal.get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"


class ListContent(NamedTuple):
    """A customer list that is no file: a name for messages and reports, and the bytes of any format that a list may have."""

    name: str
    content: BinaryIO


def open_list(source: str | ListContent, settings: Settings) -> CustomerList:
    """Open a customer list, with the columns, the sheets and the array that the settings name.

    Args:
        source: path of the list; `-` is standard input.
        settings: of the run.

    Raises:
        CustomerListError: it cannot be read, or has no id column.
    """
    columns = customers.Columns(
        id=settings.id_column,
        company=settings.company_column,
        domain=settings.domain_column,
        owner=settings.owner_column,
        allow_ragged=settings.allow_ragged,
    )
    name, content = (source, None) if isinstance(source, str) else source
    parts = customers.Parts(settings.sheet, settings.array)
    return customers.read(name, columns=columns, parts=parts, content=content)


def find_sum_columns(wanted: Iterable[str], columns: Iterable[str], option: str = "--sum ") -> tuple[str, ...]:
    """Find the columns to add up; returns their names in the lists, each once.

    Args:
        wanted: as the user wrote them; letter case and blanks around them do not matter.
        columns: the lists' other columns.
        option: what the user wrote before the column, for messages.

    Raises:
        SettingsError: a list has no such column.
    """
    names = {name.strip().casefold(): name for name in reversed([*columns])} | {name: name for name in columns}
    found: dict[str, None] = {}
    for one in wanted:
        name = names.get(one) or names.get(one.strip().casefold())
        if name is None:
            raise SettingsError(
                f"{option}{one}: the lists have no such column beside those of the customer", _column_hint(one, columns)
            )
        found[name] = None
    return tuple(found)


def _column_hint(wanted: str, columns: Iterable[str]) -> str:
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


def read_rows(one: CustomerList) -> Iterator[Customer | RejectedRow]:
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
    """Create the error; it names the column that does hold ids, where there is one."""
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
    likely = [name for name, found in cells.items() if customers.may_hold_customers(name, found)]
    near = max(likely, key=lambda name: len(cells[name]), default=None)
    column = f"column {one.columns.id!r}" if one.columns.id else "the list"
    return CustomerListError(
        f"{one.name}: {column} holds no customer id"
        + (f"; did you mean {near!r}?" if near else "")
        + (f" (its first value is {customers.quote_all([first])})" if first else ""),
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
