"""`auditor run LIST`: checks that it can begin, then does the main job."""

from collections.abc import Iterator

from auditor import customers
from auditor.commands import audit, signing_in
from auditor.commands.render import Rendered
from auditor.core.model import Customer, RejectedRow
from auditor.settings import Settings


def run(
    sources: tuple[str, ...],
    columns: customers.Columns,
    settings: Settings,
    formats: tuple[str, ...],
    watch: audit.Watch,
) -> Rendered:
    """Audits customer lists.

    Args:
        sources: paths of the lists; `-` is standard input.
        columns: which columns the user named.
        settings: of the run.
        formats: which files to write.
        watch: what a person may want to hear.

    Raises:
        SignInError: nothing is set to sign in with.
        CustomerListError: a list cannot be read, is empty, or has no id column.
        OutputError: the answers are safe, a report could not be written.
    """
    signing_in.check(settings)
    lists = [customers.read(source, columns=columns) for source in sources]
    folder = audit.start(rows_of(lists), sources, settings, formats)
    # only now: a list may give more to warn of while it is read
    for one in lists:
        for warning in one.warnings:
            watch.warned(f"{one.name}: {warning}")
    return audit.carry_out(folder, settings, formats, watch)


def rows_of(lists: list[customers.CustomerList]) -> Iterator[Customer | RejectedRow]:
    """The rows of all lists, one list after the other."""
    for one in lists:
        yield from one
