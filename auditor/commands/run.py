"""`auditor run`: check that a run can start, then audit customer lists, or the partner's own list."""

from contextlib import ExitStack
from dataclasses import replace
from itertools import chain

from auditor.commands.resume import finish, restore_options
from auditor.runs import audit, baseline, credentials
from auditor.runs.continuing import ContinueChoice, choose_to_continue
from auditor.runs.create import OWN_COLUMNS, OWN_LIST, SameRowsError, create_run
from auditor.runs.notes import check_notes_folder
from auditor.runs.options import ListContent, RunOptions, check_reuse, find_sum_columns, open_list, read_rows
from auditor.runs.render import Rendered


def run(sources: tuple[str | ListContent, ...], options: RunOptions) -> Rendered:
    """Audit customer lists; without one, the partner's own.

    Args:
        sources: the lists; a text is a path, `-` standard input.
        options: of the run.

    Raises:
        SettingsError: the chosen baseline cannot be compared, a column to add up is missing, or `--reuse` hides what
            `--fail-on` names.
        SignInError: nothing is set to sign in with.
        CustomerListError: a list cannot be read, is empty, or has no id column or no id.
        OutputError: the answers are safe, a report could not be written.
    """
    settings = options.settings
    check_reuse(settings)
    check_notes_folder(settings.notes)
    credentials.check_credentials(settings)
    names = tuple(one if isinstance(one, str) else one.name for one in sources)
    baseline.check_baseline(options, names or (OWN_LIST,))
    if not sources:
        return _run_own_list(options)
    with ExitStack() as opened:
        lists = [opened.enter_context(open_list(source, settings)) for source in sources]
        opened.enter_context(audit.lock_reports(options))
        choice = choose_to_continue(options, names)
        try:
            rows = chain.from_iterable(map(read_rows, lists))
            folder = create_run(
                rows,
                names,
                options,
                lambda: [(one.name, warning) for one in lists for warning in one.warnings],
                choice.list_digest,
            )
        except SameRowsError:
            return _continue(choice, options)
        if options.continues:
            options.observer.noted(choice.for_other_rows().sentence)
        return audit.run_audit(folder, options)


def _run_own_list(options: RunOptions) -> Rendered:
    """Audit the partner's own list, or finish a run of it."""
    settings = options.settings
    find_sum_columns(settings.sum, OWN_COLUMNS)
    with audit.lock_reports(options):
        choice = choose_to_continue(options, (OWN_LIST,))
        if choice.run:
            return _continue(choice, options)
        if options.continues:
            options.observer.noted(choice.sentence)
        return audit.audit_own_list(options)


def _continue(choice: ContinueChoice, options: RunOptions) -> Rendered:
    """Finish the chosen run, as `resume` does."""
    run, origins = choice.run, options.continues
    if run is None or origins is None:
        raise ValueError("no run was chosen")
    options.observer.noted(choice.sentence)
    restored = restore_options(run, options.settings, origins, options.observer, options.stop)
    return finish(run, replace(restored, slots=options.slots), origins)
