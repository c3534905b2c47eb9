"""The making of before.parquet, from the baseline run and the history. Rule: once for each run; read by `before`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.report import ids
from auditor.report.answers import read_answers
from auditor.report.before import NAME, SCHEMA, Source
from auditor.report.files import Staging
from auditor.report.frames import batches
from auditor.report.history import FOLDER
from auditor.report.members import read_members
from auditor.report.pasts import Pasts, no_pasts, read_pasts
from auditor.report.roster import NOBODY, Roster, read_roster
from auditor.report.schema import TIME, VERDICTS

_NAMES = ("company_name", "domain", "owner")
_STATE = ("verdict", "status", "reason", "last_update", "checked_at")
_VERDICT_VALUES = pa.array([verdict.value for verdict in VERDICTS])


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was copied: the SHA-256 (hex) of before.parquet, empty where nothing was known; files that could not be read."""

    digest: str
    unread: tuple[str, ...]


def remember(run: Path, facts: RunFacts, baseline: Source | None) -> Remembered:
    """Copies what the baseline and the history beside the run know into its folder.

    Raises:
        IncompleteError: rows.jsonl, or the baseline, is damaged.
        OutputError: a file cannot be read or written.
    """
    roster = read_roster(run)
    # whoever is made up has no history
    pasts = no_pasts(roster) if facts.simulated else read_pasts(run.resolve().parent / FOLDER, facts, roster)
    return Remembered(
        write_before(run, gather(roster, baseline, pasts), compared=baseline is not None), tuple(pasts.unread)
    )


def gather(roster: Roster, baseline: Source | None, pasts: Pasts) -> pa.Table:
    """The records of before.parquet.

    Args:
        roster: of the run.
        baseline: what it is compared with.
        pasts: of its customers.

    Raises:
        IncompleteError: the baseline's files are damaged.
        OutputError: they cannot be read.
    """
    listed, gone = _states(roster, baseline) if baseline else (_no_states(), SCHEMA.empty_table())
    at = np.full(len(roster.customers), NOBODY, np.int64)
    at[listed["number"].to_numpy()] = np.arange(len(listed))
    known = pasts.verdicts != NOBODY
    (numbers,) = np.nonzero((at != NOBODY) | known)
    states = listed.take(pa.array(at[numbers], mask=at[numbers] == NOBODY))
    unknown = ~known[numbers]
    columns = {
        "customer_id": ids.unpack(roster.customers.take(pa.array(numbers))),
        **{name: states[name] for name in _STATE},
        "past_verdict": _VERDICT_VALUES.take(pa.array(pasts.verdicts[numbers], mask=unknown)),
        "since": pa.array(pasts.since[numbers], mask=unknown).cast(TIME),
        "times_blocked": pa.array(pasts.times_blocked[numbers], mask=unknown),
    }
    return pa.concat_tables([_as_declared(columns, len(numbers)), gone]).unify_dictionaries()


def _states(roster: Roster, baseline: Source) -> tuple[pa.Table, pa.Table]:
    """What the baseline says: (of the roster's customers, with their numbers; of the others)."""
    old = read_roster(baseline.run)
    if baseline.facts.list_digest and old.digest != baseline.facts.list_digest:
        raise IncompleteError(
            f"{baseline.run}: its rows are not what its journal was written for", "audit the list again"
        )
    now = pc.fill_null(pc.index_in(old.customers, value_set=roster.customers), NOBODY).to_numpy()
    answers, facts = read_answers(baseline.answers, old), baseline.facts
    members = read_members(baseline.members, old, facts.membership)
    listed, gone = [_no_states()], [SCHEMA.empty_table()]
    for batch in batches(baseline.run, facts.columns, old, answers, members):
        frame = batch.frame.loc[batch.first, ["customer_id", *_NAMES, *_STATE]]
        table = pa.Table.from_pandas(frame, preserve_index=False)
        numbers = now[batch.numbers[batch.first]]
        states = table.select(_STATE).append_column("number", pa.array(numbers, pa.int32()))
        listed.append(states.filter(pa.array(numbers != NOBODY)).cast(listed[0].schema))
        left = table.filter(pa.array(numbers == NOBODY))
        gone.append(_as_declared({name: left[name] for name in left.column_names}, len(left)))
    return pa.concat_tables(listed).unify_dictionaries().combine_chunks(), pa.concat_tables(gone)


def _no_states() -> pa.Table:
    return pa.schema([*(SCHEMA.field(name) for name in _STATE), pa.field("number", pa.int32())]).empty_table()


def _as_declared(columns: dict[str, pa.Array], length: int) -> pa.Table:
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(length, f.type) for f in SCHEMA]
    return pa.table(arrays, schema=SCHEMA)


def write_before(run: Path, records: pa.Table, *, compared: bool) -> str:
    """Writes before.parquet and gives its SHA-256 (hex); empty where there is neither a baseline nor a history.

    Raises:
        OutputError: it cannot be written.
    """
    if not len(records) and not compared:
        return ""
    with Staging(run) as staging:
        pyarrow.parquet.write_table(records, staging.create(NAME), compression="zstd")
        (entry,) = staging.publish()
    return entry.sha256
