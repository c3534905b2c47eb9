"""A sign-in kept in a file of ours. Rule: for its owner alone, whole or not at all, encrypted where a key is given."""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import SettingsError, SignInError
from auditor.fetch import private_file
from auditor.settings import Secret

_KEY_BYTES = 32
_ENCRYPTED = b"gAAAA"
"""How every Fernet token begins: its version, and a time of this century."""


@dataclass(slots=True)
class FileStorage:
    """A file of ours, for its owner alone.

    Attributes:
        path: of the file; its folder is made when it is needed.
        keys: see `Place`.
    """

    path: Path
    keys: Secret | None = None
    where: str = field(init=False)

    def __post_init__(self) -> None:
        self.where = f"{self.path} ({'encrypted' if self.keys else 'plain text, mode 0600'})"

    def load(self) -> str | None:
        """The text; see `Storage`."""
        content = private_file.read(self.path)
        if content is None:
            return None
        if content.startswith(_ENCRYPTED):
            return self._decrypted(content)
        return content.decode(errors="replace")

    def is_behind(self) -> bool:
        """True where keys are given and the file is not encrypted with the first of them; see `Storage`."""
        content = private_file.read(self.path) if self.keys else None
        return content is not None and self.keys is not None and not _opens(fernet(self.keys, first=True), content)

    def save(self, text: str) -> None:
        """Replaces the text; see `Storage`."""
        private_file.make_folder(self.path.parent)
        content = text.encode()
        private_file.write(self.path, fernet(self.keys).encrypt(content) if self.keys else content)

    def remove(self) -> bool:
        """Removes the file, usable or not, and what a killed process left of it; see `Storage`."""
        private_file.sweep(self.path)
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    def _decrypted(self, content: bytes) -> str:
        from cryptography.fernet import InvalidToken

        if self.keys is None:
            raise SignInError(f"the sign-in kept in {self.path} is encrypted", "set AUDITOR_TOKEN_STORE_KEY_FILE")
        try:
            return str(fernet(self.keys).decrypt(content).decode())
        except InvalidToken:
            raise SignInError(
                f"the sign-in kept in {self.path} is encrypted with another key, or is damaged",
                "set the key that it was written with in AUDITOR_TOKEN_STORE_KEY_FILE, or: auditor logout",
            ) from None
        except UnicodeDecodeError:
            raise SignInError(
                f"the sign-in kept in {self.path} is damaged: it is no text", "sign in again: auditor login"
            ) from None


def _opens(key: Any, content: bytes) -> bool:
    from cryptography.fernet import InvalidToken

    try:
        key.decrypt(content)
    except InvalidToken:
        return False
    return True


def fernet(keys: Secret, *, first: bool = False) -> Any:
    """What encrypts with the first of the keys and decrypts with any.

    Args:
        keys: one or more, separated by blanks or commas; each is 32 bytes in either alphabet of base64.
        first: decrypt with the first of them alone, too.

    Raises:
        SettingsError: there is none, or one is no such key.
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
