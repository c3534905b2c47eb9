"""How a run wants its documents for people. Rule: settled when the run begins, and kept in its journal, so that a report
that is made again later, on another machine, is the same.
"""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

CUSTOMER_ID = "{customer_id}"
"""Stands for the id in a link to a customer."""
CUSTOMER_LINK = f"https://partner.microsoft.com/dashboard/v2/customers/{CUSTOMER_ID}"
"""Where the portal shows a customer."""

UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Etc/UCT", "UCT", "Zulu", "Etc/Zulu"})
"""What the time zone that is UTC is called."""


class Packs(StrEnum):
    """Which account managers get a workbook of their own."""

    ACTING = "acting"
    """Those with a customer that is blocked, undetermined or changed."""
    ALL = "all"
    """Every one of them."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a run wants its documents for people.

    Attributes:
        customer_link: URL of a customer in Partner Center; `{customer_id}` stands for the id; empty for no links.
        packs: which account managers get a workbook of their own.
        zone: IANA name of the time zone that times are shown in beside UTC.
        sums: columns of the customer lists that are added up by verdict and owner.
    """

    customer_link: str = CUSTOMER_LINK
    packs: Packs = Packs.ACTING
    zone: str = "UTC"
    sums: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """As the journal's header keeps it."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """From the journal's header; what an older one lacks has its default.

        Raises:
            ValueError: it names packs that this version does not know.
        """
        known = {field.name: document[field.name] for field in fields(cls) if field.name in document}
        given = cls(**known)
        return cls(given.customer_link, Packs(given.packs), given.zone, tuple(given.sums))


_LONGEST_LINK = 1900
"""Spreadsheets take 2,079 characters, and the id is longer than what stands for it."""


def customer_link(text: str) -> str:
    """A link to a customer, with `{customer_id}` for the id; empty for none.

    Raises:
        ValueError: it is no web address, or has no place for the id.
    """
    if text and (not text.startswith(("https://", "http://")) or not text.isprintable() or set(text) & set(' "<>')):
        raise ValueError("must be a web address, or empty for no links")
    if text and CUSTOMER_ID not in text:
        raise ValueError(f"must hold {CUSTOMER_ID} where the id belongs")
    if len(text) > _LONGEST_LINK:
        raise ValueError(f"must have at most {_LONGEST_LINK:,} characters")
    return text
