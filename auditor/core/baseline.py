"""Whether two runs can be compared: only runs that asked the same service for the same type. Any other difference is reported.

Two runs are *over the same list* if their lists have the same names; folders, letter case and order do not matter. Neither does a date
in a name (`Customers-2026-11.csv`, `customers_20261231.csv`), or the number that a browser adds to a second download
(`Customers (1).csv`); any other number does.
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
    """The baseline of a run: copied into the run's own folder when its reports are first rendered.

    Attributes:
        run_id: of the baseline run; empty if there is none.
        started_at: of the baseline run; aware, UTC; None if there is none.
        note: which run it is with its differences, or why there is none, in one sentence.
        digest: SHA-256 (hex) of the copy; empty if there was nothing to copy.
    """

    run_id: str = ""
    started_at: datetime | None = None
    note: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a run asked for, and which service.

    Attributes:
        api: base URL.
        validation_type: the `type` of the query.
        simulated: True if the answers come from a simulator.
        tenant: the partner's tenant from the settings; empty if it is not set.
        lists: names of the customer lists.
        selection: as of `RunFacts`; the rows that a run was not asked for are unknown to it.
    """

    api: str
    validation_type: str
    simulated: bool
    tenant: str
    lists: tuple[str, ...]
    selection: str = ""

    @property
    def list_names(self) -> frozenset[str]:
        """Normalised names of the lists."""
        return frozenset(map(normalise_list_name, self.lists))

    @property
    def list_paths(self) -> frozenset[str]:
        """Normalised names of the lists with their folders."""
        return frozenset(f"{_folder(name)}/{normalise_list_name(name)}" for name in self.lists)

    @property
    def comparison_key(self) -> tuple[object, ...]:
        """Equal for two runs over the same list and selection; a simulator's URL differs every time and does not count."""
        service = () if self.simulated else (self.api, self.tenant)
        return (self.simulated, *service, self.validation_type, self.list_names, self.selection)


def normalise_list_name(name: str) -> str:
    """A list's name without folder, date and download number, in lower case: the same for each export."""
    base = name.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()
    plain = _DATE.sub("#", _SECOND_DOWNLOAD.sub("", base))
    return plain or base


def _folder(name: str) -> str:
    """The normalised folder of a list: `lists/2026-11` and `./lists/2026-12/` are the same."""
    parts = name.replace("\\", "/").rpartition("/")[0].split("/")
    root = "/" if name.startswith(("/", "\\")) else ""
    return root + "/".join(_DATE.sub("#", part.casefold()) for part in parts if part not in ("", "."))


def why_incomparable(before: RunIdentity, after: RunIdentity) -> str:
    """Why two runs cannot be compared; empty if they can. Tenants count only if both are known."""
    if before.simulated != after.simulated:
        return "one of them is simulated"
    if not before.simulated and before.api != after.api:
        return f"one asked {before.api}, the other {after.api}"
    if before.validation_type != after.validation_type:
        return f"one asked for the type {before.validation_type}, the other for {after.validation_type}"
    if not before.simulated and before.tenant and after.tenant and before.tenant != after.tenant:
        return f"one was of the partner {before.tenant}, the other of {after.tenant}"
    if before.selection != after.selection:
        named = (one.selection or "the whole list" for one in (before, after))
        return "one asked for {}, the other for {}".format(*named)
    return ""


def describe_other_lists(before: RunIdentity, after: RunIdentity) -> str:
    """How the lists of two runs differ, for a reader of the comparison; empty if they are the same."""
    if before.list_names == after.list_names:
        return ""
    return (
        f"the lists differ ({_named(before.lists)} before, {_named(after.lists)} now), so customers that are new or "
        f"removed may only be in another list"
    )


def _named(lists: Iterable[str]) -> str:
    return ", ".join(lists) or "none"
