"""The refresh token that the operator set. If it is in a file, its successor replaces the whole file.

Source: "Refresh tokens in the Microsoft identity platform": every use returns a new one, valid for 90 days; the
old one is not revoked, so a token in a file that cannot be written stays valid for its own 90 days.
"""

import logging
import os
import stat
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from auditor.core.sign_in import is_token
from auditor.errors import SignInError
from auditor.fetch import private_file
from auditor.fetch.auth.sign_in_store import fingerprint
from auditor.settings import Secret

_log = logging.getLogger(__name__)

VARIABLE = "AUDITOR_REFRESH_TOKEN"


class ConfiguredRefreshToken:
    """A refresh token from the environment, or from a file that the environment names.

    Args:
        secret: the token, with the file that it came from.
        where: its origin for messages; None for the name of the variable.
    """

    def __init__(self, secret: Secret, where: str | None = None) -> None:
        self._secret = secret
        self._file = _replaceable(secret.file) if secret.file else None
        self.where = where or (f"{VARIABLE}_FILE ({secret.file})" if secret.file else VARIABLE)

    @property
    def in_file(self) -> bool:
        """True if it came from a file or a named pipe."""
        return self._secret.file is not None

    @property
    def fingerprint(self) -> str | None:
        """See `sign_in_store.fingerprint`; None if the token cannot be read."""
        with suppress(SignInError):
            return fingerprint(self.read())
        return None

    @property
    def is_writable(self) -> bool:
        """True if it is in a file that can be written, so that its successor can replace it."""
        return self._file is not None and os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK)

    @property
    def issued_at(self) -> datetime | None:
        """When it was issued: the file's modification time; None for a token from the environment itself."""
        if self._file is None:
            return None
        try:
            return datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
        except OSError:
            return None

    def read(self) -> str:
        """The token. The file is read again each time, because another process may have replaced the token.

        Raises:
            SignInError: the file cannot be read, or does not hold a token.
        """
        text = self._secret.reveal() if self._file is None else self._read(self._file)
        if not is_token(text):
            raise SignInError(
                f"{self.where} is empty, or holds what no refresh token has: blanks, line ends, other characters",
                "put the token alone there, without quotes",
            )
        return text

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from redeeming the same file at the same time."""
        return private_file.locked(
            self._file.with_name(f"{self._file.name}.lock") if self._file and self.is_writable else None
        )

    def replace(self, successor: str) -> bool:
        """Replace the token in the file by its successor; return False if that is not possible."""
        if self._file is None:
            return False
        try:
            mode = self._file.stat().st_mode & 0o777
            private_file.write(self._file, f"{successor}\n".encode(), mode)
        except OSError as error:
            _log.info("%s cannot be replaced: %s", self._file, error.strerror)
            return False
        return True

    def _read(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SignInError(f"{self.where} cannot be read: {why}", "name a text file") from None


def _replaceable(path: str) -> Path | None:
    """The file to replace; None for a source that can be read only once: a pipe, `/dev/stdin`, a shell's `<(...)`.

    If the path is a link (as a vault's agent makes one), its target is replaced and the link stays.
    """
    file = Path(os.path.realpath(path))
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode) and file.exists()  # noqa: PTH116 - a link in /proc leads to no path
    except OSError:
        return file  # the error is reported when it is read
    return file if is_file else None
