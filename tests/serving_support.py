"""A quick simulator without a limit, for tests of whole commands."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from auditor.simulator import (
    AnswerOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)


def serving(
    monkeypatch: pytest.MonkeyPatch, folder: Path, ids: Iterable[str], answers: AnswerOptions
) -> Iterator[Simulator]:
    """Serves without TLS, sign-in and limit, for a fixture to `yield from`.

    `folder` becomes the current one, with the ids in its list.txt; the environment has the API's address and a token.
    """
    options = SimulatorOptions(
        announces=False,
        tls=False,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=()),
        answers=answers,
    )
    monkeypatch.chdir(folder)
    Path("list.txt").write_text("\n".join(ids), encoding="ascii")
    with serve_in_thread(options) as simulator:
        monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
        yield simulator
