"""Partner Center over HTTP(S): routes, headers, log, and the bytes or the fault of each reply. `customers`, `gate` and
`scenario` plan the replies.

Sources: "Partner Center REST: Retrieve the validation status of a customer", "Partner Center REST headers" (MS-RequestId and
MS-CorrelationId come back as they were sent) and recorded responses (MS-CV, MS-ServerId, Request-Context). Resets are real: the
socket's linger time is set to zero before it is closed, so that the peer sees a TCP RST.
"""

import asyncio
import base64
import socket
import struct
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from random import Random

from aiohttp import web

from auditor.simulator.customers import Directory
from auditor.simulator.gate import Gate, bearer
from auditor.simulator.options import SimulatorOptions
from auditor.simulator.replies import HTML, PlannedReply, fault, no_route
from auditor.simulator.request_log import LOGGED_HEADERS, RequestLog, RequestRecord
from auditor.simulator.scenario import Scenario
from auditor.simulator.tokens import Claims, decode

SERVER = "auditor-simulator"

_REQUEST_CONTEXT = "appId=cid-v1:03ce8ca8-8373-4021-8f25-d5dd45c7b12f"
_BYTE_ORDER_MARK = "\ufeff".encode()
_FLUSH_SECONDS = 0.02
_LINGER = "hh" if sys.platform == "win32" else "ii"


@dataclass(frozen=True, slots=True)
class _Call:
    """One request and its parsed parts."""

    request: web.Request
    customer_id: str | None
    claims: Claims | None
    at: float
    attempt: int


class PartnerCenterApi:
    """The resources as an aiohttp application.

    Args:
        options: of the simulator.
        scenario: the replies for customers.
        directory: the partner's customers.
        gate: throttle and token check.
        log: records every request.

    Attributes:
        closing: set when the server shuts down; ends every stall.
    """

    def __init__(
        self, options: SimulatorOptions, scenario: Scenario, directory: Directory, gate: Gate, log: RequestLog
    ) -> None:
        self._options = options
        self._scenario = scenario
        self._directory = directory
        self._gate = gate
        self._log = log
        self._answers: Counter[str] = Counter()
        self._mark = {"X-Simulated": "true"} if options.announces else {}
        self._random = Random(scenario.seed)
        self.closing = asyncio.Event()

    def application(self) -> web.Application:
        """The application."""
        application = web.Application()
        add = application.router.add_route
        add("GET", "/v1/customers/{id:[^/]+}/validationStatus", self._handler(self._validation_status))
        add(
            "GET",
            "/v1/customers/{id:[^/]+}",
            self._handler(lambda call: self._directory.customer(call.customer_id or "")),
        )
        add(
            "GET",
            "/v1/customers",
            self._handler(lambda call: self._directory.page(call.request.query, call.request.headers)),
        )
        add("*", "/{path:.*}", self._handler(lambda _: no_route()))
        return application

    def restart(self, customer_id: str) -> None:
        """Forget how often this customer was answered: a kind that lasts for some answers begins anew."""
        self._answers.pop(customer_id, None)

    def _handler(
        self, answer: Callable[[_Call], PlannedReply]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            with self._log.count_in_flight():
                reply, headers = self._reply(request, answer)
                if self._options.answers.latency_seconds:
                    await asyncio.sleep(self._options.answers.latency_seconds)
                return await self._send(request, reply, headers)

        return handle

    def _reply(
        self, request: web.Request, answer: Callable[[_Call], PlannedReply]
    ) -> tuple[PlannedReply, dict[str, str]]:
        """The planned reply and its further headers; recorded."""
        call = self._read(request)
        is_miss = "path" in request.match_info
        refusal = None if is_miss else self._gate.refuse(call.claims, call.customer_id)
        refused_by, reply = refusal or (None, answer(call))
        self._record(call, reply, refused_by)
        trace = {} if reply.gateway else self._trace_headers(request)
        mfa = {} if refused_by in ("outage", "throttle") else self._gate.headers(request.headers, call.claims)
        return reply, {"Server": SERVER, **self._mark, **trace, **mfa}

    def _read(self, request: web.Request) -> _Call:
        token = bearer(request.headers.get("Authorization"))
        raw_id = request.match_info.get("id")
        attempt = self._log.count_attempt(raw_id.lower()) if raw_id is not None else 0
        return _Call(request, raw_id, decode(token) if token else None, time.monotonic(), attempt)

    def _validation_status(self, call: _Call) -> PlannedReply:
        kind = call.request.query.get("type", "")
        if kind.lower() != "account":
            return fault(400, 900126, f"Unable to parse enum value '{kind}'.")
        customer_id = call.customer_id or ""
        refusal = self._directory.refusal(customer_id)
        if refusal is not None:
            return refusal
        key = customer_id.lower()
        self._answers[key] += 1
        return self._scenario.reply(customer_id, self._answers[key])

    def _trace_headers(self, request: web.Request) -> dict[str, str]:
        vector = base64.b64encode(self._random.randbytes(12)).decode()
        return {
            "MS-RequestId": request.headers.get("MS-RequestId") or str(uuid.uuid4()),
            "MS-CorrelationId": request.headers.get("MS-CorrelationId") or str(uuid.uuid4()),
            "MS-CV": f"{vector}.0",
            "MS-ServerId": f"{self._random.getrandbits(32):08X}",
            "Request-Context": _REQUEST_CONTEXT,
        }

    def _record(self, call: _Call, reply: PlannedReply, refused_by: str | None) -> None:
        request, claims = call.request, call.claims or {}
        customer_id = call.customer_id.lower() if call.customer_id is not None else None
        has_kind = customer_id is not None and request.path.endswith("/validationStatus")
        record = RequestRecord(
            at=call.at,
            method=request.method,
            path=request.path,
            query=request.query_string,
            customer_id=customer_id,
            kind=self._scenario.kind_of(customer_id) if has_kind and customer_id else None,
            attempt=call.attempt,
            turned_away=refused_by,
            request_id=request.headers.get("MS-RequestId"),
            correlation_id=request.headers.get("MS-CorrelationId"),
            token_id=claims.get("uti"),
            tenant_id=claims.get("tid"),
            status=None if reply.fault == "reset_before_headers" else reply.status,
            fault=reply.fault,
            headers={name: request.headers[name] for name in LOGGED_HEADERS if name in request.headers},
        )
        self._log.append(record)

    async def _send(self, request: web.Request, reply: PlannedReply, headers: Mapping[str, str]) -> web.StreamResponse:
        """Send a reply with further headers, or fail in the planned way."""
        body = self._body(reply)
        all_headers = {**headers, **reply.headers, **self._retry_after(reply)}
        if reply.content_type is not None:
            all_headers["Content-Type"] = reply.content_type
        if reply.fault == "slow_headers":
            await self._stall()
        if reply.fault in {None, "slow_headers"}:
            return web.Response(status=reply.status, body=body, headers=all_headers)
        if reply.fault == "reset_before_headers":
            _reset(request)
            return web.Response(status=reply.status)
        return await self._break_off(request, reply, body, all_headers)

    async def _break_off(
        self, request: web.Request, reply: PlannedReply, body: bytes, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Fail after the header block, which has the whole body's length."""
        response = web.StreamResponse(status=reply.status, headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        half = len(body) // 2 if reply.fault != "reset_after_headers" else 0
        await response.write(body[:half])
        if reply.fault == "slow_body":
            await self._stall()
            await response.write(body[half:])
            return response
        await asyncio.sleep(_FLUSH_SECONDS)
        if reply.fault == "reset_after_headers":
            _reset(request)
        elif request.transport is not None:
            request.transport.close()
        return response

    async def _stall(self) -> None:
        try:
            await asyncio.wait_for(self.closing.wait(), self._options.answers.stall_seconds)
        except TimeoutError:
            return

    def _body(self, reply: PlannedReply) -> bytes:
        bom = self._options.answers.bom
        is_json = reply.content_type is not None and reply.content_type != HTML
        is_marked = bom == "all" or (bom == "success" and reply.status == 200)
        return _BYTE_ORDER_MARK + reply.body if is_json and is_marked and reply.body else reply.body

    def _retry_after(self, reply: PlannedReply) -> dict[str, str]:
        form, seconds = self._options.throttle.retry_after, reply.retry_after
        if seconds is None or form == "missing":
            return {}
        date = formatdate(time.time() + seconds, usegmt=True)
        return {"Retry-After": {"seconds": str(seconds), "date": date, "zero": "0"}[form]}


def _reset(request: web.Request) -> None:
    """End the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
    transport.abort()
