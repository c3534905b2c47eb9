"""A run folder -> `RunData`: everything that the reports say, computed once.

`RunData.results` is one DataFrame with one record a row of the customer lists, in input order, with all derived columns.
Every table, sheet and section of a page is a selection from it.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

import pandas as pd
import pyarrow as pa

from auditor import languages
from auditor.core.baseline import Baseline
from auditor.core.house_style import LOGO_NAMES, Logo, read_logo
from auditor.core.language import ENGLISH, Language
from auditor.core.model import Reason, Verdict
from auditor.core.results import ChangeCounts, Ledger, Sum, Tally, add_up, build_ledger, counts_as_complete
from auditor.core.run_facts import Freshness, Presentation, RunFacts
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL
from auditor.report.files import Entry
from auditor.report.history import Previous, as_previous, changed_customers, combine, count, derive, read_previous
from auditor.report.notes import Notes, partner_key, read_notes
from auditor.report.records import StoredRun, read_records
from auditor.report.schema import as_words, own_columns, to_pandas


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What changed since the baseline run.

    Attributes:
        run_id: of the baseline.
        started_at: when the baseline run began; aware, UTC.
        note: what this is compared with, and what a reader must know, in one sentence.
        counts: customers by change.
        table: one record a changed customer, with the columns of `history.changes.CHANGED`.
    """

    run_id: str
    started_at: datetime
    note: str
    counts: ChangeCounts
    table: pa.Table

    @property
    def frame(self) -> pd.DataFrame:
        """`table` as a DataFrame."""
        return to_pandas(self.table)


@dataclass(frozen=True, slots=True)
class RunData:
    """Everything that the reports of one run say.

    Attributes:
        facts: the journal's statements about the run as a whole.
        results: one record a row, in input order. Columns: `schema.FIXED`; `own.0`, `own.1`, … for the lists' own columns;
            `first_row` and `first_row_of_owner` (bool; see `records.Records`); `history.changes.DERIVED`.
        ledger: rows and customers by verdict, reason, status and owner.
        freshness: age of the deciding answers.
        membership_unchecked: customers without an account status whose membership in the partner's list is unknown.
        unlisted: the partner's customers that no row names; None where the partner's list was not paged through.
        sums: totals of the columns in `facts.presentation.sums`, in this order; by column first all owners together (owner
            None), then by owner; of each the three verdicts.
        changes: since the baseline run; None where there is none.
        rows_file: size, hash and line count of rows.jsonl.
        tables: names of the files beside the documents that hold every column of every row.
        language: of the documents.
        logo: of the documents; None where there is none.
        notes: what people typed into the workbooks.
        partner: as of `notes.partner_key`.
    """

    facts: RunFacts
    results: pd.DataFrame
    ledger: Ledger
    freshness: Freshness
    membership_unchecked: int
    unlisted: pa.Table | None
    sums: tuple[Sum, ...]
    changes: RunChanges | None
    rows_file: Entry
    tables: tuple[str, ...] = ()
    language: Language = ENGLISH
    logo: Logo | None = None
    notes: Notes = field(default_factory=dict)
    partner: str = ""

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return counts_as_complete(self.ledger, self.facts)

    @property
    def without_changes(self) -> str:
        """Why there is no comparison, in one sentence; empty where there is one."""
        return "" if self.changes or self.facts.baseline is None else self.facts.baseline.note


def load(stored: StoredRun, notes: Notes | None = None) -> RunData:
    """Read a run folder.

    Args:
        stored: the run.
        notes: what people typed into the workbooks; None for what notes.jsonl has.

    Raises:
        IncompleteError: a file is damaged, or the files are not of one run.
        OutputError: a file cannot be read.
    """
    facts = stored.facts
    records = read_records(stored)
    previous = read_previous(stored.folder, facts.baseline, records.customers)
    results = derive(records.frame, previous)
    baseline = facts.baseline or Baseline()
    return RunData(
        facts,
        results,
        build_ledger(_tallies(results), facts.rows, facts.customers),
        records.freshness,
        records.membership_unchecked,
        records.unlisted,
        tuple(_sums(results, facts)),
        _run_changes(results, previous, baseline.run_id, baseline.started_at, baseline.note),
        records.rows_file,
        language=languages.load(facts.presentation.language),
        logo=_read_logo(stored.folder, facts.presentation),
        notes=read_notes(stored.folder) if notes is None else notes,
        partner=partner_key(stored.folder),
    )


def _read_logo(run: Path, presentation: Presentation) -> Logo | None:
    """The logo as it was when the run began.

    Raises:
        IncompleteError: its file is another one, or missing.
    """
    if not presentation.logo:
        return None
    try:
        content = (run / presentation.logo).read_bytes()
    except FileNotFoundError:
        content = b""
    if presentation.logo not in LOGO_NAMES or hashlib.sha256(content).hexdigest() != presentation.logo_digest:
        raise IncompleteError(f"{presentation.logo}: not what {JOURNAL} says that it is", "put the file back as it was")
    return read_logo(content)


def compare(old: StoredRun, new: StoredRun, note: str) -> RunChanges:
    """What became of each customer from one stored run to another.

    Args:
        old: the earlier run.
        new: the later one; what it knows of the history is taken from its own folder.
        note: what a reader must know.

    Raises:
        IncompleteError: the files of one of them are damaged.
        OutputError: they cannot be read.
    """
    records = read_records(new)
    own = read_previous(new.folder, new.facts.baseline, records.customers)
    known = own.known["past_verdict"].notna()
    stretches = own.known.loc[known, ["customer", "past_verdict", "since", "times_blocked"]]
    table = combine(records.customers, old, stretches)
    previous = as_previous(table, records.customers, compared=True)
    results = derive(records.frame, previous)
    return cast("RunChanges", _run_changes(results, previous, old.facts.run_id, old.facts.started_at, note))


def _run_changes(
    results: pd.DataFrame, previous: Previous, run_id: str, started_at: datetime | None, note: str
) -> RunChanges | None:
    if not previous.compared or started_at is None:
        return None
    table = changed_customers(results, previous)
    return RunChanges(run_id, started_at, note, count(table), table)


def _tallies(results: pd.DataFrame) -> list[Tally]:
    """Rows and customers by reason, status and owner."""
    keys = ["reason", "status", "owner"]
    counted = results[["reason", "first_row", "first_row_of_owner"]].assign(
        rows=1, owner=results["owner"].fillna(""), status=as_words(results["status"], "")
    )
    counts = counted.groupby(keys, observed=True)[["rows", "first_row", "first_row_of_owner"]].sum()
    return [
        Tally(Reason(reason), status, owner, *map(int, sums)) for (reason, status, owner), *sums in counts.itertuples()
    ]


def _sums(results: pd.DataFrame, facts: RunFacts) -> list[Sum]:
    """Columns of the lists added up by verdict and owner. `core.results.money` reads the numbers, each distinct text once."""
    own = dict(zip(facts.columns, own_columns(len(facts.columns)), strict=True))
    owners = results["owner"].fillna("")
    sums: list[Sum] = []
    for name in (name for name in facts.presentation.sums if name in own):
        texts = results.groupby([owners, "verdict", results[own[name]]], dropna=False, observed=True).size()
        records = texts.rename("rows").reset_index().itertuples(index=False, name=None)
        sums += add_up(
            name,
            (
                (owner, Verdict(verdict), None if pd.isna(text) else text, int(rows))
                for owner, verdict, text, rows in records
            ),
        )
    return sums
