"""`auditor report`: render the reports of a stored run again, from its folder alone."""

import logging
from collections.abc import Callable, Collection
from pathlib import Path

from auditor import journal
from auditor.core.text import shell_quote
from auditor.errors import OutputError, describe_os_error, remedy
from auditor.runs.find import find_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.notes import check_notes_folder
from auditor.runs.render import Rendered, render

_log = logging.getLogger("auditor")


def render_again(  # noqa: PLR0913 - a run, what to write, and who hears about it
    run: str,
    reports: str,
    formats: Collection[str],
    language: str | None = None,
    noted: Callable[[str], object] = _log.info,
    *,
    warned: Callable[[str], object] = _log.warning,
    notes: str | None = None,
) -> Rendered:
    """Render the reports of a run, verify them, and move `latest` where it should move. Reports of other formats are removed.

    Args:
        run: a folder, a run-id, or `latest`.
        reports: where run folders are.
        formats: which of `report.FORMATS` to write; the summary is always written.
        language: of the documents from now on, as one of `core.language.LANGUAGES`; None leaves it as it is.
        noted: receives notes, one sentence each.
        warned: receives warnings, one sentence each.
        notes: a folder of workbooks that people typed into; None for only those that are in place.

    Raises:
        SettingsError: there is no such run, or no such format.
        LockHeldError: another process works on the run.
        IncompleteError: rows.jsonl or journal.jsonl is damaged.
        OutputError: a report cannot be written.
    """
    folder = find_run(run, reports)
    check_notes_folder(notes)
    with one_writer_at_a_time(folder):
        if language is not None:
            _set_language(folder, language)
        return render(folder, formats, noted, warned, notes)


def _set_language(run: Path, language: str) -> None:
    """Write the language to the journal, if the run has another one."""
    if journal.read_facts(run).presentation.language == language:
        return
    try:
        # it describes the journal before this line
        (run / "manifest.json").unlink(missing_ok=True)
        with journal.Journal(run) as opened:
            opened.set_language(language)
    except OSError as error:
        raise OutputError(
            f"{run} cannot be written: {describe_os_error(error)}",
            f"{remedy(error)}, then: auditor report {shell_quote(run)} --language {language}",
        ) from error
