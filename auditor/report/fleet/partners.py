"""What a round knows of each partner. A run whose files do not agree is not taken: its partner is not complete, and says why."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from auditor.core.language import Language
from auditor.core.results import INCOMPLETE
from auditor.errors import AuditorError, describe_cause
from auditor.report.data import RunData, load
from auditor.report.records import StoredRun
from auditor.report.remarks import remarks
from auditor.report.schema import MANIFEST, own_names
from auditor.report.verify import Verified, verify_run


@dataclass(frozen=True, slots=True)
class FleetPartner:
    """A partner of a round, as its audit ended.

    Attributes:
        name: of the partner.
        exit_code: of its audit.
        reason: why it ended so; empty where nothing is to be said.
        run: its stored run; None where there is none, or where its journal cannot be read.
        finished: True where its audit ended with a complete run.
    """

    name: str
    exit_code: int
    reason: str = ""
    run: StoredRun | None = None
    finished: bool = False


@dataclass(frozen=True, slots=True)
class VerifiedPartner:
    """A partner, and its run where all files of the run agree.

    Attributes:
        partner: as its audit ended.
        verified: what was found to agree; None where no run can be taken.
        digest: SHA-256 of the run's manifest, in hexadecimal digits; empty where no run can be taken.
        problem: why its run cannot be taken; empty where it is, and where there is none.
    """

    partner: FleetPartner
    verified: Verified | None = None
    digest: str = ""
    problem: str = ""

    @property
    def run(self) -> StoredRun | None:
        """The run that is taken."""
        return self.partner.run if self.verified else None

    @property
    def complete(self) -> bool:
        """True where the audit ended with a complete run, and the run's files say the same."""
        return self.partner.finished and self.verified is not None and self.verified.complete

    @property
    def columns(self) -> list[str]:
        """The names of the lists' own columns in the run's results."""
        return [*own_names(self.verified.facts.columns).values()] if self.verified else []

    def has(self, name: str) -> bool:
        """Whether the run that is taken has a file."""
        return self.run is not None and (self.run.folder / name).is_file()

    def load(self) -> RunData | None:
        """Read the run that is taken; None where there is none.

        Raises:
            IncompleteError, OutputError: it was damaged since it was verified.
        """
        return load(self.run) if self.run else None

    def describe(self, data: RunData | None, language: Language, *, by_customer: bool = False) -> str:
        """What is to be said of the partner; empty where its run is complete, without warnings.

        Args:
            data: of the run that is taken.
            language: of the text; why a process ended stays English.
            by_customer: as of `remarks`.
        """
        found = self.problem or language.text("there is no run")
        if data:
            found = remarks(data, language, by_customer=by_customer)
        # of an incomplete run, the remarks say the same
        reason = "" if data and self.partner.exit_code == INCOMPLETE else self.partner.reason.rstrip(".")
        otherwise = "" if self.complete else language.text("the audit did not end")
        return "; ".join(filter(None, [reason, found])) or otherwise


def verify_partner(partner: FleetPartner) -> VerifiedPartner:
    """Check that the run of a partner is whole and that its files agree."""
    if partner.run is None:
        return VerifiedPartner(partner)
    try:
        verified = verify_run(partner.run, strays=False)
        digest = hashlib.sha256((partner.run.folder / MANIFEST).read_bytes()).hexdigest()
    except (AuditorError, OSError) as error:
        step = error.hint if isinstance(error, AuditorError) else ""
        why = "; ".join(filter(None, [describe_cause(error), step]))
        return VerifiedPartner(partner, problem=f"the files of the run do not agree: {why}")
    return VerifiedPartner(partner, verified, digest)


def folder_of(partner: VerifiedPartner, reports: Path) -> str | None:
    """The path of a partner's run from the reports folder, with `/`; of a run that cannot be taken as well."""
    run = partner.partner.run
    if run is None:
        return None
    folder, reports = run.folder.resolve(), reports.resolve()
    return folder.relative_to(reports).as_posix() if folder.is_relative_to(reports) else folder.as_posix()
