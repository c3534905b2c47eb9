"""`auditor init`: check the answers, and write the settings file."""

import errno
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.atomic_file import remove_parts, replace_file
from auditor.core.ids import normalise_id
from auditor.errors import OutputError, SettingsError, describe_os_error, remedy
from auditor.settings import FLAG, format_settings, read_file, reparse

NO_LIST = "none"
"""The answer that stands for the partner's own customer list."""
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What happened to the settings file.

    Attributes:
        changed: False if the file has these settings already.
        backup: the copy of the file that it replaced; None if there was none.
    """

    changed: bool
    backup: Path | None = None


def check_client_id(text: str) -> str:
    """Check the id of an app registration; this also keeps a secret that was pasted by mistake out of the file.

    Raises:
        SettingsError: it is no GUID. The message does not show it.
    """
    found = normalise_id(text)
    if found is None:
        raise SettingsError(
            "the client id is not a GUID", "copy the Application (client) ID of the app registration, not its secret"
        )
    return found


def check_tenant_id(text: str) -> str:
    """Check a tenant: an id or a domain name.

    Raises:
        SettingsError: it is neither. The message does not show it.
    """
    found = normalise_id(text)
    if found is None and not _DOMAIN.fullmatch(text.strip()):
        raise SettingsError(
            "the tenant id is neither a GUID nor a domain name",
            "copy the Directory (tenant) ID of the app registration",
        )
    return found or text.strip()


def check_lists(paths: Iterable[str]) -> list[str]:
    """Return the absolute paths of customer lists, because a schedule starts elsewhere; empty for the partner's own list.

    Raises:
        SettingsError: a file does not exist, or the list is standard input.
    """
    named = [path for path in paths if path]
    if named == [NO_LIST]:
        return []
    for path in named:
        if path == "-":
            raise SettingsError("a schedule has no standard input", "name a file with --list")
        if not Path(path).is_file():
            raise SettingsError(
                f"there is no file {path}", f"name the customer list, or {NO_LIST} for the partner's own"
            )
    return [os.path.abspath(path) for path in named]  # noqa: PTH100 - keeps a link that points to the newest list


def check_reports(path: str) -> str:
    """Return the absolute path of the folder that runs are written to.

    Raises:
        SettingsError: it is not a folder on this machine.
    """
    return os.path.abspath(str(reparse("reports", path, FLAG)))  # noqa: PTH100 - keeps a link to another disk


def check_rate(text: str) -> int | float | str:
    """Return the rate as it is written into the file: a number, or `auto`.

    Raises:
        SettingsError: it is neither.
    """
    rate = reparse("rate", text, FLAG)
    if text == "auto":
        return text
    return int(rate) if rate == int(rate) else float(rate)


def settings_of(path: Path, profile: str | None) -> dict[str, Any]:
    """Read what a settings file sets, with what a profile replaces; nothing if there is no such file.

    Raises:
        SettingsError: the file cannot be used.
    """
    document = _read(path)
    profiles = document.pop("profile", {})
    document.pop("partner", None)
    return {**document, **profiles.get(profile, {})}


def write_settings(path: Path, answers: Mapping[str, Any], profile: str | None, *, force: bool) -> WrittenFile:
    """Write the settings file, or leave it as it is if it has these settings. All its other settings stay.

    Args:
        path: of the file.
        answers: setting -> its value.
        profile: the profile to set them in; None for the top of the file.
        force: replace a file that has other settings, and keep a copy of it.

    Raises:
        SettingsError: the file has other settings, and `force` is False.
        OutputError: it cannot be written; the old file is unchanged.
    """
    old = _read(path)
    profiles = {name: dict(values) for name, values in old.get("profile", {}).items()}
    new = {name: value for name, value in old.items() if name != "profile"}
    target = profiles.setdefault(profile, {}) if profile else new
    # what a profile shares with the top of the file stands there only
    target.update({name: value for name, value in answers.items() if name in target or new.get(name) != value})
    if profiles:
        new["profile"] = profiles
    exists = path.exists()
    if exists and new == old:
        return WrittenFile(changed=False)
    if exists and not force:
        differing = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        raise SettingsError(
            f"{path} exists and has other settings: {', '.join(differing)}",
            "give --force to replace it (the old file is kept as a copy), or --output FILE to write another",
        )
    text = format_settings(new)
    backup = path.with_name(f"{path.name}.bak") if exists else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if backup:
            _replace(backup, path.read_bytes(), like=path)
        _replace(path, text.encode("utf-8"), like=path)
    except OSError as error:
        raise OutputError(f"{path}: {describe_os_error(error)}", f"{remedy(error)}, then run init again") from error
    return WrittenFile(changed=True, backup=backup)


def _read(path: Path) -> dict[str, Any]:
    return read_file(path) if path.exists() else {}


def _replace(path: Path, content: bytes, like: Path) -> None:
    """Write a file; a link stays, and the file that it leads to is replaced.

    It gets the permissions of `like`; where that does not exist, only its owner reads it, because `notify` and `ping` can be secret.
    """
    mode = stat.S_IMODE(like.stat().st_mode) if like.exists() else 0o600
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # root could put a file in the place of /dev/null
        raise FileExistsError(errno.EEXIST, "it is a device, a pipe or a folder", str(target))
    remove_parts(target)
    replace_file(target, content, mode)
