"""The example of a web service, served by uvicorn in a process of its own."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.testing import PartnerCenter

EXAMPLES = Path(__file__).parents[2] / "examples"
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
STATUSES = dict(zip(IDS, ("Allowed", "UnderReview", "NoStatus", "tenant_not_found"), strict=True))
_PATIENCE = 60.0


@contextmanager
def _serve(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Serve on a free port; yield the URL; stop as a service manager does."""
    command = [sys.executable, "-m", "uvicorn", "fastapi_service:app", "--app-dir", str(EXAMPLES), "--port", "0"]
    surroundings = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
    # without a log line for each request, what it prints fits into the pipe
    with subprocess.Popen(
        [*command, "--no-access-log"],
        cwd=folder,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as service:
        try:
            yield _address(service)
        finally:
            service.terminate()
            rest, _ = service.communicate(timeout=_PATIENCE)
    assert "Application shutdown complete" in rest


def _address(service: "subprocess.Popen[str]") -> str:
    """The URL that the service prints when it accepts connections; a service that does not start in time is killed."""
    assert service.stdout is not None
    timer = threading.Timer(_PATIENCE, service.kill)
    timer.start()
    try:
        printed = []
        for line in service.stdout:
            printed.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                return found[1]
        raise AssertionError("".join(printed))
    finally:
        timer.cancel()


def _call(url: str, body: object = None) -> tuple[int, dict[str, Any]]:
    """HTTP status and document of a GET, or of a POST with a body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - always http
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=_PATIENCE) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's URL; its customers are those of `STATUSES`."""
    with (
        PartnerCenter(STATUSES) as partner_center,
        _serve(tmp_path_factory.mktemp("service"), partner_center.environ) as url,
    ):
        yield url


@pytest.mark.parametrize(
    ("customer_id", "expected"),
    [
        (IDS[0], ("eligible", "allowed", "Allowed")),
        (IDS[1].upper(), ("blocked", "under_review", "UnderReview")),
        (IDS[2], ("eligible", "no_account_status", "NoStatus")),
        (IDS[3], ("undetermined", "customer_not_found", None)),
    ],
)
def test_a_customer_is_answered_also_where_it_could_not_be_checked(
    service: str, customer_id: str, expected: tuple[str, str, str | None]
) -> None:
    """A failed customer is 200 with its reason."""
    code, document = _call(f"{service}/customers/{customer_id}")
    assert (code, document["verdict"], document["reason"], document["status"]) == (200, *expected)
    assert datetime.fromisoformat(document["checked_at"]).tzinfo is not None


def _wait(url: str, run_id: str) -> tuple[int, dict[str, Any]]:
    """Ask for the state of an audit until it has ended."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        code, state = _call(f"{url}/audits/{run_id}")
        if code != 200 or state["complete"] is not None:
            return code, state
        assert state["answered"] <= state["to_ask"] <= len(IDS)
    raise TimeoutError(run_id)


def test_an_audit_runs_in_the_background(service: str) -> None:
    """It has a run-id at once, and its counts at the end."""
    code, started = _call(f"{service}/audits", IDS)
    assert code == 202
    code, state = _wait(service, started["run_id"])
    assert code == 200
    assert state == {"complete": False, "answered": 4, "to_ask": 4, "blocked": 1, "eligible": 2}
    assert _call(f"{service}/audits/20200101T000000Z")[0] == 404


def test_errors_have_a_status_of_http_and_name_the_cure(service: str) -> None:
    """Exceptions of auditor arrive as documents."""
    for code, document in (_call(f"{service}/customers/nobody"), _call(f"{service}/audits", [])):
        assert code == 422
        assert document["error"]
        assert document["hint"]


def test_a_refused_sign_in_is_unavailable(tmp_path: Path) -> None:
    """For one customer, and for an audit."""
    with PartnerCenter(STATUSES) as partner_center, _serve(tmp_path, partner_center.environ) as url:
        partner_center.revoke_tokens()
        code, document = _call(f"{url}/customers/{IDS[0]}")
        assert code == 503
        assert document["hint"]
        code, document = _call(f"{url}/audits", IDS)
        if code == 202:
            code, document = _wait(url, document["run_id"])
        assert code == 503
        assert document["hint"]
