"""summary.json: its declared content, and how it follows from the results.

The keys are written in the order in which they are declared. A field that is UNSET is left out.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from auditor.core.baseline import Baseline
from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results import Count, Ledger, Sum
from auditor.core.run_facts import ListFile, ListWarning, Membership, MembershipSource
from auditor.core.text import format_time
from auditor.report.data import RunData
from auditor.report.remarks import note
from auditor.report.schema import SCHEMA_VERSION

_Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class MembershipCounts(Struct):
    """How membership in the partner's own customer list was checked, and what was found.

    Attributes:
        way: How: `own` (the audited list is the partner's own), `list` (all pages of the list), `singly` (a request for each
            customer whose membership was unknown), `none` (not checked).
        customers: Number of customers in the list, or of single requests.
        complete: True where none of the partner's customers is missing.
        message: Why it is not complete, or another remark; empty where there is none.
        unchecked: Number of customers without an account status of which nobody knows whether they are the partner's.
        unlisted: Number of the partner's customers that no row names. Null where the list was not read page by page.
    """

    way: MembershipSource
    customers: int
    complete: bool
    message: str
    unchecked: int
    unlisted: int | None


class VerdictCounts(Struct):
    """Numbers by verdict. They add up: listed = eligible + blocked + undetermined.

    Attributes:
        listed: Of all verdicts, counted in the lists.
        eligible: With this verdict.
        blocked: With this verdict.
        undetermined: With this verdict.
    """

    listed: int
    eligible: int
    blocked: int
    undetermined: int


class LedgerCounts(Struct):
    """The ledger: every row and every customer of the lists has exactly one verdict.

    Attributes:
        balanced: True where the numbers add up. A run whose ledger does not balance is not complete.
        rows: Rows of the lists.
        customers: Distinct customers of the lists. A row with an invalid id, or one that was not selected, is no customer.
    """

    balanced: bool
    rows: VerdictCounts
    customers: VerdictCounts


class Counted(Struct, kw_only=True):
    """Number of rows and customers that have the same verdict, and the same of what else is named.

    Attributes:
        verdict: Of these rows.
        reason: Of these rows. Left out in `verdicts` and `owners`.
        status: Of these rows; empty where there was no answer. Left out in `verdicts`, `reasons` and `owners`.
        owner: Account manager of these rows; empty where the list names none. Left out except in `owners`.
        rows: Number of rows.
        customers: Number of distinct customers. In `owners`, a customer on the rows of two owners counts for both.
    """

    verdict: Verdict
    reason: Reason | UnsetType = UNSET
    status: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    rows: int
    customers: int


class ChangedCustomers(Struct):
    """Number of customers by what changed for them since the baseline run.

    Attributes:
        newly_blocked: Eligible then, blocked now.
        newly_eligible: Blocked then, eligible now.
        status_moved: The same verdict for another status.
        re_reviewed: The same status with a later `last_update`.
        new_in_list: Not in the lists of the baseline run.
        gone_from_list: Not in the lists of this run.
        not_compared: Undetermined in one of the two runs, or in both: nobody can say whether something changed.
    """

    newly_blocked: int
    newly_eligible: int
    status_moved: int
    re_reviewed: int
    new_in_list: int
    gone_from_list: int
    not_compared: int


class SummaryChanges(Struct, kw_only=True):
    """What changed since the baseline run.

    Attributes:
        baseline: Run-id of the baseline run. Null where there is none.
        note: Which run it is, with what differs, or why there is none.
        changed: Number of customers with a change; `not_compared` is none. Left out where there is no baseline run.
        blocked_and_not_before: Number of customers that are blocked, and were not blocked in the baseline run: eligible,
            undetermined, or not in its lists. Left out where there is no baseline run.
        customers: Left out where there is no baseline run.
    """

    baseline: str | None
    note: str
    changed: int | UnsetType = UNSET
    blocked_and_not_before: int | UnsetType = UNSET
    customers: ChangedCustomers | UnsetType = UNSET


class ColumnSum(Struct, kw_only=True):
    """A column of the lists, added up over the rows with one verdict (`--sum`).

    Attributes:
        column: Its name in the list.
        verdict: Of these rows.
        owner: Account manager of these rows; empty where the list names none. Left out where the rows of all are meant.
        total: The sum in digits. It is a text, because a program's own numbers may not hold it exactly. In a column of several
            currencies it is the sum of the numbers without one.
        amounts: The sums by currency, each in digits: three capital letters, or a sign; empty for numbers without a currency. Since
            version 2.
        added: Number of rows with a number.
        unparsed: Number of rows with a text that is not certainly a number.
        empty: Number of rows without a text.
    """

    column: str
    verdict: Verdict
    owner: str | UnsetType = UNSET
    total: str
    amounts: dict[str, str]
    added: int
    unparsed: int
    empty: int


class Summary(Struct, kw_only=True):
    """The counts of a run, and the facts about it: summary.json.

    Attributes:
        schema_version: Version of the run's tables, summary.json and manifest.json.
        run_id: Of the run.
        complete: True where every customer was asked, the ledger balances, and no more rows are undetermined than
            `max_undetermined`. Rows that were not selected do not count.
        note: Whether the run is complete, and if not, why, in one line.
        simulated: True where the answers came from the simulator.
        finished: True where every customer was asked.
        cause: Why the last session ended.
        message: The cause in words; empty where every customer was asked.
        api: Base URL of the API.
        validation_type: The `type` of the query to the API: `account`.
        started_at: When the run began.
        finished_at: When its last session ended. Null where that session was killed.
        oldest_checked_at: When the oldest of the deciding answers arrived. Null where there are no answers.
        reused_answers: Number of answers copied from earlier runs (`--reuse`).
        elapsed_seconds: Of all sessions together.
        requests: Requests sent, by outcome, such as `http_200`, of all sessions together; `total` is their sum, and so is `sent`.
        pace: How the last session used the rate limit: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; null where it is
            not known.
        lists: Names of the customer lists as the user gave them. Empty where the partner's own list was audited.
        list_files: The files among them, as they were read.
        list_warnings: Warnings about the lists: the first 50, each of at most 500 characters; the last one may say how many
            more there were. Since version 2.
        list_digest: SHA-256 of rows.jsonl, in hexadecimal digits.
        damaged_lines: Line numbers, counted from 1, of unreadable lines of the journal. They count as not written.
        max_undetermined: Maximum number of undetermined rows for the run to count as complete.
        membership: How membership in the partner's own customer list was checked, and what was found.
        ledger: Rows and customers by verdict.
        verdicts: Counts by verdict: all three, always.
        reasons: Counts by verdict and reason, without zeros.
        statuses: Counts by verdict, reason and status, without zeros.
        owners: Counts by owner and verdict, without zeros.
        changes: What changed since the baseline run.
        sums: Columns added up by verdict, and by verdict and owner (`--sum`).
        selection: The options that select rows (`--owner`, `--only`, `--exclude`), as on the command line; the others have the
            reason `not_selected`. Left out where the whole list was asked for.
    """

    schema_version: int
    run_id: str
    complete: bool
    note: str
    simulated: bool
    finished: bool
    cause: Cause
    message: str
    api: str
    validation_type: str
    started_at: _Time
    finished_at: _Time | None
    oldest_checked_at: _Time | None
    reused_answers: int
    elapsed_seconds: float
    requests: dict[str, int]
    pace: dict[str, float | None]
    lists: tuple[str, ...]
    list_files: tuple[ListFile, ...]
    list_warnings: tuple[ListWarning, ...]
    list_digest: str
    damaged_lines: tuple[int, ...]
    max_undetermined: int
    membership: MembershipCounts
    ledger: LedgerCounts
    verdicts: list[Counted]
    reasons: list[Counted]
    statuses: list[Counted]
    owners: list[Counted]
    changes: SummaryChanges
    sums: list[ColumnSum]
    selection: str | UnsetType = UNSET


def summarise(data: RunData) -> Summary:
    """The counts and the run's facts."""
    ledger, facts = data.ledger, data.facts
    return Summary(
        schema_version=SCHEMA_VERSION,
        run_id=facts.run_id,
        complete=data.complete,
        note=note(data),
        simulated=facts.simulated,
        finished=facts.finished,
        cause=facts.cause,
        message=facts.message,
        api=facts.api,
        validation_type=facts.validation_type,
        started_at=format_time(facts.started_at),
        finished_at=format_time(facts.finished_at) if facts.finished_at else None,
        oldest_checked_at=format_time(data.freshness.oldest) if data.freshness.oldest else None,
        reused_answers=data.freshness.reused,
        elapsed_seconds=facts.elapsed_seconds,
        # every other count is an outcome of requests that were sent
        requests={"total": facts.requests.get("sent", 0), **dict(sorted(facts.requests.items()))},
        pace=facts.pace,
        lists=facts.lists,
        list_files=facts.list_files,
        list_warnings=facts.list_warnings,
        list_digest=facts.list_digest,
        damaged_lines=facts.damaged_lines,
        max_undetermined=facts.max_undetermined,
        membership=_membership(data),
        ledger=LedgerCounts(
            ledger.balanced,
            _by_verdict(ledger.rows, ledger, "rows"),
            _by_verdict(ledger.customers, ledger, "customers"),
        ),
        verdicts=_counts(ledger.by_verdict()),
        reasons=_counts(ledger.by_reason()),
        statuses=_counts(ledger.by_status()),
        owners=_counts(ledger.owners),
        changes=_changes(data),
        sums=[_sum(one) for one in data.sums],
        selection=facts.selection or UNSET,
    )


def _membership(data: RunData) -> MembershipCounts:
    found = data.facts.membership or Membership(MembershipSource.NONE, 0, complete=False)
    unlisted = None if data.unlisted is None else len(data.unlisted)
    return MembershipCounts(**asdict(found), unchecked=data.membership_unchecked, unlisted=unlisted)


def _by_verdict(listed: int, ledger: Ledger, unit: str) -> VerdictCounts:
    """Rows or customers by verdict."""
    return VerdictCounts(listed, **{str(count.verdict): getattr(count, unit) for count in ledger.by_verdict()})


def _counts(counts: Iterable[Count]) -> list[Counted]:
    return [Counted(**{key: value for key, value in asdict(count).items() if value is not None}) for count in counts]


def _changes(data: RunData) -> SummaryChanges:
    baseline = data.facts.baseline or Baseline()
    found = SummaryChanges(baseline=baseline.run_id or None, note=baseline.note)
    if data.changes:
        counts = data.changes.counts
        found.changed, found.blocked_and_not_before = counts.total, counts.newly_blocked_count
        found.customers = ChangedCustomers(**{str(change): number for change, number in counts.customers.items()})
    return found


def _sum(one: Sum) -> ColumnSum:
    return ColumnSum(
        column=one.column,
        verdict=one.verdict,
        owner=UNSET if one.owner is None else one.owner,
        total=in_digits(one),
        amounts={currency: f"{amount:f}" for currency, amount in one.amounts.items()},
        added=one.added,
        unparsed=one.unparsed,
        empty=one.empty,
    )


def in_digits(one: Sum) -> str:
    """The total in digits, without an exponent."""
    return f"{one.total:f}"
