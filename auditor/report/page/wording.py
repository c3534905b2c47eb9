"""Words of the program -> words for people. A word without an entry still reads as one."""

from collections.abc import Mapping
from types import MappingProxyType

from auditor.core.model import Reason, Verdict
from auditor.core.results import ADVICE, Change, next_step

SHORT_STEPS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.UNDER_REVIEW: "Wait; check back in a few days",
        Reason.NOT_ALLOWED: "Verify name and address",
        Reason.UNKNOWN: "Look at the account",
    }
)
"""The next step in a few words, for a column; `core.results.advice` has the full text."""

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        Change.RE_REVIEWED: "Re-reviewed",
        Change.NEW_IN_LIST: "New in the list",
        Change.GONE_FROM_LIST: "Gone from the list",
        Change.NOT_COMPARED: "Could not compare",
        Reason.INVALID_ID: "Invalid id",
        Verdict.UNDETERMINED: "Not verified",
    }
)


def label(word: str) -> str:
    """A verdict, reason or change as a heading: `under_review` is `Under review`."""
    return _LABELS.get(word, word.replace("_", " ").capitalize())


def short_step(reason: Reason, days: int | None) -> str:
    """The next step of a blocked row in a few words; `days` as in `core.results.next_step`."""
    usual = next_step(reason, days) == ADVICE[reason].next_step
    return SHORT_STEPS[reason] if usual else "Unusually long: open a support case"
