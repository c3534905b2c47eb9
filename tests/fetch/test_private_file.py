"""`private_file`: whole or not at all, for its owner alone. What a kill leaves is the old file or the new one."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auditor.errors import SignInError
from auditor.fetch import private_file
from auditor.fetch.token_store import FileTokenStore

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has access lists instead of modes")
WRITER = """
import sys
from pathlib import Path
from auditor.fetch import private_file
path = Path(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    private_file.write(path, b"%d " % number * 20_000)
"""


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """And a file that is not there is None."""
    path = tmp_path / "secret"
    assert private_file.read(path) is None
    private_file.write(path, b"one")
    private_file.write(path, b"two")
    assert private_file.read(path) == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


@posix
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Whatever the umask says."""
    old = os.umask(0)
    try:
        private_file.write(tmp_path / "secret", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = tmp_path / "secret"
    path.write_bytes(b"x")
    path.chmod(mode)
    with pytest.raises(SignInError, match=f"{mode:04o}") as refused:
        private_file.read(path)
    assert refused.value.hint == f"chmod 600 {path}"


@posix
def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could write it could choose the account."""
    path = tmp_path / "secret"
    private_file.write(path, b"x")
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(SignInError, match="another user"):
        private_file.read(path)


@posix
def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """Symbolic link, folder, pipe (which must not block), and what is too large."""
    private_file.write(tmp_path / "real", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    private_file.write(tmp_path / "large", b"x" * (1 << 20 | 1))
    words = {"link": "symbolic link", "folder": "regular file", "pipe": "regular file", "large": "larger"}
    for name, why in words.items():
        with pytest.raises(SignInError, match=why):
            private_file.read(tmp_path / name)


@posix
def test_kills_tear_nothing(tmp_path: Path) -> None:
    """Twenty writers are killed while they write: what is there is whole, and the next writer sweeps what they left."""
    path = tmp_path / "secret"
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            deadline = time.monotonic() + 10
            before = path.stat().st_mtime_ns if path.exists() else 0
            while (not path.exists() or path.stat().st_mtime_ns == before) and time.monotonic() < deadline:
                pass
            process.send_signal(signal.SIGKILL)
        numbers = (private_file.read(path) or b"").split()
        assert len(numbers) == 20_000
        assert len(set(numbers)) == 1
    private_file.write(path, b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_only_leftovers_of_its_own_are_swept(tmp_path: Path) -> None:
    """A file of somebody else that merely begins alike stays."""
    theirs = {".secret-backup", ".secret-auditor-notes.part", ".secret-auditor-0123456g.part"}
    for name in {*theirs, ".secret-auditor-0123abcd.part"}:
        (tmp_path / name).write_bytes(b"x")
    private_file.write(tmp_path / "secret", b"x")
    assert {each.name for each in tmp_path.iterdir()} == {*theirs, "secret"}
    (tmp_path / ".secret-auditor-0123abcd.part").write_bytes(b"x")
    assert FileTokenStore(tmp_path / "secret").remove()
    assert {each.name for each in tmp_path.iterdir()} == theirs


def test_the_state_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the user says, else where the platform keeps such things, and nowhere without a home."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert private_file.state_folder() == tmp_path / "auditor"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert private_file.state_folder() == tmp_path / ".local" / "state" / "auditor"

    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    assert private_file.state_folder() is None
