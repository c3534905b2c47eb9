"""A web service: a customer's validation status, and audits in the background.

Its settings are those of the command line. To start it: uvicorn fastapi_service:app
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

import auditor

HTTP_STATUS = {
    auditor.CustomerListError: 422,  # the request names no customer
    auditor.LockHeldError: 409,  # another audit of the same partner is running
    auditor.SignInError: 503,  # the operator of this service signs in again
    auditor.StoppedEarlyError: 503,  # Partner Center is down
}


@dataclass
class Audit:
    """An audit in the background, and how many of how many customers are answered."""

    task: asyncio.Task[auditor.AuditResult]
    answered: int = 0
    to_ask: int = 0


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open one client for all requests. At the end, let running audits write their reports."""
    app.state.audits = {}
    async with auditor.Client.from_settings() as app.state.client:
        yield
    running = [audit.task for audit in app.state.audits.values() if audit.task.cancel()]
    await asyncio.gather(*running, return_exceptions=True)


app = FastAPI(lifespan=lifespan)


@app.exception_handler(auditor.AuditorError)
async def explain(_request: Request, error: auditor.AuditorError) -> JSONResponse:
    """What happened, and what to do."""
    return JSONResponse({"error": error.message, "hint": error.hint}, HTTP_STATUS.get(type(error), 500))


@app.get("/customers/{customer_id}")
async def customer(customer_id: str) -> dict[str, Any]:
    """A customer's validation status. One that could not be checked is undetermined, with the reason."""
    result = await app.state.client.validation_status(customer_id)
    found, checked_at = result.finding, result.response.received_at
    return {"verdict": found.verdict, "reason": found.reason, "status": found.status, "checked_at": checked_at}


@app.post("/audits", status_code=202)
async def start_audit(customer_ids: list[str]) -> dict[str, str]:
    """Start an audit of these customers; answer with its run-id as soon as it has one."""
    loop = asyncio.get_running_loop()
    started = loop.create_future()

    def begin(facts: Any, to_ask: int, _estimate: object) -> None:  # called in the audit's thread
        audit.to_ask = to_ask
        loop.call_soon_threadsafe(started.set_result, facts.run_id)

    def count(_result: auditor.CustomerResult) -> None:
        audit.answered += 1

    observer = auditor.RunObserver(started=begin, answered=count)
    audit = Audit(asyncio.create_task(auditor.audit_async(customer_ids, observer=observer)))
    await asyncio.wait({started, audit.task}, return_when=asyncio.FIRST_COMPLETED)
    run_id = started.result() if started.done() else audit.task.result().run_id
    app.state.audits[run_id] = audit
    return {"run_id": run_id}


@app.get("/audits/{run_id}")
async def audit_state(run_id: str) -> dict[str, Any]:
    """The progress of an audit, then its counts."""
    if run_id not in app.state.audits:
        raise HTTPException(404, "there is no such audit")
    audit = app.state.audits[run_id]
    state = {"answered": audit.answered, "to_ask": audit.to_ask, "complete": None}
    if not audit.task.done():
        return state
    result = audit.task.result()
    return state | {"complete": result.complete, "blocked": len(result.blocked), "eligible": len(result.eligible)}
