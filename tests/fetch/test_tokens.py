"""`TokenSource`: one renewal for all workers, before expiry, and no unnecessary ones."""

import asyncio
import threading

import pytest

from auditor.errors import SignInError
from auditor.fetch.tokens import TokenRequest, TokenSource, fixed_token


class Service:
    """A sign-in service that counts requests; tokens last `life` seconds, or `failure` is raised."""

    def __init__(self, life: float = 3600.0) -> None:
        self.calls: list[TokenRequest] = []
        self.life = life
        self.failure: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()

    def redeem(self, need: TokenRequest) -> tuple[str, float]:
        """Return token-1, token-2, …"""
        self.calls.append(need)
        assert self.may_answer.wait(10)
        if self.failure:
            raise self.failure
        return f"token-{len(self.calls)}", self.life


class Clock:
    """Monotonic seconds that only the test changes."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


async def test_concurrent_callers_share_the_first_token() -> None:
    """All callers before the first token wait for the same request."""
    service = Service()
    tokens = TokenSource(service.redeem)
    values = {t.value for t in await asyncio.gather(*(tokens.token() for _ in range(1000)))}
    assert (values, service.calls) == ({"token-1"}, [TokenRequest()])
    await tokens.close()


async def test_concurrent_refusals_make_one_renewal() -> None:
    """Every worker reports the same refused token; a late report renews nothing."""
    service = Service()
    tokens = TokenSource(service.redeem)
    old = await tokens.token()
    await asyncio.gather(*(tokens.renew(old.generation) for _ in range(200)))
    assert service.calls == [TokenRequest(), TokenRequest(force=True)]
    await tokens.renew(old.generation)
    assert (await tokens.token()).value == "token-2"
    assert service.calls == [TokenRequest(), TokenRequest(force=True)]
    await tokens.close()


async def test_a_claims_challenge_is_passed_on() -> None:
    """`redeem` gets the claims that the API asks for."""
    service = Service()
    tokens = TokenSource(service.redeem)
    old = await tokens.token()
    await tokens.renew(old.generation, '{"access_token":{}}')
    assert service.calls[1:] == [TokenRequest(force=True, claims='{"access_token":{}}')]
    await tokens.close()


async def test_a_token_is_renewed_before_it_expires() -> None:
    """In the last minutes the old token is used while one renewal is in progress; then the new one."""
    service, clock = Service(life=1000.0), Clock()
    tokens = TokenSource(service.redeem, clock=clock)
    await tokens.token()
    clock.now += 800
    service.may_answer.clear()
    assert [(await tokens.token()).value for _ in range(50)] == ["token-1"] * 50
    service.may_answer.set()
    await tokens.close()
    assert (await tokens.token()).value == "token-2"
    assert service.calls == [TokenRequest(), TokenRequest()]


async def test_a_failed_early_renewal_is_no_error_yet() -> None:
    """While the old token is valid, an unavailable sign-in service is not an error; the next attempt is after a pause."""
    service, clock = Service(life=1000.0), Clock()
    tokens = TokenSource(service.redeem, clock=clock)
    await tokens.token()
    clock.now += 800
    service.failure = SignInError("down")
    for _ in range(20):
        assert (await tokens.token()).value == "token-1"
    await tokens.close()
    assert len(service.calls) == 2
    clock.now += 180
    with pytest.raises(SignInError, match="down"):
        await TokenSource(service.redeem, clock=clock).token()


async def test_a_cancelled_worker_does_not_cancel_the_renewal() -> None:
    """The other workers that wait for it get the token."""
    service = Service()
    service.may_answer.clear()
    tokens = TokenSource(service.redeem)
    first, second = (asyncio.create_task(tokens.token()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    service.may_answer.set()
    assert (await second).value == "token-1"
    assert len(service.calls) == 1
    await tokens.close()


async def test_a_fixed_token_is_not_renewed() -> None:
    """A token from elsewhere cannot be renewed."""
    tokens = fixed_token("theirs")
    token = await tokens.token()
    assert token.value == "theirs"
    assert "theirs" not in repr(token)
    await tokens.renew(token.generation)
    assert await tokens.token() == token
    await tokens.close()
