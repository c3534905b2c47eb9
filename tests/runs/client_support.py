"""Partner Center in the test's own event loop, over real http, with answers by script; and a clock that nobody waits for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from aiohttp.test_utils import TestServer

ALLOWED = (200, '{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}')
NO_STATUS = (404, '{"code":600074,"description":"no account status"}')
UNAVAILABLE = (503, "")
BROKEN = (500, "")
Answer = tuple[int, str]
_PAGE = 3


def customer_id(number: int) -> str:
    """The id of a customer."""
    return f"{number:08x}-1111-4222-8333-444444444444"


class Clock:
    """Monotonic seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds
        await asyncio.sleep(0)


class ScriptedApi:
    """The API.

    Attributes:
        answer: the status and body for a customer id.
        refused: tokens that are answered with 401.
        asked: customer ids in order of the requests.
        tokens: of the requests, in order.
        headers: of the last request.
        record: the same for a request for the customer's record.
        open: set while requests are answered; cleared holds them.
        last_page: number of the last page of the customer list.
        repeats_ids: whether responses repeat the ids of the request.
        pages: how many pages of customers were sent.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str], Answer] = lambda _id: ALLOWED
        self.record: Callable[[str], Answer] = lambda one: (200, json.dumps({"id": one}))
        self.refused: set[str] = set()
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.headers: dict[str, str] = {}
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""
        self.last_page = 3
        self.pages = 0
        self.repeats_ids = True
        self.server: TestServer | None = None
        self._arrived = asyncio.Condition()

    @property
    def connections(self) -> int:
        """Number of open connections."""
        assert self.server is not None
        assert self.server.runner is not None
        assert self.server.runner.server is not None
        return len(self.server.runner.server.connections)

    async def wait_asked(self, count: int) -> None:
        """Wait until so many customers were asked for."""
        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(lambda: len(self.asked) >= count), 20)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.headers = dict(request.headers)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        wanted = request.match_info.get("id", "")
        if wanted and request.path.endswith("validationStatus"):
            self.asked.append(wanted)
            async with self._arrived:
                self._arrived.notify_all()
        await self.open.wait()
        status, body = (401, "") if token in self.refused else self._reply(request, wanted)
        headers = {name: request.headers[name] for name in ("MS-RequestId", "MS-CorrelationId")}
        response = web.Response(status=status, text=body, headers=headers if self.repeats_ids else {})
        if status == HTTPStatus.OK:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    def _reply(self, request: web.Request, wanted: str) -> Answer:
        if request.path.endswith("validationStatus"):
            return self.answer(wanted)
        if wanted:
            return self.record(wanted)
        number = int(request.headers.get("MS-ContinuationToken", "1"))
        self.pages += 1
        items = [{"id": customer_id(number * _PAGE + one)} for one in range(_PAGE)]
        following = {"continuationToken": str(number + 1)} if number < self.last_page else {}
        return 200, json.dumps({"items": items, **following})


@asynccontextmanager
async def scripted_api() -> AsyncIterator[ScriptedApi]:
    """Serve the API on loopback."""
    api = ScriptedApi()
    app = web.Application()
    app.router.add_get("/v1/customers", api.handle)
    app.router.add_get("/v1/customers/{id}", api.handle)
    app.router.add_get("/v1/customers/{id}/validationStatus", api.handle)
    api.server = TestServer(app)
    async with api.server:
        api.url = str(api.server.make_url("")).rstrip("/")
        yield api


async def settle() -> None:
    """Let the event loop do everything that can be done without waiting."""
    for _ in range(300):
        await asyncio.sleep(0)
