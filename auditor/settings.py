"""Frozen settings. Rule: flag > environment > file > default; an unknown key is an error; a secret never shows itself.

The file is TOML: `--config FILE`, else `./auditor.toml`, else `auditor/auditor.toml` in the user's configuration
folder. Its keys are the names below; `[profile.NAME]` holds what `--profile NAME` lays over them.
"""

import difflib
import ipaddress
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditor.core.ledger import FailOn
from auditor.core.presentation import CUSTOMER_LINK, Packs, customer_link, packs
from auditor.core.proxy import LOOPBACK, Proxy
from auditor.errors import SettingsError

PREFIX = "AUDITOR_"
CLOUDS = {
    "public": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"),
    "us-gov": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"),
    "china": ("https://partner.partnercenterapi.microsoftonline.cn", "https://login.partner.microsoftonline.cn"),
}
"""Cloud -> (API, authority). Source: "Partner Center REST URLs"."""
PARTNER_CENTER = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"
"""Application id of the resource "Microsoft Partner Center", which a token may name instead of the API's URL."""


class Secret:
    """A text that does not show itself in a repr, a log or a traceback; `reveal` gives it out.

    Attributes:
        file: the file that it was read from; None where it came otherwise.
    """

    __slots__ = ("_text", "file")

    def __init__(self, text: str, file: str | None = None) -> None:
        self._text = text
        self.file = file

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


def _number(kind: type[int] | type[float], least: float, most: float = 1e9) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(f"must be a {'whole ' if kind is int else ''}number") from None
        # nan compares false with everything, so ask for what is wanted
        if not least <= value:
            raise ValueError(f"must be {least:g} or more")
        if value > most:
            raise ValueError(f"must be {most:g} or less")
        return value

    return parse


AUTO = -1.0
"""The rate that stands for `auto`: not known, to be learned."""


def _rate(text: str) -> float:
    if text == "auto":
        return AUTO
    try:
        return _number(float, 0)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or auto") from None


def _flag(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if text.casefold() not in known:
        raise ValueError("must be true or false")
    return known[text.casefold()]


_LONGEST = 100 * 365 * 86400
"""Seconds of the longest duration: longer ones mean the same, and no calendar has them."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """Seconds, from `90`, `90s`, `30m`, `8h` or `2d`; a hundred years at most.

    Raises:
        ValueError: it is none of these, or not positive.
    """
    number, unit = (text[:-1], _UNITS[text[-1:]]) if text[-1:] in _UNITS else (text, 1)
    digits = number.lstrip("0")
    if not number.isascii() or not number.isdecimal() or not digits:
        raise ValueError("must be a duration such as 90s, 30m, 8h or 2d")
    # Python reads no number of thousands of digits
    return float(min(int(digits[:12]) * unit, _LONGEST))


def _url(text: str) -> str:
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in {"https", "http"} or set(text) & set("?#\\") or not text.isprintable():
        raise ValueError("must be an https URL, without a query")
    if parts.port == 0 or any(len(label) > 63 for label in parts.hostname.split(".")):  # noqa: PLR2004 - RFC 1035
        raise ValueError("must name a host and port that can be")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("plain http is for a loopback address only: a token would travel in clear text")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _cloud(text: str) -> str:
    if text not in CLOUDS:
        raise ValueError(f"must be one of {', '.join(CLOUDS)}")
    return text


def _proxy(text: str) -> Proxy | None:
    """A proxy, or None for `none`, which switches off the one that HTTPS_PROXY names."""
    if text.casefold() == "none":
        return None
    proxy = Proxy(text)
    if proxy.problem:
        raise ValueError(f"{proxy.problem}, or none")
    return proxy


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as Europe/Berlin") from None
    return text


def _fail_on(text: str) -> str:
    if text not in (known := [what.value for what in FailOn]):
        near = difflib.get_close_matches(text, known, n=1)
        guess = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{text!r} is none of {', '.join(known)}{guess}")
    return text


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told from outside. `None` means not set."""

    api_url: str | None = field(default=None, metadata={"parse": _url})
    cloud: str = field(default="public", metadata={"parse": _cloud})
    authority: str | None = field(default=None, metadata={"parse": _url})
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
    proxy: Proxy | None = field(default=None, metadata={"parse": _proxy, "file": True})
    no_proxy: str = ""
    reports: str = "reports"
    rate: float = field(default=500.0, metadata={"parse": _rate})
    burst: bool = field(default=False, metadata={"parse": _flag})
    concurrency: int = field(default=16, metadata={"parse": _number(int, 1, 1000)})
    attempts: int = field(default=5, metadata={"parse": _number(int, 1)})
    timeout: float = field(default=180.0, metadata={"parse": _number(float, 0.1)})
    deadline: float | None = field(default=None, metadata={"parse": duration})
    reuse: float | None = field(default=None, metadata={"parse": duration})
    grace: float = field(default=30.0, metadata={"parse": _number(float, 0)})
    max_undetermined: int = field(default=0, metadata={"parse": _number(int, 0)})
    packs: Packs = field(default=Packs.ACTING, metadata={"parse": packs})
    customer_link: str = field(default=CUSTOMER_LINK, metadata={"parse": customer_link})
    zone: str | None = field(default=None, metadata={"parse": _zone})
    baseline: str | None = None
    sum: tuple[str, ...] = field(default=(), metadata={"parse": str, "many": ";"})
    fail_on: tuple[str, ...] = field(default=(), metadata={"parse": _fail_on, "many": ","})
    limit: int | None = field(default=None, metadata={"parse": _number(int, 1)})
    sync_seconds: float = field(default=1.0, metadata={"parse": _number(float, 0)})
    sync_lines: int = field(default=0, metadata={"parse": _number(int, 0)})

    @property
    def api(self) -> str:
        """Base URL of the API."""
        return self.api_url or CLOUDS[self.cloud][0]

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


@dataclass(frozen=True, slots=True)
class Origins:
    """Where each setting comes from: name -> words."""

    by_name: Mapping[str, str]


def load(
    flags: Mapping[str, Any],
    *,
    environment: Mapping[str, str] | None = None,
    config: str | None = None,
    profile: str | None = None,
) -> tuple[Settings, Origins]:
    """The effective settings and where each comes from.

    Args:
        flags: name -> value as typed, None where the flag was not given.
        environment: defaults to the process's own.
        config: a TOML file named by the user.
        profile: the part of the file to lay over the rest.

    Raises:
        SettingsError: a key is unknown or a value cannot be used; names the key and where it stands.
    """
    environment = os.environ if environment is None else environment
    settings, origins = Settings(), {f.name: "default" for f in fields(Settings)}
    for name, (value, origin) in _well_known(environment).items():
        settings, origins[name] = replace(settings, **{name: value}), origin
    layers = [
        *_from_file(config, profile),
        (_from_environment(environment), "environment"),
        ({k: v for k, v in flags.items() if v is not None}, "flag"),
    ]
    for values, origin in layers:
        for name, value in values.items():
            settings = replace(settings, **{name: _parsed(name, value, origin)})
            origins[name] = f"environment {_variable(name, environment)}" if origin == "environment" else origin
    if settings.proxy is not None and origins["proxy"] in _EVERYBODYS:
        # it is meant for the network outside; without that, a simulator on this machine could not be reached
        settings = replace(settings, no_proxy=",".join(filter(None, [settings.no_proxy, LOOPBACK])))
    _check_tenant(settings, origins)
    return settings, Origins(origins)


def again(name: str, value: object, origin: str) -> Any:
    """A setting that was effective once and written down, checked as if it were set now.

    Raises:
        SettingsError: it cannot be used, or there is no such setting.
    """
    _check_known(name, origin)
    return value if value == AUTO and name == "rate" else _parsed(name, value, origin)


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_TENANT = frozenset({"", "common", "organizations", "consumers"})


def _check_tenant(settings: Settings, origins: Mapping[str, str]) -> None:
    """A tenant has an id and any number of domain names: one of each kind may mean the same, two ids do not."""
    named = urlsplit(settings.authority or "").path.strip("/").partition("/")[0].casefold()
    tenant = (settings.tenant_id or "").casefold()
    comparable = bool(_GUID.fullmatch(named)) == bool(_GUID.fullmatch(tenant))
    if tenant and named not in _ANY_TENANT and comparable and named != tenant:
        raise SettingsError(
            f"tenant_id ({origins['tenant_id']}) is {settings.tenant_id}, and authority ({origins['authority']}) names "
            f"another tenant: {settings.authority}",
            "correct one of them, or leave AUDITOR_TENANT_ID out: the authority's is the one that signs in",
        )


_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")
_EVERYBODYS = frozenset(f"environment {name}" for name in _PROXY_VARIABLES)


def _well_known(environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """What other programs are told in the same words: setting -> (value, origin). It is below every layer of ours, and is
    checked when it is used: a proxy of a kind that we cannot use must not stop a command that needs none.
    """
    found: dict[str, tuple[Any, str]] = {}
    for setting, names, kind in (("proxy", _PROXY_VARIABLES, Proxy), ("no_proxy", _NO_PROXY_VARIABLES, str)):
        variable = next((name for name in names if environment.get(name)), None)
        if variable is not None:
            found[setting] = kind(environment[variable]), f"environment {variable}"
    return found


def _variable(name: str, environment: Mapping[str, str]) -> str:
    """The environment variable that a setting comes from: itself, or the one that names a file with it."""
    variable = f"{PREFIX}{name.upper()}"
    return variable if environment.get(variable) else f"{variable}_FILE"


def _fields() -> dict[str, Mapping[str, Any]]:
    return {f.name: f.metadata for f in fields(Settings)}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    known = _fields()
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or not text:
            continue
        name = variable[len(PREFIX) :].lower()
        if name.endswith("_file") and {"secret", "file"} & set(known.get(name[:-5], {})):
            values.setdefault(name[:-5], _secret_file(variable, text))
        else:
            _check_known(name, f"environment variable {variable}")
            values[name] = text
    return values


def _secret_file(variable: str, path: str) -> Secret:
    try:
        return Secret(Path(path).read_text(encoding="utf-8-sig").strip(), path)
    except (OSError, UnicodeDecodeError) as error:
        # whoever puts the secret itself there must not see it printed
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{variable}: the file that it names cannot be read: {why}", "name a text file") from None


def _from_file(config: str | None, profile: str | None) -> list[tuple[dict[str, Any], str]]:
    path = Path(config) if config else next((p for p in _usual_places() if p.is_file()), None)
    if path is None and profile:
        raise SettingsError(f"--profile {profile}: there is no settings file", "name one with --config")
    if path is None:
        return []
    document = _document(path)
    profiles = document.pop("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(values, dict) for values in profiles.values()):
        raise SettingsError(f"{path}: profile is no table of tables", "write [profile.NAME] above its settings")
    layers = [(document, f"file {path}")]
    if profile and profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise SettingsError(f"{path} has no profile {profile!r}; it has: {known}", "name one of these")
    if profile:
        layers.append((profiles[profile], f"file {path} [profile.{profile}]"))
    # those that are not asked for as well: a secret is no safer there, and a mistake shows before the night it is used in
    for name, values in (("", document), *profiles.items()):
        _check_file(values, f"file {path} [profile.{name}]" if name else f"file {path}")
    return layers


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(f"settings file {path} does not exist", "correct --config") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", "see the README's section on settings") from error


def _check_file(values: Mapping[str, Any], origin: str) -> None:
    for name, value in values.items():
        _check_known(name, origin)
        if _fields()[name].get("secret") or (name == "proxy" and Proxy(str(value)).has_credentials):
            raise SettingsError(
                f"{origin}: {name} is a secret and does not belong in a settings file",
                f"put it in {PREFIX}{name.upper()} or name a file in {PREFIX}{name.upper()}_FILE",
            )


def _usual_places() -> list[Path]:
    if sys.platform == "win32":
        home = Path(os.environ.get("APPDATA") or Path.home())
    else:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [Path("auditor.toml"), home / "auditor" / "auditor.toml"]


def _check_known(name: str, origin: str) -> None:
    if name not in _fields():
        near = difflib.get_close_matches(name, _fields(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see the README's section on settings"
        raise SettingsError(f"{origin}: there is no setting {name!r}", hint)


def _parsed(name: str, value: object, origin: str) -> Any:
    metadata = _fields()[name]
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
    """A setting with several values: a list, or a text in which a mark stands between them."""
    items = value if isinstance(value, list | tuple) else str(value).split(metadata["many"])
    return tuple(metadata["parse"](text) for item in items if (text := str(item).strip()))
