"""`auditor resume`: wanted minus final, with the options that the run was started with."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor import journal
from auditor.commands import audit, signing_in
from auditor.commands.beginning import KEPT
from auditor.commands.job import Job, Watch
from auditor.commands.render import Rendered
from auditor.core.membership import Check
from auditor.errors import IncompleteError, SettingsError
from auditor.settings import Origins, Settings


def resume(run: Path, settings: Settings, origins: Origins, watch: Watch) -> Rendered:
    """Asks again for whoever has no final answer, then renders the reports.

    Args:
        run: the run's folder.
        settings: for the sign-in; and whatever a flag names wins over what the run was started with.
        origins: where each setting comes from.
        watch: what a person may want to hear.

    Raises:
        SettingsError: the settings name another API than the run asked.
        SignInError: nothing is set to sign in with.
        IncompleteError: the run's journal cannot be read, or its rows are not the ones it was written for.
    """
    facts, kept = journal.read_facts(run), journal.read_settings(run)
    if facts.simulated:
        raise SettingsError(f"{run} is a demo's, and its simulator is gone", "start it again: auditor demo")
    signing_in.check(settings)
    if facts.api != settings.api:
        raise SettingsError(
            f"{run} asked {facts.api}, and the settings name {settings.api}",
            f"set AUDITOR_API_URL={facts.api}, or start a run of its own",
        )
    journal.check_rows(run, facts)
    settings = replace(settings, **_unless_flagged(kept, origins))
    check = Check(kept.get("customer_list", Check.NEVER))
    job = Job(settings, tuple(kept["formats"]), check, simulated=facts.simulated, watch=watch)
    with audit.locked(job):
        return audit.carry_out(run, job)


def newest_incomplete(reports: Path) -> Path | None:
    """The newest run that is not complete, or None where there is none; simulated ones cannot be resumed."""
    runs = sorted((p.parent for p in reports.glob(f"*/{journal.JOURNAL}") if not p.parent.is_symlink()), reverse=True)
    return next((run for run in runs if not _is_complete(run)), None)


def _is_complete(run: Path) -> bool:
    """As the run's own summary says; a run that died has none, or one of before."""
    try:
        if journal.read_facts(run).simulated:
            return True
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        return bool(summary["complete"]) and journal.read_facts(run).finished
    except IncompleteError:
        # not a run that this version can finish
        return True
    except (OSError, ValueError, KeyError):
        return False


def _unless_flagged(kept: dict[str, Any], origins: Origins) -> dict[str, Any]:
    return {name: kept[name] for name in KEPT if name in kept and origins.by_name[name] != "flag"}
