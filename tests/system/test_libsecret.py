"""The platform's own store on a Linux desktop: libsecret with GNOME's keyring, in its own session.

libsecret's bindings are Debian's, so this part runs in Debian's own Python, with this project's packages on its path.
"""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.system

TEXT = "marked-text-of-a-sign-in"
DESK = """
from auditor.fetch.token_store import open_store
store = open_store("https://login.example/a-tenant", "an-app")
print(store.where, "|", store.load(), "|", store.remove())
with store.locked():
    store.save("marked-text-of-a-sign-in")
again = open_store("https://login.example/a-tenant", "an-app")
print(again.load(), "|", open_store("https://login.example/a-tenant", "another").load())
print(again.remove(), "|", again.load())
again.save("marked-text-of-a-sign-in")
"""
NO_DESK = """
from auditor.fetch.token_store import open_store
print(open_store("https://login.example/a-tenant", "an-app").where)
"""


def run(script: str, folder: Path, *before: str) -> list[str]:
    """The lines that a script prints in Debian's Python."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DBUS_")},
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder),
        "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [*before, "/usr/bin/python3", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_keyring_keeps_a_sign_in(tmp_path: Path) -> None:
    """Saved, found again, forgotten; apart from another app registration's; and nothing of it is readable on the disk."""
    tmp_path.chmod(0o700)
    unlock = 'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$@"'
    lines = run(DESK, tmp_path, "dbus-run-session", "--", "sh", "-c", unlock, "sh")
    assert lines == [
        "the platform's own store (Libsecret) | None | False",
        f"{TEXT} | None",
        "True | None",
    ]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" for path in files)
    assert not [path for path in files if TEXT.encode() in path.read_bytes()]


def test_without_a_desktop_it_is_a_file(tmp_path: Path) -> None:
    """A scheduled job has no session, so the keyring is none that it could use."""
    (line,) = run(NO_DESK, tmp_path)
    assert line.endswith(".json (plain text, mode 0600)")
