"""Answers of earlier runs that may serve again. Rule: only of customers whose newest answer makes them eligible.

Whoever was blocked or undetermined when last asked may have changed for the better and is asked again; whoever was
eligible is believed for as long as the user says. Each answer keeps the time at which it was given.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from auditor.core.model import Reason, RunFacts, Verdict
from auditor.errors import IncompleteError
from auditor.journal.lines import JOURNAL
from auditor.journal.reading import answer_blocks, read_facts


def reusable(run: Path, facts: RunFacts, since: datetime) -> dict[str, dict[str, Any]]:
    """Customer id -> the journal document of an answer that need not be asked for again.

    Args:
        run: the new run's folder; the runs beside it are searched.
        facts: of the new run: only runs against the same API and type count.
        since: answers older than this do not count.
    """
    newest: dict[str, tuple[datetime, dict[str, Any]]] = {}
    for other in sorted(run.parent.glob(f"*/{JOURNAL}")):
        folder = other.parent
        if folder.is_symlink() or folder.name == run.name or not _comparable(folder, facts):
            continue
        for checked_at, answer in _final_answers(folder):
            known = newest.get(answer["customer_id"])
            if known is None or known[0] < checked_at:
                newest[answer["customer_id"]] = (checked_at, {**answer, "reused_from": folder.name})
    return {
        customer_id: answer
        for customer_id, (checked_at, answer) in newest.items()
        if checked_at >= since and Reason(answer["reason"]).verdict is Verdict.ELIGIBLE
    }


def _comparable(folder: Path, facts: RunFacts) -> bool:
    try:
        other = read_facts(folder)
    except (IncompleteError, OSError, ValueError, KeyError):
        return False
    return (other.api, other.validation_type) == (facts.api, facts.validation_type)


def _final_answers(folder: Path) -> Iterator[tuple[datetime, dict[str, Any]]]:
    for block in answer_blocks(folder):
        for line in block.splitlines():
            answer: dict[str, Any] = msgspec.json.decode(line)
            if answer["final"]:
                del answer["crc"]
                yield datetime.fromisoformat(answer["checked_at"]), answer
