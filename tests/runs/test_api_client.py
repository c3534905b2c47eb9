"""`open_api_client`: the rate at which a run starts, and what it stores; no request is sent, so no server is needed."""

import base64
import json
from pathlib import Path

import pytest

from auditor.core.pacing.learning import RememberedRate
from auditor.fetch.private_file import state_folder
from auditor.fetch.rate_store import RateStore
from auditor.runs.api_client import open_api_client
from auditor.settings import Secret, Settings

API, TENANT = "http://127.0.0.1:9", "11111111-2222-4333-8444-555555555555"
TOKEN = f"e30.{base64.urlsafe_b64encode(json.dumps({'tid': TENANT}).encode()).decode()}."


def _settings(rate: float = 500.0, token: str = TOKEN, tenant_id: str | None = None) -> Settings:
    return Settings(api_url=API, access_token=Secret(token), tenant_id=tenant_id, rate=rate)


def _rates() -> RateStore:
    folder = state_folder()
    assert folder
    return RateStore(folder)


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("rate-*")}


async def _run(settings: Settings, requests: int = 1, *, remember: bool = True) -> None:
    """A run that sends so many requests, all accepted."""
    async with open_api_client(settings, print, remember=remember) as api:
        for _ in range(requests):
            api.rate_limiter.on_response(await api.rate_limiter.acquire())


async def test_a_run_leaves_what_the_next_one_begins_with(tmp_path: Path) -> None:
    """Two requests hold their place in the quota, as the next run of the same tenant knows; in the state folder."""
    await _run(_settings(), 2)
    left = _rates().load(API, TENANT)
    assert left is not None
    assert left.held == 2
    assert [path.parent for path in _files(tmp_path)] == [tmp_path / "state" / "auditor"]
    async with open_api_client(_settings(), print) as api:
        assert api.rate_limiter.rate_to_remember().held == 2


async def test_runs_that_follow_each_other_do_not_add_up_their_rates() -> None:
    """Each run knows the requests of the last minute once, however many runs there were."""
    for number in (1, 2, 3):
        await _run(_settings(), 2)
        left = _rates().load(API, TENANT)
        assert left is not None
        assert left.held == 2 * number
        assert left.per_second <= 500 / 60 or left.per_second == float("inf")


async def test_a_run_begins_at_the_pace_that_was_learned() -> None:
    """And so the time left is reckoned from it, before the first request."""
    _rates().save(API, TENANT, RememberedRate(4.0, 57.0))
    async with open_api_client(_settings(), print) as api:
        assert api.rate_limiter.eta(1000) == pytest.approx(250.0, rel=0.05)
        assert api.rate_limiter.slowed_to() == pytest.approx(240.0, rel=0.05)
        assert api.starting_rate is not None
        assert api.starting_rate.per_minute == pytest.approx(240.0)


@pytest.mark.parametrize(("rate", "requests", "remember"), [(0.0, 1, True), (500.0, 0, True), (500.0, 1, False)])
async def test_who_does_not_pace_or_ask_leaves_nothing(
    tmp_path: Path, rate: float, requests: int, *, remember: bool
) -> None:
    """Not `--rate 0`, not a run that sent nothing, not the demo; and what is there stays as it is."""
    await _run(_settings(rate), requests, remember=remember)
    assert not _files(tmp_path)
    _rates().save(API, TENANT, RememberedRate(4.0, 57.0))
    before = _files(tmp_path)
    await _run(_settings(rate), requests, remember=remember)
    assert _files(tmp_path) == before


@pytest.mark.parametrize(
    ("token", "tenant_id", "tenant"),
    [(TOKEN, None, TENANT), (TOKEN, "other", TENANT), ("opaque", "other", "other"), ("opaque", None, "unknown")],
)
async def test_the_tenant_is_the_tokens(token: str, tenant_id: str | None, tenant: str) -> None:
    """Whom the API counts by; else whom the user names; else all such share one memory."""
    await _run(_settings(token=token, tenant_id=tenant_id))
    assert _rates().load(API, tenant) is not None


async def test_a_folder_out_of_reach_ends_nothing(tmp_path: Path) -> None:
    """The run goes on, and nothing is kept."""
    (tmp_path / "state").write_bytes(b"a file where a folder should be")
    await _run(_settings())
    assert _rates().load(API, TENANT) is None
