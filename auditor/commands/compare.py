"""`auditor compare`: what changed between two runs.

Runs that cannot be compared are refused with the reason. A note names what limits the comparison.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.core.baseline import describe_other_lists, why_incomparable
from auditor.core.run_facts import RunFacts
from auditor.errors import SettingsError
from auditor.runs.find import identity, load_stored_run, order_time
from auditor.runs.published import open_folder

if TYPE_CHECKING:
    from auditor.report import RunChanges


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, and what changed between them."""

    old: RunFacts
    new: RunFacts
    changes: "RunChanges"


def compare(old: str, new: str, reports: str) -> Comparison:
    """Compare two stored runs.

    Args:
        old: the earlier one: a folder, a run-id, `latest`, or the URL of a published run.
        new: the later one, in the same form.
        reports: where run folders are, or the URL of published runs.

    Raises:
        SettingsError: there is no such run, or the two cannot be compared.
        IncompleteError: the files of one of them are damaged.
        OutputError: they cannot be read.
    """
    from auditor import report

    with open_folder(old, reports) as earlier, open_folder(new, reports) as later:
        identities = identity(earlier), identity(later)
        if why := why_incomparable(*identities):
            raise SettingsError(
                f"{old} and {new} cannot be compared: {why}",
                "compare two runs that asked the same service for the same selection: auditor runs",
            )
        sources = load_stored_run(earlier), load_stored_run(later)
        facts = sources[0].facts, sources[1].facts
        notes = [describe_other_lists(*identities)]
        notes += [f"run {one.run_id} did not finish" for one in facts if not one.finished]
        if order_time(later) < order_time(earlier):
            notes.append("the run named first is the later one")
        return Comparison(*facts, report.compare(*sources, "; ".join(filter(None, notes))))
