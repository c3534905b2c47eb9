"""`token_store`: a stored sign-in, encrypted if a key is given, with a lock that a dead process cannot hold."""

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msal_extensions import FilePersistence
from msal_extensions.persistence import PersistenceNotFound

from auditor.errors import SettingsError, SignInError
from auditor.fetch.private_file import locked
from auditor.fetch.token_store import (
    FileTokenStore,
    PlatformTokenStore,
    TokenStore,
    open_store,
    parse_keys,
    platform_store,
)
from auditor.settings import Secret

AUTHORITY = "https://login.microsoftonline.com/a-tenant"
TEXT = '{"cache": "marked-refresh-token"}'
KEYS = [base64.b64encode(os.urandom(32)).decode() for _ in range(2)]


def store_in(folder: Path, *keys: str, client_id: str = "an-app") -> TokenStore:
    """A store in a folder, encrypted with the first of the keys."""
    found = open_store(AUTHORITY, client_id, folder=str(folder), keys=Secret(" ".join(keys)) if keys else None)
    assert found is not None
    return found


def content_of(folder: Path) -> bytes:
    """The one file of a store."""
    (file,) = folder.glob("sign-in-*.json")
    return file.read_bytes()


def test_a_sign_in_is_stored(tmp_path: Path) -> None:
    """Its folder is readable by its owner only; `where` says that it is plain text."""
    store = store_in(tmp_path / "new" / "folder")
    assert store.load() is None
    assert store.remove() is False
    with store.locked():
        store.save(TEXT)
    assert store_in(tmp_path / "new" / "folder").load() == TEXT
    assert "plain text" in store.where
    if sys.platform != "win32":
        assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700
    assert store.remove() is True
    assert store.load() is None


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no mode there")
def test_new_parent_folders_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Existing folders stay as they are."""
    before = tmp_path.stat().st_mode
    umask = os.umask(0)
    try:
        store = store_in(tmp_path / "new" / "folder")
        with store.locked():
            store.save(TEXT)
        store_in(tmp_path / "another" / "folder").save(TEXT)
    finally:
        os.umask(umask)
    made = [each for each in tmp_path.rglob("*") if each.is_dir()]
    assert len(made) == 4
    assert {each.stat().st_mode & 0o777 for each in made} == {0o700}
    assert tmp_path.stat().st_mode == before


def test_each_app_registration_has_its_own_file(tmp_path: Path) -> None:
    """Two profiles do not overwrite each other's sign-in."""
    store_in(tmp_path, client_id="one").save("1")
    store_in(tmp_path, client_id="two").save("2")
    assert store_in(tmp_path, client_id="ONE").load() == "1"


def test_with_a_key_the_file_is_encrypted(tmp_path: Path) -> None:
    """Neither the token nor the form of the document is readable; the key may use either alphabet."""
    store_in(tmp_path, KEYS[0]).save(TEXT)
    assert b"marked" not in content_of(tmp_path)
    assert b"cache" not in content_of(tmp_path)
    url_safe = KEYS[0].replace("+", "-").replace("/", "_")
    assert store_in(tmp_path, url_safe).load() == TEXT
    assert "encrypted" in store_in(tmp_path, KEYS[0]).where


def test_the_first_key_encrypts_and_all_decrypt(tmp_path: Path) -> None:
    """The old one opens what it encrypted; the next save uses the new one alone."""
    store_in(tmp_path, KEYS[0]).save(TEXT)
    both = store_in(tmp_path, KEYS[1], KEYS[0])
    both.save(both.load() or "")
    assert store_in(tmp_path, KEYS[1]).load() == TEXT
    with pytest.raises(SignInError, match="another key"):
        store_in(tmp_path, KEYS[0]).load()


def test_a_file_of_an_old_key_needs_reencryption(tmp_path: Path) -> None:
    """It does if it is plain text, or encrypted with a key that is not the first."""
    assert store_in(tmp_path, KEYS[0]).needs_reencryption() is False
    store_in(tmp_path).save(TEXT)
    assert store_in(tmp_path).needs_reencryption() is False
    assert store_in(tmp_path, KEYS[0]).needs_reencryption() is True
    store_in(tmp_path, KEYS[0]).save(TEXT)
    assert store_in(tmp_path, KEYS[0]).needs_reencryption() is False
    assert store_in(tmp_path, KEYS[1], KEYS[0]).needs_reencryption() is True


def test_without_the_key_the_file_is_reported_as_encrypted(tmp_path: Path) -> None:
    """It is not reported as missing."""
    store_in(tmp_path, KEYS[0]).save(TEXT)
    with pytest.raises(SignInError, match="is encrypted"):
        store_in(tmp_path).load()


def test_a_plain_file_becomes_encrypted(tmp_path: Path) -> None:
    """A user who sets a key later need not sign in again."""
    store_in(tmp_path).save(TEXT)
    later = store_in(tmp_path, KEYS[0])
    later.save(later.load() or "")
    assert b"marked" not in content_of(tmp_path)


@pytest.mark.parametrize("key", ["", " ", "short", "ä" * 43, base64.b64encode(b"x" * 31).decode()])
def test_an_invalid_key_is_reported_at_once(tmp_path: Path, key: str) -> None:
    """The message has the command that makes a key, but not the key itself."""
    with pytest.raises(SettingsError, match="is no key") as refused:
        store_in(tmp_path, key)
    assert "openssl" in refused.value.hint
    assert not key.strip() or key not in refused.value.message


def test_the_default_is_the_users_state_folder(tmp_path: Path) -> None:
    """The default if the user names no folder and the platform has no store."""
    found = open_store(AUTHORITY, "an-app")
    assert found is not None
    found.save(TEXT)
    assert content_of(tmp_path / "state" / "auditor") == TEXT.encode()


def test_without_a_home_there_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container may have no home folder."""
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("LOCALAPPDATA")
    monkeypatch.setattr(Path, "home", _no_home)
    assert open_store(AUTHORITY, "an-app") is None


def _no_home() -> Path:
    raise RuntimeError("no home")


HOLDER = """
import sys, time
from pathlib import Path
from auditor.fetch.private_file import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_dead_process_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A living process holds it, and another one that waits for too long gets an error; a killed process releases it."""
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.setattr("auditor.fetch.private_file.LOCK_SECONDS", 0.05)
        with pytest.raises(SignInError, match="another process"), locked(path):
            pass
        process.send_signal(signal.SIGKILL)
    before = time.monotonic()
    with locked(path):
        assert time.monotonic() - before < 5


def test_a_folder_that_cannot_be_written_has_no_lock(tmp_path: Path) -> None:
    """It must not stop a run that needs no store."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    held = False
    with locked(tmp_path / "file" / "a.lock"):
        held = True
    assert held


def test_the_platforms_own_store_keeps_a_text(tmp_path: Path) -> None:
    """Through msal-extensions' own class; its plain file stands for the stores of other platforms."""
    file = FilePersistence(str(tmp_path / "own.bin"))
    store = PlatformTokenStore(file, PersistenceNotFound, "the platform's store", tmp_path / "own.lock")
    assert store.load() is None
    assert store.remove() is False
    store.save(TEXT)
    assert store.load() == TEXT
    assert store.remove() is True
    assert store.load() is None


class Broken:
    """A locked keyring: its exceptions quote their arguments."""

    def load(self) -> str:
        """Fails."""
        raise RuntimeError("marked-refresh-token")

    def save(self, content: str) -> None:
        """Fails."""
        raise RuntimeError(content)


def test_a_locked_keyring_is_not_quoted(tmp_path: Path) -> None:
    """Reading gives an error with a hint; writing is an OSError as with a file."""
    storage = PlatformTokenStore(Broken(), PersistenceNotFound, "the keyring", tmp_path / "own.lock")
    with pytest.raises(SignInError, match="the keyring cannot be read: RuntimeError") as refused:
        storage.load()
    assert "marked" not in str(refused.value)
    with pytest.raises(OSError, match="does not take it: RuntimeError"):
        storage.save("marked-refresh-token")


def test_a_platform_without_a_store_falls_back_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is used without msal-extensions, and without a desktop session."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    assert platform_store(tmp_path / "sign-in-x") is None
    monkeypatch.setitem(sys.modules, "msal_extensions", None)
    assert platform_store(tmp_path / "sign-in-x") is None


def test_a_named_folder_or_a_key_means_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduled job must find the sign-in of the interactive login."""
    file = FilePersistence(str(tmp_path / "own.bin"))
    own = PlatformTokenStore(file, PersistenceNotFound, "the platform's store", tmp_path / "own.lock")
    monkeypatch.setattr("auditor.fetch.token_store.platform_store", lambda _path: own)
    for folder, keys in ((None, None), (str(tmp_path), None), (None, Secret(KEYS[0]))):
        found = open_store(AUTHORITY, "an-app", folder=folder, keys=keys)
        assert found is not None
        assert (found.where == "the platform's store") == (folder is None and keys is None)
    assert FileTokenStore(tmp_path / "x").load() is None


def test_a_damaged_encrypted_file_is_reported(tmp_path: Path) -> None:
    """The key is right, and the content is damaged."""
    store = store_in(tmp_path, KEYS[0])
    store.save(TEXT)
    (file,) = tmp_path.glob("sign-in-*.json")
    file.write_bytes(parse_keys(Secret(KEYS[0])).encrypt(b"\xff\xfe"))
    with pytest.raises(SignInError, match="is damaged: it is no text"):
        store.load()


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_lock_path_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """Without a lock, two processes would redeem the same refresh token."""
    lock = tmp_path / "a.lock"
    if kind == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(tmp_path / "none" / "a.lock")
    with pytest.raises(SignInError, match="it is not a regular file"), locked(lock):
        pass
