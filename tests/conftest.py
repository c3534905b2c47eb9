"""What all tests share: API replies from files, and an environment without the machine's own settings."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from auditor.core.model import ApiResponse

# how quick a machine is decides no test; and whether a change may land is decided by the change, not by dice: they are
# rolled wherever people run the tests
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("any machine")

# a shell's background job ignores Ctrl-C and hands that down, and some tests press it in a program that they start
signal.signal(signal.SIGINT, signal.default_int_handler)

REPLIES = Path(__file__).parent / "replies"
CUSTOMER = "1f2e3d4c-0000-4000-8000-000000000001"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def load_reply(name: str) -> ApiResponse:
    """The reply that stands in `tests/replies/<name>.http`, as the wire would bring it."""
    status_line, _, rest = (REPLIES / f"{name}.http").read_bytes().partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    headers = BytesHeaderParser().parsebytes(head)
    status = int(status_line.split()[1])
    return ApiResponse(http_status=status, body=body, received_at=NOON, retry_after=headers["Retry-After"])


@pytest.fixture
def reply() -> Callable[[str], ApiResponse]:
    """Loads a reply by name."""
    return load_reply


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's machine reaches a test, and no test writes outside its folder."""
    for name in list(os.environ):
        if name.startswith("AUDITOR_") or name.casefold() in {"https_proxy", "all_proxy", "no_proxy"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
