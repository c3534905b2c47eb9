"""`auditor report`: render the reports of a stored run again, from its folder alone."""

from collections.abc import Collection

from auditor.runs.find import find_run
from auditor.runs.lock import one_writer_at_a_time
from auditor.runs.render import Rendered, render


def render_again(run: str, reports: str, formats: Collection[str]) -> Rendered:
    """Render the reports of a run, verify them, and move `latest` where it should move. Reports of other formats are removed.

    Args:
        run: a folder, a run-id, or `latest`.
        reports: where run folders are.
        formats: which of `report.FORMATS` to write; the summary is always written.

    Raises:
        SettingsError: there is no such run, or no such format.
        LockHeldError: another process works on the run.
        IncompleteError: rows.jsonl or journal.jsonl is damaged.
        OutputError: a report cannot be written.
    """
    folder = find_run(run, reports)
    with one_writer_at_a_time(folder):
        return render(folder, formats)
