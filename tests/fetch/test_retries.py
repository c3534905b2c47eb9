"""`RetryingClient` and `run_pool` with scripted responses on a simulated clock."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from auditor.core.model import ApiResponse, Cause, CustomerResult, Finding, Next, Reason, Verdict
from auditor.core.pacing.rate import PATIENCE
from auditor.fetch import pool
from auditor.fetch.rate_limiter import RateLimiter, RunStopping
from auditor.fetch.retries import RequestContext, RetryingClient
from auditor.fetch.tokens import TokenSource, fixed_token
from conftest import CUSTOMER, load_reply


@dataclass
class World:
    """A clock that moves only in `sleep`, and a server that answers each customer by its script and repeats the last line."""

    scripts: dict[str, list[str]] = field(default_factory=dict)
    now: float = 0.0
    sent: list[tuple[float, str, str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def clock(self) -> float:
        """Monotonic seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += seconds
        await asyncio.sleep(0)

    async def attempt(self, customer_id: str, token: str, request_id: str, _correlation_id: str) -> ApiResponse:
        """The next reply of the customer's script."""
        self.sent.append((self.now, customer_id, token, request_id))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        script = self.scripts.get(customer_id, ["200-allowed"])
        name = script.pop(0) if len(script) > 1 else script[0]
        return ApiResponse(failure="lost", received_at=datetime.now(UTC)) if name == "lost" else load_reply(name)

    def limiter(self, per_minute: float = 0) -> RateLimiter:
        """The pace of a run in this world."""
        return RateLimiter(per_minute, clock=self.clock, sleep=self.sleep)

    def client(self, tokens: TokenSource | None = None, limiter: RateLimiter | None = None) -> RetryingClient:
        """Asks in this world."""
        means = RequestContext(tokens or fixed_token("t"), limiter or self.limiter(), random=lambda: 0.5)
        return RetryingClient(self.attempt, means)


async def _ask(world: World, *script: str, tokens: TokenSource | None = None) -> CustomerResult:
    world.scripts[CUSTOMER] = list(script)
    return await world.client(tokens).fetch(CUSTOMER)


async def test_a_first_answer_is_enough() -> None:
    """One request, one attempt, no wait."""
    world = World()
    answer = await _ask(world, "200-under-review")
    assert (answer.finding.reason, answer.attempts, world.now) == (Reason.UNDER_REVIEW, 1, 0.0)


async def test_transient_failures_are_retried() -> None:
    """The last response counts; every request is counted, and the waits grow."""
    world = World()
    answer = await _ask(world, "500", "502-html", "lost", "200-allowed")
    assert (answer.finding.verdict, answer.attempts) == (Verdict.ELIGIBLE, 4)
    gaps = [b[0] - a[0] for a, b in zip(world.sent, world.sent[1:], strict=False)]
    assert gaps == [0.25, 0.5, 1.0]


async def test_five_failed_attempts_are_the_maximum() -> None:
    """The last finding is the result, with its evidence; it is not final."""
    answer = await _ask(World(), "500")
    assert (answer.finding.reason, answer.attempts, answer.finding.final) == (Reason.SERVICE_ERROR, 5, False)
    assert answer.finding.error_code == "800003"


@pytest.mark.parametrize(
    ("name", "attempts"),
    [("404-60003", 1), ("403-20002", 1), ("400-2000", 1), ("404-gateway", 3), ("200-html", 3), ("409", 2), ("501", 1)],
)
async def test_only_retryable_errors_are_retried(name: str, attempts: int) -> None:
    """A final refusal takes one request, an unexpected response three."""
    assert (await _ask(World(), name)).attempts == attempts


async def test_retry_after_is_honoured() -> None:
    """A 503 that asks for three seconds is retried after three, not before."""
    world = World()
    await _ask(world, "503", "200-allowed")
    assert 3.0 <= world.sent[1][0] <= 3.0 * 1.25


async def test_a_429_is_never_an_attempt() -> None:
    """Ten rejections and four failures later the customer still gets its answer."""
    world = World()
    answer = await _ask(world, *["429"] * 10, *["500"] * 4, "200-allowed")
    assert (answer.finding.verdict, answer.attempts) == (Verdict.ELIGIBLE, 15)
    assert world.now >= 570


async def test_one_rejection_holds_all_workers() -> None:
    """After a 429 no worker sends before Retry-After is over."""
    world = World(scripts={"a": ["429", "200-allowed"]})
    limiter = world.limiter()
    client = world.client(limiter=limiter)
    await client.fetch("b")
    task = asyncio.create_task(client.fetch("a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert limiter.requests["throttled"] == 1
    await asyncio.gather(task, *(client.fetch(f"c{n}") for n in range(20)))
    after = [when for when, _, _, _ in world.sent[2:]]
    assert len(after) == 21
    assert min(after) >= 57.0


async def test_endless_throttling_ends_the_run() -> None:
    """If every request is rejected, the run ends; the customer is undetermined because of throttling."""
    answer = await _ask(World(), "429")
    assert (answer.finding.reason, answer.attempts) == (Reason.THROTTLED, PATIENCE)
    assert answer.finding.run_end is not None
    assert answer.finding.run_end.cause is Cause.SERVICE


async def test_the_request_id_is_new_after_a_response_and_kept_after_a_loss() -> None:
    """The documentation asks for the same MS-RequestId after a time-out only."""
    world = World()
    await _ask(world, "lost", "lost", "500", "200-allowed")
    ids = [request_id for _, _, _, request_id in world.sent]
    assert ids[0] == ids[1] == ids[2]
    assert ids[3] != ids[2]


async def test_a_401_renews_the_token_once() -> None:
    """The retry has the new token; a second 401 ends the run with the sign-in's exit code."""
    given = iter(["old", "new"])
    tokens = TokenSource(lambda _need: (next(given), 3600.0))
    world = World()
    answer = await _ask(world, "401-400", "200-allowed", tokens=tokens)
    assert answer.finding.verdict is Verdict.ELIGIBLE
    assert [token for _, _, token, _ in world.sent] == ["old", "new"]
    given = iter(["old", "new"])
    answer = await _ask(World(), "401-400", tokens=TokenSource(lambda _need: (next(given), 3600.0)))
    assert (answer.finding.next, answer.attempts) == (Next.END_RUN, 2)
    assert answer.finding.run_end is not None
    assert answer.finding.run_end.cause is Cause.SIGN_IN


async def test_a_refused_fixed_token_is_tried_once_more() -> None:
    """It cannot be renewed: the retry succeeds after a transient fault; a second refusal ends the run."""
    assert (await _ask(World(), "401-empty", "200-allowed")).finding.verdict is Verdict.ELIGIBLE
    answer = await _ask(World(), "401-400")
    assert (answer.finding.next, answer.attempts) == (Next.END_RUN, 2)


async def _run(world: World, ids: list[str], workers: int = 7) -> tuple[Counter[str], object]:
    recorded: Counter[str] = Counter()
    limiter = world.limiter()

    def record(_row: int, answer: CustomerResult) -> None:
        recorded[answer.customer_id] += 1

    client = world.client(limiter=limiter)
    end = await pool.run_pool(iter(enumerate(ids)), client.fetch, record, limiter, pool.PoolOptions(workers))
    return recorded, end


async def test_every_customer_is_recorded_once_by_bounded_workers() -> None:
    """A thousand customers, seven workers: a thousand records, never more than seven requests in flight."""
    world = World(scripts={"5": ["500", "200-allowed"], "9": ["429", "200-allowed"]})
    ids = [str(n) for n in range(1000)]
    recorded, end = await _run(world, ids)
    assert recorded == Counter(ids)
    assert world.most_in_flight == 7
    assert end is None


async def test_the_list_is_read_as_workers_get_free() -> None:
    """The iterator is read only as fast as the workers, so that memory does not grow with the list."""
    world = World()
    taken = 0

    def lazily() -> Iterator[tuple[int, str]]:
        nonlocal taken
        for n in range(100):
            taken += 1
            yield n, str(n)

    def record(_row: int, _answer: CustomerResult) -> None:
        assert taken <= len(world.sent) + 3

    limiter = world.limiter()
    assert (
        await pool.run_pool(lazily(), world.client(limiter=limiter).fetch, record, limiter, pool.PoolOptions(3)) is None
    )


async def test_a_sign_in_error_stops_the_run() -> None:
    """The result that ends the run is recorded, requests in flight finish, no other customer is asked."""
    world = World(scripts={"10": ["401-900421"]})
    recorded, end = await _run(world, [str(n) for n in range(1000)])
    assert end is not None
    assert "10" in recorded
    assert len(world.sent) < 30
    assert len(recorded) == len(world.sent)


async def test_a_wrong_address_ends_the_run_early() -> None:
    """After twenty 404s of a gateway."""
    ids = [str(n) for n in range(1000)]
    recorded, end = await _run(World(scripts={n: ["404-gateway"] for n in ids}), ids)
    assert end is not None
    assert len(recorded) < 40


@dataclass
class Flaky(World):
    """A world with an outage: connections are refused, or answered with 503."""

    gone: tuple[float, float] = (0.0, 0.0)
    how: str = "lost"

    async def attempt(self, customer_id: str, token: str, request_id: str, correlation_id: str) -> ApiResponse:
        """The reply, or the failure of the outage."""
        if self.gone[0] <= self.now < self.gone[1]:
            self.scripts.setdefault(customer_id, ["200-allowed"]).insert(0, self.how)
        return await super().attempt(customer_id, token, request_id, correlation_id)


async def _through(
    world: Flaky, customers: int, workers: int = 16
) -> tuple[dict[str, list[Reason]], RateLimiter, object]:
    answers: dict[str, list[Reason]] = {}
    limiter = world.limiter(500)
    client = world.client(limiter=limiter)

    def record(_row: int, answer: CustomerResult) -> None:
        answers.setdefault(answer.customer_id, []).append(answer.finding.reason)

    wanted = ((n, str(n)) for n in range(customers))
    limiter.expect(10_000)
    return answers, limiter, await pool.run_pool(wanted, client.fetch, record, limiter, pool.PoolOptions(workers))


@pytest.mark.parametrize("how", ["lost", "503"])
@pytest.mark.parametrize("workers", [1, 16, 200])
@pytest.mark.parametrize("seconds", [10.0, 120.0])
async def test_after_an_outage_failed_customers_are_asked_again(how: str, workers: int, seconds: float) -> None:
    """Few requests are sent during the outage, and every customer has an answer at the end."""
    world = Flaky(gone=(20.0, 20.0 + seconds), how=how)
    answers, limiter, end = await _through(world, 520, workers)
    assert end is None
    assert len(answers) == 520
    assert {reasons[-1] for reasons in answers.values()} == {Reason.ALLOWED}
    assert limiter.outages <= 1
    in_vain = sum(20.0 <= at < 20.0 + seconds for at, *_ in world.sent)
    assert in_vain <= 10 + workers + seconds


async def test_a_long_outage_ends_the_run() -> None:
    """The run ends after five minutes with the exit code of a service that is down; resume asks for the rest."""
    world = Flaky(gone=(20.0, 1e9))
    answers, _, end = await _through(world, 5000)
    assert getattr(end, "cause", None) is Cause.SERVICE
    assert 300.0 <= world.now < 400.0
    assert len(answers) < 600


async def test_without_an_outage_failed_customers_are_not_asked_again() -> None:
    """One customer whose record always fails does not delay the run."""
    world = Flaky(scripts={"7": ["500"]})
    answers, limiter, end = await _through(world, 50)
    assert (len(answers["7"]), limiter.outages, end) == (1, 0, None)


async def test_an_unexpected_exception_is_that_customers_result() -> None:
    """Any exception other than ours and the system's is recorded as `internal_error`; all other customers are asked."""
    world = World()
    limiter, recorded = world.limiter(), dict[str, Reason]()
    client = world.client(limiter=limiter)

    async def ask(customer_id: str) -> CustomerResult:
        if customer_id == "3":
            raise RecursionError("too deep")
        return await client.fetch(customer_id)

    def record(_row: int, answer: CustomerResult) -> None:
        recorded[answer.customer_id] = answer.finding.reason
        assert not answer.finding.final or answer.customer_id != "3"

    wanted = iter([(n, str(n)) for n in range(10)])
    assert await pool.run_pool(wanted, ask, record, limiter, pool.PoolOptions(3)) is None
    assert recorded.pop("3") is Reason.INTERNAL_ERROR
    assert set(recorded.values()) == {Reason.ALLOWED}
    assert len(recorded) == 9


async def test_the_last_worker_stays_while_workers_of_another_pool_wait() -> None:
    """Both workers get their answers in the same moment; one of them goes on, so that every customer is asked."""
    limiter = RateLimiter(0, clock=lambda: 0.0)
    limiter._waiting = 3
    recorded: list[str] = []

    async def ask(customer_id: str) -> CustomerResult:
        await asyncio.sleep(0)
        reply = ApiResponse(datetime.now(UTC), 200, b"")
        return CustomerResult(customer_id, Finding(Reason.ALLOWED), reply, 1)

    def record(_row: int, answer: CustomerResult) -> None:
        recorded.append(answer.customer_id)

    wanted = iter([(n, str(n)) for n in range(10)])
    options = pool.PoolOptions(2, shares_limiter=True)
    assert await pool.run_pool(wanted, ask, record, limiter, options) is None
    assert sorted(recorded) == [str(n) for n in range(10)]


async def test_a_failing_record_raises_its_own_error() -> None:
    """A full disk stops the run with its own error, not with an exception group."""
    world = World()
    limiter = world.limiter()

    def record(_row: int, _answer: CustomerResult) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        await pool.run_pool(
            iter([(0, "a"), (1, "b")]), world.client(limiter=limiter).fetch, record, limiter, pool.PoolOptions(2)
        )


async def test_stop_wakes_all_waiting_workers() -> None:
    """Workers in the queue and workers before a retry stop at once."""
    limiter = RateLimiter(1, clock=lambda: 0.0)
    await limiter.acquire()
    waiting = [asyncio.create_task(limiter.acquire()), asyncio.create_task(limiter.pause(1e6))]
    await asyncio.sleep(0)
    limiter.stop()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(r) for r in results] == [RunStopping, RunStopping]
