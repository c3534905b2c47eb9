"""Which group a blocked customer is in: people act on new cases first, and on old ones last."""

from enum import StrEnum

from auditor.core.language import Language, message

OLD_CASE_DAYS = 90
"""Whole days: a customer that is blocked for more is an old case."""


class CaseGroup(StrEnum):
    """A group of blocked customers. The order is that of the reports."""

    NEW = "new"
    """Not blocked at the last audit: eligible then, not verified, or not in the list. Whatever its age."""
    OPEN = "open"
    """Blocked at the last audit already, or there is none; for at most `OLD_CASE_DAYS`."""
    OLD = "old"
    """The same for longer."""


def case_group(days: int | None, *, is_new: bool) -> CaseGroup:
    """The group of a blocked customer.

    Args:
        days: whole days since the customer is blocked; None where not known.
        is_new: whether the customer was not blocked at the last audit; False where there is none.
    """
    if is_new:
        return CaseGroup.NEW
    return CaseGroup.OLD if days is not None and days > OLD_CASE_DAYS else CaseGroup.OPEN


def group_name(group: CaseGroup, language: Language, since: str = "") -> str:
    """What a group is called.

    Args:
        group: to name.
        language: of the name.
        since: the day of the last audit, in this language.
    """
    if group is CaseGroup.NEW:
        return language.text(_NEW, date=since)
    if group is CaseGroup.OPEN:
        return language.text(_OPEN)
    return language.text(_OLD, days=OLD_CASE_DAYS)


_NEW = message("New since {date}")
_OPEN = message("Blocked")
_OLD = message("Blocked for more than {days} days")
