"""Read a run folder into one DataFrame: one record a row of the customer lists, in input order.

A valid row without an answer is `not_attempted`. A rejected row keeps the reason for which it was rejected. A customer
without an account status that is not in the partner's own list is `not_in_customer_list`. The verdict follows from the
reason alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.membership import with_membership
from auditor.core.model import Reason
from auditor.core.run_facts import Freshness, Membership, RunFacts, Way
from auditor.errors import IncompleteError
from auditor.report2 import jsonl, times
from auditor.report2.files import Entry
from auditor.report2.schema import (
    FIXED,
    JOURNAL,
    REASON_WORDS,
    REASONS,
    ROWS,
    TIME,
    VERDICT_WORDS,
    from_pandas,
    own_columns,
    to_arrow,
    to_pandas,
)

NO_CUSTOMER = -1
"""The customer number of a row without a valid id."""
UNLISTED = pa.schema([(name, pa.string()) for name in ("customer_id", "company_name", "domain", "relationship")])
"""The columns of unlisted.csv."""

_REQUIRED = ("source_file", "source_row")
_TEXTS = ("last_update_raw", "error_code", "error_name", "error_message", "request_id", "correlation_id")
_ANSWER = pa.schema(
    [
        ("row", pa.int64()),
        ("customer_id", pa.string()),
        ("reason", pa.string()),
        ("final", pa.bool_()),
        ("status", pa.string()),
        ("checked_at", TIME),
        ("attempts", pa.int64()),
        ("http_status", pa.int16()),
        ("reused_from", pa.string()),
        *((name, pa.string()) for name in _TEXTS),
    ]
)
_MEMBER = pa.schema([("member", pa.bool_()), *UNLISTED])
_LATEST = pd.Timestamp("2255-01-01", tz="UTC")
_MOST_ATTEMPTS = 2**15 - 1
_VERDICT_OF = {reason.value: reason.verdict.value for reason in REASONS}
_WHEN_NOT_LISTED = {reason.value: with_membership(reason, member=False).value for reason in REASONS}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run folder and what its journal says.

    Attributes:
        folder: holds rows.jsonl.
        facts: the journal's statements about the run as a whole.
        answers: the journal's undamaged answer lines, in order, in blocks of whole lines.
        members: likewise the lines about the partner's own customer list; read only where `facts` say that it was asked for.
    """

    folder: Path
    facts: RunFacts
    answers: Iterable[bytes]
    members: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a run.

    Attributes:
        frame: one record a row, in input order. Columns: those of `schema.FIXED`; `own.0`, `own.1`, … for the lists' own
            columns; `customer` (int: number of the customer by first appearance, or NO_CUSTOMER); `first_row` (bool: the
            first row of its customer); `first_row_of_owner` (bool: the first row of its customer under its owner).
        customers: the distinct customer ids, by number.
        freshness: age of the deciding answers.
        membership_unchecked: customers without an account status of whom it is unknown whether they are the partner's.
        unlisted: the partner's customers that no row names (columns UNLISTED); None where the list was not paged through.
        rows_file: size, hash and line count of rows.jsonl.
    """

    frame: pd.DataFrame
    customers: pa.Array
    freshness: Freshness
    membership_unchecked: int
    unlisted: pa.Table | None
    rows_file: Entry


def read_records(stored: StoredRun) -> Records:
    """Read rows.jsonl and the journal's answers.

    Raises:
        IncompleteError: a file is damaged, or the two are not of one run.
        OutputError: rows.jsonl cannot be read.
    """
    rows, rows_file = _read_rows(stored)
    customer, customers = _number_customers(rows)
    answers = _read_answers(stored.answers, rows, customer)
    deciding = _deciding(answers)
    members = _read_members(stored.members, stored.facts.membership, customers)
    frame = _join(rows.assign(customer=customer), deciding, members)
    unchecked = frame["first_row"] & (frame["reason"] == Reason.NO_ACCOUNT_STATUS.value) & frame.pop("member").isna()
    oldest = deciding["checked_at"].min()
    freshness = Freshness(
        None if pd.isna(oldest) else oldest.to_pydatetime(), int(deciding["reused_from"].notna().sum())
    )
    return Records(frame, customers, freshness, int(unchecked.sum()), members.unlisted, rows_file)


def _read_rows(stored: StoredRun) -> tuple[pd.DataFrame, Entry]:
    facts = stored.facts
    own = pa.struct([pa.field(column, pa.string()) for column in facts.columns])
    names = ("customer_id", "raw_id", "reason", "company_name", "domain", "owner", "source_file")
    schema = pa.schema(
        [*((name, pa.string()) for name in names), ("source_row", pa.int64()), ("first", pa.bool_()), ("other", own)]
    )
    reader = jsonl.Reader(stored.folder / ROWS)
    table = reader.read(schema, strict=True)
    for name in _REQUIRED:
        if table[name].null_count:
            raise IncompleteError(f"{ROWS}: a row has no {name}", "audit the list again")
    table = _separate_ids(table)
    _check_rows(stored, reader.entry)
    columns = own_columns(len(facts.columns))
    for place, name in enumerate(columns):
        table = table.append_column(name, pc.struct_field(table["other"], [place]))
    rows = to_pandas(table.drop_columns(["first", "other"])).rename(columns={"reason": "rejected_for"})
    if not rows["rejected_for"].dropna().isin([*_VERDICT_OF]).all():
        raise IncompleteError(f"{ROWS}: this version does not know a reason in it", "use the version that wrote the run")
    return rows, reader.entry


def _separate_ids(rows: pa.Table) -> pa.Table:
    """Rows with `customer_id` or `raw_id`, never both: schema version 1 has the text of an invalid id in `customer_id`."""
    if pc.any(pc.is_null(pc.coalesce(rows["customer_id"], rows["raw_id"]))).as_py():
        raise IncompleteError(f"{ROWS}: a row has no customer_id", "audit the list again")
    none = pa.scalar(None, pa.string())
    invalid = pc.fill_null(pc.equal(rows["reason"], Reason.INVALID_ID.value), fill_value=False)
    ids = {
        "customer_id": pc.if_else(invalid, none, rows["customer_id"]),
        "raw_id": pc.if_else(invalid, pc.coalesce(rows["raw_id"], rows["customer_id"]), none),
    }
    for name, column in ids.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def _check_rows(stored: StoredRun, found: Entry) -> None:
    facts = stored.facts
    if facts.list_digest and found.sha256 != facts.list_digest:
        raise IncompleteError(f"{stored.folder / ROWS}: not what the journal was written for", "audit the list again")
    if facts.rows > found.bytes:
        # a workbook has a sheet for each million rows: a forged count must not make thousands of them
        raise IncompleteError(
            f"{JOURNAL}: speaks of {facts.rows:,} rows, where {ROWS} has {found.records:,}",
            "put the file back as it was, or audit the list again",
        )


def _number_customers(rows: pd.DataFrame) -> tuple[pd.Series, pa.Array]:
    """Each row's customer number, and the ids by number."""
    ids = to_arrow(rows["customer_id"].where(rows["rejected_for"].isna()))
    encoded = ids.dictionary_encode()
    _check_ids(encoded.dictionary, ROWS)
    return pd.Series(pc.fill_null(encoded.indices, NO_CUSTOMER).to_numpy(zero_copy_only=False)), encoded.dictionary


_GUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


def _check_ids(ids: pa.Array | pa.ChunkedArray, name: str) -> None:
    if not pc.all(pc.match_substring_regex(ids, _GUID), min_count=0).as_py():
        raise IncompleteError(f"{name}: a customer id is no lower-case, dashed GUID", "audit the list again")


def _read_answers(blocks: Iterable[bytes], rows: pd.DataFrame, customer: pd.Series) -> pd.DataFrame:
    """All answer lines, with the number of the customer that each is for."""
    table = jsonl.parse_blocks(blocks, _ANSWER, JOURNAL)
    answers = to_pandas(table)
    row = answers["row"].fillna(NO_CUSTOMER)
    inside = (row >= 0) & (row < len(rows))
    place = row.where(inside, 0).to_numpy(dtype="int64")
    if len(rows):
        answers["customer"] = customer.to_numpy()[place]
        same = inside & (rows["customer_id"].take(place).array == answers["customer_id"].array)
        right = (same & (answers["customer"] != NO_CUSTOMER)).fillna(value=False).astype(bool)
    else:
        answers["customer"] = NO_CUSTOMER
        right = inside.astype(bool)
    if not right.all():
        wrong = answers[~right].iloc[0]
        raise IncompleteError(
            f"{JOURNAL}: an answer for {wrong['customer_id']} names row {wrong['row']} of {ROWS}, "
            f"where another customer stands",
            "the two files are not of one run: audit the list again",
        )
    _check_answers(answers)
    return answers


def _check_answers(answers: pd.DataFrame) -> None:
    unknown = answers.loc[~answers["reason"].isin([*_VERDICT_OF]), "reason"]
    if len(unknown):
        raise IncompleteError(
            f"{JOURNAL}: this version does not know the reason {unknown.iloc[0]}", "use the version that wrote the run"
        )
    times = answers["checked_at"].dropna()
    impossible = times[(times < pd.Timestamp(0, tz="UTC")) | (times >= _LATEST)]
    if len(impossible):
        raise IncompleteError(
            f"{JOURNAL}: an answer came at {impossible.iloc[0]}, when no run was made",
            "the file was damaged or changed: audit the list again",
        )


def _deciding(answers: pd.DataFrame) -> pd.DataFrame:
    """The deciding answer of each customer: the last final one, else the last one; `attempts` of all of them together."""
    answers["final"] = answers["final"].fillna(value=False)
    attempts = answers.groupby("customer")["attempts"].sum().clip(upper=_MOST_ATTEMPTS)
    deciding = answers.sort_values("final", kind="stable").drop_duplicates("customer", keep="last")
    deciding = deciding.drop(columns=["row", "customer_id", "final"])
    deciding["attempts"] = deciding["customer"].map(attempts)
    return deciding


@dataclass(frozen=True, slots=True)
class _Members:
    """The partner's own customer list: what it says of customers by number, and what holds for all others."""

    known: pd.DataFrame
    otherwise: bool | None
    unlisted: pa.Table | None


def _read_members(blocks: Iterable[bytes], membership: Membership | None, customers: pa.Array) -> _Members:
    way = membership.way if membership else Way.NONE
    table = jsonl.parse_blocks(blocks if way in (Way.LIST, Way.SINGLY) else (), _MEMBER, JOURNAL)
    _check_ids(table["customer_id"], JOURNAL)
    number = pc.fill_null(pc.index_in(table["customer_id"], value_set=customers), NO_CUSTOMER)
    members = to_pandas(table.append_column("customer", number)).drop_duplicates("customer_id", keep="last")
    members["member"] = members["member"].fillna(value=False)
    elsewhere = members["customer"] == NO_CUSTOMER
    otherwise = True if way is Way.OWN else False if way is Way.LIST and membership and membership.complete else None
    unlisted = None
    if way is Way.LIST:
        unlisted = from_pandas(members[elsewhere & members["member"]], UNLISTED)
    known = members.loc[~elsewhere, ["customer", "member", "company_name", "domain"]]
    return _Members(known, otherwise, unlisted)


def _join(rows: pd.DataFrame, deciding: pd.DataFrame, members: _Members) -> pd.DataFrame:
    """Rows with the deciding answer of their customer, and with what the partner's own list says of it."""
    frame = rows.merge(deciding, on="customer", how="left")
    frame = frame.merge(members.known, on="customer", how="left", suffixes=("", "_listed"))
    for name in ("company_name", "domain"):
        frame[name] = frame[name].fillna(frame.pop(f"{name}_listed"))
    somebody = frame["customer"] != NO_CUSTOMER
    if members.otherwise is not None:
        frame["member"] = frame["member"].fillna(members.otherwise)
    reason = frame.pop("rejected_for").fillna(frame["reason"]).fillna(Reason.NOT_ATTEMPTED.value)
    not_listed = somebody & (frame["member"] == False).fillna(value=False)  # noqa: E712 - null is neither
    frame["reason"] = reason.where(~not_listed.astype(bool), reason.map(_WHEN_NOT_LISTED)).astype(REASON_WORDS)
    frame["verdict"] = frame["reason"].map(_VERDICT_OF).astype(VERDICT_WORDS)
    frame["status"] = frame["status"].astype("category")
    frame["attempts"] = frame["attempts"].fillna(0)
    frame["last_update"] = times.parse(frame["last_update_raw"])
    frame["days_in_status"] = times.whole_days(frame["last_update"], frame["checked_at"])
    frame["first_row"] = somebody & ~frame.duplicated("customer")
    frame["first_row_of_owner"] = somebody & ~frame.assign(owner=frame["owner"].fillna("")).duplicated(["customer", "owner"])
    return frame
