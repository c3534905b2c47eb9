"""`auditor report`: render the reports of a stored run again, from its folder alone."""

import logging
from collections.abc import Callable, Collection

from auditor.runs.find import find_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.render import Rendered, render

_log = logging.getLogger("auditor")


def render_again(
    run: str, reports: str, formats: Collection[str], noted: Callable[[str], object] = _log.info
) -> Rendered:
    """Render the reports of a run, verify them, and move `latest` where it should move. Reports of other formats are removed.

    Args:
        run: a folder, a run-id, or `latest`.
        reports: where run folders are.
        formats: which of `report.FORMATS` to write; the summary is always written.
        noted: receives a note where that takes long.

    Raises:
        SettingsError: there is no such run, or no such format.
        LockHeldError: another process works on the run.
        IncompleteError: rows.jsonl or journal.jsonl is damaged.
        OutputError: a report cannot be written.
    """
    folder = find_run(run, reports)
    with one_writer_at_a_time(folder):
        return render(folder, formats, noted)
