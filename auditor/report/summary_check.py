"""summary.json and summary.csv against the journal, the ledger, and each other. Rule: every fact is looked up where it
comes from, and the files must tell the same.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.core.results import Ledger, complete
from auditor.core.run_facts import Freshness, Membership, Way
from auditor.errors import IncompleteError
from auditor.report import summary
from auditor.report.evidence import Evidence
from auditor.report.schema import JOURNAL, SCHEMA_VERSION
from auditor.report.written import csv_file

_FACTS = (
    *("run_id", "simulated", "finished", "cause", "message", "api", "validation_type", "started_at", "finished_at"),
    *("elapsed_seconds", "pace", "list_digest", "max_undetermined"),
)
"""Facts that summary.json tells as they are."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted while the other files were compared.

    Attributes:
        ledger: of the records.
        unchecked: customers without an account status that may be strangers.
        unlisted: records of unlisted.csv; None where there must be no such file.
        freshness: of the answers that decide.
    """

    ledger: Ledger
    unchecked: int
    unlisted: int | None
    freshness: Freshness


def check_facts(run: Path, evidence: Evidence, counted: Counted, schema_version: int = SCHEMA_VERSION) -> int:
    """Compares all of both files but the counts by verdict, reason, status and owner; returns summary.csv's records.

    Raises:
        IncompleteError: the first fact that is told otherwise than it is.
        OSError, ValueError, KeyError, csv.Error: a file is missing or damaged.
    """
    document = json.loads((run / summary.JSON).read_bytes())
    wanted = {"schema_version": schema_version, **_facts(evidence, counted)}
    if schema_version == SCHEMA_VERSION:
        wanted["list_warnings"] = [asdict(one) for one in evidence.facts.list_warnings]
    found = _flat({key: _plain(key, document[key]) for key in wanted})
    wanted = _flat(wanted)
    for key in {**wanted, **found}:
        _same(f"{summary.JSON}, {key}", found.get(key), wanted.get(key), JOURNAL)
    _same(f"{summary.JSON}, ledger.balanced", document["ledger"]["balanced"], counted.ledger.balanced, "the recount")
    word = "complete" if document["complete"] else "INCOMPLETE"
    _same(f"{summary.JSON}, first word of the note", document["note"].partition(":")[0], word, f"{summary.JSON} itself")
    return _check_lines(run, document["note"], counted)


def _check_lines(run: Path, note: str, counted: Counted) -> int:
    """The lines of summary.csv that are no counts by verdict, reason, status or owner."""
    header, *records = csv_file(run / summary.CSV)
    table = [dict(zip(header, record, strict=True)) for record in records]
    rows, customers = (str(sum(getattr(c, unit) for c in counted.ledger.statuses)) for unit in ("rows", "customers"))
    wanted = [{"scope": "run", "rows": rows, "customers": customers, "note": note}]
    if counted.unlisted is not None:
        wanted.append({"scope": "unlisted", "rows": "0", "customers": str(counted.unlisted)})
    found = [record for record in table if record["scope"] in ("run", "unlisted")]
    _same(f"{summary.CSV}, lines of scope run and unlisted", len(found), len(wanted), summary.JSON)
    for line, expected in zip(found, wanted, strict=True):
        for name, value in expected.items():
            _same(f"{summary.CSV}, scope {line['scope']}, {name}", line[name], value, summary.JSON)
    return len(table)


def _facts(evidence: Evidence, counted: Counted) -> dict[str, Any]:
    facts, ledger = evidence.facts, counted.ledger
    found = facts.membership or Membership(Way.NONE, 0, complete=False)
    return {
        "complete": complete(ledger, facts),
        **{name: getattr(facts, name) for name in _FACTS},
        "oldest_checked_at": counted.freshness.oldest,
        "reused_answers": counted.freshness.reused,
        "requests": {"total": facts.requests.get("sent", 0), **facts.requests},
        "lists": [*facts.lists],
        "list_files": [asdict(one) for one in facts.list_files],
        "damaged_lines": [*facts.damaged_lines],
        "membership": {**asdict(found), "unchecked": counted.unchecked, "unlisted": counted.unlisted},
    }


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The same with the values of inner objects under `outer.inner`."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        flat |= {f"{key}.{inner}": one for inner, one in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def _plain(key: str, value: Any) -> Any:
    """A value of summary.json as `_facts` has it."""
    return datetime.fromisoformat(value) if key.endswith("_at") and value is not None else value


def _same(where: str, found: Any, expected: Any, source: str) -> None:
    if found != expected:
        raise IncompleteError(f"{where}: {found!r}, where {source} says {expected!r}")
