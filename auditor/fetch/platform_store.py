"""A sign-in kept in the platform's own store. Rule: msal-extensions' backends (DPAPI, Keychain, libsecret), not its lock.

Its lock is a file that a dead process leaves behind; on Linux its store needs a desktop's session, which a scheduled
job has not.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import SignInError
from auditor.fetch.private_file import make_folder

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class PlatformStorage:
    """The platform's own store, through one of msal-extensions' persistences.

    Attributes:
        persistence: keeps one text in DPAPI, the Keychain or libsecret.
        missing: the exception by which it says that it has none.
        where: for people.
    """

    persistence: Any
    missing: type[Exception]
    where: str

    def load(self) -> str | None:
        """The text; see `Storage`."""
        try:
            return self.persistence.load() or None
        except self.missing:
            return None
        except Exception as error:  # noqa: BLE001 - each platform has errors of its own
            raise SignInError(
                f"the sign-in kept in {self.where} cannot be read: {type(error).__name__}",
                "unlock it, or name a folder in AUDITOR_TOKEN_STORE and sign in again: auditor login",
            ) from None

    def is_behind(self) -> bool:
        """False: the platform has a key of its own; see `Storage`."""
        return False

    def save(self, text: str) -> None:
        """Replaces the text; see `Storage`."""
        try:
            self.persistence.save(text)
        except Exception as error:  # noqa: BLE001 - see load
            raise OSError(f"{self.where} does not take it: {type(error).__name__}") from None

    def remove(self) -> bool:
        """Leaves an empty text, as these stores have no removal; see `Storage`."""
        there = self.load() is not None
        if there:
            self.save("")
        return there


def platform_storage(path: Path) -> PlatformStorage | None:
    """The platform's own store; None where msal-extensions is not installed or the store cannot be used."""
    try:
        from msal_extensions import build_encrypted_persistence
        from msal_extensions.persistence import PersistenceNotFound
    except ImportError:
        return None
    try:
        make_folder(path.parent)
        persistence = build_encrypted_persistence(str(path.with_suffix(".bin")))
    except Exception as error:  # noqa: BLE001 - each platform has errors of its own; without a desktop libsecret always fails
        _log.info("the platform's own store cannot be used (%s): a file will be", type(error).__name__)
        return None
    name = type(persistence).__name__.removesuffix("Persistence")
    return PlatformStorage(persistence, PersistenceNotFound, f"the platform's own store ({name})")
