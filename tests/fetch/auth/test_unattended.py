"""`UnattendedSignIn` through the real MSAL and TLS: which source a token comes from, and where its successor is stored."""

import base64
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msal
import pytest

from auditor.core.sign_in.token_claims import read_claims
from auditor.errors import SignInError, StoppedEarlyError
from auditor.fetch.auth.refresh_token import ConfiguredRefreshToken
from auditor.fetch.auth.registration import SignIn
from auditor.fetch.auth.sign_in_store import decode_sign_in
from auditor.fetch.auth.unattended import TokenSources, UnattendedSignIn
from auditor.fetch.token_store import FileTokenStore, TokenStore, open_store
from auditor.fetch.tokens import TokenRequest
from auditor.settings import Secret
from auditor.simulator import Simulator
from sign_in_support import confidential, grants, keep, no_wait, refresh_tokens, registration, sign_in_service, store_in


def make_refresh_token(
    simulator: Simulator, file: Path | None = None, lifetime: float = 86400.0
) -> ConfiguredRefreshToken:
    """A refresh token of the operator, in a file if one is given."""
    text = simulator.mint_refresh_token(lifetime)
    if file is None:
        return ConfiguredRefreshToken(Secret(text))
    file.write_text(f"{text}\n", encoding="utf-8")
    return ConfiguredRefreshToken(Secret(text, str(file)))


class Talk(list[str]):
    """What the user was told."""

    def __call__(self, sentence: str) -> None:
        """Record a sentence."""
        self.append(sentence)


def store_sign_in(simulator: Simulator, folder: Path) -> tuple[SignIn, TokenStore]:
    """A store with a sign-in, as `auditor login` leaves it."""
    sign_in = registration(simulator)
    store = store_in(folder, sign_in)
    UnattendedSignIn(sign_in, TokenSources(store, make_refresh_token(simulator)), Talk()).redeem(TokenRequest())
    keep(store, sign_in, lambda _cache: None)
    return sign_in, store


def make_older(store: TokenStore, sign_in: SignIn, days: float) -> None:
    """Make the stored sign-in older, and remove its access token."""

    def change(cache: dict[str, Any]) -> None:
        cache["AccessToken"] = {}
        for token in cache["RefreshToken"].values():
            token["last_modification_time"] = str(int(time.time() - days * 86_400))

    keep(store, sign_in, change)


def test_the_stored_sign_in_is_used_first(tmp_path: Path) -> None:
    """While its token is valid, no request is sent, and the configured tokens are not used."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        before = grants(simulator)
        sources = TokenSources(store, make_refresh_token(simulator), Secret("theirs"))
        found = UnattendedSignIn(sign_in, sources, Talk())
        token, seconds = found.redeem(TokenRequest())
        assert grants(simulator) == before
    claims = read_claims(token)
    assert claims is not None
    assert claims.user_name == "auditor@partner.example"
    assert 4000 < seconds <= 4500
    assert "kept in" in found.source
    assert found.days_left == 90


def test_a_renewal_is_stored_before_its_token_is_used(tmp_path: Path) -> None:
    """The store holds the successor when `redeem` returns, so that another process can use it."""
    with sign_in_service(revoke_rotated=True) as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        for _ in range(3):
            (before,) = refresh_tokens(store)
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest(force=True))
            (after,) = refresh_tokens(store)
            assert after != before


def test_a_renewal_extends_the_sign_in(tmp_path: Path) -> None:
    """After eighty idle days the renewal starts ninety new ones, so there is no warning."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        make_older(store, sign_in, 80)
        talk = Talk()
        found = UnattendedSignIn(sign_in, TokenSources(store), talk)
        found.redeem(TokenRequest())
    assert (found.days_left, talk) == (90, [])


def test_a_file_is_rewritten_with_the_successor(tmp_path: Path) -> None:
    """The file is replaced atomically and keeps its mode; no other file remains, and the next renewal uses it."""
    file = tmp_path / "refresh-token"
    with sign_in_service(revoke_rotated=True) as simulator:
        source = make_refresh_token(simulator, file)
        file.chmod(0o640)
        first = file.read_text(encoding="utf-8")
        sign_in = registration(simulator)
        store = store_in(tmp_path / "store", sign_in)
        found = UnattendedSignIn(sign_in, TokenSources(store, source), talk := Talk())
        found.redeem(TokenRequest())
        second = file.read_text(encoding="utf-8")
        found.redeem(TokenRequest(force=True))
        third = file.read_text(encoding="utf-8")
        assert [grant for grant, _, _ in grants(simulator)] == ["refresh_token"] * 2
    assert len({first, second, third}) == 3
    assert (talk, found.days_left, store.load()) == ([], 90, None)
    assert "AUDITOR_REFRESH_TOKEN_FILE" in found.source
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """A vault's agent may have made it; its target is replaced."""
    real, link = tmp_path / "real", tmp_path / "link"
    with sign_in_service() as simulator:
        make_refresh_token(simulator, real)
        link.symlink_to(real)
        before = real.read_text(encoding="utf-8")
        source = ConfiguredRefreshToken(Secret("", str(link)))
        UnattendedSignIn(registration(simulator), TokenSources(None, source), Talk()).redeem(TokenRequest())
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") != before


def test_a_token_from_the_environment_leaves_its_successor_in_the_store(tmp_path: Path) -> None:
    """The next run uses the successor, not the old token in the environment."""
    with sign_in_service(revoke_rotated=True) as simulator:
        sign_in = registration(simulator)
        store, source = store_in(tmp_path, sign_in), make_refresh_token(simulator)
        for _ in range(3):
            UnattendedSignIn(sign_in, TokenSources(store, source), Talk()).redeem(TokenRequest(force=True))


def test_a_file_that_cannot_be_rewritten_leaves_it_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user is told once."""
    file = tmp_path / "refresh-token"
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        store, source = store_in(tmp_path / "store", sign_in), make_refresh_token(simulator, file)
        before = file.read_text(encoding="utf-8")
        with monkeypatch.context() as patched:
            patched.setattr(ConfiguredRefreshToken, "replace", lambda *_: False)
            found = UnattendedSignIn(sign_in, TokenSources(store, source), talk := Talk())
            found.redeem(TokenRequest())
        assert len(refresh_tokens(store)) == 1
        found.redeem(TokenRequest(force=True))
        assert "kept in" in found.source
    assert file.read_text(encoding="utf-8") == before
    assert len(talk) == 1
    assert "cannot be rewritten" in talk[0]


def test_without_a_store_the_successor_is_kept_in_memory(tmp_path: Path) -> None:
    """The user is told; the run continues, even if the service revokes the old token."""
    (tmp_path / "no-folder").write_text("", encoding="utf-8")
    for folder in (None, tmp_path / "no-folder" / "store"):
        with sign_in_service(revoke_rotated=True) as simulator:
            sign_in = registration(simulator)
            store = store_in(folder, sign_in) if folder else None
            found = UnattendedSignIn(sign_in, TokenSources(store, make_refresh_token(simulator)), talk := Talk())
            for _ in range(3):
                found.redeem(TokenRequest(force=True))
            assert len(grants(simulator)) == 3
        assert talk
        assert "memory" in found.source


def test_a_refresh_token_that_expires_soon_is_announced(tmp_path: Path) -> None:
    """A read-only file is eighty days old, and there is no store: ten days are left."""
    file = tmp_path / "refresh-token"
    with sign_in_service() as simulator:
        source = make_refresh_token(simulator, file)
        old = (datetime.now(UTC) - timedelta(days=80)).timestamp()
        os.utime(file, (old, old))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ConfiguredRefreshToken, "replace", lambda *_: False)
            found = UnattendedSignIn(registration(simulator), TokenSources(None, source), talk := Talk())
            found.redeem(TokenRequest())
    assert found.days_left == 10
    assert any("ends within 10 days" in sentence for sentence in talk)


def test_an_expired_sign_in_is_followed_by_the_next_source(tmp_path: Path) -> None:
    """The refresh token is next, then the access token; without either the reason is reported."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        make_older(store, sign_in, 1)
        simulator.revoke_tokens()
        with pytest.raises(SignInError, match="revoked"):
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest())
        theirs = TokenSources(store, None, Secret("theirs"))
        assert UnattendedSignIn(sign_in, theirs, Talk()).redeem(TokenRequest())[0] == "theirs"
        UnattendedSignIn(sign_in, TokenSources(store, make_refresh_token(simulator)), Talk()).redeem(TokenRequest())
        UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest(force=True))


def test_an_expired_sign_in_is_reported_once(tmp_path: Path) -> None:
    """One sentence says what expired and why, what is used now, and what to do; the next renewal does not repeat it."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        make_older(store, sign_in, 1)
        simulator.revoke_tokens()
        found = UnattendedSignIn(sign_in, TokenSources(store, None, Secret("theirs")), talk := Talk())
        for _ in range(2):
            assert found.redeem(TokenRequest())[0] == "theirs"
    (said,) = talk
    assert f"the sign-in kept in {store.where} cannot be used" in said
    assert "revoked" in said
    assert "used instead: AUDITOR_ACCESS_TOKEN" in said
    assert "auditor login" in said
    assert "auditor logout" in said


def test_an_unusable_store_is_reported_once(tmp_path: Path) -> None:
    """The sentence has the command that repairs it, and the source that is used instead."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        (file,) = tmp_path.glob("sign-in-*.json")
        file.chmod(0o644)
        UnattendedSignIn(
            sign_in, TokenSources(store, make_refresh_token(simulator, tmp_path / "rt")), talk := Talk()
        ).redeem(TokenRequest())
    (said,) = talk
    assert said.count(str(file)) == 2
    assert f"chmod 600 {file}" in said


def test_a_new_refresh_token_is_used_before_the_stored_sign_in(tmp_path: Path) -> None:
    """It is used at once, even one of another user; afterwards its successors are used."""
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        store, first, second = store_in(tmp_path, sign_in), make_refresh_token(simulator), make_refresh_token(simulator)
        for source, redeemed in ((first, 1), (first, 1), (second, 2), (second, 2)):
            UnattendedSignIn(sign_in, TokenSources(store, source), talk := Talk()).redeem(TokenRequest())
            assert (len(grants(simulator)), talk) == (redeemed, [])
        UnattendedSignIn(sign_in, TokenSources(store, second), talk).redeem(TokenRequest(force=True))
        kept = decode_sign_in(store.load(), sign_in)
    assert kept is not None
    assert kept.source == second.fingerprint
    assert second.read() not in (store.load() or "")


def test_an_invalid_new_refresh_token_is_followed_by_the_stored_sign_in(tmp_path: Path) -> None:
    """The user is told; the stored sign-in does not change."""
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        store, first = store_in(tmp_path, sign_in), make_refresh_token(simulator)
        UnattendedSignIn(sign_in, TokenSources(store, first), Talk()).redeem(TokenRequest())
        before = store.load()
        wrong = ConfiguredRefreshToken(Secret("no-refresh-token-at-all"))
        found = UnattendedSignIn(sign_in, TokenSources(store, wrong), talk := Talk())
        found.redeem(TokenRequest())
        assert "kept in" in found.source
    assert store.load() == before
    (said,) = talk
    assert "AUDITOR_REFRESH_TOKEN cannot be used" in said
    assert "used instead: the sign-in of auditor@partner.example" in said
    assert "or put another refresh token there" in said


def test_a_new_refresh_token_in_a_file_stays_first(tmp_path: Path) -> None:
    """The file receives its successors; the stored sign-in is no longer used."""
    file = tmp_path / "rt"
    with sign_in_service(revoke_rotated=True) as simulator:
        sign_in = registration(simulator)
        store = store_in(tmp_path / "store", sign_in)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ConfiguredRefreshToken, "replace", lambda *_: False)
            UnattendedSignIn(sign_in, TokenSources(store, make_refresh_token(simulator, file)), Talk()).redeem(
                TokenRequest()
            )
        before, source = store.load(), make_refresh_token(simulator, file)
        for _ in range(3):
            found = UnattendedSignIn(sign_in, TokenSources(store, source), talk := Talk())
            found.redeem(TokenRequest())
            assert (found.source, talk) == (source.where, [])
    assert store.load() == before


def test_a_new_key_is_used_at_the_next_use(tmp_path: Path) -> None:
    """The store is re-encrypted at once, not at the next renewal, so that the old key can be removed."""
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    with sign_in_service() as simulator:
        sign_in, plain = store_sign_in(simulator, tmp_path)
        stores = [
            open_store(*_whose(sign_in), folder=str(tmp_path), keys=Secret(keys)) for keys in (old, f"{new} {old}", new)
        ]
        before = len(grants(simulator))
        for store in stores:
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest())
        assert len(grants(simulator)) == before
        assert stores[0] is not None
        with pytest.raises(SignInError, match="another key"):
            stores[0].load()
        with pytest.raises(SignInError, match="is encrypted"):
            plain.load()


def test_a_failed_key_change_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old key is still needed; the run continues."""
    with sign_in_service() as simulator:
        sign_in, _ = store_sign_in(simulator, tmp_path)
        store = open_store(*_whose(sign_in), folder=str(tmp_path), keys=Secret("A" * 43 + "="))
        monkeypatch.setattr(FileTokenStore, "save", _full)
        UnattendedSignIn(sign_in, TokenSources(store), talk := Talk()).redeem(TokenRequest())
    (said,) = talk
    assert "leave the old one" in said


def _whose(sign_in: SignIn) -> tuple[str, str]:
    return sign_in.authority, sign_in.client_id


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """Its token is used, its successor goes to the store, and the user is told once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        store, source = (
            store_in(tmp_path, sign_in),
            ConfiguredRefreshToken(Secret(simulator.mint_refresh_token(), str(pipe))),
        )
        found = UnattendedSignIn(sign_in, TokenSources(store, source), talk := Talk())
        for _ in range(2):
            found.redeem(TokenRequest(force=True))
        assert len(refresh_tokens(store)) == 1
    (said,) = talk
    assert f"({pipe}) cannot be rewritten" in said


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("mfa_required", "AADSTS50076"), ("expired", "AADSTS700082"), ("no_consent", "AADSTS65001")],
)
def test_refusals_are_reported_by_number(tmp_path: Path, trouble: str, words: str) -> None:
    """The message has the AADSTS number and what to do."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        simulator.identity.fail_always(trouble)
        with pytest.raises(SignInError, match=words) as refused:
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest(force=True))
    assert refused.value.hint


def test_an_expired_refresh_token(tmp_path: Path) -> None:
    """It was idle for ninety days."""
    with sign_in_service() as simulator:
        source = make_refresh_token(simulator, tmp_path / "rt", lifetime=-1)
        with pytest.raises(SignInError, match="90 days"):
            UnattendedSignIn(registration(simulator), TokenSources(None, source), Talk()).redeem(TokenRequest())


def test_a_confidential_client_with_a_secret(tmp_path: Path) -> None:
    """Secure application model: the refresh token is refused without the secret."""
    with sign_in_service() as simulator:
        text = simulator.sign_ins.give_refresh_token(confidential=True)
        source = ConfiguredRefreshToken(Secret(text))
        with pytest.raises(SignInError, match="confidential client"):
            UnattendedSignIn(registration(simulator), TokenSources(None, source), Talk()).redeem(TokenRequest())
        sign_in = registration(simulator, credential=confidential(simulator))
        store = store_in(tmp_path, sign_in)
        for _ in range(2):
            UnattendedSignIn(sign_in, TokenSources(store, source), Talk()).redeem(TokenRequest(force=True))
        simulator.identity.fail_always("invalid_client")
        with pytest.raises(SignInError, match="client secret is wrong"):
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest(force=True))


def test_a_claims_challenge_reaches_the_service(tmp_path: Path) -> None:
    """With the stored sign-in and with a refresh token's file, the new token has the claims of the challenge."""
    wanted = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        file = make_refresh_token(simulator, tmp_path / "rt")
        for sources in (TokenSources(store), TokenSources(None, file)):
            token, _ = UnattendedSignIn(sign_in, sources, Talk()).redeem(TokenRequest(force=True, claims=wanted))
            payload = token.split(".")[1]
            assert '"acrs":["c1"]' in _decode(payload)


def _decode(payload: str) -> str:
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


@pytest.mark.parametrize("trouble", ["throttled", "unavailable", "unavailable_html"])
def test_throttling_by_the_sign_in_service_is_honoured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """The renewal waits for Retry-After and then succeeds."""
    waited: list[float] = []
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        found = UnattendedSignIn(sign_in, TokenSources(store), Talk())

        def wait(seconds: float) -> bool:
            waited.append(seconds)
            return False

        monkeypatch.setattr(found._cancelled, "wait", wait)
        simulator.identity.fail_next(trouble, times=2, retry_after=13)
        before = len(grants(simulator))
        found.redeem(TokenRequest(force=True))
        assert [status for _, status, _ in grants(simulator)[before:]][-1] == 200
        assert len(grants(simulator)) == before + 3
    assert waited == [13.0, 13.0]


def test_a_run_that_is_stopped_does_not_wait_for_a_busy_service(tmp_path: Path) -> None:
    """`cancel` ends the wait at once."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        simulator.identity.fail_always("throttled", retry_after=200)
        found = UnattendedSignIn(sign_in, TokenSources(store), Talk())
        before = time.monotonic()
        threading.Timer(0.05, found.cancel).start()
        with pytest.raises(SignInError, match="the run is stopping"):
            found.redeem(TokenRequest(force=True))
    assert time.monotonic() - before < 30


def test_an_unreachable_service_is_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run can be resumed later, without a new sign-in."""
    with sign_in_service() as simulator:
        store_sign_in(simulator, tmp_path)
        sign_in = registration(simulator, ca_bundle=None)
    found = UnattendedSignIn(sign_in, TokenSources(store_in(tmp_path, sign_in)), Talk())
    monkeypatch.setattr(found._cancelled, "wait", no_wait)
    with pytest.raises(StoppedEarlyError, match="cannot be reached"):
        found.redeem(TokenRequest(force=True))


def test_two_processes_renew_one_after_the_other(tmp_path: Path) -> None:
    """If a service revokes used refresh tokens, two renewals at once would end the sign-in: the lock prevents it."""
    with sign_in_service(revoke_rotated=True) as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        failures: list[Exception] = []

        def renew() -> None:
            try:
                own = UnattendedSignIn(sign_in, TokenSources(store_in(tmp_path, sign_in)), Talk())
                for _ in range(5):
                    own.redeem(TokenRequest(force=True))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                failures.append(error)

        threads = [threading.Thread(target=renew) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert len(grants(simulator)) == 21
        assert len(refresh_tokens(store)) == 1


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"version": 2}', '{"version": 1, "cache": []}', "\ufffd"])
def test_a_damaged_store_counts_as_not_signed_in(tmp_path: Path, text: str) -> None:
    """The message says how to sign in."""
    with sign_in_service() as simulator:
        sign_in = registration(simulator)
        store = store_in(tmp_path, sign_in)
        store.save(text)
        with pytest.raises(SignInError, match="nobody is signed in"):
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest())


@pytest.mark.parametrize("text", ["", " \n", "two words", "line\nline", "é" * 40])
def test_a_file_without_a_token_is_named(tmp_path: Path, text: str) -> None:
    """Its content is neither sent nor shown."""
    file = tmp_path / "rt"
    file.write_text(text, encoding="utf-8")
    with sign_in_service() as simulator:
        source = ConfiguredRefreshToken(Secret(text, str(file)))
        with pytest.raises(SignInError, match="is empty, or holds what no refresh token has"):
            UnattendedSignIn(registration(simulator), TokenSources(None, source), Talk()).redeem(TokenRequest())
        assert grants(simulator) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message has its path and the reason."""
    source = ConfiguredRefreshToken(Secret("", str(tmp_path / "none")))
    assert (source.issued_at, source.is_writable, source.replace("x")) == (None, False, False)
    with pytest.raises(SignInError, match="No such file"):
        source.read()


def test_the_repr_of_a_stored_sign_in_has_no_token(tmp_path: Path) -> None:
    """Only the cache holds tokens."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
    kept = decode_sign_in(store.load(), sign_in)
    (token,) = refresh_tokens(store)
    assert token not in repr(kept)
    document = json.loads(store.load() or "{}")
    assert set(document) == {"version", "authority", "client_id", "source", "cache"}


def damage(store: TokenStore, sign_in: SignIn, kind: str, **changes: Any) -> None:
    """Change every entry of a kind in a store."""

    def change(cache: dict[str, Any]) -> None:
        for entry in cache[kind].values():
            entry.update(changes)

    keep(store, sign_in, change)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("Account", {"environment": 5}),
        ("Account", {"environment": "elsewhere.example"}),
        ("Account", {"home_account_id": None}),
        ("Account", {"username": [1]}),
        ("RefreshToken", {"secret": None}),
        ("RefreshToken", {"secret": "a\nb"}),
        ("RefreshToken", {"last_modification_time": "x"}),
        ("AccessToken", {"secret": "a\nb"}),
        ("AccessToken", {"expires_on": "x"}),
        ("AppMetadata", {"environment": None}),
    ],
)
def test_a_damaged_sign_in_is_found_before_msal_reads_it(tmp_path: Path, kind: str, changes: dict[str, Any]) -> None:
    """No request is sent, and the user is told to sign in again."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        damage(store, sign_in, kind, **changes)
        before = grants(simulator)
        with pytest.raises(SignInError, match=rf"the sign-in kept in {tmp_path}.* is damaged") as caught:
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest())
        assert "auditor login" in caught.value.hint
        assert grants(simulator) == before


def test_a_quoted_refresh_token_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal may contain it as text that does not look like a token."""
    caplog.set_level("INFO")
    token = "M.C105/BL2*0.U.-CiZabc!def"
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        damage(store, sign_in, "RefreshToken", secret=token)
        quoting = {"error": "odd", "error_description": f"{token} is not valid"}
        monkeypatch.setattr(
            msal.ClientApplication, "acquire_token_silent_with_error", lambda *_given, **_named: dict(quoting)
        )
        with pytest.raises(SignInError, match="is not valid") as caught:
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest())
    assert token not in caught.value.message + caplog.text


@pytest.mark.parametrize("successor", ["a\nb", "\ud800", [1], "a b"])
def test_a_refresh_token_is_not_replaced_by_an_invalid_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, successor: object
) -> None:
    """The file stays as it is, and the user is told."""
    file = tmp_path / "rt"
    talk = Talk()
    reply = {"access_token": "an-access-token", "expires_in": 3600, "refresh_token": successor}
    monkeypatch.setattr(msal.ClientApplication, "acquire_token_by_refresh_token", lambda *_given, **_named: dict(reply))
    with sign_in_service() as simulator:
        source = make_refresh_token(simulator, file)
        before = file.read_bytes()
        sign_in = registration(simulator)
        store = store_in(tmp_path / "store", sign_in)
        assert (
            UnattendedSignIn(sign_in, TokenSources(store, source), talk).redeem(TokenRequest())[0] == "an-access-token"
        )
    assert file.read_bytes() == before
    assert store.load() is None
    assert any("no refresh token" in sentence and "stays as it is" in sentence for sentence in talk)


@pytest.mark.parametrize(
    "name", ["temporarily_unavailable/90033", "server_error/90024", "temporarily_unavailable/777777"]
)
def test_a_transient_refusal_with_http_400_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It is retried like a 503: the renewal succeeds without a new sign-in."""
    waited: list[float] = []
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        found = UnattendedSignIn(sign_in, TokenSources(store), Talk())

        def wait(seconds: float) -> bool:
            waited.append(seconds)
            return False

        monkeypatch.setattr(found._cancelled, "wait", wait)
        simulator.identity.fail_next(name, times=2)
        found.redeem(TokenRequest(force=True))
        assert [status for _, status, _ in grants(simulator)[-3:]] == [400, 400, 200]
    assert waited == [2.0, 4.0]


@pytest.mark.parametrize(
    ("name", "words", "cure"),
    [
        ("invalid_client/650052", "is not enabled in this tenant", "administrator"),
        ("access_denied/530035", "security defaults", "administrator"),
        ("invalid_client/777777", "AADSTS777777: The simulated words of this refusal.", "error?code=777777"),
        ("access_denied/777777", "AADSTS777777: The simulated words of this refusal.", "error?code=777777"),
    ],
)
def test_a_refused_renewal_has_its_own_cause(tmp_path: Path, name: str, words: str, cure: str) -> None:
    """The AADSTS number decides, not the OAuth error code; the ids after a line break are cut."""
    with sign_in_service() as simulator:
        sign_in, store = store_sign_in(simulator, tmp_path)
        simulator.identity.fail_next(name)
        with pytest.raises(SignInError) as refused:
            UnattendedSignIn(sign_in, TokenSources(store), Talk()).redeem(TokenRequest(force=True))
    assert words in refused.value.message
    assert "browser" not in refused.value.message
    assert "Trace ID" not in refused.value.message
    assert cure in refused.value.hint
