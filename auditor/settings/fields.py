"""Every setting, with its default and its parser. An unknown name or value is an error."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from os import PathLike
from typing import Any, Literal, TypedDict

from auditor.core.connection import Proxy, Trust
from auditor.core.judge import MembershipCheck
from auditor.core.results import FailOn
from auditor.core.run_facts import CUSTOMER_LINK, FORMATS, OwnerWorkbooks, check_customer_link
from auditor.errors import SettingsError
from auditor.settings import parsers
from auditor.settings.parsers import AUTO, CLOUDS, Secret

PREFIX = "AUDITOR_"
FLAG, KEYWORD = "flag", "keyword"
"""Origins of a setting that the caller gave: an option of the command line, a keyword of a Python function."""
PARTNER_CENTER = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
"""Application id of the resource "Microsoft Partner Center", which a token may name instead of the API's URL."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings. `None` means not set."""

    api_url: str | None = field(default=None, metadata={"parse": parsers.url})
    cloud: str = field(default="public", metadata={"parse": parsers.one_of(CLOUDS)})
    authority: str | None = field(default=None, metadata={"parse": parsers.url})
    tenant_id: str | None = None
    client_id: str | None = None
    access_token: Secret | None = field(default=None, metadata={"secret": True})
    refresh_token: Secret | None = field(default=None, metadata={"secret": True})
    client_secret: Secret | None = field(default=None, metadata={"secret": True})
    client_certificate: str | None = None
    client_certificate_password: Secret | None = field(default=None, metadata={"secret": True})
    token_store: str | None = None
    token_store_key: Secret | None = field(default=None, metadata={"secret": True})
    ca_bundle: str | None = None
    ca_relaxed: bool = field(default=False, metadata={"parse": parsers.flag})
    proxy: Proxy | None = field(default=None, metadata={"parse": parsers.proxy, "file": True})
    no_proxy: str = ""
    lists: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    id_column: str | None = None
    company_column: str | None = None
    domain_column: str | None = None
    owner_column: str | None = None
    allow_ragged: bool = field(default=False, metadata={"parse": parsers.flag})
    sheet: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    array: str | None = None
    customer_list: MembershipCheck = field(
        default=MembershipCheck.AUTO, metadata={"parse": parsers.one_of(MembershipCheck)}
    )
    reports: str = field(default="reports", metadata={"parse": parsers.local_folder})
    format: tuple[str, ...] = field(
        default=FORMATS, metadata={"parse": parsers.one_of(FORMATS), "many": ",", "order": FORMATS}
    )
    rate: float = field(default=500.0, metadata={"parse": parsers.rate})
    burst: bool = field(default=False, metadata={"parse": parsers.flag})
    concurrency: int = field(default=16, metadata={"parse": parsers.number(int, 1, 1000)})
    attempts: int = field(default=5, metadata={"parse": parsers.number(int, 1)})
    timeout: float = field(default=180.0, metadata={"parse": parsers.number(float, 0.1)})
    deadline: float | None = field(default=None, metadata={"parse": parsers.duration})
    reuse: float | None = field(default=None, metadata={"parse": parsers.duration})
    grace: float = field(default=30.0, metadata={"parse": parsers.number(float, 0)})
    max_undetermined: int = field(default=0, metadata={"parse": parsers.number(int, 0)})
    packs: OwnerWorkbooks = field(default=OwnerWorkbooks.ACTING, metadata={"parse": parsers.one_of(OwnerWorkbooks)})
    customer_link: str = field(default=CUSTOMER_LINK, metadata={"parse": check_customer_link})
    zone: str | None = field(default=None, metadata={"parse": parsers.zone})
    baseline: str | None = field(default=None, metadata={"parse": parsers.local_folder})
    sum: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    fail_on: tuple[str, ...] = field(
        default=(), metadata={"parse": parsers.one_of(each.value for each in FailOn), "many": ","}
    )
    limit: int | None = field(default=None, metadata={"parse": parsers.number(int, 1)})
    sync_seconds: float = field(default=1.0, metadata={"parse": parsers.number(float, 0)})
    sync_lines: int = field(default=0, metadata={"parse": parsers.number(int, 0)})
    continue_within: float = field(default=72000.0, metadata={"parse": parsers.duration_or_zero})
    priority: tuple[str, ...] = field(default=(), metadata={"parse": parsers.priority, "many": ","})

    @property
    def api(self) -> str:
        """Base URL of the API."""
        return self.api_url or CLOUDS[self.cloud][0]

    @property
    def trust(self) -> Trust:
        """What TLS trusts in addition to the system's certificate authorities."""
        return Trust(self.ca_bundle, relaxed=self.ca_relaxed)

    @property
    def scope(self) -> str:
        """The delegated permission to ask the sign-in service for."""
        return f"{CLOUDS[self.cloud][0]}/user_impersonation"

    @property
    def audiences(self) -> tuple[str, ...]:
        """The audiences that a token for the API may have."""
        return (CLOUDS[self.cloud][0], PARTNER_CENTER)

    @property
    def sign_in_authority(self) -> str:
        """URL of the sign-in service with the tenant as its path."""
        return self.authority or f"{CLOUDS[self.cloud][1]}/{self.tenant_id or 'organizations'}"


class SettingsKeywords(TypedDict, total=False):
    """The settings as keywords of a Python function; each has the meaning of the setting of its name, None is not given.

    A duration is a number of seconds, or a text such as `30m` or `8h`.
    """

    api_url: str | None
    cloud: Literal["public", "us-gov", "china"] | None
    authority: str | None
    tenant_id: str | None
    client_id: str | None
    access_token: str | None
    refresh_token: str | None
    client_secret: str | None
    client_certificate: str | PathLike[str] | None
    client_certificate_password: str | None
    token_store: str | PathLike[str] | None
    token_store_key: str | None
    ca_bundle: str | PathLike[str] | None
    ca_relaxed: bool | None
    proxy: str | None
    no_proxy: str | None
    lists: Sequence[str] | None
    id_column: str | None
    company_column: str | None
    domain_column: str | None
    owner_column: str | None
    allow_ragged: bool | None
    sheet: str | Sequence[str] | None
    array: str | None
    customer_list: Literal["auto", "always", "never"] | None
    reports: str | PathLike[str] | None
    format: str | Sequence[str] | None
    rate: float | Literal["auto"] | None
    burst: bool | None
    concurrency: int | None
    attempts: int | None
    timeout: float | None
    deadline: int | str | None
    reuse: int | str | None
    grace: float | None
    max_undetermined: int | None
    packs: Literal["acting", "all"] | None
    customer_link: str | None
    zone: str | None
    baseline: str | PathLike[str] | None
    sum: str | Sequence[str] | None
    fail_on: str | Sequence[str] | None
    limit: int | None
    sync_seconds: float | None
    sync_lines: int | None
    continue_within: int | str | None
    priority: str | Sequence[str] | None


def reparse(name: str, value: object, origin: str) -> Any:
    """Parse a setting from a run's header, with the same checks as for a new one.

    Raises:
        SettingsError: the value is invalid, or there is no such setting.
    """
    check_known(name, origin)
    return value if value == AUTO and name == "rate" else parse(name, value, origin)


def all_fields() -> dict[str, Mapping[str, Any]]:
    """Name of each setting -> how it is parsed."""
    return {f.name: f.metadata for f in fields(Settings)}


def check_known(name: str, origin: str) -> None:
    """Refuse an unknown setting.

    Raises:
        SettingsError: there is no setting of this name; the message names its origin.
    """
    if name not in all_fields():
        near = difflib.get_close_matches(name, all_fields(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see the README's section on settings"
        raise SettingsError(f"{origin}: there is no setting {name!r}", hint)


def parse(name: str, value: object, origin: str) -> Any:
    """Parse the value of a setting.

    Raises:
        SettingsError: the value is invalid; the message shows it as it was typed, without a password.
    """
    metadata = all_fields()[name]
    if metadata.get("secret"):
        return value if isinstance(value, Secret) else Secret(str(value))
    value = value.reveal() if isinstance(value, Secret) else value
    try:
        text = parsers.without_nul(str(value))
        return _parse_several(value, metadata) if "many" in metadata else metadata.get("parse", str)(text)
    except parsers.UnknownValueError as error:
        near = difflib.get_close_matches(error.text, error.known, n=1)
        raise SettingsError(
            f"unknown value {error.text!r} for {_place(name, origin)}; {error}",
            f"did you mean {near[0]}?" if near else _how_to_change(name, origin),
        ) from None
    except ValueError as error:
        shown = repr(str(Proxy(str(value)))) if name == "proxy" else re.sub(r"//[^/@]*@", "//[secret]@", repr(value))
        raise SettingsError(f"{_as_typed(name, shown, origin)}: {error}", _how_to_change(name, origin)) from None


def _place(name: str, origin: str) -> str:
    """The origin of a setting, as the user wrote it."""
    if origin == FLAG:
        return f"--{name.replace('_', '-')}"
    if origin == KEYWORD:
        return name
    return f"{PREFIX}{name.upper()}" if origin == "environment" else f"{name} in {origin}"


def _as_typed(name: str, shown: str, origin: str) -> str:
    """A setting with its value, as the user wrote it."""
    if origin == KEYWORD:
        return f"{name}={shown}"
    if origin in {FLAG, "environment"}:
        return f"{_place(name, origin)}{' ' if origin == FLAG else '='}{shown.strip(chr(39))}"
    return f"{origin}: {name} = {shown}"


def _how_to_change(name: str, origin: str) -> str:
    if origin == FLAG:
        return f"give {_place(name, origin)} another value; auditor run --help says which"
    if origin == KEYWORD:
        return f"give {name} another value; the README explains every setting"
    return f"set {_place(name, origin)} to another value, or remove it; the README explains every setting"


def _parse_several(value: object, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    """Parse a setting with several values: a list, or a text with separators. A closed list needs at least one value."""
    items = value if isinstance(value, list | tuple) else str(value).split(metadata["many"])
    found = tuple(metadata["parse"](text) for item in items if (text := str(item).strip()))
    if order := metadata.get("order"):
        found = tuple(one for one in order if one in found)
        if not found:
            raise ValueError(f"must name at least one of {', '.join(order)}")
    return found
