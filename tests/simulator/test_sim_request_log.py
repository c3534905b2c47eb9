"""The request log: complete, in order, without secrets."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from sim_support import OPEN, OTHER_ID, OWN_ID, bench

from auditor.simulator import AnswerOptions, RequestLog, RequestRecord, SimulatorOptions, ThrottleOptions, Window

PLAIN = SimulatorOptions(tls=False, throttle=OPEN, answers=AnswerOptions(weights={"allowed": 1}))


async def test_record_holds_what_was_sent_and_answered() -> None:
    """Ids, token id, attempt, status and the logged headers are there; the token is not."""
    async with bench(PLAIN) as b:
        await b.status(OWN_ID.upper(), MS_RequestId="r-1", MS_CorrelationId="c-1", X_Locale="en-US", Accept="a/b")
        (record,) = b.simulator.log.records
        token = b.token
    assert (record.method, record.customer_id, record.kind, record.status) == ("GET", OWN_ID, "allowed", 200)
    assert record.path == f"/v1/customers/{OWN_ID.upper()}/validationStatus"
    assert (record.request_id, record.correlation_id, record.attempt) == ("r-1", "c-1", 1)
    assert record.token_id
    assert record.headers["X-Locale"] == "en-US"
    assert record.headers["Accept"] == "a/b"
    assert token not in repr(record)


async def test_attempts_count_all_requests_and_answers_only_accepted_ones() -> None:
    """A request that the throttle rejected is an attempt in the log, but not an answer of the customer."""
    chosen = replace(
        PLAIN,
        throttle=ThrottleOptions(windows=(), per_customer=Window(1, 0.1), count_rejected=False),
        answers=AnswerOptions(overrides={OWN_ID: "error_once"}),
    )
    async with bench(chosen) as b:
        statuses = [(await b.status()).status, (await b.status()).status]
        while statuses[-1] == 429:
            statuses.append((await b.status()).status)
        records = b.simulator.log.of(OWN_ID)
    assert statuses[:2] == [500, 429]
    assert statuses[-1] == 200
    assert [record.attempt for record in records] == list(range(1, len(records) + 1))
    assert {record.turned_away for record in records if record.status == 429} == {"throttle"}


async def test_refused_tokens_are_marked() -> None:
    """The record of a request names the token check that refused it."""
    async with bench(PLAIN) as b:
        await b.status(token=None)
        (record,) = b.simulator.log.records
    assert (record.turned_away, record.status, record.token_id) == ("token", 401, None)


async def test_counts_by_status_and_customer() -> None:
    """The helpers count requests by status and by customer."""
    async with bench(replace(PLAIN, answers=AnswerOptions(overrides={OWN_ID: "error_once", OTHER_ID: "allowed"}))) as b:
        for each in (OWN_ID, OWN_ID, OTHER_ID):
            await b.status(each)
        await b.get("/nowhere")
        log = b.simulator.log
        assert log.by_status() == {500: 1, 200: 2, 404: 1}
        assert log.attempts() == {OWN_ID: 2, OTHER_ID: 1}


async def test_peak_of_requests_in_flight() -> None:
    """The largest number of requests at one time is known."""
    answers = AnswerOptions(weights={"allowed": 1}, latency_seconds=0.1)
    async with bench(replace(PLAIN, answers=answers)) as b:
        await asyncio.gather(*(b.status() for _ in range(5)))
        assert b.simulator.log.peak_in_flight == 5
        assert b.simulator.log.in_flight == 0


def test_busiest_stretch() -> None:
    """The most requests in any stretch of the given length, its end excluded."""
    log = RequestLog()
    for at in (0.0, 0.5, 0.9, 1.0, 1.2, 5.0):
        log.append(RequestRecord(at=at))
    assert log.busiest(1.0) == 4
    assert log.busiest(0.1) == 1
    assert log.busiest(100.0) == 6
    assert RequestLog().busiest(1.0) == 0


async def test_log_file(tmp_path: Path) -> None:
    """The file has one JSON line a request, the same as the records, and no token."""
    path = tmp_path / "requests.jsonl"
    async with bench(replace(PLAIN, log_file=path)) as b:
        await b.status()
        await b.get("/v1/customers?size=1")
        records = b.simulator.log.records
        token = b.token
    text = path.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["path"] for line in lines] == [record.path for record in records]
    assert lines[1]["query"] == "size=1"
    assert token not in text
