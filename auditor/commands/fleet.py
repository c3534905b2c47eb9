"""`auditor fleet run`: audit all partners of a file, then combine their reports."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor import fleet, publish
from auditor import settings as all_settings
from auditor.commands import publish as publishing
from auditor.core.text import shell_quote
from auditor.errors import OutputError
from auditor.version import __version__


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What to audit, and where.

    Attributes:
        partners: path of the file of partners.
        reports: the reports folder; None for that of the file.
        only: names of the partners to audit; empty for all.
        renderings: how many partners of one machine may render their reports at the same time.
        within: duration; a round that is younger is finished, an older one is not; None for that of the file.
        cluster: where the partners are audited.
    """

    partners: Path
    reports: str | None
    only: tuple[str, ...]
    renderings: int
    within: str | None
    cluster: fleet.ClusterOptions


@dataclass(frozen=True, slots=True)
class FleetReport:
    """How a round ended.

    Attributes:
        round_id: of the round.
        folder: the combined report; None where there is none.
        results: of the partners of this call, in the order of the file.
        exit_code: the worst of theirs, and of publishing the combined report.
        published: URLs of the copies of the combined report.
        problem: why it was not published to all stores; None where it was.
    """

    round_id: str
    folder: Path | None
    results: list[fleet.PartnerResult]
    exit_code: int
    published: tuple[str, ...] = ()
    problem: OutputError | None = None


def run_fleet(
    options: FleetOptions,
    observer: fleet.FleetObserver,
    started: Callable[[fleet.Round, Sequence[str], Sequence[str]], object],
    warned: Callable[[str], object],
    check_stop: Callable[[], None],
) -> FleetReport:
    """Audit the partners, several at the same time, and combine their reports.

    Args:
        options: what to audit, and where.
        observer: receives what happens.
        started: receives the round, the names of the partners to audit, and of those that are complete already.
        warned: receives a sentence about each object store that does not answer.
        check_stop: raises KeyboardInterrupt once the caller wants an end.

    Raises:
        SettingsError, CustomerListError: as of `fleet.read_partners` and `fleet.audit_partners`; nothing was asked.
        OutputError: the answers are safe, the combined report could not be written.
        KeyboardInterrupt: as `check_stop`, after every child has ended in order.
    """
    given = {"reports": options.reports, "continue_within": options.within}
    common, _ = all_settings.load(given, config=str(options.partners))
    names, partners = fleet.read_partners(
        options.partners, options.only, read_secrets=options.cluster.scheduler is None
    )
    _prepare_stores(common.publish, partners, warned)
    reports = Path(common.reports).absolute()
    folders = {
        one.name: fleet.PartnerFolder(reports / one.name, tuple(Path(path).absolute() for path in one.settings.lists))
        for one in partners
    }
    current = fleet.open_round(
        reports,
        names,
        common.continue_within,
        lambda known: any(folder.complete_run(known.started_at) is None for folder in folders.values()),
        common.language,
    )
    complete = {name: run for name, folder in folders.items() if (run := folder.complete_run(current.started_at))}
    unfinished = {name: folder for name, folder in folders.items() if name not in complete}
    started(current, list(unfinished), list(complete))
    current = _record_complete(reports, current, complete)

    def end(result: fleet.PartnerResult) -> None:
        nonlocal current
        current = fleet.record(reports, current, [result])
        observer.ended(result)

    tasks = [_make_task(name, folder, current, options, common) for name, folder in unfinished.items()]
    try:
        if tasks:
            fleet.audit_partners(tasks, options.cluster, replace(observer, ended=end), check_stop)
    except KeyboardInterrupt as stopped:
        stopped.add_note(f"auditor fleet run {shell_quote(options.partners)} --reports {shell_quote(reports)}")
        raise
    _, folder, combined = fleet.combine_round(reports, current.id)
    results = _with_refused(fleet.results_of(current, list(folders)), combined)
    code = fleet.worst_exit_code(result.exit_code for result in results)
    return _publish(FleetReport(current.id, folder, results, code), folder, common.publish)


def _record_complete(reports: Path, current: fleet.Round, complete: Mapping[str, Path]) -> fleet.Round:
    """Record the complete runs that the round's file does not know: the call that made them was killed."""
    for name, run in complete.items():
        known = current.results.get(name)
        if known is None or not known.complete or known.run != run:
            current = fleet.record(reports, current, [fleet.describe_complete_run(name, run)])
    return current


def _make_task(
    name: str, folder: fleet.PartnerFolder, current: fleet.Round, options: FleetOptions, common: all_settings.Settings
) -> fleet.PartnerTask:
    return fleet.PartnerTask(
        name=name,
        round_id=current.id,
        started_at=current.started_at,
        folder=str(Path.cwd()),
        config=str(options.partners.absolute()),
        reports=str(Path(common.reports).absolute()),
        lists=tuple(map(str, folder.lists)),
        within=common.continue_within,
        renderings=options.renderings,
        version=__version__,
    )


def _with_refused(
    results: Iterable[fleet.PartnerResult], combined: Iterable[fleet.PartnerResult]
) -> list[fleet.PartnerResult]:
    """The results; of a complete run that the combined report did not take, because its files were changed, what the report says."""
    refused = {result.name: result for result in combined if not result.complete}
    return [refused.get(known.name, known) if known.complete else known for known in results]


def _prepare_stores(urls: Sequence[str], partners: Sequence[fleet.Partner], warned: Callable[[str], object]) -> None:
    """Check the stores of all, and make the folder of each partner in them."""
    for sentence in publishing.check_stores(urls):
        warned(sentence)
    for url in (url for one in partners for url in one.settings.publish):
        publish.make_folder(url)


def _publish(found: FleetReport, folder: Path, urls: Sequence[str]) -> FleetReport:
    """Copy the combined report to these stores; the partners' processes have published their runs."""
    if not urls:
        return found
    try:
        copies = publishing.publish_round(folder, urls)
    except OutputError as error:
        return replace(found, exit_code=fleet.worst_exit_code((found.exit_code, error.exit_code)), problem=error)
    return replace(found, published=tuple(one.url for one in copies))


def render_round(round_id: str | None, reports: str, language: str = "") -> FleetReport:
    """Write the combined report of a round again, from the partners' runs as they are now.

    Args:
        round_id: of the round; None for the newest.
        reports: the reports folder of the fleet.
        language: of the documents from now on; empty leaves it as it is.

    Raises:
        SettingsError: there is no such round.
        OutputError: the combined report could not be written.
    """
    found, folder, results = fleet.combine_round(Path(reports).absolute(), round_id, language)
    return FleetReport(found.id, folder, results, fleet.worst_exit_code(result.exit_code for result in results))
