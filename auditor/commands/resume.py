"""`auditor resume`: wanted minus final, with the options that the run was started with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor import journal
from auditor.core.judge import MembershipCheck
from auditor.core.model import Reason
from auditor.core.run_facts import VALIDATION_TYPE, RunFacts
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, SettingsError, StoppedEarlyError, describe_os_error, remedy
from auditor.runs import audit, credentials
from auditor.runs.create import KEPT
from auditor.runs.find import is_complete
from auditor.runs.inputs import check_reuse
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.options import Job, Watch
from auditor.runs.render import Rendered
from auditor.settings import Origins, Settings, reparse


def resume(run: Path, settings: Settings, origins: Origins, watch: Watch) -> Rendered:
    """Asks again for whoever has no final answer, then renders the reports.

    Where everybody was asked and answered, and only the reports are missing, nobody has to sign in.

    Args:
        run: the run's folder.
        settings: for the sign-in; and whatever a flag names wins over what the run was started with.
        origins: where each setting comes from.
        watch: what a person may want to hear.

    Raises:
        SettingsError: the settings name another API or partner than the run asked, it asked for another type, or a flag
            takes back what a complete run allows.
        StoppedEarlyError: the run's folder cannot be written; nothing was asked.
        SignInError: nothing is set to sign in with.
        IncompleteError: the run's journal cannot be read, or its rows are not the ones it was written for.
    """
    header = journal.read_header(run)
    if header.simulated:
        raise SettingsError(f"{run} is a demo's, and its simulator is gone", "start it again: auditor demo")
    _check_same(run, header, settings)
    job = _job(run, header.settings, settings, origins, watch)
    check_reuse(job.settings)
    with audit.lock_reports(job):
        facts = journal.read_facts(run)
        journal.check_rows(run, facts)
        ready = _asked_to_the_end(run, facts, job.check)
        if not ready:
            credentials.check_credentials(job.settings)
        if origins.by_name["max_undetermined"] == "flag":
            _allow(run, facts, settings.max_undetermined)
        if ready:
            return audit.render_only(run, job)
        before = journal.pending_rows(run, facts.rows)
        return _carried_out(run, job, before)


def _allow(run: Path, facts: RunFacts, rows: int) -> None:
    """Writes down how many rows may stay undetermined from now on.

    Raises:
        SettingsError: the run is complete with more, and others rely on that.
        StoppedEarlyError: it cannot be written.
    """
    if rows < facts.max_undetermined and is_complete(run):
        raise SettingsError(
            f"{run} is complete, with up to {facts.max_undetermined:,} undetermined rows allowed: fewer cannot be set now",
            f"leave it, or start a run of its own with --max-undetermined {rows}",
        )
    with one_writer_at_a_time(run):
        try:
            # it would describe a journal of before
            (run / "manifest.json").unlink(missing_ok=True)
            with journal.Journal(run) as opened:
                opened.set_max_undetermined(rows)
        except OSError as error:
            raise StoppedEarlyError(
                f"{run} cannot be written: {describe_os_error(error)}; nothing was asked",
                f"{remedy(error)}, then: auditor resume {shell_quote(run)} --max-undetermined {rows}",
            ) from error


def _carried_out(run: Path, job: Job, before: dict[int, tuple[Reason, int]]) -> Rendered:
    """Asks and renders; says where that changed nothing for those who had no final answer before."""
    rendered = audit.run_audit(run, job)
    if not before or not rendered.facts.finished:
        return rendered
    after = journal.pending_rows(run, rendered.facts.rows)
    reasons = [{row: reason for row, (reason, _) in known.items()} for known in (before, after)]
    tries = min((count for _, count in after.values()), default=0)
    return rendered.with_tries(tries) if reasons[0] == reasons[1] else rendered


def _check_same(run: Path, header: journal.Header, settings: Settings) -> None:
    """Answers of two services, partners or questions are never mixed in one run.

    Raises:
        SettingsError: the first of these that differs.
    """
    own = "start a run of its own"
    if header.api != settings.api:
        raise SettingsError(
            f"{run} asked the API {header.api}, and the settings name {settings.api}",
            f"set AUDITOR_API_URL={header.api}, or {own}",
        )
    tenant = header.settings.get("tenant_id")
    mine = credentials.tenant_of(settings)
    if tenant and mine and tenant != mine:
        raise SettingsError(
            f"{run} was signed in to the partner tenant {tenant}, and this sign-in is for {mine}",
            f"set AUDITOR_TENANT_ID={tenant}, or {own}",
        )
    if header.type != VALIDATION_TYPE:
        raise SettingsError(
            f"{run} asked for the type {header.type!r}, and this version asks for {VALIDATION_TYPE!r}",
            f"use the version of auditor that wrote it, or {own}",
        )


def _asked_to_the_end(run: Path, facts: RunFacts, check: MembershipCheck) -> bool:
    """True where a session would have nothing to ask."""
    if not facts.finished or len(journal.finally_answered(run, facts.rows)) < facts.customers:
        return False
    if facts.membership is not None:
        return facts.membership.complete
    return check is MembershipCheck.NEVER or (
        check is MembershipCheck.AUTO and not journal.membership_unknown(run, facts.rows)
    )


def _job(run: Path, kept: dict[str, Any], settings: Settings, origins: Origins, watch: Watch) -> Job:
    """The job as the run was started with it, but for what a flag names.

    Raises:
        IncompleteError: what the journal keeps cannot be used.
    """
    unflagged = [name for name in KEPT if name in kept and origins.by_name[name] != "flag"]
    try:
        known = {name: reparse(name, kept[name], "header") for name in unflagged}
        check = MembershipCheck(kept.get("customer_list", MembershipCheck.NEVER))
        # it is there that nobody else may be at work, wherever new runs would go
        own = replace(settings, reports=str(run.parent), limit=None, **known)
        return Job(own, tuple(kept["formats"]), check, watch=watch)
    except (KeyError, TypeError, ValueError, SettingsError) as error:
        raise IncompleteError(
            f"{run / journal.JOURNAL}: the settings in its header cannot be used: {getattr(error, 'message', repr(error))}",
            "use the version of auditor that wrote it, put the file back as it was, or audit the list again",
        ) from error
