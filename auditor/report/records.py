"""Read a run folder into one DataFrame: one record a row of the customer lists, in input order.

A valid row without an answer is `not_attempted`. A rejected row, and one that was not selected, keeps its reason and has no customer. A customer
without an account status that is not in the partner's own list is `not_in_customer_list`. The verdict follows from the
reason alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.judge import apply_membership
from auditor.core.model import Reason
from auditor.core.run_facts import Freshness, Membership, MembershipSource, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL, ROWS, AnswerRecord, MemberRecord, RowRecord
from auditor.report import jsonl, times
from auditor.report.files import Entry, measure
from auditor.report.schema import (
    FIXED,
    REASON_WORDS,
    VERDICT_WORDS,
    from_pandas,
    line_schema,
    own_columns,
    to_arrow,
    to_pandas,
)

NO_CUSTOMER = -1
"""The customer number of a row without a valid id."""
UNLISTED = line_schema(MemberRecord, ["customer_id", "company_name", "domain", "relationship"])
"""The columns of unlisted.csv."""

_REQUIRED = ("source_file", "source_row")
_IN_ANSWER = {"row", "final", "reused_from", *(field.name for field in FIXED)}
_ANSWER = line_schema(
    AnswerRecord,
    [name for name in AnswerRecord.__struct_fields__ if name in _IN_ANSWER],
    http_status=pa.int16(),
)
_MEMBER = line_schema(MemberRecord, ["member", *UNLISTED.names])
_MOST_ATTEMPTS = 2**15 - 1
_GUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_VERDICT_OF = {reason.value: reason.verdict.value for reason in Reason}
_WHEN_NOT_LISTED = {reason.value: apply_membership(reason, member=False).value for reason in Reason}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run folder and what its journal says.

    Attributes:
        folder: holds rows.jsonl.
        facts: the journal's statements about the run as a whole.
        answers: the journal's undamaged answer lines, in order, in blocks of whole lines.
        members: the same for the lines about the partner's own customer list; read only where `facts` say that it was asked for.
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
        membership_unchecked: customers without an account status whose membership in the partner's list is unknown.
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
    membership = stored.facts.membership
    rows, customers, rows_file = _read_rows(stored)
    answers = _deciding(_read_answers(stored.answers, rows))
    members = _read_members(stored.members, membership, customers)
    frame = _join(rows, answers, members[members["customer"] != NO_CUSTOMER])
    unchecked = _apply_membership(frame, membership)
    oldest = answers["checked_at"].min()
    freshness = Freshness(None if pd.isna(oldest) else oldest.to_pydatetime(), int(answers["reused_from"].count()))
    others = members[~members["customer_id"].isin(frame.loc[left_out(frame), "customer_id"])]
    return Records(frame, customers, freshness, unchecked, _unlisted(others, membership), rows_file)


def left_out(frame: pd.DataFrame) -> "pd.Series[bool]":
    """For each record, whether the user left the row out."""
    return frame["reason"] == Reason.NOT_SELECTED.value


def read_customers(stored: StoredRun) -> pa.Array:
    """The distinct customer ids of a run, by number; raises as `read_records`."""
    return _read_rows(stored)[1]


def _read_rows(stored: StoredRun) -> tuple[pd.DataFrame, pa.Array, Entry]:
    """The rows with their customers' numbers, the customers' ids by number, and the file."""
    facts, path = stored.facts, stored.folder / ROWS
    own = pa.struct([pa.field(column, pa.string()) for column in facts.columns])
    schema = line_schema(RowRecord, RowRecord.__struct_fields__, other=own)
    table = jsonl.parse_blocks(jsonl.read_blocks(path), schema, ROWS, strict=True)
    file = measure(path)
    _check_file(facts, path, file)
    for place, name in enumerate(own_columns(len(facts.columns))):
        table = table.append_column(name, pc.struct_field(table["other"], [place]))
    rows = to_pandas(table.drop_columns(["first", "other"])).rename(columns={"reason": "rejected_for"})
    _separate_ids(rows)
    _check_rows(rows)
    ids = to_arrow(rows["customer_id"].where(rows["rejected_for"].isna())).dictionary_encode()
    _check_ids(ids.dictionary, ROWS)
    rows["customer"] = pc.fill_null(ids.indices, NO_CUSTOMER).to_numpy(zero_copy_only=False)
    return rows, ids.dictionary, file


def _check_file(facts: RunFacts, path: Path, file: Entry) -> None:
    if facts.list_digest and file.sha256 != facts.list_digest:
        raise IncompleteError(f"{path}: not what the journal was written for", "audit the list again")
    if facts.rows > file.bytes:
        # a workbook has a sheet for each million rows: a forged count must not make thousands of them
        raise IncompleteError(
            f"{JOURNAL}: speaks of {facts.rows:,} rows, where {ROWS} has {file.records:,}",
            "put the file back as it was, or audit the list again",
        )


def _separate_ids(rows: pd.DataFrame) -> None:
    """Leave `customer_id` or `raw_id`, never both: schema version 1 has the text of an invalid id in `customer_id`."""
    invalid = (rows["rejected_for"] == Reason.INVALID_ID.value).fillna(value=False).astype(bool) | rows[
        "raw_id"
    ].notna()
    given = rows["raw_id"].fillna(rows["customer_id"])
    if given.isna().any():
        raise IncompleteError(f"{ROWS}: a row has no customer_id", "audit the list again")
    rows["raw_id"] = given.where(invalid)
    rows["customer_id"] = rows["customer_id"].mask(invalid)


def _check_rows(rows: pd.DataFrame) -> None:
    for name in _REQUIRED:
        if rows[name].hasnans:
            raise IncompleteError(f"{ROWS}: a row has no {name}", "audit the list again")
    if not rows["rejected_for"].dropna().isin([*_VERDICT_OF]).all():
        raise IncompleteError(
            f"{ROWS}: this version does not know a reason in it", "use the version that wrote the run"
        )


def _check_ids(ids: pa.Array | pa.ChunkedArray, name: str) -> None:
    if not pc.all(pc.match_substring_regex(ids, _GUID), min_count=0).as_py():
        raise IncompleteError(f"{name}: a customer id is no lower-case, dashed GUID", "audit the list again")


def _read_answers(blocks: Iterable[bytes], rows: pd.DataFrame) -> pd.DataFrame:
    """All answer lines, with the number of the customer that each is for."""
    answers = to_pandas(jsonl.parse_blocks(blocks, _ANSWER, JOURNAL))
    place = answers["row"].fillna(-1).to_numpy(dtype="int64")
    row = rows[["customer_id", "customer"]].reindex(place).reset_index(drop=True)
    same = (row["customer_id"] == answers["customer_id"]).fillna(value=False).astype(bool)
    right = same & (row["customer"] != NO_CUSTOMER)
    if not right.all():
        wrong = answers[~right].iloc[0]
        raise IncompleteError(
            f"{JOURNAL}: an answer for {wrong['customer_id']} names row {wrong['row']} of {ROWS}, "
            f"where another customer stands",
            "the two files are not of one run: audit the list again",
        )
    _check_answers(answers)
    answers["customer"] = row["customer"].astype(rows["customer"].dtype)
    return answers.drop(columns=["row", "customer_id"])


def _check_answers(answers: pd.DataFrame) -> None:
    unknown = answers.loc[~answers["reason"].isin([*_VERDICT_OF]), "reason"]
    if len(unknown):
        raise IncompleteError(
            f"{JOURNAL}: this version does not know the reason {unknown.iloc[0]}", "use the version that wrote the run"
        )
    for moment in times.impossible(answers["checked_at"]):
        raise IncompleteError(
            f"{JOURNAL}: an answer came at {moment}, when no run was made",
            "the file was damaged or changed: audit the list again",
        )


def _deciding(answers: pd.DataFrame) -> pd.DataFrame:
    """The deciding answer of each customer: the last final one, else the last one; `attempts` of all of them together."""
    answers["final"] = answers["final"].fillna(value=False)
    attempts = answers.groupby("customer")["attempts"].sum().clip(upper=_MOST_ATTEMPTS)
    deciding = answers.sort_values("final", kind="stable").drop_duplicates("customer", keep="last")
    return deciding.assign(attempts=deciding["customer"].map(attempts)).drop(columns="final")


def _read_members(blocks: Iterable[bytes], membership: Membership | None, customers: pa.Array) -> pd.DataFrame:
    """The last line of each customer of the partner's own list, with the customer's number in the run."""
    was_asked = membership is not None and membership.way in (MembershipSource.LIST, MembershipSource.SINGLY)
    table = jsonl.parse_blocks(blocks if was_asked else (), _MEMBER, JOURNAL)
    _check_ids(table["customer_id"], JOURNAL)
    number = pc.fill_null(pc.index_in(table["customer_id"], value_set=customers), NO_CUSTOMER)
    members = to_pandas(table.append_column("customer", number)).drop_duplicates("customer_id", keep="last")
    return members.assign(member=members["member"].fillna(value=False))


def _unlisted(members: pd.DataFrame, membership: Membership | None) -> pa.Table | None:
    if membership is None or membership.way is not MembershipSource.LIST:
        return None
    return from_pandas(members[members["member"] & (members["customer"] == NO_CUSTOMER)], UNLISTED)


def _join(rows: pd.DataFrame, answers: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Rows with the deciding answer of their customer, and with what the partner's own list says of it."""
    listed = members[["customer", "member", "company_name", "domain"]]
    frame = rows.merge(answers.drop(columns="reused_from"), on="customer", how="left")
    frame = frame.merge(listed, on="customer", how="left", suffixes=("", "_listed"))
    for name in ("company_name", "domain"):
        frame[name] = frame[name].fillna(frame.pop(f"{name}_listed"))
    somebody = frame["customer"] != NO_CUSTOMER
    frame["reason"] = frame.pop("rejected_for").fillna(frame["reason"]).fillna(Reason.NOT_ATTEMPTED.value)
    frame["status"] = frame["status"].astype("category")
    frame["attempts"] = frame["attempts"].fillna(0)
    frame["last_update"] = times.parse(frame["last_update_raw"])
    frame["days_in_status"] = times.whole_days(frame["last_update"], frame["checked_at"])
    frame["first_row"] = somebody & ~frame.duplicated("customer")
    owners = frame[["customer"]].assign(owner=frame["owner"].fillna(""))
    frame["first_row_of_owner"] = somebody & ~owners.duplicated()
    return frame


def _apply_membership(frame: pd.DataFrame, membership: Membership | None) -> int:
    """Set reason and verdict once membership is known.

    Returns:
        Customers without an account status whose membership is unknown.
    """
    member: pd.Series[Any] = frame.pop("member")
    if membership and (
        membership.way is MembershipSource.OWN or (membership.way is MembershipSource.LIST and membership.complete)
    ):
        # a customer that the partner's list does not have is not the partner's; in the partner's own list, all are
        member = member.fillna(membership.way is MembershipSource.OWN)
    not_listed = (frame["customer"] != NO_CUSTOMER) & (~member).fillna(value=False).astype(bool)
    unchecked = frame["first_row"] & (frame["reason"] == Reason.NO_ACCOUNT_STATUS.value) & member.isna()
    reason = frame["reason"].mask(not_listed, frame["reason"].map(_WHEN_NOT_LISTED))
    frame["reason"] = reason.astype(REASON_WORDS)
    frame["verdict"] = reason.map(_VERDICT_OF).astype(VERDICT_WORDS)
    return int(unchecked.sum())
