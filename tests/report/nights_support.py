"""Made-up runs of several nights in one reports folder, each compared with one before and in the history."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from report_support import NOON, STATUS, Run, answer, new_run, row

from auditor.core.model import Reason


def at(day: float, customer: int) -> datetime:
    """When a customer is answered in the run of a day."""
    return NOON + timedelta(days=day, seconds=customer)


def made(folder: Path, day: float, known: dict[int, tuple[Reason, int]], old: Run | None = None, **facts: Any) -> Run:
    """The run of a day, compared with another, rendered, verified and in the history."""
    rows = [row(customer, company_name=f"Company {customer}", owner="ann", source_row=customer) for customer in known]
    answers = [
        answer(
            place,
            customer,
            reason.value,
            status=STATUS.get(reason, reason.value) if reason is not Reason.THROTTLED else None,
            final=reason is not Reason.THROTTLED,
            last_update_raw=f"2026-0{month + 1}-01T00:00:00",
            checked_at=at(day, customer).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        )
        for place, (customer, (reason, month)) in enumerate(known.items())
    ]
    began = NOON + timedelta(days=day)
    run = new_run(folder / f"{began:%Y%m%dT%H%M%SZ}", rows, answers, started_at=began, finished_at=began, **facts)
    return run.compared_with(old).recorded()


def copied(runs: Sequence[Run], folder: Path) -> list[Run]:
    """The runs of a reports folder in a copy of it, with its history: many times as quick as rendering them again."""
    shutil.copytree(runs[0].path.parent, folder, dirs_exist_ok=True)
    return [replace(run, path=folder / run.path.name) for run in runs]
