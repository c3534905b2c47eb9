"""One attempt: request -> Reply. Rule: network trouble is data, and the token goes to the API's own origin only.

Sources: "Partner Center REST headers" (MS-RequestId, MS-CorrelationId, X-Locale, MS-PartnerCenter-Application) and
"Retrieve the validation status of a customer". Redirects are never followed; a body is read up to a limit; aiohttp's
own silent second GET on a dropped connection is off, because every request counts against the partner's quota.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from auditor import __version__
from auditor.core.body import MESSAGE_LENGTH, clean
from auditor.core.customer_page import PAGE_SIZE
from auditor.core.model import Reply
from auditor.core.proxy import Proxy
from auditor.fetch.tls import tls_context

LARGEST_BODY = 1 << 20
"""Bytes: a status is under 300; whatever is larger is not one."""
LARGEST_PAGE = 16 << 20
"""Bytes: 500 customers take under one megabyte."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` bounds one attempt whole, so that no server can hold a worker with a byte now and then."""

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
    ca_bundle: str | None = None
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
        self._base = api.rstrip("/")
        self._no_mfa = no_mfa
        self._asks_for_mfa = True

    async def validation_status(self, customer_id: str, token: str, request_id: str, correlation_id: str) -> Reply:
        """Asks for one customer's account status, once.

        Args:
            customer_id: lower-case GUID.
            token: App+User access token.
            request_id: GUID; new after a response, the same again after a timeout or a lost connection.
            correlation_id: GUID, one for all attempts at this customer.
        """
        path = f"/v1/customers/{customer_id}/validationStatus?type=account"
        return await self._get(path, {}, LARGEST_BODY, (token, request_id, correlation_id))

    async def customers_page(self, continuation: str, token: str, request_id: str, correlation_id: str) -> Reply:
        """Asks for one page of the partner's customer list, once; the empty continuation token leads to the first.

        Source: "Partner Center REST: Get a list of customers"; the token travels in MS-ContinuationToken.
        """
        path = f"/v1/customers?size={PAGE_SIZE}"
        headers = {}
        if continuation:
            path, headers = f"{path}&seekOperation=Next", {"MS-ContinuationToken": continuation}
        return await self._get(path, headers, LARGEST_PAGE, (token, request_id, correlation_id))

    async def customer(self, customer_id: str, token: str, request_id: str, correlation_id: str) -> Reply:
        """Asks for one customer's record, once. Source: "Partner Center REST: Get a customer by ID"."""
        return await self._get(f"/v1/customers/{customer_id}", {}, LARGEST_BODY, (token, request_id, correlation_id))

    def _take_mfa(self, response: aiohttp.ClientResponse) -> None:
        """Notes what the API says of the sign-in; the gateway that throttles says nothing of it."""
        self._asks_for_mfa = response.status == HTTPStatus.TOO_MANY_REQUESTS
        if response.headers.get("isMfaCompliant", "").strip().casefold() == "false":
            self._no_mfa()

    async def _get(self, path: str, headers: dict[str, str], limit: int, ids: tuple[str, str, str]) -> Reply:
        token, request_id, correlation_id = ids
        headers["Authorization"] = f"Bearer {token}"
        headers["MS-RequestId"] = request_id
        headers["MS-CorrelationId"] = correlation_id
        asks_for_mfa, self._asks_for_mfa = self._asks_for_mfa, False
        if asks_for_mfa:
            headers["ValidateMfa"] = "true"
        url = URL(self._base + path, encoded=True)
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                body = await _read(response, limit)
                _check_it_is_ours(response, request_id, correlation_id)
                if asks_for_mfa:
                    self._take_mfa(response)
                # a server or proxy that quotes the request must not get the token into a journal or report
                return _reply(response, body.replace(token.encode(), b"[token]"), request_id, correlation_id)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._asks_for_mfa = self._asks_for_mfa or asks_for_mfa
            return _failed(error, request_id, correlation_id)


@asynccontextmanager
async def open_session(connection: Connection) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with the time-outs, certificate authorities and fixed headers of the run."""
    context = tls_context(connection.ca_bundle)
    timeouts = connection.timeouts
    session = aiohttp.ClientSession(
        connector=_Connector(limit=connection.concurrency, ssl=context),
        timeout=aiohttp.ClientTimeout(total=timeouts.total, sock_connect=timeouts.connect, sock_read=timeouts.read),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=connection.proxy.reveal() if connection.proxy else None,
        headers={
            "Accept": "application/json",
            "X-Locale": "en-US",
            "MS-PartnerCenter-Application": "auditor",
            "User-Agent": f"auditor/{__version__}",
        },
    )
    # aiohttp's own test client switches its hidden second GET off in this way too; there is no public one
    session._retry_connection = False  # noqa: SLF001
    async with session:
        yield session


def _check_it_is_ours(response: aiohttp.ClientResponse, request_id: str, correlation_id: str) -> None:
    """Partner Center repeats both ids; a reply with others answers somebody else's question.

    Raises:
        ClientPayloadError: it does; the connection is closed, for all that follows on it would be shifted as well.
    """
    for name, sent in (("MS-RequestId", request_id), ("MS-CorrelationId", correlation_id)):
        if response.headers.get(name, sent).strip().casefold() != sent:
            response.close()
            raise aiohttp.ClientPayloadError(f"the reply repeats another {name}: it answers another request")


class _Connector(aiohttp.TCPConnector):
    """Never uses a connection again that received anything while it was idle: such bytes would be taken for the answer
    to the next request. aiohttp has no public way to say so; a test holds it.
    """

    async def _get(self, key: Any, traces: Any) -> Any:
        while True:
            connection = await super()._get(key, traces)
            if connection is None or connection.protocol is None or not connection.protocol.should_close:
                return connection
            connection.close()


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, decompressed, as far as the limit; more is a fault of the wire."""
    length = response.content_length or 0
    chunks: list[bytes] = []
    size = 0
    if length <= limit:
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                break
    if max(length, size) > limit:
        response.close()
        raise aiohttp.ClientPayloadError(f"the body is larger than {limit} bytes")
    return b"".join(chunks)


def _reply(response: aiohttp.ClientResponse, body: bytes, request_id: str, correlation_id: str) -> Reply:
    headers = response.headers
    return Reply(
        http_status=response.status,
        body=body,
        received_at=datetime.now(UTC),
        retry_after=headers.get("Retry-After"),
        www_authenticate=headers.get("WWW-Authenticate"),
        request_id=_echo(headers, "MS-RequestId") or request_id,
        correlation_id=_echo(headers, "MS-CorrelationId") or correlation_id,
        ms_cv=_echo(headers, "MS-CV"),
        server_id=_echo(headers, "MS-ServerId"),
        simulated="X-Simulated" in headers,
    )


def _echo(headers: Mapping[str, str], name: str) -> str | None:
    """A header as text that any file can hold: a server may send anything."""
    value = headers.get(name)
    return None if value is None else clean(value)


def _failed(error: BaseException, request_id: str, correlation_id: str) -> Reply:
    # str() of an aiohttp error may hold a proxy's password, its repr the bearer token: only known words leave here
    words = f"{type(error).__name__}: {_plain(error)}".rstrip(": ")
    return Reply(
        failure=clean(" ".join(words.split()), MESSAGE_LENGTH),
        untrusted=isinstance(error, aiohttp.ClientConnectorCertificateError),
        received_at=datetime.now(UTC),
        request_id=request_id,
        correlation_id=correlation_id,
    )


def _plain(error: BaseException) -> str:
    """The part of an error's text that can hold no secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return str(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        whom = "the proxy " if isinstance(error, aiohttp.ClientProxyConnectionError) else ""
        return f"cannot connect to {whom}{error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses the way to the API ({error.status}): {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        # garbage on the wire is reported by aiohttp as a 400 that no server sent
        return error.message
    return str(error)
