"""What the API answers to the sign-in: one real call, MFA, role, one customer, a stranger.

Rule: what is said of an answer holds no customer, and not the service's own words, which may name one.
"""

import asyncio
import time
import uuid
from dataclasses import replace
from http import HTTPStatus

from auditor.commands.doctor import sign_in
from auditor.commands.doctor.context import Subject
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.judge import judge_page, read_page
from auditor.core.model import CustomerResult, Next
from auditor.core.sign_in import claims_challenge
from auditor.fetch import ProbeResult, TokenRequest, probe
from auditor.runs.api_client import fetching
from auditor.runs.credentials import ignore_message
from auditor.settings import Secret

LONGEST = 120.0
"""Seconds for one question, waiting for the gate of a throttled quota included."""
_ROLES = frozenset({"900150", "900308"})
_COMPLIANT = {"true": True, "false": False}


def call(subject: Subject) -> Result:
    """One real call: a page with one customer; where the access token is refused, once more with a new one, as a run does.

    Raises:
        SignInError, StoppedEarlyError: it is refused, and no other is to be had.
    """
    first = _page(subject)
    found, renewable = judge_page(first.response, ""), subject.unattended
    if found.next is not Next.RENEW_TOKEN or renewable is None:
        return _called(subject, first, "the access token")
    before = len(subject.said)
    sign_in.redeem(
        subject, renewable, TokenRequest(force=True, claims=claims_challenge(first.headers.get("WWW-Authenticate")))
    )
    judged = sign_in.token(subject)
    if judged.state is diagnosis.CheckState.FAILED:
        return judged
    result = _called(subject, _page(subject), "even a new access token")
    renewed = "the API refused the access token that was kept, so a new one was fetched, as a run does"
    return diagnosis.with_messages(result, [renewed, *subject.said[before:]])


def _page(subject: Subject) -> ProbeResult:
    settings, url = subject.settings, subject.settings.api
    headers = {
        "Authorization": f"Bearer {subject.token}",
        "Accept": "application/json",
        "MS-RequestId": str(uuid.uuid4()),
        "MS-CorrelationId": str(uuid.uuid4()),
        "X-Locale": "en-US",
        "MS-PartnerCenter-Application": "auditor",
        # Source: "Partner security requirements: mandating MFA": the answer then says whether the token carries it
        "ValidateMfa": "true",
    }
    seen = probe(f"{url}/v1/customers?size=1", settings.trust, subject.proxy(url), headers)
    subject.listed = seen
    subject.simulated |= seen.response.simulated
    return seen


def _called(subject: Subject, seen: ProbeResult, token: str) -> Result:
    page = read_page(seen.response.body) if seen.response.http_status == HTTPStatus.OK else None
    if page is None:
        return diagnosis.customer_list_refused(judge_page(seen.response, ""), seen.response, token)
    subject.customer = page.customers[0].id if page.customers else None
    return diagnosis.ok(
        f"a real call works: the partner's customer list answers in {seen.seconds:.2f} s",
        seconds=round(seen.seconds, 3),
    )


def mfa(subject: Subject) -> Result:
    """Whether the sign-in carries multi-factor authentication, by the API's own word where it gives it."""
    told = subject.listed.headers.get("isMfaCompliant", "") if subject.listed else ""
    return diagnosis.mfa(subject.claims, _COMPLIANT.get(told.strip().casefold()))


def role(subject: Subject) -> Result:
    """Whether the signed-in user may ask; the call shows it."""
    reply = subject.listed.response if subject.listed else None
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


def account_status(subject: Subject) -> Result:
    """One customer's account status, asked for and judged as a run does."""
    if subject.customer is None:
        return diagnosis.skipped("not checked: the partner's customer list names nobody to ask for")
    began = time.monotonic()
    answer = _asked(subject, subject.customer)
    if answer is None:
        return _no_turn()
    return diagnosis.customer_answer(answer.finding, answer.response.http_status, time.monotonic() - began)


def stranger(subject: Subject) -> Result:
    """What a tenant that nobody has is answered with."""
    answer = _asked(subject, str(uuid.uuid4()))
    if answer is None:
        return _no_turn()
    if answer.finding.run_end is not None or answer.response.http_status is None:
        return diagnosis.customer_answer(answer.finding, answer.response.http_status, 0.0)
    return diagnosis.random_id(answer.finding, answer.response.http_status, simulated=subject.simulated)


def _no_turn() -> Result:
    return diagnosis.failed(
        f"no answer within {LONGEST:.0f} s", "run auditor doctor again in a few minutes", diagnosis.SERVICE
    )


def _asked(subject: Subject, customer_id: str) -> CustomerResult | None:
    """The answer for one customer by a run's own fetcher; None where it did not come in time."""
    # the token that was looked at is the one that is used
    settings = replace(
        subject.settings,
        access_token=Secret(subject.token),
        client_id=None,
        refresh_token=None,
        attempts=2,
        timeout=30.0,
    )

    async def asked() -> CustomerResult:
        async with fetching(settings, ignore_message, remember=False) as api:
            return await api.status.fetch(customer_id)

    try:
        answer = asyncio.run(asyncio.wait_for(asked(), LONGEST))
    except TimeoutError:
        return None
    subject.simulated |= answer.response.simulated
    return answer
