"""`auditor run`: checks that it can begin, then does the main job on customer lists, or on the partner's own."""

from collections.abc import Iterator
from contextlib import ExitStack

from auditor import customers
from auditor.core.model import Customer, RejectedRow
from auditor.runs import audit, baseline, credentials
from auditor.runs.create import OWN_COLUMNS, OWN_LIST, create_run
from auditor.runs.inputs import check_reuse, known_columns, require_ids
from auditor.runs.options import Job
from auditor.runs.render import Rendered


def run(
    sources: tuple[str, ...], columns: customers.Columns, job: Job, parts: customers.Parts = customers.WHOLE
) -> Rendered:
    """Audits customer lists; without one, the partner's own.

    Args:
        sources: paths of the lists; `-` is standard input.
        columns: which columns the user named.
        job: how.
        parts: which sheets, or which array of a JSON object, the user named.

    Raises:
        SettingsError: the run to compare with cannot be, a column to add up is not there, or `--reuse` hides what `--fail-on`
            names.
        SignInError: nothing is set to sign in with.
        CustomerListError: a list cannot be read, is empty, or has no id column or no id.
        OutputError: the answers are safe, a report could not be written.
    """
    check_reuse(job.settings)
    credentials.check_credentials(job.settings)
    baseline.check_baseline(job, sources or (OWN_LIST,))
    if not sources:
        known_columns(job.settings.sum, OWN_COLUMNS)
        with audit.lock_reports(job):
            return audit.audit_own_list(job)
    with ExitStack() as opened:
        lists = [opened.enter_context(customers.read(source, columns=columns, parts=parts)) for source in sources]
        opened.enter_context(audit.lock_reports(job))
        folder = create_run(rows_of(lists), sources, job, lambda: warnings_of(lists))
        return audit.run_audit(folder, job)


def warnings_of(lists: list[customers.CustomerList]) -> Iterator[tuple[str, str]]:
    """(name of the list, text) of each warning about these lists."""
    for one in lists:
        yield from ((one.name, warning) for warning in one.warnings)


def rows_of(lists: list[customers.CustomerList]) -> Iterator[Customer | RejectedRow]:
    """The rows of all lists, one list after the other."""
    for one in lists:
        yield from require_ids(one)
