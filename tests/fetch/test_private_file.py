"""`private_file`: written atomically, for the owner only, even if a writer is killed."""

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


def test_a_written_file_is_read_back(tmp_path: Path) -> None:
    """A missing file is None."""
    path = tmp_path / "secret"
    assert private_file.read(path) is None
    private_file.write(path, b"one")
    private_file.write(path, b"two")
    assert private_file.read(path) == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


@posix
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """The mode does not depend on the umask."""
    old = os.umask(0)
    try:
        private_file.write(tmp_path / "secret", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o610])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The hint is the command that repairs it."""
    path = tmp_path / "secret"
    path.write_bytes(b"x")
    path.chmod(mode)
    with pytest.raises(SignInError, match=f"{mode:04o}") as refused:
        private_file.read(path)
    assert refused.value.hint == f"chmod 600 {path}"


@posix
def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner could choose the account."""
    path = tmp_path / "secret"
    private_file.write(path, b"x")
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(SignInError, match="another user"):
        private_file.read(path)


@posix
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A symbolic link, a folder, a pipe (which must not block) and a large file are refused."""
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
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    """Twenty writers are killed while they write: the file is whole, and the next writer removes their partial files."""
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


def test_only_its_own_partial_files_are_removed(tmp_path: Path) -> None:
    """A foreign file with a similar name stays."""
    theirs = {".secret-backup", ".secret-auditor-notes.part", ".secret-auditor-0123456g.part"}
    for name in {*theirs, ".secret-auditor-0123abcd.part"}:
        (tmp_path / name).write_bytes(b"x")
    private_file.write(tmp_path / "secret", b"x")
    assert {each.name for each in tmp_path.iterdir()} == {*theirs, "secret"}
    (tmp_path / ".secret-auditor-0123abcd.part").write_bytes(b"x")
    assert FileTokenStore(tmp_path / "secret").remove()
    assert {each.name for each in tmp_path.iterdir()} == theirs


def test_the_state_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's choice, else the platform's default, and None without a home."""
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
