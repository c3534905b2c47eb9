"""The settings of the sign-in. An explicit profile wins over the environment, and settings of two sign-ins are never mixed:
a run would ask as one tenant and report about another.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from auditor.core.ids import normalise_id
from auditor.core.sign_in import read_claims
from auditor.errors import SettingsError
from auditor.settings.parsers import Secret

_IDENTITY = ("cloud", "authority", "tenant_id", "client_id")
"""The sign-in service and the app registration."""
_CREDENTIALS = ("client_secret", "client_certificate", "client_certificate_password", "refresh_token", "access_token")
"""Credentials, which do not name their owner; an access token may."""
IDENTITY = frozenset((*_IDENTITY, *_CREDENTIALS, "api_url", "token_store"))
"""Settings for which a profile wins over the environment."""
SIGN_IN = IDENTITY - {"cloud", "api_url"} | {"token_store_key"}
"""Settings of who signs in, and with what."""

Values = Mapping[str, Any]


def check_not_mixed(profile: tuple[Values, str], environment: Values, variables: Mapping[str, str]) -> None:
    """Refuse a profile for one sign-in together with an environment that adds settings of another.

    The environment may add credentials, unless it contradicts the profile's sign-in, and settings that name the same tenant.

    Args:
        profile: its settings, and their origin.
        environment: its settings; those that the profile also sets are not used.
        variables: name of a setting -> its environment variable.

    Raises:
        SettingsError: the two are mixed; the message names both origins.
    """
    values, origin = profile
    own = [name for name in _IDENTITY if name in values]
    if not own:
        return
    contradicting = [name for name in _IDENTITY if name in environment and _differs(name, values, environment)]
    added = [name for name in (*_IDENTITY, *_CREDENTIALS) if name in environment and name not in values]
    foreign = [name for name in added if _is_foreign(name, values, environment[name], contradicted=bool(contradicting))]
    if not foreign:
        return
    beside = f", which also sets another {_names(contradicting, variables)}" if contradicting else ""
    unset = " ".join(variables[name] for name in (*foreign, *contradicting))
    raise SettingsError(
        f"two sign-ins would be mixed: {' and '.join(own)} of {origin}, and {_names(foreign, variables)} of the "
        f"environment{beside}",
        f"unset {unset}; {_alternative(foreign, contradicting, variables)}",
    )


def _is_foreign(name: str, values: Values, text: object, *, contradicted: bool) -> bool:
    """True for a setting of the environment that may belong to another sign-in."""
    same = _is_of_same_tenant(name, values, text)
    return not same if same is not None else contradicted or name in _IDENTITY


def _is_of_same_tenant(name: str, values: Values, text: object) -> bool | None:
    """Whether a setting of the environment names the profile's tenant; None if one of them names no tenant."""
    own = _tenant(values.get("tenant_id")) or _tenant_of_authority(values.get("authority"))
    found = {"tenant_id": _tenant, "authority": _tenant_of_authority, "access_token": _tenant_of_token}
    named = found[name](text) if name in found else None
    return named == own if named and own else None


def _differs(name: str, values: Values, environment: Values) -> bool:
    """True if both set it, to different values."""
    one, another = (
        str(each[name]).strip().rstrip("/").casefold() if name in each else None for each in (values, environment)
    )
    return one is not None and one != another


def _tenant(text: object) -> str | None:
    return normalise_id(text) if isinstance(text, str) else None


def _tenant_of_authority(text: object) -> str | None:
    try:
        return _tenant(urlsplit(str(text or "")).path.strip("/").partition("/")[0])
    except ValueError:
        return None


def _tenant_of_token(text: object) -> str | None:
    claims = read_claims(text.reveal() if isinstance(text, Secret) else str(text))
    return _tenant(claims.tenant_id) if claims else None


def _names(names: list[str], variables: Mapping[str, str]) -> str:
    return " and ".join(f"{name} ({variables[name]})" for name in names)


def _alternative(foreign: list[str], other: list[str], variables: Mapping[str, str]) -> str:
    """The hint for a user who wants the environment's settings."""
    if other and not set(foreign) & set(_IDENTITY):
        return f"where {_names(foreign, variables)} belongs to the profile, unset {variables[other[0]]} alone"
    settings = " and ".join(name for name in foreign if name in _IDENTITY)
    return f"or write {settings} into the profile" if settings else "or leave --profile out"
