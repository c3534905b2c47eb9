"""A run against the limits of real servers: nginx's bucket, HAProxy's sliding and fixed windows."""

import json
import uuid
from pathlib import Path

import pytest
from limit_servers import KINDS, run_server

from auditor.cli import main

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("kind", "limit", "rate"),
    [
        ("nginx limit_req", (50, 1), "3000"),
        ("nginx limit_req", (50, 1), "auto"),
        ("HAProxy sliding", (40, 2), "1200"),
        ("HAProxy sliding, rejected count", (40, 2), "1200"),
        ("HAProxy fixed", (20, 1), "1200"),
        ("HAProxy fixed", (20, 1), "auto"),
    ],
)
def test_nobody_is_lost_however_the_server_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, limit: tuple[int, int], rate: str
) -> None:
    """The list is longer than what the server takes at once, and by the minute's quota it fits: so it is rejected, and
    every customer is answered all the same, with fewer rejections than answers.
    """
    customers = 3 * limit[0]
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("".join(f"{uuid.UUID(int=n + 1)}\n" for n in range(customers)), encoding="ascii")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "a-token")
    with run_server(kind, *limit) as api:
        monkeypatch.setenv("AUDITOR_API_URL", api)
        assert main(["run", "list.txt", "--rate", rate, "--quiet", "--customer-list", "never"]) == 0
    summary = json.loads(Path("reports/latest/summary.json").read_text(encoding="utf-8"))
    assert summary["ledger"]["customers"]["eligible"] == customers
    assert 0 < summary["requests"]["throttled"] < customers / 2


def test_every_kind_of_server_is_asked() -> None:
    """What the benchmark measures in real time is tried here first."""
    tried = {case[0] for case in test_nobody_is_lost_however_the_server_limits.pytestmark[0].args[1]}  # type: ignore[attr-defined] # put there by pytest
    assert tried == set(KINDS)
