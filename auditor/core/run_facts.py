"""Facts about a run as a whole, with its options for documents; all of them are in the journal.

The options for documents are set when the run begins, so that a later rendering, on another machine, is the same. A run stores at most
50 warnings about its customer lists, each of at most 500 characters, without control characters; and how many more there were.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from auditor.core.baseline import Baseline
from auditor.core.model import Cause
from auditor.core.text import escape_controls

FORMATS = ("parquet", "csv", "xlsx", "html")
"""Formats of a report, in the order in which messages name them."""
VALIDATION_TYPE = "account"
"""The `type` of the query; this version asks for no other."""
MOST_WARNINGS = 50
"""Stored warnings about the lists of a run."""
LONGEST_WARNING = 500
"""Characters stored of a warning, and of a list's name."""
CUSTOMER_ID = "{customer_id}"
"""Placeholder for the id in a link to a customer."""
CUSTOMER_LINK = f"https://partner.microsoft.com/dashboard/v2/customers/{CUSTOMER_ID}"
"""Page of a customer in Partner Center."""

UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu"})
"""Names of the time zone UTC."""
_LONGEST_LINK = 1900
"""Spreadsheets allow 2,079 characters, and the id is longer than its placeholder."""


@dataclass(frozen=True, slots=True)
class ListWarning:
    """A warning about the customer lists.

    Attributes:
        list: name of the list; empty if the text is about all lists.
        text: the warning, in one line.
    """

    list: str
    text: str

    @property
    def sentence(self) -> str:
        """The warning with the list's name."""
        return f"{self.list}: {self.text}" if self.list else self.text


def limit_warnings(found: Sequence[tuple[str, str]]) -> tuple[ListWarning, ...]:
    """Limit the number and length of the warnings about lists.

    Args:
        found: (name of the list, text) of each warning.

    Returns:
        The first warnings, in order, control characters escaped; if there are more, the last one gives their number.
    """
    kept = tuple(ListWarning(_shorten(name), _shorten(text)) for name, text in found[:MOST_WARNINGS])
    more = len(found) - MOST_WARNINGS
    return (*kept, ListWarning("", f"and {more:,} more")) if more > 0 else kept


def _shorten(text: str) -> str:
    """The text in one line, cut if it is too long, control characters escaped."""
    return escape_controls(text if len(text) <= LONGEST_WARNING else f"{text[: LONGEST_WARNING - 1]}…")


class MembershipSource(StrEnum):
    """Source of the knowledge which customers are in the partner's own customer list."""

    NONE = "none"
    """None: membership was not checked."""
    OWN = "own"
    """The audited list is the partner's own."""
    LIST = "list"
    """All pages of the list."""
    SINGLY = "singly"
    """One request for each customer whose membership is unknown."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What is known about the partner's own customer list.

    Attributes:
        way: the source.
        customers: number of customers in the list, or of single requests.
        complete: True if every customer of the partner was found.
        message: why it is not complete, or another remark; else empty.
    """

    way: MembershipSource
    customers: int
    complete: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The age of the deciding answers.

    Attributes:
        oldest: when the oldest one arrived; aware, UTC; None without answers.
        reused: number of answers copied from earlier runs.
    """

    oldest: datetime | None = None
    reused: int = 0


@dataclass(frozen=True, slots=True)
class ListFile:
    """An audited file, so that it can be identified later.

    Attributes:
        name: as the user gave it.
        bytes: its size.
        sha256: SHA-256 of its content, in hexadecimal digits.
    """

    name: str
    bytes: int
    sha256: str


class OwnerWorkbooks(StrEnum):
    """Which account managers get their own workbook."""

    ACTING = "acting"
    """Account managers with a customer that is blocked, undetermined or changed."""
    ALL = "all"
    """All account managers."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """Options for the documents of a run.

    Attributes:
        customer_link: URL of a customer in Partner Center; `{customer_id}` is replaced by the id; empty for no links.
        packs: which account managers get their own workbook.
        zone: IANA name of the time zone for times beside UTC.
        sums: columns of the customer lists to add up by verdict and owner.
        language: code of the language of workbooks, page, mails and messages.
        title: of workbooks and page; empty for the usual one.
        accent: colour of headers, `#` and six hexadecimal digits; empty for the usual one.
        logo: name of the logo's file in the run's folder; empty where there is none.
        logo_digest: SHA-256 of that file, in hexadecimal digits.
    """

    customer_link: str = CUSTOMER_LINK
    packs: OwnerWorkbooks = OwnerWorkbooks.ACTING
    zone: str = "UTC"
    sums: tuple[str, ...] = ()
    language: str = "en"
    title: str = ""
    accent: str = ""
    logo: str = ""
    logo_digest: str = ""


def check_customer_link(text: str) -> str:
    """Check a link to a customer, with `{customer_id}` for the id; empty for no links.

    Raises:
        ValueError: it is not a web address, lacks the placeholder, or is too long.
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
    """Facts about a run as a whole, read from its journal.

    Attributes:
        run_id: `YYYYMMDDTHHMMSSZ`, a suffix `-2` on a collision.
        api: base URL of the API.
        validation_type: the `type` of the query.
        lists: names of the customer lists as the user gave them.
        list_files: the files among them, as they were read.
        list_warnings: warnings about the lists.
        list_digest: SHA-256 (hex) of rows.jsonl.
        rows, customers: rows of the lists, and distinct customer ids among them.
        columns: the lists' other columns, in order of first appearance.
        simulated: True if the answers came from the simulator.
        started_at, finished_at: aware, UTC; finished_at is None if the process was killed.
        cause: why the run ended.
        message: the cause for people; empty if the run finished.
        elapsed_seconds: of all sessions together.
        requests: requests sent, by outcome, of all sessions together.
        pace: of the last session: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; None without a rate limit.
        membership: what is known about the partner's own customer list; None if it was not asked for.
        max_undetermined: maximum number of undetermined rows for a run to count as complete.
        presentation: options for its documents.
        baseline: of the run; None before its first rendering, or if that was done by a version without comparisons.
        damaged_lines: line numbers (from 1) of unreadable lines of the journal; they count as not answered.
        selection: the options that select rows, as on the command line; empty where the whole list is asked for.
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
    selection: str = ""

    @property
    def finished(self) -> bool:
        """True if every customer of the list was asked."""
        return self.cause is Cause.FINISHED
