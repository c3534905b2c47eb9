"""`auditor resume`: ask for the customers without a final answer, with the options that the run was started with."""

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
from auditor.runs.continuing import needs_requests
from auditor.runs.create import RESUMED_SETTINGS
from auditor.runs.find import is_complete
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.notes import check_notes_folder
from auditor.runs.options import RunObserver, RunOptions, check_reuse
from auditor.runs.render import Rendered
from auditor.runs.rendering_slot import RenderingSlots
from auditor.runs.signals import StopRequest
from auditor.settings import Origins, Settings, reparse


def resume(  # noqa: PLR0913 - what restores the options, and what a command adds to them
    run: Path,
    settings: Settings,
    origins: Origins,
    observer: RunObserver,
    *,
    stop: StopRequest | None = None,
    slots: RenderingSlots | None = None,
) -> Rendered:
    """Ask again for customers without a final answer, then render the reports.

    Needs no sign-in where every customer has a final answer and only the reports are missing.

    Args:
        run: the run's folder.
        settings: for the sign-in; a setting from a flag or keyword replaces the one that the run was started with.
        origins: where each setting comes from.
        observer: receives what happens.
        stop: as of `RunOptions`.
        slots: as of `RunOptions`.

    Raises:
        SettingsError: the settings name another API or partner than the run asked, it asked for another type, or the caller
            allows fewer undetermined rows than a complete run has allowed.
        StoppedEarlyError: the run's folder cannot be written; nothing was asked.
        SignInError: nothing is set to sign in with.
        IncompleteError: the run's journal cannot be read, or its rows are not the ones it was written for.
    """
    options = replace(restore_options(run, settings, origins, observer, stop), slots=slots)
    with audit.lock_reports(options):
        return finish(run, options, origins)


def restore_options(
    run: Path, settings: Settings, origins: Origins, observer: RunObserver, stop: StopRequest | None = None
) -> RunOptions:
    """The options that the run was started with, replaced by those that the caller gave; arguments and errors as of `resume`."""
    header = journal.read_header(run)
    if header.simulated:
        raise SettingsError(f"{run} is a demo's, and its simulator is gone", "start it again: auditor demo")
    _check_same(run, header, settings)
    options = replace(_restore_options(run, header.settings, settings, origins, observer), stop=stop)
    check_reuse(options.settings)
    check_notes_folder(options.settings.notes)
    return options


def finish(run: Path, options: RunOptions, origins: Origins) -> Rendered:
    """Ask and render while the lock of the reports folder is held; errors as of `resume`.

    Args:
        run: the run's folder.
        options: as of `restore_options`.
        origins: where each setting comes from.
    """
    facts = journal.read_facts(run)
    journal.check_rows(run, facts)
    to_ask = needs_requests(run, facts, options.check)
    if to_ask:
        credentials.check_credentials(options.settings)
    if origins.is_given("max_undetermined"):
        _set_max_undetermined(run, facts, options.settings.max_undetermined)
    if not to_ask:
        return audit.render_only(run, options)
    return _ask_and_render(run, options, journal.pending_rows(run, facts.rows))


def _set_max_undetermined(run: Path, facts: RunFacts, rows: int) -> None:
    """Write to the journal how many rows may stay undetermined from now on."""
    if rows < facts.max_undetermined and is_complete(run):
        raise SettingsError(
            f"{run} is complete, with up to {facts.max_undetermined:,} undetermined rows allowed: fewer cannot be set now",
            f"leave it, or start a run of its own with --max-undetermined {rows}",
        )
    with one_writer_at_a_time(run):
        try:
            # it describes the journal before this line
            (run / "manifest.json").unlink(missing_ok=True)
            with journal.Journal(run) as opened:
                opened.set_max_undetermined(rows)
        except OSError as error:
            raise StoppedEarlyError(
                f"{run} cannot be written: {describe_os_error(error)}; nothing was asked",
                f"{remedy(error)}, then: auditor resume {shell_quote(run)} --max-undetermined {rows}",
            ) from error


def _ask_and_render(run: Path, options: RunOptions, before: dict[int, tuple[Reason, int]]) -> Rendered:
    """Ask and render. Where no reason of a pending row has changed, the result has the number of tries."""
    rendered = audit.run_audit(run, options)
    if not before or not rendered.facts.finished:
        return rendered
    after = journal.pending_rows(run, rendered.facts.rows)
    reasons = [{row: reason for row, (reason, _) in known.items()} for known in (before, after)]
    tries = min((count for _, count in after.values()), default=0)
    return replace(rendered, tries=tries) if reasons[0] == reasons[1] else rendered


def _check_same(run: Path, header: journal.Header, settings: Settings) -> None:
    """Refuse settings for another API, partner or type than that of the run: their answers are never mixed."""
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


def _restore_options(
    run: Path, kept: dict[str, Any], settings: Settings, origins: Origins, observer: RunObserver
) -> RunOptions:
    """The options that the run was started with, from its journal's header, replaced by those that the caller gave."""
    unflagged = [name for name in RESUMED_SETTINGS if name in kept and not origins.is_given(name)]
    try:
        known = {name: reparse(name, kept[name], "header") for name in unflagged}
        check = MembershipCheck(kept.get("customer_list", MembershipCheck.NEVER))
        # the lock is that of the run's own folder, wherever new runs are stored
        own = replace(settings, reports=str(run.parent), limit=None, **known)
        return RunOptions(own, tuple(kept["formats"]), check, observer=observer)
    except (KeyError, TypeError, ValueError, SettingsError) as error:
        raise IncompleteError(
            f"{run / journal.JOURNAL}: the settings in its header cannot be used: {getattr(error, 'message', repr(error))}",
            "use the version of auditor that wrote it, put the file back as it was, or audit the list again",
        ) from error
