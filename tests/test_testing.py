"""The simulated Partner Center for other people's tests, and its fixture."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

import auditor
from auditor.cli import main
from auditor.testing import PartnerCenter, StatusRequest

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 8)]


def _ask(partner_center: PartnerCenter, path: str, token: str | None = None) -> tuple[int, dict[str, object]]:
    """HTTP status and body, by a client that shares no code with auditor."""
    request = urllib.request.Request(  # noqa: S310 - always http
        f"{partner_center.api_url}/v1/customers{path}",
        headers={"Authorization": f"Bearer {token or partner_center.token}"},
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as response:
            return response.status, json.loads(response.read().decode("utf-8-sig"))
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read().decode("utf-8-sig"))


def _status(partner_center: PartnerCenter, customer_id: str, token: str | None = None) -> tuple[int, object]:
    """HTTP status, and the validation status or error code."""
    code, body = _ask(partner_center, f"/{customer_id}/validationStatus?type=account", token)
    return code, body.get("status", body.get("code"))


def test_each_status_of_the_documentation_is_answered() -> None:
    """The four statuses, and 404 with error code 600074 for none."""
    statuses = dict(zip(IDS, ("Allowed", "UnderReview", "NotAllowed", "Unknown", "NoStatus"), strict=False))
    with PartnerCenter(statuses) as partner_center:
        assert [_status(partner_center, each) for each in statuses] == [
            (200, "Allowed"),
            (200, "UnderReview"),
            (200, "NotAllowed"),
            (200, "Unknown"),
            (404, 600074),
        ]


def test_an_id_without_a_status_does_not_exist() -> None:
    """Neither beside other customers nor where there are none."""
    with PartnerCenter({IDS[0]: "Allowed"}) as partner_center, PartnerCenter() as nobody:
        assert _status(partner_center, IDS[1]) == (404, 60003)
        assert _status(nobody, IDS[0]) == (404, 60003)
        assert _ask(nobody, "")[1]["items"] == []


@pytest.mark.parametrize(
    "spelling", [IDS[0].upper(), f"{{{IDS[0]}}}", IDS[0].replace("-", ""), f"urn:uuid:{IDS[0]}", f" {IDS[0]} "]
)
def test_ids_may_be_spelled_in_any_way(spelling: str) -> None:
    """As in a customer list."""
    with PartnerCenter({spelling: "NotAllowed"}) as partner_center:
        assert _status(partner_center, IDS[0]) == (200, "NotAllowed")


def test_an_unknown_status_is_an_error_that_names_those_of_the_documentation_first() -> None:
    """Bad arguments are found before anything is served."""
    with pytest.raises(
        ValueError, match=r"'Alowed'; use one of Allowed, UnderReview, NotAllowed, Unknown, NoStatus, or "
    ):
        PartnerCenter({IDS[0]: "Alowed"})
    with pytest.raises(ValueError, match="'for_ever'"):
        PartnerCenter({IDS[0]: "throttled_once:for_ever"})
    with pytest.raises(ValueError, match="'no-id' is not a customer tenant ID"):
        PartnerCenter({"no-id": "Allowed"})
    for throttle in (0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="throttle must be more than 0"):
            PartnerCenter(throttle=throttle)


def test_what_goes_wrong_once_goes_wrong_again_when_it_is_set_again() -> None:
    """So a test can prepare the next night."""
    with PartnerCenter({IDS[0]: "throttled_once:UnderReview"}) as partner_center:
        assert [_status(partner_center, IDS[0])[0] for _ in range(3)] == [429, 200, 200]
        assert _status(partner_center, IDS[0]) == (200, "UnderReview")
        partner_center[IDS[0]] = "throttled_once"
        assert [_status(partner_center, IDS[0])[0] for _ in range(2)] == [429, 200]
        assert _status(partner_center, IDS[0]) == (200, "Allowed")


def test_a_status_may_change_and_a_customer_may_join_while_it_runs() -> None:
    """The list has the new customer; the date of a changed status is that of the change."""
    before = datetime.now(UTC)
    with PartnerCenter({IDS[0]: "Allowed"}) as partner_center:
        partner_center[IDS[0].upper()] = "UnderReview"
        partner_center[IDS[1]] = "NoStatus"
        assert _status(partner_center, IDS[0]) == (200, "UnderReview")
        assert _status(partner_center, IDS[1]) == (404, 600074)
        body = _ask(partner_center, f"/{IDS[0]}/validationStatus?type=account")[1]
        assert [each["id"] for each in _items(partner_center)] == IDS[:2]
    changed = datetime.fromisoformat(str(body["lastUpdateDateTime"])).replace(tzinfo=UTC)
    assert timedelta(seconds=-1) <= changed - before <= timedelta(minutes=1)


def _items(partner_center: PartnerCenter) -> list[dict[str, object]]:
    items = _ask(partner_center, "")[1]["items"]
    assert isinstance(items, list)
    return items


def test_a_review_began_within_the_last_three_weeks() -> None:
    """Dates are near today, so `days_in_status` is plausible."""
    with PartnerCenter(dict.fromkeys(IDS, "UnderReview")) as partner_center:
        bodies = [_ask(partner_center, f"/{each}/validationStatus?type=account")[1] for each in IDS]
    ages = [datetime.now(UTC) - datetime.fromisoformat(f"{body['lastUpdateDateTime']}Z") for body in bodies]
    assert all(timedelta(0) < age < timedelta(days=22) for age in ages)


def test_the_customer_list_has_the_given_companies_and_made_up_ones() -> None:
    """An audit without a list has names for its reports."""
    companies = {IDS[0].upper(): ('Zoë "Å", Ltd', "zoe.example")}
    with PartnerCenter(dict.fromkeys(IDS[:2], "Allowed"), customers=companies) as partner_center:
        profiles = [each["companyProfile"] for each in _items(partner_center)]
    assert isinstance(profiles[0], dict)
    assert isinstance(profiles[1], dict)
    assert (profiles[0]["companyName"], profiles[0]["domain"]) == ('Zoë "Å", Ltd', "zoe.example")
    assert profiles[1]["companyName"]
    assert profiles[1]["domain"].endswith(".example")


def test_requests_are_kept_in_order_and_after_the_end() -> None:
    """Only those for a status: the customer list is not among them."""
    with PartnerCenter({IDS[0]: "error_once", IDS[1]: "reset_lasting"}) as partner_center:
        assert not partner_center.requests
        _ask(partner_center, "")
        _status(partner_center, IDS[0])
        _status(partner_center, IDS[0].upper())
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            _status(partner_center, IDS[1])
    assert partner_center.requests == ((IDS[0], 500), (IDS[0], 200), (IDS[1], None))
    assert partner_center.requests[0] == StatusRequest(customer_id=IDS[0], http_status=500)


def test_expired_and_revoked_tokens_are_refused() -> None:
    """A real 401, for tests of the sign-in's errors."""
    with PartnerCenter({IDS[0]: "Allowed"}) as partner_center:
        assert _status(partner_center, IDS[0], partner_center.expired_token())[0] == 401
        token = partner_center.token
        assert _status(partner_center, IDS[0], token) == (200, "Allowed")
        partner_center.revoke_tokens()
        assert _status(partner_center, IDS[0], token)[0] == 401
        assert _status(partner_center, IDS[0]) == (200, "Allowed")


@pytest.mark.parametrize(("throttle", "accepted"), [(60, 1), (180, 3), (6, 1)])
def test_the_throttle_answers_429_above_its_limit(throttle: float, accepted: int) -> None:
    """The limit is applied over a second, or over the time of one request."""
    with PartnerCenter({IDS[0]: "Allowed"}, throttle=throttle) as partner_center:
        codes = [_status(partner_center, IDS[0])[0] for _ in range(accepted + 1)]
    assert codes == [200] * accepted + [429]


def test_an_audit_waits_for_the_throttle_and_is_complete(tmp_path: Path) -> None:
    """Rejected requests are sent again, and every customer has an answer."""
    with PartnerCenter(dict.fromkeys(IDS[:3], "Allowed"), throttle=120) as partner_center:
        audit = auditor.audit(IDS[:3], reports=tmp_path, format=["csv"], **partner_center.settings)
    assert audit.complete
    answers = [request.http_status for request in partner_center.requests]
    assert answers.count(200) == 3
    assert answers.count(429) >= 1


def test_a_marked_run_is_kept_apart_from_real_ones(tmp_path: Path) -> None:
    """Rule held: made-up answers never pass for real ones, unless a test asks for it."""
    with PartnerCenter({IDS[0]: "Allowed"}) as partner_center:
        audit = auditor.audit(reports=tmp_path, format=["csv"], **partner_center.settings)
    assert audit.summary["simulated"] is True
    assert auditor.open_run("latest-simulated", reports=tmp_path).run_id == audit.run_id
    assert not (tmp_path / "latest").exists()
    assert auditor.read_history(tmp_path).empty


def test_settings_leave_the_pace_to_the_default_only_where_there_is_a_limit() -> None:
    """Tests are quick, and a throttled one is paced as in production."""
    with PartnerCenter() as free, PartnerCenter(throttle=60) as limited:
        assert set(free.settings) == {"api_url", "access_token", "rate"}
        assert set(limited.environ) == {"AUDITOR_API_URL", "AUDITOR_ACCESS_TOKEN"}
        assert free.environ["AUDITOR_RATE"] == "0"
        assert free.api_url.startswith("http://127.0.0.1:")


async def test_it_serves_asynchronous_code_from_its_own_thread() -> None:
    """Its thread answers while the caller's event loop waits, many requests at once."""
    with PartnerCenter(dict.fromkeys(IDS, "Allowed")) as partner_center:
        headers = {"Authorization": f"Bearer {partner_center.token}"}
        async with aiohttp.ClientSession(partner_center.api_url, headers=headers) as session:

            async def ask(customer_id: str) -> int:
                async with session.get(f"/v1/customers/{customer_id}/validationStatus?type=account") as response:
                    return response.status

            assert await asyncio.gather(*map(ask, IDS)) == [200] * len(IDS)
    assert sorted(each.customer_id for each in partner_center.requests) == IDS


def test_start_and_stop_without_a_with_statement(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A second start begins with the statuses that were set last. Nothing is left in the temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    partner_center = PartnerCenter({IDS[0]: "Allowed"})
    with pytest.raises(RuntimeError, match="not running; use it in a with statement"):
        _ = partner_center.api_url
    assert partner_center.start() is partner_center
    with pytest.raises(RuntimeError, match="already"):
        partner_center.start()
    partner_center.stop()
    partner_center.stop()
    partner_center[IDS[0]] = "Unknown"
    partner_center.start()
    assert _status(partner_center, IDS[0]) == (200, "Unknown")
    url = urlsplit(partner_center.api_url)
    partner_center.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((url.hostname, url.port), timeout=10)
    assert list(tmp_path.iterdir()) == []


def test_the_fixture_gives_a_command_line_in_the_process_its_surroundings(
    partner_center: PartnerCenter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two nights: the run is like a real one, its default folder is in the temporary folder, and the change is found."""
    partner_center[IDS[0]] = "Allowed"
    partner_center[IDS[1]] = "NoStatus"
    assert main(["run"]) == 0
    partner_center[IDS[1]] = "UnderReview"
    assert main(["run", "--fail-on", "newly-blocked"]) == 10
    capsys.readouterr()
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert summary["simulated"] is False
    assert sorted(each.customer_id for each in partner_center.requests) == sorted(IDS[:2] * 2)


_MEETS = """
import os
from pathlib import Path
import pytest
from auditor.settings import load

def test_settings(partner_center, tmp_path):
    settings, origins = load({})
    assert settings.api == partner_center.api_url
    assert settings.rate == 0 and settings.tenant_id is None and settings.proxy is None and settings.owner_column is None
    assert Path.cwd() == tmp_path and list(tmp_path.iterdir()) == []
    assert {name for name in os.environ if name.startswith("AUDITOR_")} == set(partner_center.environ)

def test_outside():
    assert load({})[0].owner_column == "manager"
"""


def test_the_fixture_keeps_other_settings_out_and_puts_them_back(tmp_path: Path) -> None:
    """Rule held: code under test never meets the real service or the user's own files."""
    (tmp_path / "auditor.toml").write_text('owner_column = "manager"', encoding="utf-8")
    (tmp_path / "test_meets.py").write_text(_MEETS, encoding="utf-8")
    home = tmp_path / "home" / "auditor"
    home.mkdir(parents=True)
    (home / "auditor.toml").write_text('tenant_id = "contoso.example"', encoding="utf-8")
    environment = {
        **os.environ,
        "AUDITOR_API_URL": "https://api.partnercenter.example",
        "AUDITOR_REFRESH_TOKEN": "secret",
        "HTTPS_PROXY": "http://proxy.example:8080",
        "XDG_CONFIG_HOME": str(home.parent),
        "APPDATA": str(home.parent),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "-W",
        "error",
        "test_meets.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_project_that_does_not_use_the_fixture_pays_nothing_for_it() -> None:
    """The plugin is imported at each start of pytest."""
    heavy = ("pandas", "pyarrow", "aiohttp", "msal", "trustme", "auditor.testing", "auditor.simulator")
    code = f"import sys, auditor.pytest_plugin; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
