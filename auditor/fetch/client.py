"""The Partner Center client: one attempt -> ApiResponse. A network error is a result, not an exception.

Sources: "Partner Center REST headers" (MS-RequestId, MS-CorrelationId, X-Locale, MS-PartnerCenter-Application) and
"Retrieve the validation status of a customer". The token is sent to the API's origin only: redirects are never followed.
A body is read up to a limit. aiohttp's own silent second GET on a dropped connection is off, because every request counts
against the partner's quota.
"""

import math
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp.hdrs import AUTHORIZATION, CONTENT_ENCODING, HOST
from multidict import CIMultiDict
from yarl import URL

from auditor.core.connection import CaBundle, Proxy
from auditor.core.judge import PAGE_SIZE
from auditor.core.model import ApiResponse
from auditor.errors import MORE_FILES, TOO_MANY_FILES, StoppedEarlyError, is_too_many_files
from auditor.fetch.response_matching import CORRELATION_ID, REQUEST_ID, Connector, check_request_id
from auditor.fetch.responses import (
    RequestSecrets,
    decode_body,
    failure_response,
    read_available,
    read_body,
    to_response,
)
from auditor.fetch.timeouts import Deadline, DeadlineTimer
from auditor.fetch.transport_security import tls_context
from auditor.version import __version__

LARGEST_BODY = 1 << 20
"""Bytes; a status takes under 300."""
LARGEST_PAGE = 16 << 20
"""Bytes; 500 customers take under one megabyte."""

FIXED_HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "X-Locale": "en-US",
    "MS-PartnerCenter-Application": "auditor",
    "User-Agent": f"auditor/{__version__}",
}
"""The same for every request."""


def timeouts_within(total: float) -> aiohttp.ClientTimeout:
    """The usual time-outs of one attempt, none longer than `total` seconds."""
    return aiohttp.ClientTimeout(total=total, sock_connect=min(10.0, total), sock_read=min(60.0, total))


class PartnerCenterClient:
    """The API over one `ClientSession`, which the caller closes.

    Args:
        session: see `open_session`. One of the library's caller gets the fixed headers and the time-outs with every request.
        api: base URL.
        on_no_mfa: called if the API says that the user of the token did not pass multi-factor authentication. Requests ask
            for this until one is answered. Source: "Partner Center authentication" (`ValidateMfa`).
        timeouts: of one attempt, for a session of the library's caller; None takes the session's.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api: str,
        on_no_mfa: Callable[[], None] = lambda: None,
        timeouts: aiohttp.ClientTimeout | None = None,
    ) -> None:
        self._session = session
        self._on_no_mfa = on_no_mfa
        self._ask_for_mfa = True
        # parsed once: every other URL is this one with another path
        self._validation = URL(f"{api.rstrip('/')}/?type=account", encoded=True)
        self._root = self._validation.raw_path.rstrip("/")
        self._headers = FIXED_HEADERS if timeouts else {}
        timeouts = timeouts or session.timeout
        self._deadline_timer = DeadlineTimer(timeouts.total or math.inf, timeouts.sock_read or math.inf)
        # aiohttp's own would set three timers a request
        self._timeouts = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.sock_connect)
        self._token = self._bearer = ""
        self._secret = b""

    def validation_status(
        self, customer_id: str, token: str, request_id: str, correlation_id: str
    ) -> Coroutine[None, None, ApiResponse]:
        """Ask for one customer's account status, once.

        Args:
            customer_id: lower-case GUID.
            token: App+User access token.
            request_id: GUID; new after a response, unchanged after a time-out or a lost connection.
            correlation_id: GUID, one for all attempts at this customer.
        """
        path = f"{self._root}/v1/customers/{customer_id}/validationStatus"
        url = self._validation.with_path(path, encoded=True, keep_query=True)
        return self._get(url, {}, LARGEST_BODY, (token, request_id, correlation_id))

    async def customers_page(self, continuation: str, token: str, request_id: str, correlation_id: str) -> ApiResponse:
        """Ask for one page of the partner's customer list, once. An empty continuation token asks for the first page.

        Source: "Partner Center REST: Get a list of customers"; the token travels in MS-ContinuationToken.
        """
        query, headers = f"size={PAGE_SIZE}", {}
        if continuation:
            query, headers = f"{query}&seekOperation=Next", {"MS-ContinuationToken": continuation}
        url = self._url("/v1/customers").with_query(query)
        return await self._get(url, headers, LARGEST_PAGE, (token, request_id, correlation_id))

    async def customer(self, customer_id: str, token: str, request_id: str, correlation_id: str) -> ApiResponse:
        """Ask for one customer's record, once. Source: "Partner Center REST: Get a customer by ID"."""
        url = self._url(f"/v1/customers/{customer_id}")
        return await self._get(url, {}, LARGEST_BODY, (token, request_id, correlation_id))

    def _check_mfa(self, response: aiohttp.ClientResponse) -> None:
        """Read what the API says about MFA. A gateway that throttles says nothing about it, so the next request asks again."""
        self._ask_for_mfa = response.status == HTTPStatus.TOO_MANY_REQUESTS
        if response.headers.get("isMfaCompliant", "").strip().casefold() == "false":
            self._on_no_mfa()

    def _url(self, path: str) -> URL:
        return self._validation.with_path(self._root + path, encoded=True)

    def _get(
        self, url: URL, headers: dict[str, str], limit: int, ids: tuple[str, str, str]
    ) -> Coroutine[None, None, ApiResponse]:
        token, request_id, correlation_id = ids
        if token != self._token:
            self._token, self._bearer, self._secret = token, f"Bearer {token}", token.encode()
        headers.update(self._headers)
        headers[AUTHORIZATION] = self._bearer
        headers[REQUEST_ID] = request_id
        headers[CORRELATION_ID] = correlation_id
        # this request's own token: another request may change `self._token` in the meantime
        return self._exchange(url, headers, limit, (token, self._secret, request_id, correlation_id))

    async def _exchange(self, url: URL, headers: dict[str, str], limit: int, sent: RequestSecrets) -> ApiResponse:
        ask_for_mfa, self._ask_for_mfa = self._ask_for_mfa, False
        if ask_for_mfa:
            headers["ValidateMfa"] = "true"
        try:
            with Deadline(self._deadline_timer) as deadline:
                # a body that was read to its end gives the connection back by itself: no `async with`
                response = await self._session.get(
                    url,
                    headers=headers,
                    allow_redirects=False,
                    timeout=self._timeouts,
                    # a session of the library's caller may have other defaults
                    raise_for_status=False,
                    auto_decompress=False,
                )
                try:
                    if REQUEST_ID not in response.headers:
                        check_request_id(response, self._session.connector)
                    # a small body nearly always arrives with the headers
                    complete = response.content.is_eof()
                    body = read_available(response, limit) if complete else await read_body(response, limit, deadline)
                    if CONTENT_ENCODING in response.headers:
                        body = decode_body(body, response.headers[CONTENT_ENCODING], limit)
                    result = to_response(response, body, sent)
                except BaseException:
                    response.close()
                    raise
                if ask_for_mfa:
                    self._check_mfa(response)
                return result
        except (aiohttp.ClientError, TimeoutError, OSError, RuntimeError) as error:
            self._raise_lasting(error)
            self._ask_for_mfa = self._ask_for_mfa or ask_for_mfa
            return failure_response(error, sent)

    def _raise_lasting(self, error: Exception) -> None:
        """Raise an error that the next customer would meet as well, or that is not the network's."""
        if is_too_many_files(error):
            raise StoppedEarlyError(f"no further connection can be opened: {TOO_MANY_FILES}", MORE_FILES) from None
        if self._session.closed:
            raise StoppedEarlyError("the HTTP session is closed", "keep it open until the last answer") from None
        if isinstance(error, RuntimeError):
            raise error


class _Request(aiohttp.ClientRequest):
    """Uses the headers as they are: aiohttp copies them one by one in Python, and adds some that ours have already.

    If a version of aiohttp does not call these two methods, requests are only slower. A test checks what is sent.
    """

    def update_headers(self, headers: Any) -> None:
        self.headers = CIMultiDict([(HOST, self.url.host_port_subcomponent or "")])
        self.headers.extend(headers)

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        pass


@asynccontextmanager
async def open_session(
    timeouts: aiohttp.ClientTimeout, ca_bundle: CaBundle = None, proxy: Proxy | None = None, *, connections: int = 16
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the time-outs, certificate authorities and fixed headers of the run.

    Args:
        timeouts: of one attempt: `total` limits all of it, `sock_read` the time without a byte.
        ca_bundle: PEM file of extra certificate authorities, or None.
        proxy: through which the API is reached, or None; it sees the host's name and only ciphertext.
        connections: at most, one for each worker.
    """
    session = aiohttp.ClientSession(
        connector=Connector(limit=connections, ssl=tls_context(ca_bundle)),
        timeout=timeouts,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        request_class=_Request,
        proxy=proxy.reveal() if proxy else None,
        headers=FIXED_HEADERS,
    )
    # aiohttp's own test client switches the hidden second GET off in this way, too; there is no public way
    session._retry_connection = False  # noqa: SLF001
    async with session:
        yield session
