"""`Client`: ask for customers one by one, as a stream, or for the partner's own list; in any event loop, without files.

A stream is a worker pool that runs as a task beside an async generator; `runs.stream` joins both. However the loop over a
stream ends, the generator cancels its pool; the client cancels the pools that are left when it is closed.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack

from auditor import fetch, settings
from auditor.core.ids import normalise_id
from auditor.core.judge import LENIENT_BREAKER, ListedCustomer, MembershipCheck, apply_membership, is_member
from auditor.core.model import CustomerResult, Reason, RunEnd
from auditor.errors import CustomerListError, StoppedEarlyError
from auditor.fetch import CustomerListing, RateLimiter, RunStopping, check_listing, read_pages
from auditor.runs.api_client import ApiClient, CallerParts, open_api_client
from auditor.runs.credentials import Say, end_error
from auditor.runs.stream import Stream
from auditor.settings import CLOUDS, Settings

if TYPE_CHECKING:
    import aiohttp

_log = logging.getLogger(__name__)
PUBLIC_API = CLOUDS["public"][0]
_NOT_OPEN = "the client is not open: use it inside `async with Client(…) as client:`"
_OTHER_LOOP = "the client was opened in another event loop: open one in each loop, or call it with asyncio.run_coroutine_threadsafe"
# looking up an enumeration member is slow, and every result needs this one
_NO_STATUS = Reason.NO_ACCOUNT_STATUS
Fetch = Callable[[str], Awaitable[CustomerResult]]
_LONGEST_SHOWN = 80
"""Characters of an invalid id in a message."""


class Client:
    """Asks Partner Center for the validation status of customers; an async context manager.

    All calls of one client share its connections, its rate limit and its token. It reads no environment variable and no file,
    and remembers no rate; `from_settings` does. Use it in the event loop that opened it. Messages about the sign-in go to the
    logger `auditor`.

    A session of the caller is used as it is and not closed. It is weaker than one of ours: its TLS settings decide which
    server is trusted; aiohttp may send a request a second time after a lost connection, which is not counted; waiting for one
    of its connections counts as time of the request; bytes that a server sends unasked are not noticed. So a response
    that does not repeat the request's ids is not accepted. Redirects are never followed, and time-outs and the size limit of a
    body are ours.

    Args:
        token: an App+User access token, or a function or coroutine function that returns one. The function is called again
            before the token expires (its claim `exp`), and when Partner Center has refused it. A plain function runs in a
            thread.
        api_url: base URL of the API; plain http only for a loopback address.
        session: sends the requests; None opens one.
        rate: requests a minute; 0 does not pace; `auto` learns the limit. A rejection pauses all requests in any case.
        concurrency: maximum number of requests in flight and of results that wait for the consumer, for each stream.
        attempts: maximum number of failed requests for one customer.
        timeout: seconds of one request.
        customer_list: `never` does not ask whether a customer without an account status is the partner's.
        clock: monotonic seconds, for the rate limit and the token.
        sleep: waits this many seconds, for the rate limit and retries.

    Raises:
        SettingsError: a value is invalid.
        SignInError: when it is opened: the token cannot be used.
    """

    def __init__(  # noqa: PLR0913 - every one is a setting of its own
        self,
        *,
        token: str | Callable[[], str | Awaitable[str]],
        api_url: str = PUBLIC_API,
        session: "aiohttp.ClientSession | None" = None,
        rate: float | Literal["auto"] = 500,
        concurrency: int = 16,
        attempts: int = 5,
        timeout: float = 180.0,
        customer_list: Literal["auto", "always", "never"] = "auto",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        given = {
            "api_url": api_url,
            "rate": rate,
            "concurrency": concurrency,
            "attempts": attempts,
            "timeout": timeout,
            "customer_list": customer_list,
        }
        parsed = {name: settings.reparse(name, str(value), settings.KEYWORD) for name, value in given.items()}
        cloud = next((name for name, (url, _) in CLOUDS.items() if url == parsed["api_url"]), "public")
        # an unset variable of the caller must not sign in otherwise
        parts = CallerParts(token or "", session, clock, sleep)
        self._prepare(Settings(cloud=cloud, **parsed), _log.warning, parts, remember=False)

    @classmethod
    def from_settings(
        cls,
        *,
        profile: str | None = None,
        config: str | os.PathLike[str] | None = None,
        **keywords: Unpack[settings.SettingsKeywords],
    ) -> Self:
        """A client with the settings of the command line: keyword > environment > settings file > default.

        It signs in as the command line does, and starts with the rate that earlier runs learned.

        Args:
            profile: the part of the settings file to use.
            config: path of the settings file; None looks in the usual places.
            keywords: settings by name, such as `rate=0`; see `SettingsKeywords`.

        Raises:
            SettingsError: an unknown setting, or an invalid value.
        """
        file = None if config is None else os.fspath(config)
        loaded, _ = settings.load(keywords, origin=settings.KEYWORD, config=file, profile=profile)
        return cls.from_loaded(loaded, _log.warning)

    @classmethod
    def from_loaded(cls, loaded: Settings, say: Say) -> Self:
        """A client for a command, which has its settings already.

        Args:
            loaded: the settings.
            say: receives messages, one sentence each.
        """
        client = cls.__new__(cls)
        client._prepare(loaded, say, CallerParts(), remember=True)  # noqa: SLF001 - its own
        return client

    def _prepare(self, loaded: Settings, say: Say, parts: CallerParts, *, remember: bool) -> None:
        self._settings = loaded
        self._say = say
        self._parts = parts
        self._remember = remember
        self._stack = AsyncExitStack()
        self._api: ApiClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pools: set[asyncio.Task[RunEnd | None]] = set()

    async def __aenter__(self) -> Self:
        if self._api is not None:
            raise RuntimeError("the client is open already: open a second one for a second `async with`")
        opening = open_api_client(self._settings, self._say, remember=self._remember, parts=self._parts)
        self._api = await self._stack.enter_async_context(opening)
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api = None
        try:
            await _cancel(self._pools)
        finally:
            await self._stack.aclose()

    @property
    def rate_limiter(self) -> RateLimiter:
        """The rate limiter of all requests.

        Raises:
            RuntimeError: the client is not open.
        """
        return self._opened().rate_limiter

    async def validation_status(self, customer_id: str) -> CustomerResult:
        """Ask for one customer.

        A customer that cannot be checked is a result with its reason. One without an account status that is not the partner's
        has the reason `not_in_customer_list`. Where that is not known, it is `eligible`, and `in_customer_list` is None.

        Args:
            customer_id: tenant id of the customer, in any spelling that a customer list may have.

        Raises:
            CustomerListError: the text is no customer tenant id.
            SignInError: the token is refused, or there is none.
            StoppedEarlyError: the service is down.
            RuntimeError: the client is not open, or was opened in another event loop.
        """
        api = self._opened()
        wanted = normalise_id(str(customer_id))
        if wanted is None:
            raise CustomerListError(
                f"{str(customer_id)[:_LONGEST_SHOWN]!r} is not a customer tenant ID (GUID)",
                "give the customer's tenant id, such as 1f2e3d4c-0000-4000-8000-000000000001",
            )
        async with aclosing(self._stream(api, Stream([wanted], 1, api.rate_limiter), workers=1)) as results:
            found = [result async for result in results]
        return found[0]

    def validation_statuses(self, ids: Iterable[str] | AsyncIterable[str]) -> AsyncGenerator[CustomerResult, None]:
        """Ask for many customers; yield each result as it arrives.

        Every id that was taken from `ids` comes out exactly once, in any order, unless the loop ends early. A text that is no
        customer tenant id comes out with the reason `invalid_id` and is not asked. An id that is given twice is asked twice.
        Results are as of `validation_status`. While the consumer takes no result, no further request is sent once
        `concurrency` results wait for it.

        Args:
            ids: of any length, also endless; read as workers get free. An exception of it comes out after the results that
                arrived.

        Raises:
            SignInError: the token is refused, or there is none; after the results that arrived, as the next two.
            StoppedEarlyError: the service is down, or too many customers in a row failed, or the client was closed.
            TypeError: `ids` is a single text, or cannot be iterated.
            RuntimeError: the client is not open, or was opened in another event loop.
        """
        if isinstance(ids, str | bytes):
            raise TypeError("validation_statuses takes several ids; for one, use validation_status")
        api, workers = self._opened(), self._settings.concurrency
        return self._stream(api, Stream(ids, workers, api.rate_limiter), workers)

    def customers(self) -> AsyncGenerator[ListedCustomer, None]:
        """Yield the partner's own customers, each once. The next page is fetched when the last one was consumed.

        Raises:
            CustomerListError: the service refuses to list the customers, or the list is not complete; after the customers that
                arrived, as the others.
            SignInError: the token is refused, or there is none.
            StoppedEarlyError: the service is down.
            RuntimeError: the client is not open, or was opened in another event loop.
        """
        return self._list(self._opened())

    def _opened(self) -> ApiClient:
        if self._api is None:
            raise RuntimeError(_NOT_OPEN)
        return self._api

    async def _list(self, api: ApiClient) -> AsyncGenerator[ListedCustomer, None]:
        self._start_call(api)
        try:
            async with aclosing(read_pages(api.page.fetch)) as pages:
                async for found in pages:
                    if isinstance(found, CustomerListing):
                        check_listing(found)
                        if found.message:
                            self._say(found.message)
                    else:
                        for customer in found.customers:
                            yield customer
        except RunStopping:
            raise _stopped_error(api, "the customer list could not be read to its end") from None

    async def _stream(self, api: ApiClient, stream: Stream, workers: int) -> AsyncGenerator[CustomerResult, None]:
        self._start_call(api)
        options = replace(api.pool, workers=workers, breaker=LENIENT_BREAKER, shares_limiter=True)
        asking = fetch.run_pool(stream, self._ask(api), stream.put, api.rate_limiter, options)
        pool = asyncio.create_task(asking)
        self._pools.add(pool)
        pool.add_done_callback(self._pools.discard)
        pool.add_done_callback(stream.close)
        try:
            while (result := await stream.take()) is not None:
                yield result
            if pool.cancelled():
                raise StoppedEarlyError("the client was closed before all answers had arrived", "keep it open")
            if (end := pool.result()) is not None:
                raise end_error(end)
            if stream.error is not None:
                raise stream.error
            if api.rate_limiter.stopping or not stream.ended:
                raise _stopped_error(api, "no further request may be sent")
        finally:
            await _cancel({pool})

    def _start_call(self, api: ApiClient) -> None:
        """Let a new call try again where the calls before it were ended by an outage.

        Raises:
            RuntimeError: the client was opened in another event loop.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError(_OTHER_LOOP)
        if api.rate_limiter.run_end is not None and not self._pools:
            api.rate_limiter.restart()

    def _ask(self, api: ApiClient) -> Fetch:
        """What a worker asks for one customer."""
        ask_status = api.status.fetch
        if self._settings.customer_list is MembershipCheck.NEVER:
            return ask_status
        ask_record = _again_after_outage(api.customer.fetch, api.rate_limiter)

        async def ask(customer_id: str) -> CustomerResult:
            result = await ask_status(customer_id)
            return await _add_membership(result, ask_record) if result.finding.reason is _NO_STATUS else result

        return ask


def _again_after_outage(ask: Fetch, limiter: RateLimiter) -> Fetch:
    """Ask for a customer's record, and once more where an outage kept it without an answer."""

    async def ask_again(customer_id: str) -> CustomerResult:
        outages, held = limiter.outages, limiter.held
        result = await ask(customer_id)
        if result.finding.reason in fetch.NO_ANSWER and (held or limiter.outages > outages):
            return await ask(customer_id)
        return result

    return ask_again


async def _add_membership(result: CustomerResult, ask_record: Fetch) -> CustomerResult:
    """The result for a customer without an account status, in view of whether it is the partner's.

    Raises:
        SignInError, StoppedEarlyError: the answer to this question ends the run.
    """
    record = await ask_record(result.customer_id)
    if record.finding.run_end is not None:
        raise end_error(record.finding.run_end)
    member = is_member(record)
    finding = result.finding._replace(reason=apply_membership(result.finding.reason, member=member))
    return result._replace(finding=finding, in_customer_list=member)


def _stopped_error(api: ApiClient, otherwise: str) -> Exception:
    """The error for a call that was stopped: by an outage, else for another reason."""
    end = api.rate_limiter.run_end
    return end_error(end) if end is not None else StoppedEarlyError(otherwise, "run it again")


async def _cancel(tasks: set[asyncio.Task[RunEnd | None]]) -> None:
    """Cancel tasks and wait until they have ended. asyncio does not report the exception of a task that was cancelled later."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
