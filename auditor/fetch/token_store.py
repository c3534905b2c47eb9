"""Store a sign-in between runs: written atomically, readable by its owner only, used by one process at a time.

The platform's own store (DPAPI, Keychain, libsecret) is used through msal-extensions if that is installed and works; else
our own file, encrypted if a key is set. msal-extensions' own lock is not used: it is a file that a dead process leaves
behind. On Linux its store needs a desktop session, which a scheduled job does not have.
"""

import base64
import binascii
import hashlib
import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.atomic_file import remove_parts
from auditor.errors import SettingsError, SignInError
from auditor.fetch import private_file
from auditor.settings import Secret

_log = logging.getLogger(__name__)
_KEY_BYTES = 32
_ENCRYPTED = b"gAAAA"
"""The first bytes of every Fernet token: its version, and a time of this century."""


@dataclass(slots=True)
class FileTokenStore:
    """One sign-in in our own file. Processes share it: load, renew and save within one `locked` block.

    Attributes:
        path: of the file; its folder is made when needed.
        keys: the first encrypts the file, all of them decrypt it; None for plain text.
        where: the store's name for messages.
    """

    path: Path
    keys: Secret | None = None
    where: str = field(init=False)

    def __post_init__(self) -> None:
        self.where = f"{self.path} ({'encrypted' if self.keys else 'plain text, mode 0600'})"

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out; see `private_file.locked`."""
        return private_file.locked(self.path.with_suffix(".lock"))

    def load(self) -> str | None:
        """The stored text; None if there is none.

        Raises:
            SignInError: the file must not, or cannot, be used.
        """
        content = private_file.read(self.path)
        if content is None:
            return None
        if content.startswith(_ENCRYPTED):
            return self._decrypt(content)
        return content.decode(errors="replace")

    def needs_reencryption(self) -> bool:
        """True if keys are given and the file is not encrypted with the first of them. Raises as `load`."""
        from cryptography.fernet import InvalidToken

        content = private_file.read(self.path) if self.keys else None
        if content is None or self.keys is None:
            return False
        try:
            parse_keys(self.keys, first=True).decrypt(content)
        except InvalidToken:
            return True
        return False

    def save(self, text: str) -> None:
        """Replace the stored text. Raises OSError if it cannot be written."""
        private_file.make_folder(self.path.parent)
        content = text.encode()
        private_file.write(self.path, parse_keys(self.keys).encrypt(content) if self.keys else content)

    def remove(self) -> bool:
        """Remove the file, usable or not, and partial files of killed processes; False if there is none.

        Raises:
            OSError: it cannot be removed.
        """
        remove_parts(self.path)
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _decrypt(self, content: bytes) -> str:
        from cryptography.fernet import InvalidToken

        if self.keys is None:
            raise SignInError(f"the sign-in kept in {self.path} is encrypted", "set AUDITOR_TOKEN_STORE_KEY_FILE")
        try:
            return str(parse_keys(self.keys).decrypt(content).decode())
        except InvalidToken:
            raise SignInError(
                f"the sign-in kept in {self.path} is encrypted with another key, or is damaged",
                "set the key that it was written with in AUDITOR_TOKEN_STORE_KEY_FILE, or: auditor logout",
            ) from None
        except UnicodeDecodeError:
            raise SignInError(
                f"the sign-in kept in {self.path} is damaged: it is no text", "sign in again: auditor login"
            ) from None


@dataclass(slots=True)
class PlatformTokenStore:
    """One sign-in in the platform's own store, through one of msal-extensions' persistences; see `FileTokenStore`.

    Attributes:
        persistence: keeps one text in DPAPI, the Keychain or libsecret.
        missing: the exception by which it says that there is none.
        where: the store in words.
        lock: file of the lock.
    """

    persistence: Any
    missing: type[Exception]
    where: str
    lock: Path

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out."""
        return private_file.locked(self.lock)

    def load(self) -> str | None:
        """The stored text; None if there is none. Raises SignInError if the store cannot be read."""
        try:
            return self.persistence.load() or None
        except self.missing:
            return None
        except Exception as error:  # noqa: BLE001 - each platform has errors of its own
            raise SignInError(
                f"the sign-in kept in {self.where} cannot be read: {type(error).__name__}",
                "unlock it, or name a folder in AUDITOR_TOKEN_STORE and sign in again: auditor login",
            ) from None

    def needs_reencryption(self) -> bool:
        """False: the platform has a key of its own."""
        return False

    def save(self, text: str) -> None:
        """Replace the stored text. Raises OSError if the store refuses it."""
        try:
            self.persistence.save(text)
        except Exception as error:  # noqa: BLE001 - see load
            raise OSError(f"{self.where} does not take it: {type(error).__name__}") from None

    def remove(self) -> bool:
        """Save an empty text, as these stores have no removal; False if there is none."""
        there = self.load() is not None
        if there:
            self.save("")
        return there


TokenStore = FileTokenStore | PlatformTokenStore


def open_store(
    authority: str, client_id: str, *, folder: str | None = None, keys: Secret | None = None
) -> TokenStore | None:
    """The store of the sign-in of one app registration at one authority; None if there is no folder for it.

    Args:
        authority: of the sign-in service.
        client_id: of the app registration.
        folder: named by the user; None takes the platform's own store, else the user's state folder.
        keys: encrypt the file; see `FileTokenStore`.

    Raises:
        SettingsError: a key has the wrong form.
    """
    if keys:
        parse_keys(keys)
    parent = Path(folder) if folder else private_file.state_folder()
    if parent is None:
        return None
    digest = hashlib.sha256(f"{authority.casefold()}|{client_id.casefold()}".encode()).hexdigest()[:16]
    path = parent / f"sign-in-{digest}"
    return (None if folder or keys else platform_store(path)) or FileTokenStore(path.with_suffix(".json"), keys)


def platform_store(path: Path) -> PlatformTokenStore | None:
    """The platform's own store; None if msal-extensions is not installed or the store cannot be used."""
    try:
        from msal_extensions import build_encrypted_persistence
        from msal_extensions.persistence import PersistenceNotFound
    except ImportError:
        return None
    try:
        private_file.make_folder(path.parent)
        persistence = build_encrypted_persistence(str(path.with_suffix(".bin")))
    except Exception as error:  # noqa: BLE001 - each platform has errors of its own; without a desktop libsecret always fails
        _log.info("the platform's own store cannot be used (%s); a file is used instead", type(error).__name__)
        return None
    name = type(persistence).__name__.removesuffix("Persistence")
    where = f"the platform's own store ({name})"
    return PlatformTokenStore(persistence, PersistenceNotFound, where, path.with_suffix(".lock"))


def parse_keys(keys: Secret, *, first: bool = False) -> Any:
    """The Fernet object that encrypts with the first key and decrypts with any.

    Args:
        keys: one or more, separated by blanks or commas; each is 32 bytes in either alphabet of base64.
        first: decrypt with the first key only.

    Raises:
        SettingsError: there is none, or one has the wrong form.
    """
    from cryptography.fernet import Fernet, MultiFernet

    found = []
    for text in keys.reveal().replace(",", " ").split():
        try:
            key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        found.append(key)
    if not found or any(len(key) != _KEY_BYTES for key in found):
        raise SettingsError(
            "AUDITOR_TOKEN_STORE_KEY holds what is no key: 32 bytes in base64 are one",
            "make one: openssl rand -base64 32",
        )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in (found[:1] if first else found)])
