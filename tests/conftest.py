"""Shared by all tests: API replies from files, and an environment without the machine's own settings."""

import gc
import itertools
import logging
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from auditor.core.model import ApiResponse

# Property tests: the same few examples in every quick run, here as on a CI server: a change passes or fails by what it
# changes, not by chance. New examples, and ten times as many, only with `--hypothesis-profile=thorough` (before a release,
# after a change to a rule). Test machines differ in speed, so there is no deadline.
_PROFILE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _PROFILE, max_examples=20, derandomize=True)
settings.register_profile("thorough", _PROFILE, max_examples=200, derandomize=False)
settings.load_profile("quick")

# nearly all that is made while tests are imported stays; see `pytest_collection_finish`
gc.disable()

# a shell's background job ignores Ctrl-C and hands that down, and some tests press it in a program that they start
signal.signal(signal.SIGINT, signal.default_int_handler)

REPLIES = Path(__file__).parent / "replies"
CUSTOMER = "1f2e3d4c-0000-4000-8000-000000000001"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_HOMES = itertools.count()


def many_examples() -> settings:
    """Ten times the examples of the profile: for quick tests of a rule about who is eligible."""
    return settings(max_examples=10 * settings().max_examples)


def few_examples() -> settings:
    """Half the examples of the profile: for tests whose examples cost more than 0.1 seconds each."""
    return settings(max_examples=settings().max_examples // 2)


def load_reply(name: str) -> ApiResponse:
    """The reply in `tests/replies/<name>.http`, as if received."""
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
def _own_logging() -> Iterator[None]:
    """Undo what the options of the log, or code of the manual, set up in the test's process: its streams end with the test."""
    yield
    root, printed = logging.getLogger(), logging.getLogger("auditor.cli.terminal")
    for handler in [
        one for one in root.handlers if type(one) is logging.StreamHandler or isinstance(one, RotatingFileHandler)
    ]:
        root.removeHandler(handler)
        handler.close()
    printed.handlers = [logging.NullHandler()]
    root.setLevel(logging.WARNING)
    logging.getLogger("auditor").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def _own_environment(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Remove the developer's settings from the environment, and keep tests from writing outside their folder."""
    for name in list(os.environ):
        if name.startswith("AUDITOR_") or name.casefold() in {"https_proxy", "all_proxy", "no_proxy"}:
            monkeypatch.delenv(name)
    # most tests need no folder, and making one takes longer than many of them: theirs is made by what writes into it
    has_folder = "tmp_path" in request.fixturenames
    home = (
        request.getfixturevalue("tmp_path") if has_folder else tmp_path_factory.getbasetemp() / f"home-{next(_HOMES)}"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(home / "state"))
    monkeypatch.setenv("NO_COLOR", "1")
    if request.node.get_closest_marker("system") is None:
        # no test trusts a certificate authority of the machine, unless it takes `system_authorities`; this file has none.
        # To read them all takes 20 ms for each client
        monkeypatch.setenv("SSL_CERT_FILE", __file__)
        monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture
def system_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the machine's own certificate authorities."""
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("SSL_CERT_DIR")


def pytest_collection_finish() -> None:
    """Thousands of collected tests are not looked at again by each full run of the garbage collector."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _own_garbage() -> Iterator[None]:
    """Nor is what a module imports and keeps, such as syntax trees of all sources; its garbage is collected in its own time."""
    yield
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Libraries find at the end of the process that what they made was freed."""
    gc.unfreeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where no test of `tests/system` runs, do not even import them: only `make test-system` installs their libraries."""
    is_system = collection_path == Path(__file__).parent / "system"
    return True if is_system and config.option.markexpr == "not system" else None
