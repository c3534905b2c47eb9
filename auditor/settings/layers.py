"""Load the settings: flag or keyword > environment > file > default, but an explicit profile wins over the environment for the
settings of the sign-in (`identity`). A settings file holds no secret.

The file is TOML: `--config FILE`, else `./auditor.toml`, else `auditor/auditor.toml` in the user's configuration folder. Its
keys are the settings' names; the settings of `[profile.NAME]` replace them with `--profile NAME`. The partners of a fleet,
`[partner.NAME]`, are profiles too. The table `[report]` has the settings of the reports' look, without `report_`. For a secret,
`NAME_file` names a file that holds it.
"""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from auditor.core.connection import LOOPBACK, NO_PROXY_VARIABLES, PROXY_VARIABLES, Proxy
from auditor.errors import SettingsError
from auditor.settings.fields import FLAG, KEYWORD, PREFIX, Settings, all_fields, check_known, parse
from auditor.settings.identity import IDENTITY, SIGN_IN, check_not_mixed
from auditor.settings.parsers import Secret


@dataclass(frozen=True, slots=True)
class Origins:
    """The origin of each setting: name -> text for messages."""

    by_name: Mapping[str, str]

    def is_given(self, name: str) -> bool:
        """True where the caller gave the setting: as a flag of the command line, or as a keyword of a Python function."""
        return self.by_name[name] in {FLAG, KEYWORD}


def load(  # noqa: PLR0913 - the sources of the settings
    given: Mapping[str, Any],
    *,
    origin: str = FLAG,
    environment: Mapping[str, str] | None = None,
    config: str | None = None,
    profile: str | None = None,
    read_secrets: bool = True,
) -> tuple[Settings, Origins]:
    """Load the effective settings and their origins.

    Args:
        given: name -> value as the caller gave it, None if it was not given.
        origin: FLAG or KEYWORD: how messages name a given setting. A keyword `access_token` replaces the sign-in of all other
            layers, so that no other partner's credential is sent to the API of the caller.
        environment: None takes the process's own.
        config: a TOML file named by the user.
        profile: a part of the file that overrides the rest; its settings of the sign-in win over the environment.
        read_secrets: False leaves the secrets whose files the settings file names empty: another machine has these files.

    Raises:
        SettingsError: an unknown key or invalid value; the message names the key and its origin. Or the profile and the
            environment describe two sign-ins; the message names both.
    """
    environment = os.environ if environment is None else environment
    settings, origins = Settings(), {f.name: "default" for f in fields(Settings)}
    for name, (value, where) in _common_variables(environment).items():
        settings, origins[name] = replace(settings, **{name: value}), where
    from_file = _from_file(config, profile, read_secrets=read_secrets)
    from_environment = _from_environment(environment)
    if profile:
        chosen = from_file[-1]
        check_not_mixed(chosen, from_environment, {name: _variable(name, environment) for name in from_environment})
        overruled = IDENTITY & chosen[0].keys()
        from_environment = {name: value for name, value in from_environment.items() if name not in overruled}
    if origin == KEYWORD:
        _check_secrets(given)
    given = {name: value for name, value in given.items() if value is not None}
    layers = [*from_file, (from_environment, "environment")]
    if "access_token" in given:
        layers = [({name: values[name] for name in values.keys() - SIGN_IN}, where) for values, where in layers]
    layers.append((given, origin))
    for values, where in layers:
        for name, value in values.items():
            check_known(name, where)
            settings = replace(settings, **{name: parse(name, value, where)})
            origins[name] = f"environment {_variable(name, environment)}" if where == "environment" else where
    if settings.proxy is not None and origins["proxy"] in _COMMON_ORIGINS:
        # such a proxy is for the outside network; a simulator on this machine must be reachable without it
        settings = replace(settings, no_proxy=",".join(filter(None, [settings.no_proxy, LOOPBACK])))
    _check_tenant(settings, origins)
    found = Origins(origins)
    return _with_own_place(settings, found, from_file, profile), found


def _with_own_place(
    settings: Settings, origins: Origins, from_file: list[tuple[dict[str, Any], str]], profile: str | None
) -> Settings:
    """The settings of a partner of a fleet: below a URL to publish to that all partners share, each has a place of its own."""
    table = from_file[-1][1] if from_file else ""
    is_partner = table.endswith(f"[{PARTNER}.{profile}]")
    if not is_partner or origins.by_name["publish"] == table or origins.is_given("publish"):
        return settings
    return replace(settings, publish=tuple(f"{url}/{profile}" for url in settings.publish))


def _check_secrets(given: Mapping[str, Any]) -> None:
    """Refuse a secret that is None: the variable that the caller took it from is not set, and another sign-in must not stand in."""
    for name, value in given.items():
        if value is None and all_fields().get(name, {}).get("secret"):
            raise SettingsError(f"{name} is None", f"give the secret, or leave {name} out to use what is set elsewhere")


_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_TENANT = frozenset({"", "common", "organizations", "consumers"})


def _check_tenant(settings: Settings, origins: Mapping[str, str]) -> None:
    """Refuse two different tenants. An id and a domain name may mean the same tenant; two ids or two names do not."""
    named = urlsplit(settings.authority or "").path.strip("/").partition("/")[0].casefold()
    tenant = (settings.tenant_id or "").casefold()
    comparable = bool(_GUID.fullmatch(named)) == bool(_GUID.fullmatch(tenant))
    if tenant and named not in _ANY_TENANT and comparable and named != tenant:
        raise SettingsError(
            f"tenant_id ({origins['tenant_id']}) is {settings.tenant_id}, and authority ({origins['authority']}) names "
            f"another tenant: {settings.authority}",
            "unset AUDITOR_TENANT_ID to sign in to the tenant of the authority, or change one of them",
        )


_COMMON_ORIGINS = frozenset(f"environment {name}" for name in PROXY_VARIABLES)


def _common_variables(environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """The proxy variables of other programs: setting -> (value, origin). Every layer of ours wins over them. They are checked
    when used, because an unsupported kind of proxy must not stop a command that needs none.
    """
    found: dict[str, tuple[Any, str]] = {}
    for setting, names, kind in (("proxy", PROXY_VARIABLES, Proxy), ("no_proxy", NO_PROXY_VARIABLES, str)):
        variable = next((name for name in names if environment.get(name)), None)
        if variable is not None:
            found[setting] = kind(environment[variable]), f"environment {variable}"
    return found


def _variable(name: str, environment: Mapping[str, str]) -> str:
    """The environment variable that a setting comes from: its own, or the one that names its file."""
    variable = f"{PREFIX}{name.upper()}"
    return variable if environment.get(variable) else f"{variable}_FILE"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or not text:
            continue
        name = variable[len(PREFIX) :].lower()
        if secret := _named_by(name):
            values.setdefault(secret, _secret_file(variable, text))
        else:
            check_known(name, f"environment variable {variable}")
            values[name] = text
    return values


def _named_by(name: str) -> str:
    """The secret whose file a setting such as `access_token_file` names; empty for any other name."""
    secret = name.removesuffix("_file")
    return secret if secret != name and {"secret", "file"} & set(all_fields().get(secret, {})) else ""


def _secret_file(variable: str, path: str) -> Secret:
    try:
        return Secret(Path(path).read_text(encoding="utf-8-sig").strip(), path)
    except (OSError, UnicodeDecodeError) as error:
        # the user may have put the secret itself there: do not print it
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{variable}: the file that it names cannot be read: {why}", "name a text file") from None


def _from_file(config: str | None, profile: str | None, *, read_secrets: bool) -> list[tuple[dict[str, Any], str]]:
    path = find_file(config)
    if path is None and profile:
        raise SettingsError(f"--profile {profile}: there is no settings file", "name one with --config")
    if path is None:
        return []
    document = read_file(path)
    tables = {(kind, name): values for kind in TABLES for name, values in document.pop(kind, {}).items()}
    layers = [(document, f"file {path}")]
    if profile:
        found = next((key for key in tables if key[1] == profile), None)
        if found is None:
            known = ", ".join(name for _, name in tables) or "none"
            raise SettingsError(f"{path} has no profile {profile!r}; it has: {known}", "name one of these")
        layers.append((tables[found], f"file {path} [{found[0]}.{profile}]"))
    return [(_with_secrets(values, origin, read=read_secrets), origin) for values, origin in layers]


def _with_secrets(values: dict[str, Any], origin: str, *, read: bool) -> dict[str, Any]:
    """Replace the names of files with secrets by the secrets in them."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if secret := _named_by(name):
            found[secret] = _secret_file(f"{origin}: {name}", str(value)) if read else Secret("", str(value))
        else:
            found[name] = value
    return found


def find_file(config: str | None) -> Path | None:
    """The path of the settings file: the one that the user named, else the first of the usual ones that exists."""
    return Path(config) if config else next((p for p in _usual_places() if p.is_file()), None)


REPORT = "report"
"""The table of the reports' look."""
PARTNER = "partner"
TABLES = ("profile", PARTNER)
"""The tables of tables: the profiles, and the partners of a fleet."""


def read_file(path: Path) -> dict[str, Any]:
    """Read a settings file; its profiles are under `profile`, the partners of a fleet under `partner`.

    Raises:
        SettingsError: it cannot be read, sets something unknown or a secret, or one of `TABLES` is not a table of tables.
    """
    document = _with_report(_document(path), path)
    _check_file({name: value for name, value in document.items() if name not in TABLES}, f"file {path}")
    for kind in TABLES:
        tables = document.get(kind, {})
        if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
            raise SettingsError(f"{path}: {kind} is not a table of tables", f"write [{kind}.NAME] above its settings")
        # every one of them, so that a mistake shows before the run that uses it
        for name, values in tables.items():
            tables[name] = _with_report(values, path)
            _check_file(tables[name], f"file {path} [{kind}.{name}]")
    both = document.get("profile", {}).keys() & document.get(PARTNER, {}).keys()
    if both:
        raise SettingsError(
            f"{path}: {min(both)} is a profile and a partner", "give one of them another name: --profile names both"
        )
    return document


def _with_report(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """The settings with those of their table `report` under their full names: `logo` there is `report_logo`."""
    values = dict(values)
    look = values.pop(REPORT, {})
    if not isinstance(look, dict):
        raise SettingsError(f"{path}: {REPORT} is not a table", f"write [{REPORT}] above its settings")
    return values | {f"{REPORT}_{name}": value for name, value in look.items()}


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {path} does not exist", "name an existing file with --config, or leave it out"
        ) from None
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path} cannot be read: {error}", "docs/settings.md shows what a settings file looks like"
        ) from error


def _check_file(values: Mapping[str, Any], origin: str) -> None:
    for name, value in values.items():
        if _named_by(name):
            continue
        check_known(name, origin)
        if all_fields()[name].get("secret") or (name == "proxy" and Proxy(str(value)).has_credentials):
            raise SettingsError(
                f"{origin}: {name} is a secret and does not belong in a settings file",
                f"put it in a file that {name}_file names, in {PREFIX}{name.upper()}, or in a file for {PREFIX}{name.upper()}_FILE",
            )


def _usual_places() -> list[Path]:
    """The paths of the settings file; without a home folder, as in a container, only the first."""
    windows = sys.platform == "win32"
    places = [Path("auditor.toml")]
    with suppress(RuntimeError):
        named = os.environ.get("APPDATA" if windows else "XDG_CONFIG_HOME")
        home = Path(named) if named else Path.home() if windows else Path.home() / ".config"
        places.append(home / "auditor" / "auditor.toml")
    return places
