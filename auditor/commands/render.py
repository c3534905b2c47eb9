"""A run folder -> its reports. Rule: nothing but the folder is read: no network, no credentials, no customer list."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from auditor import journal
from auditor.core.ledger import Ledger, complete, exit_code
from auditor.core.model import RunEnd, RunFacts
from auditor.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Rendered:
    """What stands in a run folder now.

    Attributes:
        run: the folder.
        facts: of the run, from its journal.
        ledger: recounted from the written files.
        end: why the session just over was ended early, with the next thing to do; None where it was not.
    """

    run: Path
    facts: RunFacts
    ledger: Ledger
    end: RunEnd | None = None

    def ended_by(self, end: RunEnd) -> Self:
        """The same, with the reason for an early end."""
        return replace(self, end=end)

    @property
    def exit_code(self) -> int:
        """What the command returns."""
        return exit_code(self.ledger, self.facts)

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return complete(self.ledger, self.facts)


def render(run: Path, formats: Collection[str]) -> Rendered:
    """Writes every report of a run, counts them again from what was written, and lets `latest` follow.

    Raises:
        OutputError: a report could not be written; the journal is untouched.
        IncompleteError: the journal has no readable header, or the written files disagree.
    """
    from auditor import report

    facts = journal.read_facts(run)
    report.render(run, facts, journal.answer_blocks(run), formats)
    rendered = Rendered(run, facts, report.recount(run))
    if rendered.complete:
        report.point_latest(run.parent, run.name)
    return rendered


def find_run(run: str, reports: str) -> Path:
    """The folder that RUN means: a folder, a run-id, or `latest`.

    Raises:
        SettingsError: there is no such run.
    """
    folder = Path(run)
    if (folder / journal.JOURNAL).is_file():
        return folder
    named = Path(reports) / run
    if run == "latest" and named.is_file():
        # where links are refused, `latest` is a text file with the run-id
        named = Path(reports) / named.read_text(encoding="utf-8").strip()
    if (named / journal.JOURNAL).is_file():
        return named.resolve() if named.is_symlink() else named
    raise SettingsError(f"{run}: no such run, neither as a folder nor in {reports}", f"look into {reports}")
