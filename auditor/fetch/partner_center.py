"""One attempt: request -> ApiResponse. Rule: network trouble is data, and the token goes to the API's own origin only.

Sources: "Partner Center REST headers" (MS-RequestId, MS-CorrelationId, X-Locale, MS-PartnerCenter-Application) and
"Retrieve the validation status of a customer". Redirects are never followed; a body is read up to a limit; aiohttp's
own silent second GET on a dropped connection is off, because every request counts against the partner's quota.
"""

import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.hdrs import AUTHORIZATION, CONTENT_ENCODING, HOST
from multidict import CIMultiDict
from yarl import URL

from auditor import __version__
from auditor.core.connection import CaBundle, Proxy
from auditor.core.judge import PAGE_SIZE
from auditor.core.model import ApiResponse
from auditor.core.os_errors import MORE_FILES, TOO_MANY_FILES, too_many_files
from auditor.errors import StoppedEarlyError
from auditor.fetch.deadlines import Deadline, Deadlines
from auditor.fetch.decoding import decoded
from auditor.fetch.pairing import CORRELATION_ID, REQUEST_ID, Connector, unpaired
from auditor.fetch.replies import Sent, as_failure, as_reply, read_at_once, read_body
from auditor.fetch.tls import tls_context

LARGEST_BODY = 1 << 20
"""Bytes: a status is under 300; whatever is larger is not one."""
LARGEST_PAGE = 16 << 20
"""Bytes: 500 customers take under one megabyte."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` bounds one attempt whole, `read` the silence of the server."""

    connect: float
    read: float
    total: float

    @classmethod
    def within(cls, total: float) -> "Timeouts":
        """The usual ones, none longer than `total`."""
        return cls(connect=min(10.0, total), read=min(60.0, total), total=total)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the API.

    Attributes:
        api: base URL, https, or http on a loopback address.
        timeouts: of one attempt.
        ca_bundle: PEM file of extra certificate authorities, or None.
        concurrency: workers, hence connections.
        proxy: through which the API is reached, or None; it sees the host's name, and nothing of what is said.
    """

    api: str
    timeouts: Timeouts
    ca_bundle: CaBundle = None
    concurrency: int = 16
    proxy: Proxy | None = None


class PartnerCenter:
    """The API over one `ClientSession`, which stays the caller's to close.

    Args:
        session: see `open_session`.
        api: base URL.
        no_mfa: is called where the API says that the token is not of a user who passed multi-factor authentication. It is
            asked with the first request that is answered. Source: "Partner Center authentication" (`ValidateMfa`).
    """

    def __init__(self, session: aiohttp.ClientSession, api: str, no_mfa: Callable[[], None] = lambda: None) -> None:
        self._session = session
        self._no_mfa = no_mfa
        self._asks_for_mfa = True
        # parsed once: every other URL is this one with another path
        self._validation = URL(f"{api.rstrip('/')}/?type=account", encoded=True)
        self._root = self._validation.raw_path.rstrip("/")
        times = session.timeout
        self._deadlines = Deadlines(times.total or math.inf, times.sock_read or math.inf)
        # ours take over: aiohttp sets three timers a request
        self._times = aiohttp.ClientTimeout(total=None, sock_connect=times.sock_connect)
        self._token = self._bearer = ""
        self._secret = b""

    def validation_status(
        self, customer_id: str, token: str, request_id: str, correlation_id: str
    ) -> Coroutine[None, None, ApiResponse]:
        """Asks for one customer's account status, once.

        Args:
            customer_id: lower-case GUID.
            token: App+User access token.
            request_id: GUID; new after a response, the same again after a timeout or a lost connection.
            correlation_id: GUID, one for all attempts at this customer.
        """
        path = f"{self._root}/v1/customers/{customer_id}/validationStatus"
        url = self._validation.with_path(path, encoded=True, keep_query=True)
        return self._get(url, {}, LARGEST_BODY, (token, request_id, correlation_id))

    async def customers_page(self, continuation: str, token: str, request_id: str, correlation_id: str) -> ApiResponse:
        """Asks for one page of the partner's customer list, once; the empty continuation token leads to the first.

        Source: "Partner Center REST: Get a list of customers"; the token travels in MS-ContinuationToken.
        """
        query, headers = f"size={PAGE_SIZE}", {}
        if continuation:
            query, headers = f"{query}&seekOperation=Next", {"MS-ContinuationToken": continuation}
        url = self._url("/v1/customers").with_query(query)
        return await self._get(url, headers, LARGEST_PAGE, (token, request_id, correlation_id))

    async def customer(self, customer_id: str, token: str, request_id: str, correlation_id: str) -> ApiResponse:
        """Asks for one customer's record, once. Source: "Partner Center REST: Get a customer by ID"."""
        url = self._url(f"/v1/customers/{customer_id}")
        return await self._get(url, {}, LARGEST_BODY, (token, request_id, correlation_id))

    def _take_mfa(self, response: aiohttp.ClientResponse) -> None:
        """Notes what the API says of the sign-in; the gateway that throttles says nothing of it."""
        self._asks_for_mfa = response.status == HTTPStatus.TOO_MANY_REQUESTS
        if response.headers.get("isMfaCompliant", "").strip().casefold() == "false":
            self._no_mfa()

    def _url(self, path: str) -> URL:
        return self._validation.with_path(self._root + path, encoded=True)

    def _get(
        self, url: URL, headers: dict[str, str], limit: int, ids: tuple[str, str, str]
    ) -> Coroutine[None, None, ApiResponse]:
        token, request_id, correlation_id = ids
        if token != self._token:
            self._token, self._bearer, self._secret = token, f"Bearer {token}", token.encode()
        headers[AUTHORIZATION] = self._bearer
        headers[REQUEST_ID] = request_id
        headers[CORRELATION_ID] = correlation_id
        # the token that was sent, whatever others send meanwhile
        return self._exchange(url, headers, limit, (token, self._secret, request_id, correlation_id))

    async def _exchange(self, url: URL, headers: dict[str, str], limit: int, sent: Sent) -> ApiResponse:
        asks_for_mfa, self._asks_for_mfa = self._asks_for_mfa, False
        if asks_for_mfa:
            headers["ValidateMfa"] = "true"
        try:
            with Deadline(self._deadlines) as deadline:
                # a body that was read to its end gives the connection back by itself: no `async with`
                response = await self._session.get(url, headers=headers, allow_redirects=False, timeout=self._times)
                try:
                    if REQUEST_ID not in response.headers:
                        unpaired(response, self._session.connector)
                    # a small answer nearly always comes in one piece, with its head
                    at_once = response.content.is_eof()
                    body = read_at_once(response, limit) if at_once else await read_body(response, limit, deadline)
                    if CONTENT_ENCODING in response.headers:
                        body = decoded(body, response.headers[CONTENT_ENCODING], limit)
                    reply = as_reply(response, body, sent)
                except BaseException:
                    response.close()
                    raise
                if asks_for_mfa:
                    self._take_mfa(response)
                return reply
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if too_many_files(error):
                # no fault of this customer, and the next one would meet it, too
                raise StoppedEarlyError(f"no further connection can be opened: {TOO_MANY_FILES}", MORE_FILES) from None
            self._asks_for_mfa = self._asks_for_mfa or asks_for_mfa
            return as_failure(error, sent)


class _Request(aiohttp.ClientRequest):
    """Takes the headers as they are: aiohttp copies them one by one in Python, and looks for what ours never lack.

    Where a version of aiohttp no longer asks for these two, all that is lost is time; a test holds what is sent.
    """

    def update_headers(self, headers: Any) -> None:
        self.headers = CIMultiDict([(HOST, self.url.host_port_subcomponent or "")])
        self.headers.extend(headers)

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        pass


@asynccontextmanager
async def open_session(connection: Connection) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the time-outs, certificate authorities and fixed headers of the run."""
    context = tls_context(connection.ca_bundle)
    timeouts = connection.timeouts
    session = aiohttp.ClientSession(
        connector=Connector(limit=connection.concurrency, ssl=context),
        timeout=aiohttp.ClientTimeout(total=timeouts.total, sock_connect=timeouts.connect, sock_read=timeouts.read),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        request_class=_Request,
        proxy=connection.proxy.reveal() if connection.proxy else None,
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "X-Locale": "en-US",
            "MS-PartnerCenter-Application": "auditor",
            "User-Agent": f"auditor/{__version__}",
        },
    )
    # aiohttp's own test client switches its hidden second GET off in this way too; there is no public one
    session._retry_connection = False  # noqa: SLF001
    async with session:
        yield session
