"""`auditor compare`: what changed between two runs. Rule: what cannot be compared is refused with the reason; what can be
with a reservation is compared, and the reservation said.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.core.baseline import describe_other_lists, why_incomparable
from auditor.core.run_facts import RunFacts
from auditor.errors import SettingsError
from auditor.runs.baseline import identity, source_of
from auditor.runs.find import find_run, order_time

if TYPE_CHECKING:
    from auditor.report import RunChanges


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs, and what changed from the one to the other."""

    old: RunFacts
    new: RunFacts
    changed: "RunChanges"


def compare(old: str, new: str, reports: str) -> Compared:
    """Compares two stored runs.

    Args:
        old: the earlier one: a folder, a run-id, or `latest`.
        new: the later one, likewise.
        reports: where run folders are.

    Raises:
        SettingsError: there is no such run, or the two cannot be compared.
        IncompleteError: the files of one of them are damaged.
        OutputError: they cannot be read.
    """
    from auditor import report

    folders = find_run(old, reports), find_run(new, reports)
    asked = identity(folders[0]), identity(folders[1])
    if why := why_incomparable(*asked):
        raise SettingsError(
            f"{old} and {new} cannot be compared: {why}", "compare two runs that asked the same service: auditor runs"
        )
    sources = source_of(folders[0]), source_of(folders[1])
    facts = sources[0].facts, sources[1].facts
    remarks = [describe_other_lists(*asked)]
    remarks += [f"run {one.run_id} did not finish" for one in facts if not one.finished]
    if order_time(folders[1]) < order_time(folders[0]):
        remarks.append("the run named first is the later one")
    return Compared(*facts, report.compare(*sources, "; ".join(filter(None, remarks))))
