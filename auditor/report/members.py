"""Who is in the partner's own customer list, as the journal has it. Rule: a customer without a line is a stranger only
where the list was read to its end.

Of several lines for one customer (a resumed run asks again) the last one counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.judge import with_membership
from auditor.core.model import Reason
from auditor.core.run_facts import Membership, Way
from auditor.report import ids, jsonl
from auditor.report.answers import Answers
from auditor.report.roster import NOBODY, Roster
from auditor.report.schema import JOURNAL, REASONS

MEMBER, STRANGER, UNKNOWN = 1, 0, -1
UNLISTED = pa.schema([(name, pa.string()) for name in ("customer_id", "company_name", "domain", "relationship")])
"""The columns of unlisted.csv."""
_SCHEMA = pa.schema([("member", pa.bool_()), *UNLISTED])
_GIVEN = ("company_name", "domain")
_AS_STRANGER = np.array([REASONS.index(with_membership(reason, member=False)) for reason in REASONS], np.int8)
_NO_ACCOUNT_STATUS = REASONS.index(Reason.NO_ACCOUNT_STATUS)


@dataclass(frozen=True, slots=True)
class Members:
    """What is known of the partner's own list, by the roster's customers.

    Attributes:
        known: for each customer MEMBER, STRANGER or UNKNOWN (int8).
        at: for each customer, which of `lines` is about it, or NOBODY; None where there is not one line.
        lines: company_name and domain.
        unlisted: the partner's customers that no row names, in the order of the journal; None where the list was not
            paged through.
    """

    known: npt.NDArray[np.int8]
    at: npt.NDArray[np.int64] | None
    lines: pa.Table
    unlisted: pa.Table | None

    def judged(self, reasons: npt.NDArray[np.int8], numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """The rows' reasons (positions in REASONS) once membership is known; `numbers` are their customers."""
        if not len(self.known):
            return reasons
        strange = (numbers != NOBODY) & (self.known[numbers] == STRANGER)
        return np.where(strange, _AS_STRANGER[reasons], reasons)

    def completed(self, rows: pa.Table, numbers: npt.NDArray[np.int32]) -> pa.Table:
        """The rows, with company_name and domain from the partner's list where their own list has none."""
        if self.at is None:
            return rows
        at = np.where(numbers != NOBODY, self.at[numbers], NOBODY)
        found = self.lines.take(pa.array(at, mask=at == NOBODY))
        for name in _GIVEN:
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, name, pc.coalesce(rows[name], found[name]))
        return rows

    def unchecked(self, answers: Answers) -> int:
        """How many customers have no account status and may be strangers for all that is known."""
        doubtful = answers.at[(self.known == UNKNOWN) & (answers.at != NOBODY)]
        reasons = answers.lines["reason"].to_numpy()
        return int((reasons[doubtful] == _NO_ACCOUNT_STATUS).sum())


def read_members(blocks: Iterable[bytes], roster: Roster, membership: Membership | None) -> Members:
    """Reads the lines; none of them where membership was not asked for.

    Args:
        blocks: whole lines of the journal about members, in its order.
        roster: of the rows.
        membership: what the journal says of all these lines together.

    Raises:
        IncompleteError: a line is damaged.
    """
    way = membership.way if membership else Way.NONE
    whole = membership is not None and membership.complete
    read = [jsonl.parse(block, _SCHEMA, JOURNAL) for block in blocks] if way in (Way.LIST, Way.SINGLY) else []
    lines = pa.concat_tables([_SCHEMA.empty_table(), *read])
    packed = ids.pack(lines["customer_id"], JOURNAL)
    numbers = pc.fill_null(pc.index_in(packed, value_set=roster.customers), NOBODY).to_numpy()
    at = _last_lines(numbers, len(roster.customers))
    without = MEMBER if way is Way.OWN else STRANGER if way is Way.LIST and whole else UNKNOWN
    said = pc.fill_null(lines["member"], fill_value=False).to_numpy()
    known = np.full(len(at), without, np.int8)
    known[at != NOBODY] = said[at[at != NOBODY]]
    return Members(
        known,
        at if (at != NOBODY).any() else None,
        lines.select(_GIVEN).combine_chunks(),
        _unlisted(lines.filter(pa.array((numbers == NOBODY) & said))) if way is Way.LIST else None,
    )


def _last_lines(numbers: npt.NDArray[Any], customers: int) -> npt.NDArray[np.int64]:
    """For each customer the position of its last line; NOBODY where it has none."""
    at = np.full(customers, NOBODY, np.int64)
    (lines,) = np.nonzero(numbers != NOBODY)
    np.maximum.at(at, numbers[lines], lines)
    return at


def _unlisted(strangers: pa.Table) -> pa.Table:
    """The last line of each customer of these."""
    codes = strangers["customer_id"].combine_chunks().dictionary_encode()
    at = _last_lines(codes.indices.to_numpy(), len(codes.dictionary))
    return cast("pa.Table", strangers.select(UNLISTED.names).take(pa.array(np.sort(at))))
