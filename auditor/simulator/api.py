"""Partner Center's side of the wire: routes, headers, log. Rule: what is answered is planned elsewhere.

Sources: "Partner Center REST: Retrieve the validation status of a customer", "Partner Center REST headers" (MS-RequestId
and MS-CorrelationId come back as they were sent) and recorded responses (MS-CV, MS-ServerId, Request-Context).
"""

import asyncio
import base64
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from aiohttp import web

from auditor.simulator.bodies import fault, route_miss
from auditor.simulator.customer_list import CustomerList
from auditor.simulator.directory import Directory
from auditor.simulator.gate import Gate, Refusal, bearer
from auditor.simulator.planned import Fault, PlannedReply
from auditor.simulator.request_log import LOGGED_HEADERS, RequestLog, RequestRecord
from auditor.simulator.scenario import Scenario
from auditor.simulator.tokens import Claims, decode
from auditor.simulator.wire import Wire

SERVER = "auditor-simulator"

_REQUEST_CONTEXT = "appId=cid-v1:03ce8ca8-8373-4021-8f25-d5dd45c7b12f"


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what was read of it."""

    request: web.Request
    customer_id: str | None
    claims: Claims | None
    at: float
    attempt: int


class PartnerCenterApi:
    """The resources as an aiohttp application.

    Args:
        scenario: what customers answer.
        directory: who is a customer.
        customer_list: answers for the customer resources.
        gate: throttle and token check.
        log: where every request is recorded.
    """

    def __init__(
        self, scenario: Scenario, directory: Directory, customer_list: CustomerList, gate: Gate, log: RequestLog
    ) -> None:
        self._scenario = scenario
        self._directory = directory
        self._customer_list = customer_list
        self._gate = gate
        self._log = log
        self._answers: Counter[str] = Counter()
        self._mark: dict[str, str] = {}
        self._random = Random(scenario.seed)

    def application(self, wire: Wire, latency_seconds: float = 0.0, *, announces: bool = True) -> web.Application:
        """The application, which sends its replies over `wire` after `latency_seconds`, marked unless told otherwise."""
        self._mark = {"X-Simulated": "true"} if announces else {}

        def route(answer: Callable[[Call], PlannedReply]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
            async def handle(request: web.Request) -> web.StreamResponse:
                self._log.enter()
                try:
                    reply, headers = self._reply(request, answer)
                    if latency_seconds:
                        await asyncio.sleep(latency_seconds)
                    return await wire.send(request, reply, headers)
                finally:
                    self._log.leave()

            return handle

        application = web.Application()
        application.router.add_route("GET", "/v1/customers/{id:[^/]+}/validationStatus", route(self._validation_status))
        application.router.add_route("GET", "/v1/customers/{id:[^/]+}", route(self._customer))
        application.router.add_route("GET", "/v1/customers", route(self._customers))
        application.router.add_route("*", "/{path:.*}", route(lambda _: route_miss()))
        return application

    def _reply(
        self, request: web.Request, answer: Callable[[Call], PlannedReply]
    ) -> tuple[PlannedReply, dict[str, str]]:
        """Plans the reply, with the headers that go beside it, and records both."""
        call = self._read(request)
        is_miss = "path" in request.match_info
        refusal = None if is_miss else self._gate.refuse(call.claims, call.customer_id)
        reply = refusal.reply if refusal else answer(call)
        self._record(call, reply, refusal)
        own = {} if reply.gateway else self._trace_headers(request)
        return reply, {"Server": SERVER, **self._mark, **own, **self._mfa_header(call, refusal)}

    def _read(self, request: web.Request) -> Call:
        token = bearer(request.headers.get("Authorization"))
        raw_id = request.match_info.get("id")
        attempt = self._log.count_attempt(raw_id.lower()) if raw_id is not None else 0
        return Call(request, raw_id, decode(token) if token else None, time.monotonic(), attempt)

    def _validation_status(self, call: Call) -> PlannedReply:
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

    def _customer(self, call: Call) -> PlannedReply:
        return self._customer_list.one(call.customer_id or "")

    def _customers(self, call: Call) -> PlannedReply:
        return self._customer_list.page(call.request.query, call.request.headers)

    def _mfa_header(self, call: Call, refusal: Refusal | None) -> dict[str, str]:
        if refusal is not None and refusal.by in ("outage", "throttle"):
            return {}
        return self._gate.headers(call.request.headers, call.claims)

    def _trace_headers(self, request: web.Request) -> dict[str, str]:
        vector = base64.b64encode(self._random.randbytes(12)).decode()
        return {
            "MS-RequestId": request.headers.get("MS-RequestId") or str(uuid.uuid4()),
            "MS-CorrelationId": request.headers.get("MS-CorrelationId") or str(uuid.uuid4()),
            "MS-CV": f"{vector}.0",
            "MS-ServerId": f"{self._random.getrandbits(32):08X}",
            "Request-Context": _REQUEST_CONTEXT,
        }

    def _record(self, call: Call, reply: PlannedReply, refusal: Refusal | None) -> None:
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
            turned_away=refusal.by if refusal else None,
            request_id=request.headers.get("MS-RequestId"),
            correlation_id=request.headers.get("MS-CorrelationId"),
            token_id=claims.get("uti"),
            tenant_id=claims.get("tid"),
            status=None if reply.fault is Fault.RESET_BEFORE_HEADERS else reply.status,
            fault=None if reply.fault is Fault.NONE else reply.fault.name.lower(),
            headers={name: request.headers[name] for name in LOGGED_HEADERS if name in request.headers},
        )
        self._log.append(record)
