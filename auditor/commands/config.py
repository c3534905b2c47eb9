"""`auditor config`: the effective settings and where each comes from. Of a secret, it shows only whether it is set."""

from dataclasses import dataclass, fields

from auditor.settings import AUTO, PREFIX, Origins, Secret, Settings

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: in a settings file.
        variable: in the environment.
        value: the effective value; None where it is not set, or is a secret.
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
    """Describe every setting, in the order of their declaration."""
    found = []
    for one in fields(settings):
        value = getattr(settings, one.name)
        is_secret = "secret" in one.metadata
        shown = None if is_secret or isinstance(value, Secret) else _plain_value(one.name, value)
        is_set, origin = value not in (None, "", ()), origins.by_name[one.name]
        found.append(Setting(one.name, f"{PREFIX}{one.name.upper()}", shown, is_set, origin, is_secret))
    return tuple(found)


def _plain_value(name: str, value: object) -> Value:
    if name == "rate" and value == AUTO:
        return "auto"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
