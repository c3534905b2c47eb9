"""What is true of a run as a whole, as frozen values; all of it is in the journal.

Warnings about customer lists are kept with it: at most 50, each of at most 500 characters, without control characters.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from auditor.core.baseline import Baseline
from auditor.core.model import Cause
from auditor.core.text import escaped

FORMATS = ("parquet", "csv", "xlsx", "html")
"""What a report may be rendered as, in the order in which several are named."""
VALIDATION_TYPE = "account"
"""The `type` of the query: the only one that this version asks for."""
MOST = 50
"""Warnings that are kept."""
LONGEST = 500
"""Characters of a text or of a list's name that are kept."""
CUSTOMER_ID = "{customer_id}"
"""Stands for the id in a link to a customer."""
CUSTOMER_LINK = f"https://partner.microsoft.com/dashboard/v2/customers/{CUSTOMER_ID}"
"""Where the portal shows a customer."""

UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu"})
"""What the time zone that is UTC is called."""
_LONGEST_LINK = 1900
"""Spreadsheets take 2,079 characters, and the id is longer than what stands for it."""


@dataclass(frozen=True, slots=True)
class ListWarning:
    """What a person should know about a customer list; `list` is its name, empty where the text is about all lists."""

    list: str
    text: str

    @property
    def sentence(self) -> str:
        """The warning with the list's name."""
        return f"{self.list}: {self.text}" if self.list else self.text


def kept_warnings(found: Sequence[tuple[str, str]]) -> tuple[ListWarning, ...]:
    """The warnings that a run keeps.

    Args:
        found: (name of the list, text) of each warning.

    Returns:
        The first of them, in order, with escapes for what cannot be shown; the last one says how many more there were.
    """
    kept = tuple(ListWarning(_shorten(name), _shorten(text)) for name, text in found[:MOST])
    more = len(found) - MOST
    return (*kept, ListWarning("", f"and {more:,} more")) if more > 0 else kept


def _shorten(text: str) -> str:
    """The text in one line that any terminal and any file can hold; cut where it is too long."""
    return escaped(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


class Way(StrEnum):
    """How it is found out who is in the partner's own customer list."""

    NONE = "none"
    """Not at all."""
    OWN = "own"
    """The list that was audited is the partner's own."""
    LIST = "list"
    """By paging through it."""
    SINGLY = "singly"
    """By asking for the doubtful customers one at a time."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether it is known who is in the partner's own customer list.

    Attributes:
        way: how it was found out.
        customers: how many were listed, or asked for singly.
        complete: True where a customer that was not found is none of the partner's.
        message: why it is not complete, or what was odd; empty where nothing was.
    """

    way: Way
    customers: int
    complete: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the answers are that decide.

    Attributes:
        oldest: when the oldest of them arrived; aware, UTC; None where there is none.
        reused: how many of them were taken from earlier runs.
    """

    oldest: datetime | None = None
    reused: int = 0


@dataclass(frozen=True, slots=True)
class ListFile:
    """A customer list as it was handed in, where it was a file: what shows later which file was audited."""

    name: str
    bytes: int
    sha256: str


class Packs(StrEnum):
    """Which account managers get a workbook of their own."""

    ACTING = "acting"
    """Those with a customer that is blocked, undetermined or changed."""
    ALL = "all"
    """Every one of them."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a run wants its documents for people.

    Attributes:
        customer_link: URL of a customer in Partner Center; `{customer_id}` stands for the id; empty for no links.
        packs: which account managers get a workbook of their own.
        zone: IANA name of the time zone that times are shown in beside UTC.
        sums: columns of the customer lists that are added up by verdict and owner.
    """

    customer_link: str = CUSTOMER_LINK
    packs: Packs = Packs.ACTING
    zone: str = "UTC"
    sums: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """As the journal's header keeps it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """From the journal's header; what an older one lacks has its default.

        Raises:
            ValueError: it names packs that this version does not know.
        """
        known = {field.name: document[field.name] for field in fields(cls) if field.name in document}
        given = cls(**known)
        return cls(given.customer_link, Packs(given.packs), given.zone, tuple(given.sums))


def customer_link(text: str) -> str:
    """A link to a customer, with `{customer_id}` for the id; empty for none.

    Raises:
        ValueError: it is no web address, or has no place for the id.
    """
    if text and (not text.startswith(("https://", "http://")) or not text.isprintable() or set(text) & set(' "<>')):
        raise ValueError("must be a web address, or empty for no links")
    if text and CUSTOMER_ID not in text:
        raise ValueError(f"must hold {CUSTOMER_ID} where the id belongs")
    if len(text) > _LONGEST_LINK:
        raise ValueError(f"must have at most {_LONGEST_LINK:,} characters")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is true of a run as a whole; read back from its journal, so that a report needs nothing else.

    Attributes:
        run_id: `YYYYMMDDTHHMMSSZ`, a suffix `-2` on a collision.
        api: base URL that was asked.
        validation_type: the `type` of the query.
        lists: names of the customer lists as the user gave them.
        list_files: those of them that were files, as they stood while they were read.
        list_warnings: what a person should know about the lists, as it was said when they were read.
        list_digest: SHA-256 (hex) of rows.jsonl.
        rows, customers: rows of the lists, and distinct customer ids among them.
        columns: the lists' other columns, in order of first appearance.
        simulated: True where the answers came from the built-in simulator.
        started_at, finished_at: aware, UTC; finished_at is None where the run never ended in order.
        cause: why it ended.
        message: the cause in words for people; empty where the run finished.
        elapsed_seconds: of all sessions together.
        requests: requests sent, by outcome, of all sessions together.
        pace: of the last session: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; None where not paced.
        membership: what is known of the partner's own customer list; None where it was not asked for.
        max_undetermined: rows that may stay undetermined in a run that still counts as complete.
        presentation: how it wants its documents for people.
        baseline: what it is compared with; None where its reports were not made yet, or by a version that compared nothing.
        damaged_lines: line numbers of the journal (from 1) that could not be read and count as not answered.
    """

    run_id: str
    api: str
    validation_type: str = VALIDATION_TYPE
    lists: tuple[str, ...] = ()
    list_files: tuple[ListFile, ...] = ()
    list_warnings: tuple[ListWarning, ...] = ()
    list_digest: str = ""
    rows: int = 0
    customers: int = 0
    columns: tuple[str, ...] = ()
    simulated: bool = False
    started_at: datetime
    finished_at: datetime | None = None
    cause: Cause = Cause.INTERRUPTED
    message: str = ""
    elapsed_seconds: float = 0.0
    requests: dict[str, int] = field(default_factory=dict)
    pace: dict[str, float | None] = field(default_factory=dict)
    membership: Membership | None = None
    max_undetermined: int = 0
    presentation: Presentation = field(default_factory=Presentation)
    baseline: Baseline | None = None
    damaged_lines: tuple[int, ...] = ()

    @property
    def finished(self) -> bool:
        """True where every customer of the list was asked to the end."""
        return self.cause is Cause.FINISHED
