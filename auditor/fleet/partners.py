"""The file of partners: read it, and find every problem of every partner before anything is asked.

It is a settings file with a table `[partner.NAME]` for each partner; what is outside these tables holds for all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor import settings as all_settings
from auditor.core.ids import is_device_name, is_run_id
from auditor.errors import AuditorError, CustomerListError, SettingsError
from auditor.fleet.rounds import FLEET
from auditor.runs.credentials import tenant_of
from auditor.runs.find import LATEST, LATEST_SIMULATED
from auditor.settings import Origins, Settings

_OWN = ("access_token", "refresh_token")
"""Settings that belong to one partner."""
_TAKEN = frozenset({FLEET, LATEST, LATEST_SIMULATED, "history"})
"""What auditor itself makes in a reports folder."""


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner of the fleet.

    Attributes:
        name: as in `[partner.NAME]`; also the name of its folder in the reports folder.
        settings: effective, without the reports folder.
        origins: where each setting comes from.
    """

    name: str
    settings: Settings
    origins: Origins


def read_partners(
    path: Path, only: Sequence[str] = (), *, read_secrets: bool = True
) -> tuple[list[str], list[Partner]]:
    """Read the file of partners.

    Args:
        path: of the file.
        only: names of the partners to audit; empty for all.
        read_secrets: whether this machine has the files with the partners' secrets.

    Returns:
        (the names of all partners, the partners to audit)

    Raises:
        SettingsError: the file or a partner's settings cannot be used; with several problems, the message has them all.
        CustomerListError: the only problem is that lists cannot be found.
    """
    names = list(all_settings.read_file(path).get("partner", {}))
    if not names:
        raise SettingsError(f"{path} has no partner", "write [partner.NAME] above the settings of each partner")
    unknown = [name for name in only if name not in names]
    if unknown:
        raise SettingsError(f"{path} has no partner {unknown[0]!r}; it has: {', '.join(names)}", "name one of these")
    problems: list[AuditorError] = [*_check_names(names)]
    partners: list[Partner] = []
    for name in names:
        try:
            found = all_settings.load({}, config=str(path), profile=name, read_secrets=read_secrets)
            partners.append(Partner(name, *found))
        except SettingsError as error:
            problems.append(error)
    problems += [*_check_tenants(partners), *(problem for one in partners for problem in _check(one))]
    _raise(problems)
    return names, [one for one in partners if not only or one.name in only]


def _raise(problems: Sequence[AuditorError]) -> None:
    if not problems:
        return
    kind = CustomerListError if all(isinstance(each, CustomerListError) for each in problems) else SettingsError
    first, *others = problems
    raise kind("\n".join([first.message, *map(str, others)]), first.hint)


def _check_names(names: Sequence[str]) -> Iterator[SettingsError]:
    taken: dict[str, str] = {}
    for name in names:
        if not is_run_id(name) or name.endswith("."):
            yield SettingsError(
                f"partner {name!r}: the name cannot be a folder's",
                "use letters, digits, dots, dashes and underscores; begin with a letter or digit, and do not end with a dot",
            )
        elif is_device_name(name):
            yield SettingsError(f"partner {name!r}: on Windows, a device has this name", "choose another name")
        elif name.casefold() in _TAKEN:
            yield SettingsError(f"partner {name!r}: this name is reserved in a reports folder", "choose another name")
        elif name.casefold() in taken:
            yield SettingsError(
                f"partners {taken[name.casefold()]!r} and {name!r} would share a folder where letter case does not count",
                "rename one of them",
            )
        taken.setdefault(name.casefold(), name)


def _check_tenants(partners: Sequence[Partner]) -> Iterator[SettingsError]:
    """Refuse two partners with one tenant: they would share its quota, and each would use it up."""
    taken: dict[str, str] = {}
    for one in partners:
        tenant = (tenant_of(one.settings) or "").casefold()
        if not tenant:
            yield SettingsError(f"partner {one.name!r}: tenant_id is missing", f"set it in [partner.{one.name}]")
        elif tenant in taken:
            yield SettingsError(
                f"partners {taken[tenant]!r} and {one.name!r} have the same tenant {tenant}: they would share its quota",
                "make them one partner, with all lists in lists = [...]",
            )
        taken.setdefault(tenant, one.name)


def _check(one: Partner) -> Iterator[AuditorError]:
    table = f"[partner.{one.name}]"
    for name in _OWN:
        where = one.origins.by_name[name]
        if where != "default" and not where.endswith(table):
            yield SettingsError(
                f"partner {one.name!r}: {name} ({where}) is of one partner only", f"name a file in {table}: {name}_file"
            )
    if one.origins.by_name["lists"].startswith("environment"):
        yield SettingsError(
            f"partner {one.name!r}: AUDITOR_LISTS would replace the lists of every partner", "unset AUDITOR_LISTS"
        )
    for path in one.settings.lists:
        if path == "-":
            yield SettingsError(
                f"partner {one.name!r}: a partner's list cannot be standard input", f"name a file in {table}"
            )
        elif not Path(path).is_file():
            yield CustomerListError(
                f"partner {one.name!r}: list {path} does not exist",
                f"name a file that exists in lists = [...] of {table}",
            )
