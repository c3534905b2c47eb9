"""Where a sign-in is kept between runs. Rule: whole or not at all, for its owner alone, one process at a time.

Either the platform's own store (DPAPI, Keychain, libsecret) through msal-extensions, where that is installed and works;
or a file of ours, encrypted where a key is given. The lock is the kernel's (flock, LockFileEx), so a process that dies
lets go of it, or a lease where the file system has no locks; msal-extensions' own lock is a file that a dead process leaves
behind.
"""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from auditor.fetch.file_lock import locked
from auditor.fetch.platform_store import platform_storage
from auditor.fetch.state import state_folder
from auditor.fetch.token_file import FileStorage, fernet
from auditor.settings import Secret


class Storage(Protocol):
    """A place that keeps one text. `where` names it for people."""

    where: str

    def load(self) -> str | None:
        """The text; None where there is none."""

    def is_behind(self) -> bool:
        """True where the text is not kept as the settings want it: not encrypted with the key that is first by now."""

    def save(self, text: str) -> None:
        """Replaces the text. Raises OSError where that cannot be done."""

    def remove(self) -> bool:
        """Removes the text; False where there is none."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the settings say about where to keep a sign-in.

    Attributes:
        folder: named by the user; None takes the platform's own store, else the user's state folder.
        keys: what files are encrypted with, the first; the others still open what was written before.
    """

    folder: str | None = None
    keys: Secret | None = None


class TokenStore:
    """One sign-in, kept; shared by processes, so load, renew and save belong under one `locked`.

    Args:
        storage: what keeps it.
        lock: file of the lock; None where there is no folder to lock in.
    """

    def __init__(self, storage: Storage, lock: Path | None) -> None:
        self._storage = storage
        self._lock = lock

    @property
    def where(self) -> str:
        """What keeps the sign-in, for people."""
        return self._storage.where

    def locked(self) -> AbstractContextManager[None]:
        """Keeps other processes out; see `file_lock.locked`."""
        return locked(self._lock)

    def load(self) -> str | None:
        """What was saved last; None where nothing was.

        Raises:
            SignInError: what is there must not, or cannot, be used.
        """
        return self._storage.load()

    def is_behind(self) -> bool:
        """True where what is kept should be saved once more, because another key is first by now.

        Raises:
            SignInError: as `load`.
        """
        return self._storage.is_behind()

    def save(self, text: str) -> None:
        """Replaces what is kept.

        Raises:
            OSError: it cannot be written.
        """
        self._storage.save(text)

    def remove(self) -> bool:
        """Forgets the sign-in; False where there is none.

        Raises:
            OSError: it cannot be removed.
        """
        return self._storage.remove()


def open_store(place: Place, authority: str, client_id: str) -> TokenStore | None:
    """What keeps the sign-in of one app registration at one authority; None where there is no place to keep it.

    Raises:
        SettingsError: a key is none.
    """
    if place.keys:
        fernet(place.keys)
    folder = Path(place.folder) if place.folder else state_folder()
    if folder is None:
        return None
    digest = hashlib.sha256(f"{authority.casefold()}|{client_id.casefold()}".encode()).hexdigest()[:16]
    path = folder / f"sign-in-{digest}"
    own = None if place.folder or place.keys else platform_storage(path)
    return TokenStore(own or FileStorage(path.with_suffix(".json"), place.keys), path.with_suffix(".lock"))
