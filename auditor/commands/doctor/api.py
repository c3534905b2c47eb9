"""Checks of the API with the token: one real call, MFA, role, one customer, an unknown customer.

A result names no customer, and does not repeat the service's own words, which may name one.
"""

import asyncio
import time
import uuid
from dataclasses import replace
from http import HTTPStatus

from auditor.commands.doctor import sign_in
from auditor.commands.doctor.context import DoctorContext
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.judge import judge_page, read_page
from auditor.core.model import CustomerResult, Next
from auditor.core.sign_in import claims_challenge
from auditor.fetch import ProbeResult, TokenRequest, probe
from auditor.runs.api_client import open_api_client
from auditor.runs.credentials import ignore_message
from auditor.settings import Secret

LONGEST = 120.0
"""Seconds for one customer, including the wait of a throttled client."""
_ROLES = frozenset({"900150", "900308"})
_COMPLIANT = {"true": True, "false": False}


def call(context: DoctorContext) -> Result:
    """Ask for a page with one customer; where the access token is refused, once more with a new one, as a run does.

    Raises:
        SignInError, StoppedEarlyError: the token is refused, and there is no other.
    """
    first = _fetch_page(context)
    found, renewable = judge_page(first.response, ""), context.unattended
    if found.next is not Next.RENEW_TOKEN or renewable is None:
        return _judge_call(context, first, "the access token")
    before = len(context.messages)
    sign_in.redeem(
        context, renewable, TokenRequest(force=True, claims=claims_challenge(first.headers.get("WWW-Authenticate")))
    )
    checked = sign_in.token(context)
    if checked.state is diagnosis.CheckState.FAILED:
        return checked
    result = _judge_call(context, _fetch_page(context), "even a new access token")
    renewed = "the API refused the access token that was kept, so a new one was fetched, as a run does"
    return diagnosis.with_messages(result, [renewed, *context.messages[before:]])


def _fetch_page(context: DoctorContext) -> ProbeResult:
    settings, url = context.settings, context.settings.api
    headers = {
        "Authorization": f"Bearer {context.token}",
        "Accept": "application/json",
        "MS-RequestId": str(uuid.uuid4()),
        "MS-CorrelationId": str(uuid.uuid4()),
        "X-Locale": "en-US",
        "MS-PartnerCenter-Application": "auditor",
        # Source: "Partner security requirements: mandating MFA": the answer then says whether the token carries it
        "ValidateMfa": "true",
    }
    seen = probe(f"{url}/v1/customers?size=1", settings.trust, context.proxy(url), headers)
    context.page = seen
    context.simulated |= seen.response.simulated
    return seen


def _judge_call(context: DoctorContext, seen: ProbeResult, token: str) -> Result:
    page = read_page(seen.response.body) if seen.response.http_status == HTTPStatus.OK else None
    if page is None:
        return diagnosis.customer_list_refused(judge_page(seen.response, ""), seen.response, token)
    context.customer = page.customers[0].id if page.customers else None
    return diagnosis.ok(
        f"a real call works: the partner's customer list answers in {seen.seconds:.2f} s",
        seconds=round(seen.seconds, 3),
    )


def mfa(context: DoctorContext) -> Result:
    """Whether the sign-in is MFA-compliant: as the API says, else as the token says."""
    compliant = context.page.headers.get("isMfaCompliant", "") if context.page else ""
    return diagnosis.mfa(context.claims, _COMPLIANT.get(compliant.strip().casefold()))


def role(context: DoctorContext) -> Result:
    """Whether the signed-in user has a role that may ask; the call shows it."""
    reply = context.page.response if context.page else None
    if reply is None or reply.http_status not in {HTTPStatus.OK, HTTPStatus.FORBIDDEN}:
        return diagnosis.skipped("not checked: the call was not answered")
    code = judge_page(reply, "").error_code
    if reply.http_status == HTTPStatus.FORBIDDEN and code in _ROLES:
        return diagnosis.failed(
            f"the signed-in user's role lacks the rights (403, code {code})",
            "give the user the Admin agent or Sales agent role, or sign in as another",
            diagnosis.SIGN_IN,
            error_code=code,
        )
    if reply.http_status == HTTPStatus.FORBIDDEN:
        return diagnosis.warning(
            f"the customer list is forbidden (403{f', code {code}' if code else ''})",
            "give the user the Admin agent or Sales agent role",
            error_code=code,
        )
    return diagnosis.ok("the signed-in user may read the partner's customers")


def account_status(context: DoctorContext) -> Result:
    """Ask for one customer's account status, and judge it as a run does."""
    if context.customer is None:
        return diagnosis.skipped("not checked: the partner's customer list is empty")
    start = time.monotonic()
    answer = _fetch_status(context, context.customer)
    if answer is None:
        return _timed_out()
    return diagnosis.customer_answer(answer.finding, answer.response.http_status, time.monotonic() - start)


def unknown_customer(context: DoctorContext) -> Result:
    """Ask for a tenant id that no tenant has: a 404 shows how the API answers for customers of others."""
    answer = _fetch_status(context, str(uuid.uuid4()))
    if answer is None:
        return _timed_out()
    if answer.finding.run_end is not None or answer.response.http_status is None:
        return diagnosis.customer_answer(answer.finding, answer.response.http_status, 0.0)
    return diagnosis.random_id(answer.finding, answer.response.http_status, simulated=context.simulated)


def _timed_out() -> Result:
    return diagnosis.failed(
        f"no answer within {LONGEST:.0f} s", "run auditor doctor again in a few minutes", diagnosis.SERVICE
    )


def _fetch_status(context: DoctorContext, customer_id: str) -> CustomerResult | None:
    """Fetch one customer's status with the client of a run; None where it did not come in time."""
    # with the token that was checked
    settings = replace(
        context.settings,
        access_token=Secret(context.token),
        client_id=None,
        refresh_token=None,
        attempts=2,
        timeout=30.0,
    )

    async def fetch() -> CustomerResult:
        async with open_api_client(settings, ignore_message, remember=False) as api:
            return await api.status.fetch(customer_id)

    try:
        answer = asyncio.run(asyncio.wait_for(fetch(), LONGEST))
    except TimeoutError:
        return None
    context.simulated |= answer.response.simulated
    return answer
