"""`auditor config`: the effective settings and where each comes from. Rule: of a secret it says whether it is set, and
no more.
"""

from dataclasses import dataclass, fields

from auditor.core.connection import Proxy
from auditor.settings import AUTO, PREFIX, Origins, Secret, Settings

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: in a settings file.
        variable: in the environment.
        value: what is in force; None where it is not set, or is a secret.
        is_set: False where it is empty, or is not set and has no default.
        origin: where it comes from, in words.
        secret: True where the value is not shown.
    """

    name: str
    variable: str
    value: Value
    is_set: bool
    origin: str
    secret: bool


def describe(settings: Settings, origins: Origins) -> tuple[Setting, ...]:
    """Every setting, in the order of the README."""
    return tuple(
        _described(one.name, getattr(settings, one.name), origins.by_name[one.name], secret="secret" in one.metadata)
        for one in fields(settings)
    )


def effective(settings: Settings) -> dict[str, str]:
    """What follows from the settings: where is asked, and where and for what is signed in."""
    return {"api": settings.api, "sign_in": settings.sign_in_authority, "scope": settings.scope}


def _described(name: str, value: object, origin: str, *, secret: bool) -> Setting:
    shown = None if secret or isinstance(value, Secret) else _plain(name, value)
    return Setting(name, f"{PREFIX}{name.upper()}", shown, value not in (None, "", ()), origin, secret)


def _plain(name: str, value: object) -> Value:
    if isinstance(value, Proxy):
        return str(value)
    if name == "rate" and value == AUTO:
        return "auto"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
