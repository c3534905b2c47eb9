"""With which earlier run a run may be compared. Rule: only what asked the same service the same question; whatever else
differs is said.

Two runs are *over the same list* where their lists have the same names, folders, letter case and order aside. A month's
export has the month in its name, so a date in a name does not count (`Customers-2026-11.csv`, `customers_20261231.csv`),
nor does the number that a browser adds to a second download (`Customers (1).csv`); any other number does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_SECOND_DOWNLOAD = re.compile(r" ?\([0-9]{1,3}\)(?=\.[^.]*$|$)")
_DATE = re.compile(
    r"(?<![0-9])20[0-9]{2}"
    r"(?:([-._ ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?:[-T_ .][0-9]{2}[-_.h]?[0-9]{2}(?:[-_.m]?[0-9]{2})?Z?)?"
    r"|[-._ ]?(?:0[1-9]|1[0-2]))(?![0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with: copied into its own folder when its reports are made for the first time.

    Attributes:
        run_id: of the baseline run; empty where there is none.
        started_at: when that began; aware, UTC; None where there is none.
        note: which run it is and what a reader must mind, or why there is none, in one sentence.
        digest: SHA-256 (hex) of the copy; empty where there was nothing to copy.
    """

    run_id: str = ""
    started_at: datetime | None = None
    note: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a run asked, and of whom.

    Attributes:
        api: base URL.
        validation_type: the `type` of the query.
        simulated: True where the answers are made up.
        tenant: the partner's tenant as the settings named it; empty where they did not.
        lists: names of the customer lists.
    """

    api: str
    validation_type: str
    simulated: bool
    tenant: str
    lists: tuple[str, ...]

    @property
    def listed(self) -> frozenset[str]:
        """The lists' names without what may differ from one time to the next."""
        return frozenset(map(list_name, self.lists))

    @property
    def places(self) -> frozenset[str]:
        """The lists' names with their folders, without what may differ from one time to the next."""
        return frozenset(f"{_folder(name)}/{list_name(name)}" for name in self.lists)

    @property
    def same(self) -> tuple[object, ...]:
        """What is equal of two runs over the same list. A simulator listens elsewhere every time."""
        service = () if self.simulated else (self.api, self.tenant)
        return (self.simulated, *service, self.validation_type, self.listed)


def list_name(name: str) -> str:
    """What stays the same of a list's name from one export to the next."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()
    plain = _DATE.sub("#", _SECOND_DOWNLOAD.sub("", base))
    return plain or base


def _folder(name: str) -> str:
    """The folder of a list, as the user typed it: `lists/2026-11` and `./lists/2026-12/` are the same."""
    parts = name.replace("\\", "/").rpartition("/")[0].split("/")
    root = "/" if name.startswith(("/", "\\")) else ""
    return root + "/".join(_DATE.sub("#", part.casefold()) for part in parts if part not in ("", "."))


def incomparable(before: Identity, after: Identity) -> str:
    """Why two runs cannot be compared at all, in words; empty where they can.

    A tenant that is not known of both runs says nothing.
    """
    if before.simulated != after.simulated:
        return "one of them is simulated"
    if not before.simulated and before.api != after.api:
        return f"one asked {before.api}, the other {after.api}"
    if before.validation_type != after.validation_type:
        return f"one asked for the type {before.validation_type}, the other for {after.validation_type}"
    if not before.simulated and before.tenant and after.tenant and before.tenant != after.tenant:
        return f"one was of the partner {before.tenant}, the other of {after.tenant}"
    return ""


def other_lists(before: Identity, after: Identity) -> str:
    """What a reader must mind of two runs over other lists, in words; empty where the lists are the same."""
    if before.listed == after.listed:
        return ""
    return (
        f"the lists differ ({_named(before.lists)} before, {_named(after.lists)} now), so whoever is new or gone may only "
        f"be listed elsewhere"
    )


def _named(lists: Iterable[str]) -> str:
    return ", ".join(lists) or "none"
