"""Signing in as a user does it: commands, real MSAL, real TLS, real files; the sign-in service is the simulator's."""

import io
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msal
import pytest

from auditor.cli import main
from auditor.core.sign_in.token_claims import TokenKind, read_claims
from auditor.errors import SignInError
from auditor.runs.credentials import check_token, registration
from auditor.settings import Settings
from auditor.simulator import GateOptions, Simulator
from auditor.simulator.tokens import encode
from program_support import Program
from sign_in_support import grants, sign_in_service, use

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 6)]
RUN = [
    "run",
    "list.txt",
    "--rate",
    "0",
    "--quiet",
    "--customer-list",
    "never",
    "--max-undetermined",
    "99",
    "--format",
    "csv",
]


@pytest.fixture(autouse=True)
def _list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("\n".join(IDS), encoding="utf-8")


def app_only_token(simulator: Simulator) -> str:
    """What the client credentials grant gives, through the real MSAL."""
    app = msal.ConfidentialClientApplication(
        simulator.client_id,
        client_credential=simulator.client_secret,
        authority=simulator.authority,
        instance_discovery=False,
        verify=str(simulator.ca_file),
    )
    result = app.acquire_token_for_client(["https://api.partnercenter.microsoft.com/.default"])
    return str(result["access_token"])


def asked(simulator: Simulator) -> int:
    """How many requests the API got."""
    return len(simulator.log.api)


def test_sign_in_once_run_whoami_logout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever REQUESTS_CA_BUNDLE says: one sign-in serves every run after it, until it is forgotten."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    with sign_in_service() as simulator:
        use(monkeypatch, simulator)
        assert main(RUN) == 4
        assert "auditor login" in capsys.readouterr().err
        assert main(["login", "--device-code"]) == 0
        streams = capsys.readouterr()
        assert "enter the code" in streams.err
        assert "auditor@partner.example" in streams.out
        assert simulator.tenant_id in streams.out
        for _ in range(2):
            assert main(RUN) == 0
        capsys.readouterr()
        assert main(["whoami", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        # both polls of the device code, and nothing after them
        assert [grant for grant, _, _ in grants(simulator)] == ["device_code"] * 2
        assert main(["logout"]) == 0
        assert "Forgotten" in capsys.readouterr().out
        assert main(["logout", "--json"]) == 0
        facts_left = json.loads(capsys.readouterr().out)
        assert facts_left == {"signed_out": False, "kept_in": None, "still_signs_in": []}
        assert main(["whoami"]) == 4
        assert main(RUN) == 4
    assert (facts["user"], facts["mfa"], facts["token_kind"]) == ("auditor@partner.example", True, "app_user")
    assert (facts["days_left"], facts["problem"], facts["tenant"]) == (90, None, simulator.tenant_id)


@pytest.mark.parametrize("way", ["file", "stdin"])
@pytest.mark.parametrize("confidential", [True, False])
def test_login_with_a_refresh_token(monkeypatch: pytest.MonkeyPatch, way: str, *, confidential: bool) -> None:
    """The secure application model: consent once elsewhere, hand the refresh token over, run from then on."""
    with sign_in_service(revoke_rotated=True) as simulator:
        token = simulator.sign_ins.give_refresh_token(confidential=confidential)
        Path("token").write_text(f"{token}\n", encoding="utf-8")
        Path("secret").write_text(simulator.client_secret, encoding="utf-8")
        use(monkeypatch, simulator, **({"CLIENT_SECRET_FILE": "secret"} if confidential else {}))
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
        assert main(["login", "--refresh-token-file", "token" if way == "file" else "-"]) == 0
        Path("token").unlink()
        assert main(RUN) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/stdin")
@pytest.mark.parametrize("name", ["/dev/stdin", "-", "pipe"])
def test_login_with_a_refresh_token_from_a_pipe(name: str) -> None:
    """It can be read only once, and it is; where its successor goes is said once."""
    with sign_in_service(revoke_rotated=True) as simulator, pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, simulator)
        if name == "pipe":
            os.mkfifo(name)
        with Program("login", "--refresh-token-file", name) as process:
            token = simulator.mint_refresh_token()
            if name == "pipe":
                Path(name).write_text(token, encoding="ascii")
            _, talk = process.communicate(token if name != "pipe" else None, timeout=60)
        assert process.returncode == 0, talk
        assert talk.count("is not rewritten: the successor of its refresh token is kept in") == 1
        assert main(RUN) == 0


@pytest.mark.parametrize(
    ("content", "code", "words"), [(None, 2, "No such file"), (b"\xff\xfe\x00", 2, "no text"), (b"", 4, "is empty")]
)
def test_login_with_a_file_that_holds_no_refresh_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes | None, code: int, words: str
) -> None:
    """The reason is said before anything is sent."""
    monkeypatch.setenv("AUDITOR_CLIENT_ID", "an-app")
    monkeypatch.setenv("AUDITOR_AUTHORITY", "https://127.0.0.1:1/a-tenant")
    if content is not None:
        Path("token").write_bytes(content)
    assert main(["login", "--refresh-token-file", "token"]) == code
    assert words in capsys.readouterr().err


def test_logout_says_what_still_signs_in(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever signs out means it, and the environment would go on."""
    monkeypatch.setenv("AUDITOR_CLIENT_ID", "an-app")
    Path("token").write_text("marked-token", encoding="ascii")
    monkeypatch.setenv("AUDITOR_REFRESH_TOKEN_FILE", "token")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "marked-token")
    assert main(["logout"]) == 0
    said = capsys.readouterr().out
    assert "Runs still sign in, with AUDITOR_REFRESH_TOKEN_FILE (token) and AUDITOR_ACCESS_TOKEN: unset" in said
    assert "marked" not in said


def test_a_refresh_token_that_is_set_beside_a_kept_sign_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said while the kept sign-in goes back to it, or was made beside it; another one in its place goes first."""
    with sign_in_service() as simulator:

        def source(token: str) -> tuple[str, str]:
            use(monkeypatch, simulator, REFRESH_TOKEN=token)
            capsys.readouterr()
            assert main(["whoami", "--json"]) == 0
            streams = capsys.readouterr()
            return json.loads(streams.out)["source"], streams.err

        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        first, second = simulator.mint_refresh_token(), simulator.mint_refresh_token()
        where, said = source(first)
        assert "kept in" in where
        assert "AUDITOR_REFRESH_TOKEN is set, but not used" in said
        assert main(["login", "--device-code"]) == 0
        where, said = source(first)
        assert ("kept in" in where, said) == (True, "")
        where, said = source(second)
        assert (where, said) == ("AUDITOR_REFRESH_TOKEN", "")
        where, said = source(second)
        assert ("kept in" in where, said) == (True, "")


def test_two_ways_at_once_are_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with what to change."""
    assert main(["login", "--device-code", "--refresh-token-file", "x"]) == 2
    assert "use one" in capsys.readouterr().err


def test_without_an_app_registration(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the sign-in says what is missing."""
    for command in ("login", "whoami", "logout"):
        assert main([command]) == 4
        assert "AUDITOR_CLIENT_ID" in capsys.readouterr().err


def test_a_refresh_token_without_an_app_registration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It belongs to one."""
    monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", "marked-token")
    assert main(RUN) == 4
    said = capsys.readouterr().err
    assert "AUDITOR_CLIENT_ID" in said
    assert "marked" not in said


def test_the_order_of_the_sources(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Kept sign-in, refresh token, access token; whoever sets one that is not used is told."""
    with sign_in_service() as simulator:
        theirs = simulator.mint_token(upn="theirs@partner.example")
        use(monkeypatch, simulator, ACCESS_TOKEN=theirs)
        sources: list[tuple[str, str]] = []

        def note() -> None:
            assert main(["whoami", "--json"]) == 0
            streams = capsys.readouterr()
            sources.append((json.loads(streams.out)["source"], streams.err))

        note()
        monkeypatch.setenv("AUDITOR_REFRESH_TOKEN", simulator.mint_refresh_token())
        note()
        note()
    assert sources[0] == ("AUDITOR_ACCESS_TOKEN", "")
    assert sources[1][0] == "AUDITOR_REFRESH_TOKEN"
    assert "as long as AUDITOR_REFRESH_TOKEN works" in sources[1][1]
    assert "kept in" in sources[2][0]
    assert "AUDITOR_ACCESS_TOKEN is set, but not used" in sources[2][1]


def test_a_store_that_must_not_be_used_is_no_sign_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others may read it: refused with the command that mends it; a token given by the operator goes on, and says so."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator, TOKEN_STORE="store")
        assert main(["login", "--device-code"]) == 0
        (file,) = Path("store").glob("*.json")
        file.chmod(0o644)
        capsys.readouterr()
        assert main(RUN) == 4
        assert f"chmod 600 {file}" in capsys.readouterr().err
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
        assert main(["whoami"]) == 0
        assert "0644" in capsys.readouterr().err


def test_an_encrypted_store(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With the key a run goes on; without it the run says what it needs, and no token is on the disk."""
    with sign_in_service() as simulator:
        Path("key").write_text("A" * 43 + "=\n", encoding="utf-8")
        use(monkeypatch, simulator, TOKEN_STORE="store", TOKEN_STORE_KEY_FILE="key")
        assert main(["login", "--device-code"]) == 0
        assert main(RUN) == 0
        (file,) = Path("store").glob("*.json")
        assert b"simulated" not in file.read_bytes()
        monkeypatch.delenv("AUDITOR_TOKEN_STORE_KEY_FILE")
        capsys.readouterr()
        assert main(RUN) == 4
        assert "AUDITOR_TOKEN_STORE_KEY_FILE" in capsys.readouterr().err


def test_a_login_that_cannot_be_kept_is_no_login(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2: the setting is wrong."""
    Path("file").write_text("", encoding="utf-8")
    with sign_in_service() as simulator:
        use(monkeypatch, simulator, TOKEN_STORE="file")
        assert main(["login", "--device-code"]) == 2
    assert "AUDITOR_TOKEN_STORE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "https://graph.windows.net"}, "is for https://graph.windows.net"),
        ({"exp": 1_700_000_000}, "expired at 2023-11-14"),
    ],
)
def test_useless_tokens_are_named_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], claims: dict[str, Any], words: str
) -> None:
    """Exit 4, and the API has not been asked."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator, ACCESS_TOKEN=simulator.mint_token(**claims))
        assert main(RUN) == 4
        assert words in capsys.readouterr().err
        assert main(["whoami"]) == 4
        assert asked(simulator) == 0


def test_an_application_only_token_is_refused_here_and_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real one, from the client credentials grant: named from its claims; the API says the same of an opaque one."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with sign_in_service() as simulator:
        token = app_only_token(simulator)
        use(monkeypatch, simulator, ACCESS_TOKEN=token)
        assert main(RUN) == 4
        assert "app-only" in capsys.readouterr().err
        assert asked(simulator) == 0
        opaque = simulator.mint_token(app_only=True, idtyp=None, roles=None)
        claims = read_claims(opaque)
        assert claims is not None
        assert claims.kind is TokenKind.UNKNOWN
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", opaque)
        assert main([*RUN[:-2], "-v"]) == 4
    said = capsys.readouterr().err
    assert "900329" in said
    assert "auditor login" in said


@pytest.mark.parametrize(
    ("claims", "code", "cure"),
    [
        ({"agent_role": ""}, "900150", "Admin agent or Sales agent"),
        ({"amr": ["pwd"]}, "900421", "auditor login"),
    ],
)
def test_what_only_the_api_knows_ends_the_run_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], claims: dict[str, Any], code: str, cure: str
) -> None:
    """Exit 4, what happened and what to do."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator, ACCESS_TOKEN=simulator.mint_token(**claims))
        assert main([one for one in RUN if one != "--quiet"]) == 4
    streams = capsys.readouterr()
    assert code in streams.out + streams.err
    assert cure in streams.out + streams.err


def test_a_sign_in_without_mfa_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the login from the claims, in a run from the API's own words as well; while it is let through, the run is done."""
    with sign_in_service(GateOptions(mfa_enforced=0.0), mfa=False) as simulator:
        use(monkeypatch, simulator)
        assert main(["login", "--device-code"]) == 0
        assert "NO" in capsys.readouterr().out
        assert main(RUN) == 0
    said = capsys.readouterr().err
    assert said.count("does not say that its user passed multi-factor") == 1
    assert said.count("not MFA-compliant") == 1


def test_the_services_words_never_show_a_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service quotes the refused refresh token; the output does not."""
    with sign_in_service(quotes_tokens=True) as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN="marked-" + "refresh-token" * 6)
        assert main(["whoami", "-vv"]) == 4
    streams = capsys.readouterr()
    assert "AADSTS9002313" in streams.err
    assert "marked" not in streams.out + streams.err


needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to one process")


@needs_signals
@pytest.mark.parametrize("way", [["--device-code"], ["--no-browser"]])
def test_ctrl_c_while_nobody_signs_in(monkeypatch: pytest.MonkeyPatch, way: list[str]) -> None:
    """The process ends at once, says so, and leaves nothing behind."""
    with sign_in_service(approve_device=False) as simulator:
        use(monkeypatch, simulator)
        with Program("login", *way) as process:
            while "https://" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=20)
    assert process.returncode == 130, talk
    assert "nothing has changed" in talk
    assert "Traceback" not in talk


@needs_signals
def test_ctrl_c_while_the_sign_in_service_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that waits for its first token ends at once, and says how to go on."""
    with sign_in_service() as simulator:
        use(monkeypatch, simulator, REFRESH_TOKEN=simulator.mint_refresh_token())
        simulator.identity.fail_always("throttled", retry_after=250)
        with Program("run", "list.txt", "-v") as process:
            while "again in 250 s" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=20)
    assert process.returncode == 130, talk
    assert "auditor resume" in talk
    assert "Traceback" not in talk
    assert "never retrieved" not in talk


@pytest.mark.parametrize(
    ("cloud", "api", "authority"),
    [
        ("public", "https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"),
        ("us-gov", "https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"),
        (
            "china",
            "https://partner.partnercenterapi.microsoftonline.cn",
            "https://login.partner.microsoftonline.cn",
        ),
    ],
)
def test_each_cloud_has_its_own_scope_and_sign_in_service(cloud: str, api: str, authority: str) -> None:
    """A token for one cloud's API is none for another's; any other authority may be named."""
    settings = Settings(cloud=cloud, client_id="an-app", tenant_id="a-tenant")
    sign_in = registration(settings)
    assert (sign_in.scope, sign_in.authority) == (f"{api}/user_impersonation", f"{authority}/a-tenant")
    check_token(encode({"aud": api, "scp": "user_impersonation"}), settings, print)
    with pytest.raises(SignInError, match="not for Partner Center"):
        check_token(encode({"aud": f"{api}.example", "scp": "user_impersonation"}), settings, print)
    named = replace(settings, authority="https://login.example/another")
    assert registration(named).authority == "https://login.example/another"
