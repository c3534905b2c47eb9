"""The journal's lines about the run as a whole -> its facts, for whoever checks them. Rule: no code of the journal's own."""

from collections import Counter
from datetime import datetime
from typing import Any

from auditor.core.baseline import Baseline
from auditor.core.model import Cause
from auditor.core.presentation import Presentation
from auditor.core.run_facts import ListFile, ListWarning, Membership, RunFacts, Way
from auditor.errors import IncompleteError
from auditor.report.schema import JOURNAL, JOURNAL_VERSIONS


def facts_of(documents: list[dict[str, Any]], damaged: list[int]) -> RunFacts:
    """The facts.

    Args:
        documents: the undamaged lines that are about no customer, in the journal's order.
        damaged: numbers of the damaged lines.

    Raises:
        IncompleteError: there is no header, or one of another version.
        KeyError, ValueError: a line lacks something.
    """
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        by_kind.setdefault(document["kind"], []).append(document)
    header = next(iter(by_kind.get("header", [])), None)
    if header is None or header["schema_version"] not in JOURNAL_VERSIONS:
        versions = " or ".join(map(str, JOURNAL_VERSIONS))
        raise IncompleteError(f"{JOURNAL}: no header of schema version {versions}")
    ends = by_kind.get("end", [])
    session = [document for document in documents if document["kind"] not in {"baseline", "allowance"}]
    last = session[-1] if session[-1]["kind"] == "end" else None
    requests: Counter[str] = Counter()
    for end in ends:
        requests.update(end["requests"])
    return RunFacts(
        **{name: header[name] for name in ("run_id", "api", "list_digest", "rows", "customers")},
        simulated=header["simulated"] or "simulated" in by_kind,
        validation_type=header["type"],
        lists=tuple(header["lists"]),
        list_warnings=tuple(ListWarning(**one) for one in header.get("list_warnings", [])),
        list_files=tuple(ListFile(**one) for one in header.get("list_files", [])),
        columns=tuple(header["columns"]),
        max_undetermined=[header, *by_kind.get("allowance", [])][-1]["max_undetermined"],
        presentation=Presentation.from_document(header.get("presentation", {})),
        started_at=datetime.fromisoformat(header["started_at"]),
        finished_at=datetime.fromisoformat(last["finished_at"]) if last else None,
        cause=Cause(last["cause"]) if last else Cause.INTERRUPTED,
        message=last["message"] if last else "the run ended without a word",
        elapsed_seconds=sum(end["elapsed_seconds"] for end in ends),
        requests=dict(requests),
        pace=ends[-1].get("pace", {}) if ends else {},
        membership=_membership(by_kind.get("membership", [])),
        baseline=_baseline(by_kind.get("baseline", [])),
        damaged_lines=tuple(damaged),
    )


def _baseline(documents: list[dict[str, Any]]) -> Baseline | None:
    if not documents:
        return None
    first = documents[0]
    began = first["started_at"] and datetime.fromisoformat(first["started_at"])
    return Baseline(first["run_id"], began, first["note"], first["digest"])


def _membership(documents: list[dict[str, Any]]) -> Membership | None:
    if not documents:
        return None
    last = documents[-1]
    return Membership(Way(last["way"]), last["customers"], last["complete"], last["message"])
