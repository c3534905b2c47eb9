"""The journal's lines about the run as a whole -> its facts, by code of its own."""

import json
import zlib
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from auditor.core.baseline import Baseline
from auditor.core.judge.documented_answers import is_contradictory
from auditor.core.model import Cause
from auditor.core.run_facts import (
    ListFile,
    ListWarning,
    Membership,
    MembershipSource,
    OwnerWorkbooks,
    Presentation,
    RunFacts,
)

_ASIDE = frozenset({"answer", "member", "baseline", "allowance"})
"""Kinds of lines that neither begin nor end a session."""
_ANSWER = {"final": False, "status": None, "http_status": None, "error_code": None, "attempts": 0, "checked_at": None}
"""What an answer says that does not say so."""


def read_facts(run: Path) -> RunFacts:
    """The facts of a run, from the undamaged lines of its journal."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    session: list[dict[str, Any]] = []
    damaged = []
    with (run / "journal.jsonl").open("rb") as file:
        for number, line in enumerate(file, 1):
            document = _undamaged(line)
            if document is None:
                damaged.append(number)
            else:
                by_kind.setdefault(document["kind"], []).append(document)
                session += [document] if document["kind"] not in _ASIDE else []
    return _facts(by_kind, session, damaged)


def _undamaged(line: bytes) -> dict[str, Any] | None:
    body, _, seal = line.rpartition(b',"crc":"')
    if seal != b'%08x"}\n' % zlib.crc32(body):
        return None
    document: dict[str, Any] = json.loads(line)
    if document["kind"] == "answer" and is_contradictory(
        SimpleNamespace(**{**_ANSWER, "reused_from": None, **document})
    ):
        return None
    return document


def _facts(by_kind: dict[str, list[dict[str, Any]]], session: list[dict[str, Any]], damaged: list[int]) -> RunFacts:
    header, ends = by_kind["header"][0], by_kind.get("end", [])
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
        selection=header.get("selection", ""),
        max_undetermined=[header, *by_kind.get("allowance", [])][-1]["max_undetermined"],
        presentation=_presentation(header.get("presentation", {})),
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
    return Membership(MembershipSource(last["way"]), last["customers"], last["complete"], last["message"])


def _presentation(document: dict[str, Any]) -> Presentation:
    names = ("customer_link", "zone", "language", "title", "accent", "logo", "logo_digest")
    given = {name: document[name] for name in names if name in document}
    packs = OwnerWorkbooks(document.get("packs", "acting"))
    return Presentation(**given, packs=packs, sums=tuple(document.get("sums", ())))
