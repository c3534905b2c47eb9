"""A token store on a share that refuses locks: of several processes at once, one renews, and no sign-in is revoked.

Real processes, in which flock answers as such a share does; the simulator revokes a refresh token that was used once.
"""

import errno
import os
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import Simulator
from program_support import Program
from sign_in_support import grants, keep, refresh_tokens, registration, sign_in_service, store_in, use

pytestmark = pytest.mark.skipif(os.name != "posix", reason="flock is POSIX's")

REFUSE = """
import fcntl

def refuse(*_):
    raise OSError({number}, "the share has no locks")

fcntl.flock = fcntl.lockf = refuse
"""
SAID = "a lease is used"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def expired(simulator: Simulator, folder: str) -> None:
    """Makes the kept access token one that has to be renewed."""
    sign_in = registration(simulator)

    def expire(cache: dict[str, dict[str, dict[str, str]]]) -> None:
        for entry in cache["AccessToken"].values():
            entry["expires_on"] = "1"

    keep(store_in(Path(folder), sign_in), sign_in, expire)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_three_processes_renew_once(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """All three have a token in the end, and the sign-in still serves."""
    with sign_in_service(revoke_rotated=True) as simulator:
        use(monkeypatch, simulator, TOKEN_STORE="store")
        assert main(["login", "--device-code"]) == 0
        expired(simulator, "store")
        before = len(grants(simulator))
        simulator.identity.hold_answers()
        processes = [Program("whoami", "-v", before=REFUSE.format(number=number)) for _ in range(3)]
        for process in processes:
            # each has found that there are no locks; one of them asks the sign-in service now
            while SAID not in (line := process.stderr.readline()):
                assert line
        processes[0].wait_until(lambda: len(grants(simulator)) > before)
        simulator.identity.release_answers()
        talks = [process.communicate(timeout=90)[1] for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0], talks
        assert grants(simulator)[before:] == [("refresh_token", 200, None)]
        expired(simulator, "store")
        assert main(["whoami"]) == 0
        assert len(refresh_tokens(store_in(Path("store"), registration(simulator)))) == 1
    assert not list(Path("store").glob("*.lease"))


def test_where_neither_lock_nor_lease_can_be_had_the_sign_in_is_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4 with the reason; nothing was asked."""

    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with sign_in_service(revoke_rotated=True) as simulator:
        use(monkeypatch, simulator, TOKEN_STORE="store")
        assert main(["login", "--device-code"]) == 0
        expired(simulator, "store")
        before = len(grants(simulator))
        capsys.readouterr()
        with monkeypatch.context() as patched:
            patched.setattr("auditor.locks.acquire", refuse)
            assert main(["whoami"]) == 4
        said = capsys.readouterr().err
        assert "cannot be locked: Input/output error" in said
        assert "AUDITOR_TOKEN_STORE" in said
        assert len(grants(simulator)) == before
        assert main(["whoami"]) == 0
