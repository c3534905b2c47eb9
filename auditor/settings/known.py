"""What can be set. Rule: frozen; an unknown name is an error, and so is a value that cannot be used."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from auditor.core.certificate import Trust
from auditor.core.formats import FORMATS
from auditor.core.membership import Check
from auditor.core.presentation import CUSTOMER_LINK, Packs, customer_link, packs
from auditor.core.proxy import Proxy
from auditor.errors import SettingsError
from auditor.settings import values
from auditor.settings.values import AUTO, CLOUDS, Secret

PREFIX = "AUDITOR_"
PARTNER_CENTER = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
"""Application id of the resource "Microsoft Partner Center", which a token may name instead of the API's URL."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told from outside. `None` means not set."""

    api_url: str | None = field(default=None, metadata={"parse": values.url})
    cloud: str = field(default="public", metadata={"parse": values.cloud})
    authority: str | None = field(default=None, metadata={"parse": values.url})
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
    ca_relaxed: bool = field(default=False, metadata={"parse": values.flag})
    proxy: Proxy | None = field(default=None, metadata={"parse": values.proxy, "file": True})
    no_proxy: str = ""
    lists: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    id_column: str | None = None
    company_column: str | None = None
    domain_column: str | None = None
    owner_column: str | None = None
    allow_ragged: bool = field(default=False, metadata={"parse": values.flag})
    sheet: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    array: str | None = None
    customer_list: Check = field(default=Check.AUTO, metadata={"parse": values.customer_list})
    reports: str = field(default="reports", metadata={"parse": values.folder})
    format: tuple[str, ...] = field(
        default=FORMATS, metadata={"parse": values.report_format, "many": ",", "order": FORMATS}
    )
    rate: float = field(default=500.0, metadata={"parse": values.rate})
    burst: bool = field(default=False, metadata={"parse": values.flag})
    concurrency: int = field(default=16, metadata={"parse": values.number(int, 1, 1000)})
    attempts: int = field(default=5, metadata={"parse": values.number(int, 1)})
    timeout: float = field(default=180.0, metadata={"parse": values.number(float, 0.1)})
    deadline: float | None = field(default=None, metadata={"parse": values.duration})
    reuse: float | None = field(default=None, metadata={"parse": values.duration})
    grace: float = field(default=30.0, metadata={"parse": values.number(float, 0)})
    max_undetermined: int = field(default=0, metadata={"parse": values.number(int, 0)})
    packs: Packs = field(default=Packs.ACTING, metadata={"parse": packs})
    customer_link: str = field(default=CUSTOMER_LINK, metadata={"parse": customer_link})
    zone: str | None = field(default=None, metadata={"parse": values.zone})
    baseline: str | None = field(default=None, metadata={"parse": values.folder})
    sum: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    fail_on: tuple[str, ...] = field(default=(), metadata={"parse": values.fail_on, "many": ","})
    limit: int | None = field(default=None, metadata={"parse": values.number(int, 1)})
    sync_seconds: float = field(default=1.0, metadata={"parse": values.number(float, 0)})
    sync_lines: int = field(default=0, metadata={"parse": values.number(int, 0)})

    @property
    def api(self) -> str:
        """Base URL of the API."""
        return self.api_url or CLOUDS[self.cloud][0]

    @property
    def trust(self) -> Trust:
        """Whom TLS trusts beside the system's certificate authorities."""
        return Trust(self.ca_bundle, relaxed=self.ca_relaxed)

    @property
    def scope(self) -> str:
        """The delegated permission to ask the sign-in service for."""
        return f"{CLOUDS[self.cloud][0]}/user_impersonation"

    @property
    def audiences(self) -> tuple[str, ...]:
        """What a token for the API may name as its audience."""
        return (CLOUDS[self.cloud][0], PARTNER_CENTER)

    @property
    def sign_in_authority(self) -> str:
        """URL of the sign-in service with the tenant as its path."""
        return self.authority or f"{CLOUDS[self.cloud][1]}/{self.tenant_id or 'organizations'}"


def reparse(name: str, value: object, origin: str) -> Any:
    """A setting that was effective once and written down, checked as if it were set now.

    Raises:
        SettingsError: it cannot be used, or there is no such setting.
    """
    check_known(name, origin)
    return value if value == AUTO and name == "rate" else parsed(name, value, origin)


def all_fields() -> dict[str, Mapping[str, Any]]:
    """Each setting's name, with how it is read."""
    return {f.name: f.metadata for f in fields(Settings)}


def check_known(name: str, origin: str) -> None:
    """Refuses what is no setting.

    Raises:
        SettingsError: there is none of this name; the message says where it stands.
    """
    if name not in all_fields():
        near = difflib.get_close_matches(name, all_fields(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see the README's section on settings"
        raise SettingsError(f"{origin}: there is no setting {name!r}", hint)


def parsed(name: str, value: object, origin: str) -> Any:
    """The value of a setting, from what was typed.

    Raises:
        SettingsError: it cannot be used; the message shows it as it was typed, without a password.
    """
    metadata = all_fields()[name]
    if metadata.get("secret"):
        return value if isinstance(value, Secret) else Secret(str(value))
    parse = metadata.get("parse", str)
    value = value.reveal() if isinstance(value, Secret) else value
    try:
        text = _without_nul(str(value))
        return _several(value, metadata) if "many" in metadata else parse(text)
    except ValueError as error:
        shown = repr(str(Proxy(str(value)))) if name == "proxy" else re.sub(r"//[^/@]*@", "//[secret]@", repr(value))
        raise SettingsError(f"{_as_typed(name, shown, origin)}: {error}", "correct it") from None


def _without_nul(text: str) -> str:
    """The text: no path may hold a NUL, and nothing else has use for one."""
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


def _as_typed(name: str, shown: str, origin: str) -> str:
    """A setting as the user wrote it."""
    if origin == "flag":
        return f"--{name.replace('_', '-')} {shown.strip(chr(39))}"
    if origin == "environment":
        return f"{PREFIX}{name.upper()}={shown.strip(chr(39))}"
    return f"{origin}: {name} = {shown}"


def _several(value: object, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    """A setting with several values: a list, or a text in which a mark stands between them; at least one of a closed list."""
    items = value if isinstance(value, list | tuple) else str(value).split(metadata["many"])
    found = tuple(metadata["parse"](text) for item in items if (text := str(item).strip()))
    if order := metadata.get("order"):
        found = tuple(one for one in order if one in found)
        if not found:
            raise ValueError(f"must name at least one of {', '.join(order)}")
    return found
