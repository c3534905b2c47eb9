"""Find a run that may be published: RUN or the reports folder is the URL of a place in an object store.

A published run is copied to a temporary folder, checked against its manifest, and read there.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from auditor import journal, publish
from auditor.core.ids import is_folder_name
from auditor.core.store_url import check_store_url, is_store_url
from auditor.errors import AuditorError, SettingsError
from auditor.runs.find import LATEST, find_run


class Place(NamedTuple):
    """Where a published run is: the URL of the place that holds it, and its run-id."""

    base: str
    run_id: str

    @property
    def url(self) -> str:
        """URL of the run's folder."""
        return f"{self.base}/{self.run_id}"


def check_reports_url(url: str) -> str:
    """The URL of a place with published runs, as the user gave it.

    Raises:
        SettingsError: it is none, or may hold a secret.
    """
    try:
        return check_store_url(url)
    except ValueError as error:
        raise SettingsError(f"the URL of published runs {error}", "auditor publish --help says what a URL is") from None


def find_published(run: str, reports: str) -> Place | None:
    """Where a run is published; None where it is a folder on this machine.

    Args:
        run: a folder, a run-id, `latest`, or the URL of a run or of `latest`.
        reports: where run folders are, or the URL of published runs.

    Raises:
        SettingsError: the URL cannot be used, or there is no such run.
    """
    if is_store_url(run):
        return Place(*publish.find_published(check_reports_url(run)))
    if not is_store_url(reports) or journal.holds_journal(Path(run)):
        return None
    base = check_reports_url(reports)
    if not is_folder_name(run):
        raise SettingsError(f"{run}: no such run", f"auditor runs --reports {base} lists them")
    return Place(base, publish.read_latest(base) if run == LATEST else run)


@contextmanager
def copied(place: Place) -> Iterator[Path]:
    """A checked copy of a published run, in a temporary folder; errors name the URL.

    Raises:
        AuditorError: as of `publish.copy_run`, or from the body.
    """
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        copy = Path(folder).resolve() / place.run_id
        try:
            yield publish.copy_run(place.base, place.run_id, copy.parent)
        except AuditorError as error:
            error.message, error.hint = (text.replace(str(copy), place.url) for text in (error.message, error.hint))
            raise


@contextmanager
def open_folder(run: str, reports: str, find: Callable[[str, str], Path] = find_run) -> Iterator[Path]:
    """The folder of a run, to be read only: of a stored run its own, of a published one that of a copy.

    Args:
        run: as of `find_published`.
        reports: as of `find_published`.
        find: finds a run on this machine.

    Raises:
        SettingsError: there is no such run.
        IncompleteError: a published run is not whole.
        OutputError: the store refuses, or does not answer.
    """
    place = find_published(run, reports)
    if place is None:
        yield find(run, reports)
        return
    with copied(place) as folder:
        yield folder
