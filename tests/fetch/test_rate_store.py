"""`RateStore`: the rate that one run saves for the next, and damaged files."""

import math
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.core.pacing.learning import RememberedRate
from auditor.fetch.rate_store import EXPIRES_AFTER, RateStore

API, TENANT = "https://api.partnercenter.microsoft.com", "11111111-2222-4333-8444-555555555555"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LEARNED = RememberedRate(per_second=4.0, longest_asked=57.0, held=250, learned_ago=90.0)


def _at(folder: Path, later: timedelta = timedelta()) -> RateStore:
    return RateStore(folder, lambda: NOON + later)


def test_a_saved_rate_is_loaded_with_its_age(tmp_path: Path) -> None:
    """The pace, the longest Retry-After, and the requests of the last minute."""
    assert _at(tmp_path / "new").save(API, TENANT, LEARNED)
    recalled = _at(tmp_path / "new", timedelta(seconds=40)).load(API, TENANT)
    assert recalled == RememberedRate(4.0, 57.0, held=250, learned_ago=90.0, age=40.0)


def test_after_a_minute_no_request_counts_any_more(tmp_path: Path) -> None:
    """The pace stays; the number of requests is 0."""
    _at(tmp_path).save(API, TENANT, LEARNED)
    assert _at(tmp_path, timedelta(minutes=1)).load(API, TENANT) == RememberedRate(
        4.0, 57.0, learned_ago=90.0, age=60.0
    )


def test_a_rate_expires_after_a_month(tmp_path: Path) -> None:
    """Limits change, so an old pace is ignored."""
    _at(tmp_path).save(API, TENANT, LEARNED)
    assert _at(tmp_path, EXPIRES_AFTER - timedelta(seconds=1)).load(API, TENANT) is not None
    assert _at(tmp_path, EXPIRES_AFTER).load(API, TENANT) is None


def test_a_rate_from_the_future_is_ignored(tmp_path: Path) -> None:
    """A few seconds are accepted: the clocks of two machines differ."""
    _at(tmp_path).save(API, TENANT, LEARNED)
    assert _at(tmp_path, -timedelta(hours=1)).load(API, TENANT) is None
    recalled = _at(tmp_path, -timedelta(seconds=3)).load(API, TENANT)
    assert recalled is not None
    assert recalled.age == 0.0


def test_a_run_without_a_learned_rate_saves_its_requests(tmp_path: Path) -> None:
    """It replaces the rate that it loaded: the limit has proved to be higher."""
    _at(tmp_path).save(API, TENANT, LEARNED)
    next_run = _at(tmp_path)
    next_run.load(API, TENANT)
    next_run.save(API, TENANT, RememberedRate(math.inf, held=7))
    assert _at(tmp_path).load(API, TENANT) == RememberedRate(math.inf, held=7)


def test_two_runs_that_shared_the_quota_are_added_up(tmp_path: Path) -> None:
    """The rates and the requests of the last minute add up; the last writer does not overwrite the other."""
    one, other = _at(tmp_path), _at(tmp_path, timedelta(seconds=20))
    for run in (one, other):
        run.load(API, TENANT)
    one.save(API, TENANT, LEARNED)
    other.save(API, TENANT, RememberedRate(3.0, 20.0, held=150, learned_ago=10.0))
    recalled = _at(tmp_path, timedelta(seconds=20)).load(API, TENANT)
    assert recalled == RememberedRate(7.0, 57.0, held=400, learned_ago=10.0)


def test_a_run_without_a_learned_rate_keeps_that_of_the_other(tmp_path: Path) -> None:
    """If only one of two runs at a time was throttled, its rate stays, with its age, in either order of writing."""
    spared = RememberedRate(math.inf, held=7)
    _at(tmp_path).save(API, TENANT, LEARNED)
    _at(tmp_path, timedelta(seconds=20)).save(API, TENANT, spared)
    recalled = _at(tmp_path, timedelta(seconds=20)).load(API, TENANT)
    assert recalled == RememberedRate(4.0, 57.0, held=257, learned_ago=110.0)
    _at(tmp_path).save("another", TENANT, spared)
    _at(tmp_path).save("another", TENANT, LEARNED)
    assert _at(tmp_path).load("another", TENANT) == RememberedRate(4.0, 57.0, held=257, learned_ago=90.0)


def test_a_run_that_ended_long_before_is_replaced(tmp_path: Path) -> None:
    """Runs that ended more than a minute apart did not share the quota."""
    _at(tmp_path).save(API, TENANT, LEARNED)
    _at(tmp_path, timedelta(minutes=2)).save(API, TENANT, RememberedRate(8.0, held=3))
    assert _at(tmp_path, timedelta(minutes=2)).load(API, TENANT) == RememberedRate(8.0, held=3)


def test_expired_files_are_removed(tmp_path: Path) -> None:
    """Old files of other quotas and partial files are removed."""
    rates = _at(tmp_path)
    rates.save(API, "old", LEARNED)
    (tmp_path / "rate-torn.part").write_bytes(b"{")
    (tmp_path / "foreign.json").write_bytes(b"{}")
    rates.save(API, "young", LEARNED)
    long_ago = (NOON - EXPIRES_AFTER - timedelta(days=1)).timestamp()
    for path in (rates._path(API, "old"), tmp_path / "rate-torn.part", tmp_path / "foreign.json"):
        os.utime(path, (long_ago, long_ago))
    rates.save(API, TENANT, LEARNED)
    kept = {rates._path(API, TENANT).name, rates._path(API, "young").name, "foreign.json"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_each_quota_has_its_own_file(tmp_path: Path) -> None:
    """Another API or another partner is another quota."""
    rates = _at(tmp_path)
    rates.save(API, TENANT, LEARNED)
    assert rates.load(API, "another") is None
    assert rates.load("https://elsewhere.example", TENANT) is None


def test_a_file_of_another_quota_is_ignored(tmp_path: Path) -> None:
    """Its content decides, not its name."""
    rates = _at(tmp_path)
    rates.save(API, "another", LEARNED)
    next(tmp_path.iterdir()).rename(rates._path(API, TENANT))
    assert rates.load(API, TENANT) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300), cut=st.integers(0, 400), place=st.integers(0, 400))
def test_a_damaged_file_is_ignored(tmp_path: Path, raw: bytes, cut: int, place: int) -> None:
    """Garbage, a truncated file or a changed byte: never an error, and never an impossible pace."""
    rates = _at(tmp_path)
    rates.save(API, TENANT, LEARNED)
    whole = rates._path(API, TENANT).read_bytes()
    for content in (raw, whole[:cut], whole[:place] + raw[:1] + whole[place + 1 :]):
        rates._path(API, TENANT).write_bytes(content)
        recalled = rates.load(API, TENANT)
        assert recalled is None or recalled.per_second > 0
        assert recalled is None or min(recalled.longest_asked, recalled.held, recalled.learned_ago) >= 0


@pytest.mark.parametrize(
    "content",
    [
        b'{"per_minute":0}',
        b'{"per_minute":-5}',
        b'{"per_minute":NaN}',
        b'{"per_minute":1e-300}',
        b'{"per_minute":1e999}',
        b'{"held":-1}',
        b'{"longest_asked":-1}',
        b'{"learned_ago":-1}',
        b'{"written_at":"0001-01-01T00:00:00+14:00"}',
        b'{"written_at":"9999-12-31T23:59:59-14:00"}',
        b'{"version":2}',
        b'{"written_at":"2026-11-22T12:00:00"}',
        b"[]",
        b"null",
        b"\xff\xfe",
    ],
)
def test_impossible_values_are_ignored(tmp_path: Path, content: bytes) -> None:
    """One wrong value makes the whole file unusable."""
    rates = _at(tmp_path)
    rates.save(API, TENANT, LEARNED)
    path = rates._path(API, TENANT)
    whole = path.read_bytes()
    # the last of two equal keys counts
    path.write_bytes(whole[:-1] + b"," + content[1:] if content.startswith(b"{") else content)
    assert rates.load(API, TENANT) is None


def test_an_unreachable_folder_is_no_error(tmp_path: Path) -> None:
    """If there is a file in place of the folder, nothing is saved, loaded or raised."""
    (tmp_path / "file").write_bytes(b"")
    rates = _at(tmp_path / "file" / "below")
    assert not rates.save(API, TENANT, LEARNED)
    assert rates.load(API, TENANT) is None


def test_a_folder_with_the_files_name_is_no_error(tmp_path: Path) -> None:
    """The rename fails, and the partial file is removed."""
    rates = _at(tmp_path)
    rates._path(API, TENANT).mkdir()
    assert not rates.save(API, TENANT, LEARNED)
    assert rates.load(API, TENANT) is None
    assert [path.name for path in tmp_path.iterdir()] == [rates._path(API, TENANT).name]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
def test_a_pipe_with_the_files_name_does_not_block(tmp_path: Path) -> None:
    """It counts as missing, and the next run's file replaces it."""
    rates = _at(tmp_path)
    os.mkfifo(rates._path(API, TENANT))
    assert rates.load(API, TENANT) is None
    assert rates.save(API, TENANT, LEARNED)
    assert rates.load(API, TENANT) == LEARNED


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """Others cannot read which partner is audited."""
    rates = _at(tmp_path / "state")
    rates.save(API, TENANT, LEARNED)
    assert rates._path(API, TENANT).stat().st_mode & 0o077 == 0
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
