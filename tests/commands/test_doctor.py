"""`auditor doctor` end to end: real TLS, a real proxy, real processes; and nothing in it that must not be pasted."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.cli import main
from auditor.commands.doctor import CHECKS, network
from auditor.commands.doctor import sign_in as signing
from auditor.core.diagnosis import checks as doctor
from auditor.fetch.auth import UnattendedSignIn
from auditor.fetch.service_probe import ProbeResult, probe
from auditor.runs.lock import one_run_at_a_time
from auditor.simulator import (
    AnswerOptions,
    CustomerListOptions,
    GateOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)
from connect_proxy import connect_proxy
from program_support import run_program

FREE = ThrottleOptions(windows=())
ALLOWED = AnswerOptions(weights={"allowed": 1})
ROSTER = CustomerListOptions(generated=20)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def _use(monkeypatch: pytest.MonkeyPatch, simulator: Simulator, **claims: Any) -> None:
    monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(simulator.ca_file))
    monkeypatch.setenv("AUDITOR_AUTHORITY", simulator.authority)
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token(**claims))


@pytest.fixture(scope="module")
def served() -> Iterator[Simulator]:
    """Partner Center and its sign-in service over TLS, with twenty customers."""
    with serve_in_thread(SimulatorOptions(answers=ALLOWED, throttle=FREE, customers=ROSTER)) as simulator:
        yield simulator


@pytest.fixture
def simulator(served: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The same, with a token for it in the environment."""
    _use(monkeypatch, served)
    return served


def _examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code = main(["doctor", "--json", *arguments])
    document = json.loads(capsys.readouterr().out)
    assert document["exit_code"] == code
    assert [one["name"] for one in document["checks"]] == ["program", "settings", *(each.name for each in CHECKS)]
    failing = [one for one in document["checks"] if one["state"] in {"failed", "warning"}]
    assert all(one["next"] for one in failing)
    return code, {one["name"]: one for one in document["checks"]}


def test_a_healthy_installation(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Every check is made and none fails."""
    code, found = _examined(capsys)
    assert code == 0
    assert {one["state"] for one in found.values()} == {"ok"}
    assert found["tls api"]["facts"]["issuer"] == "Simulated, do not trust"
    assert found["token"]["facts"]["kind"] == "app_user"
    assert found["mfa"]["facts"] == {"claimed": True, "reported": True}
    assert found["stranger"]["facts"]["reason"] in {"no_relationship", "customer_not_found"}
    # one without a token, one page, one customer, one stranger
    assert len(simulator.log.api) <= 6


def test_nothing_is_changed(simulator: Simulator, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """No folder, no lock, no memory of the pace is left behind."""
    assert simulator.api_url
    before = sorted(tmp_path.rglob("*"))
    _examined(capsys)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"app_only": True}, ("token", "app-only")),
        ({"aud": "https://graph.windows.net"}, ("token", "graph.windows.net")),
        ({"exp": 0}, ("token", "expired")),
        ({"amr": ["pwd"]}, ("mfa", "multi-factor")),
        ({"agent_role": False}, ("role", "role")),
    ],
)
def test_a_sign_in_that_does_not_do_ends_with_4(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    claims: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    """The check that names the trouble fails, and those that do not build on the sign-in are made all the same."""
    check, words = expected
    asked = len(simulator.log.api)
    _use(monkeypatch, simulator, **claims)
    code, found = _examined(capsys)
    assert code == 4
    assert found[check]["state"] == "failed"
    assert words in found[check]["found"]
    assert {found[name]["state"] for name in ("tls api", "clock", "reports", "disk", "lock", "pace")} == {"ok"}
    assert found["account status"]["state"] == "skipped"
    if check == "token":
        # a token that is useless by its own claims is never sent
        assert {record.token_id for record in simulator.log.api[asked:]} == {None}


def test_an_untrusted_certificate_names_its_issuer(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a network that inspects TLS: exit 6, and the setting that mends it."""
    assert simulator.api_url
    monkeypatch.delenv("AUDITOR_CA_BUNDLE")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    code, found = _examined(capsys)
    assert (code, found["tls api"]["state"]) == (6, "failed")
    assert "issued by Simulated, do not trust" in found["tls api"]["found"]
    assert "AUDITOR_CA_BUNDLE" in found["tls api"]["next"]
    assert "SSL_CERT_FILE names /nowhere/ca.pem" in found["tls api"]["next"]
    assert (found["clock"]["state"], found["clock"]["found"]) == ("skipped", "not checked: needs tls api")
    assert found["token"]["state"] == "ok"


def test_a_missing_bundle_is_named_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whatever else is wrong: a run refuses it before it asks anybody, with the same exit code."""
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("1f2e3d4c-0000-4000-8000-000000000001\n", encoding="ascii")
    monkeypatch.setenv("AUDITOR_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "opaque")
    monkeypatch.setenv("AUDITOR_CA_BUNDLE", "missing.pem")
    code, found = _examined(capsys)
    assert (code, found["settings"]["state"], found["network api"]["state"]) == (2, "failed", "failed")
    assert "AUDITOR_CA_BUNDLE: missing.pem cannot be used" in found["settings"]["found"]
    assert main(["run", "list.txt", "--quiet"]) == code


def test_simulated_runs_are_not_left_out_silently() -> None:
    """Users look for it after a demo."""
    assert doctor.no_run(0).found == "no run is in this reports folder yet"
    assert "1 simulated run (demo, or a simulator), which is left out here" in doctor.no_run(1).found


def test_through_a_proxy(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every look and every question goes through it; its password is nowhere in the output."""
    assert simulator.api_url
    with connect_proxy(password="ada:marked-password") as proxy:
        monkeypatch.setenv("AUDITOR_PROXY", f"http://ada:marked-password@127.0.0.1:{proxy.port}")
        code = main(["doctor"])
        said = capsys.readouterr()
        assert code == 0, said.out
        assert f"http://[secret]@127.0.0.1:{proxy.port} (environment AUDITOR_PROXY) accepts connections" in said.out
        assert len(proxy.targets) >= 4
        proxy.answer = "407 Proxy Authentication Required"
        code, found = _examined(capsys)
    assert (code, found["tls api"]["state"]) == (6, "failed")
    assert "407" in found["tls api"]["found"]
    assert "user name and password" in found["tls api"]["next"]
    assert "marked" not in json.dumps(found) + said.out + said.err


@pytest.mark.parametrize(
    ("proxy", "expected"),
    [("http://127.0.0.1:1", (6, "refused")), ("none", (0, "directly")), ("x://y", (2, "http"))],
)
def test_a_proxy_that_is_not_there(
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    proxy: str,
    expected: tuple[int, str],
) -> None:
    """It is the proxy which is named, not the service behind it."""
    assert simulator.api_url
    code, words = expected
    monkeypatch.setenv("AUDITOR_PROXY", proxy)
    ended, found = _examined(capsys)
    assert ended == code
    assert words in found["settings" if code == 2 else "proxy"]["found"]


def test_all_proxy_of_an_unsupported_kind(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an error only where a service would be reached through it."""
    assert simulator.api_url
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    assert _examined(capsys)[0] == 0
    monkeypatch.setenv("AUDITOR_API_URL", "https://api.partnercenter.example")
    code, found = _examined(capsys)
    assert (code, found["proxy"]["state"]) == (2, "failed")
    assert "SOCKS" in found["proxy"]["found"]


def test_a_dead_service_and_what_does_not_depend_on_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 6; the sign-in and the machine are looked at all the same."""
    assert simulator.api_url
    monkeypatch.setenv("AUDITOR_API_URL", "https://127.0.0.1:1")
    code, found = _examined(capsys)
    assert code == 6
    assert found["network api"]["state"] == "failed"
    assert {found[name]["state"] for name in ("sign-in", "token", "mfa", "reports", "lock")} == {"ok"}
    assert {found[name]["state"] for name in ("tls api", "clock", "call", "stranger")} == {"skipped"}


def test_nobody_is_asked_to_sign_in(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a sign-in that is kept, the check says so instead of waiting for a user; the service itself answers."""
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    monkeypatch.setenv("AUDITOR_CLIENT_ID", simulator.client_id)
    code, found = _examined(capsys)
    assert (code, found["sign-in"]["state"], found["tls sign-in"]["state"]) == (4, "failed", "ok")
    assert "auditor login" in found["sign-in"]["next"]
    assert found["call"]["found"] == "not checked: needs token"


@pytest.fixture
def signed_in(
    served: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Simulator:
    """The same, with a sign-in that is kept here and no access token."""
    home = tmp_path_factory.mktemp("home")
    (home / "refresh-token").write_text(served.mint_refresh_token(), encoding="ascii")
    _use(monkeypatch, served)
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    monkeypatch.setenv("AUDITOR_CLIENT_ID", served.client_id)
    monkeypatch.setenv("AUDITOR_TOKEN_STORE", str(home / "kept"))
    assert main(["login", "--refresh-token-file", str(home / "refresh-token")]) == 0
    return served


def test_a_kept_sign_in(signed_in: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Both services are looked at, the days left are counted, and the user's name is masked."""
    capsys.readouterr()
    code, found = _examined(capsys)
    assert code == 0
    assert {one["state"] for one in found.values()} == {"ok"}
    assert found["days left"]["facts"] == {"days": 90}
    assert found["tls sign-in"]["facts"]["issuer"] == "Simulated, do not trust"
    assert "a…@partner.example" in found["sign-in"]["found"]
    assert signed_in.options.identity.user_name not in json.dumps(found)


def test_a_kept_sign_in_comes_before_an_access_token_and_after_none(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check uses what a run would use, and looks at the sign-in service only where that is asked."""
    capsys.readouterr()
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", signed_in.mint_token(exp=0))
    assert _examined(capsys)[0] == 0
    monkeypatch.setenv("AUDITOR_TOKEN_STORE", "nowhere-yet")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", signed_in.mint_token())
    code, found = _examined(capsys)
    assert (code, found["network sign-in"]["found"]) == (
        0,
        "not asked: the access token comes from elsewhere (AUDITOR_ACCESS_TOKEN)",
    )
    assert "AUDITOR_ACCESS_TOKEN" in found["sign-in"]["found"]


def test_a_revoked_sign_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 4 with the sign-in service's reason; the machine is looked at all the same."""
    options = SimulatorOptions(throttle=FREE, identity=IdentityOptions(access_lifetime=60))
    with serve_in_thread(options) as simulator:
        _use(monkeypatch, simulator)
        (tmp_path / "refresh-token").write_text(simulator.mint_refresh_token(), encoding="ascii")
        monkeypatch.setenv("AUDITOR_CLIENT_ID", simulator.client_id)
        monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
        monkeypatch.setenv("AUDITOR_REFRESH_TOKEN_FILE", str(tmp_path / "refresh-token"))
        simulator.revoke_tokens()
        code, found = _examined(capsys)
    assert (code, found["sign-in"]["state"], found["days left"]["state"]) == (4, "failed", "skipped")
    assert "AADSTS" in found["sign-in"]["found"]
    assert found["disk"]["state"] == "ok"


def test_a_refused_token_is_renewed_as_in_a_run(signed_in: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The access token that was kept is revoked, the sign-in lives: a run goes on, and so the check does."""
    capsys.readouterr()
    signed_in.revoke_tokens(refresh=False)
    code, found = _examined(capsys)
    assert (code, found["call"]["state"]) == (0, "ok")
    assert "so a new one was fetched" in found["call"]["found"]
    assert found["account status"]["state"] == "ok"
    code, found = _examined(capsys)
    assert (code, "a new one" in found["call"]["found"]) == (0, False)


def test_what_a_run_passes_over_is_a_warning(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sign-in that was kept is dead and an access token is set: a run uses that, and says what to mend; so the check does."""
    capsys.readouterr()
    signed_in.revoke_tokens()
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", signed_in.mint_token())
    # first the API refuses the access token that was kept, then there is none any more
    for check in ("call", "sign-in"):
        code, found = _examined(capsys)
        assert (code, found[check]["state"]) == (0, "warning")
        assert "revoked" in found[check]["found"]
        assert "used instead: AUDITOR_ACCESS_TOKEN" in found[check]["found"]
        assert "auditor login" in found[check]["next"]
    assert found["call"]["state"] == "ok"


def test_a_refused_token_that_nothing_replaces(signed_in: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 4 with the sign-in service's reason."""
    capsys.readouterr()
    signed_in.revoke_tokens()
    code, found = _examined(capsys)
    assert (code, found["call"]["state"]) == (4, "failed")
    assert "AADSTS50173" in found["call"]["found"]


def test_a_busy_sign_in_service_is_waited_for(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its 503 says nothing of the tenant, and a run waits; the checks after it are made."""
    assert signed_in.authority
    capsys.readouterr()

    def busy(url: str, *rest: Any) -> ProbeResult:
        seen = probe(url, *rest)
        return replace(seen, response=seen.response._replace(http_status=503)) if "openid" in url else seen

    monkeypatch.setattr(network, "probe", busy)
    code, found = _examined(capsys)
    assert (code, found["tls sign-in"]["state"], found["sign-in"]["state"]) == (0, "warning", "ok")
    assert "HTTP 503" in found["tls sign-in"]["found"]


def test_a_sign_in_service_that_stays_busy(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 6, as a run: no new sign-in is needed."""
    capsys.readouterr()
    monkeypatch.setattr(signing, "LONGEST", 0.3)
    signed_in.revoke_tokens(refresh=False)
    signed_in.identity.fail_always("throttled", retry_after=200)
    try:
        code, found = _examined(capsys)
    finally:
        signed_in.identity.fail_always(None)
    assert (code, found["call"]["state"]) == (6, "failed")
    assert "busy" in found["call"]["found"]


def test_a_slow_sign_in_does_not_cut_the_next_one_short(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first token comes after the limit of a busy service, and counts; for the next one the limit begins anew."""
    capsys.readouterr()
    monkeypatch.setattr(signing, "LONGEST", 0.3)
    redeem, calls = UnattendedSignIn.redeem, list[Any]()

    def slow(*given: Any) -> tuple[str, float]:
        calls.append(given)
        if len(calls) == 1:
            for limit in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
                limit.join()
        return redeem(*given)

    monkeypatch.setattr(UnattendedSignIn, "redeem", slow)
    signed_in.revoke_tokens(refresh=False)
    signed_in.identity.fail_always("throttled", retry_after=200)
    try:
        code, found = _examined(capsys)
    finally:
        signed_in.identity.fail_always(None)
    assert (code, found["sign-in"]["state"], found["call"]["state"]) == (6, "ok", "failed")
    assert "busy" in found["call"]["found"]
    assert "again later" in found["call"]["next"]


def test_a_refusal_that_comes_late_is_no_busy_service(
    signed_in: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4 with the sign-in service's reason, however long it took: waiting would not help."""
    capsys.readouterr()
    monkeypatch.setattr(signing, "LONGEST", 0.0)
    signed_in.revoke_tokens()
    code, found = _examined(capsys)
    assert (code, found["call"]["state"]) == (4, "failed")
    assert "AADSTS50173" in found["call"]["found"]


def test_bad_settings_are_the_first_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2; nothing else is looked at, and everything says why."""
    monkeypatch.setenv("AUDITOR_RATE", "fast")
    code, found = _examined(capsys)
    assert (code, found["settings"]["state"]) == (2, "failed")
    assert {one["found"] for name, one in found.items() if name not in {"program", "settings"}} == {
        "not checked: needs settings"
    }


def test_what_a_stranger_is_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where strangers look like customers without an account status, it says what keeps them apart."""
    same = "no_account_status"
    roster = CustomerListOptions(generated=20, foreign_share=0.0, missing=same)
    with serve_in_thread(SimulatorOptions(answers=ALLOWED, throttle=FREE, customers=roster)) as simulator:
        _use(monkeypatch, simulator)
        _, found = _examined(capsys)
    assert "keep --customer-list auto" in found["stranger"]["found"]
    assert found["stranger"]["facts"]["error_code"] == "600074"


def test_a_staged_mfa_check_is_found_before_it_bites(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API still lets such a token through, but says that it is not compliant: that is a failure already."""
    options = SimulatorOptions(
        answers=ALLOWED,
        throttle=FREE,
        customers=ROSTER,
        gate=GateOptions(mfa_enforced=0.0),
        identity=IdentityOptions(mfa=False),
    )
    with serve_in_thread(options) as simulator:
        _use(monkeypatch, simulator)
        code, found = _examined(capsys)
    assert (code, found["call"]["state"], found["mfa"]["state"]) == (4, "ok", "failed")
    assert found["mfa"]["facts"] == {"claimed": False, "reported": False}


def test_a_throttled_moment_is_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A quota that another program has used up is a warning, not a broken installation."""
    throttled = ThrottleOptions(windows=(Window(1, 1.0),))
    with serve_in_thread(SimulatorOptions(answers=ALLOWED, throttle=throttled, customers=ROSTER)) as simulator:
        _use(monkeypatch, simulator)
        code, found = _examined(capsys)
        assert code == 0
        assert found["stranger"]["state"] == "ok"
        assert any(record.turned_away == "throttle" for record in simulator.log.api)


def test_the_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The lock with its holder, the newest run with its age, and how long the next one takes."""
    options = SimulatorOptions(announces=False, answers=ALLOWED, throttle=FREE, customers=ROSTER)
    with serve_in_thread(options) as simulator:
        _use(monkeypatch, simulator)
        _check_the_machine(simulator, capsys)


def _check_the_machine(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    Path("list.txt").write_text("1f2e3d4c-0000-4000-8000-000000000001\n", encoding="ascii")
    main(["run", "list.txt", "--rate", "0", "--quiet", "--max-undetermined", "1"])
    capsys.readouterr()
    _, found = _examined(capsys)
    assert (found["last run"]["state"], found["last run"]["facts"]["complete"]) == ("ok", True)
    assert found["pace"]["facts"]["minutes"] == 0.0
    run = next(Path("reports").glob("2*"))
    (run / "summary.json").unlink()
    with one_run_at_a_time(Path("reports"), simulator.api_url, simulator.tenant_id):
        code, found = _examined(capsys)
    assert (code, found["lock"]["state"]) == (11, "failed")
    assert f"process {os.getpid()}" in found["lock"]["found"]
    assert (found["last run"]["state"], found["last run"]["next"]) == ("warning", f"auditor resume {run}")
    assert _examined(capsys)[1]["lock"]["state"] == "ok"


def test_reports_that_cannot_be_written(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A file where the folder should be: exit 2, as `run` would end."""
    assert simulator.api_url
    Path("file").write_text("", encoding="ascii")
    code, found = _examined(capsys, "--reports", "file/reports")
    assert (code, found["reports"]["state"]) == (2, "failed")


def test_the_stores_that_runs_are_published_to(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where a run would refuse to begin, exit 2; nothing stays in the store."""
    assert simulator.api_url
    store = tmp_path / "store"
    monkeypatch.setenv("AUDITOR_PUBLISH", store.as_uri())
    code, found = _examined(capsys)
    assert (code, found["publish"]["state"]) == (2, "failed")
    assert found["publish"]["found"] == f"{store.as_uri()}: there is no such folder"
    store.mkdir()
    code, found = _examined(capsys)
    assert (code, found["publish"]["state"]) == (0, "ok")
    assert list(store.iterdir()) == []


def test_a_process_of_its_own_tells_nothing_secret(simulator: Simulator) -> None:
    """At `-vv`, on both streams: no token, no customer, no user's name; `-q` prints only what needs action."""
    done = run_program("doctor", "-vv")
    assert done.returncode == 0, done.stdout
    said = done.stdout + done.stderr
    assert os.environ["AUDITOR_ACCESS_TOKEN"] not in said
    assert os.environ["AUDITOR_ACCESS_TOKEN"].split(".")[1] not in said
    asked = {record.customer_id for record in simulator.log.api if record.customer_id and record.status == 200}
    assert asked
    assert not any(customer in done.stdout for customer in asked)
    assert simulator.options.identity.user_name not in said
    assert "\x1b" not in done.stdout
    assert "The service is the simulator" in done.stdout
    quiet = run_program("doctor", "-q")
    assert not any(line.startswith("ok ") for line in quiet.stdout.splitlines())
