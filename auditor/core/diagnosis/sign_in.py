"""The checks of `doctor` about the sign-in and the API's responses. User names are masked; the API's messages, which may name a customer, are
left out.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from auditor.core.diagnosis.checks import SERVICE, SIGN_IN, CheckState, Fact, Result, failed, mask_user, ok, warning
from auditor.core.model import ApiResponse, Finding, Reason, Verdict
from auditor.core.results import STOP_EXIT_CODES
from auditor.core.sign_in import REMEDY, Claims, ClockSkew, TokenKind, find_token_problem
from auditor.core.sign_in import expiry_warning as ending_soon

_UNAUTHORIZED, _THROTTLED = 401, 429


def signed_in(source: str, days: int | None, messages: Iterable[str]) -> Result:
    """There is an access token; with the messages that a run would show.

    Args:
        source: of the token, for people.
        days: until the sign-in ends without use; another check warns of the end.
        messages: sentences; what to do follows after `REMEDY`.
    """
    notes = [sentence for sentence in messages if sentence != ending_soon(days, source)]
    return with_messages(ok(f"got an access token, from {source}"), notes)


def with_messages(result: Result, messages: Iterable[str]) -> Result:
    """Add a run's messages to a result; a warning if there is something to do."""
    notes = [sentence.partition(REMEDY) for sentence in messages]
    found = "; ".join([result.found, *(note for note, _, _ in notes)])
    remedies = "; ".join(remedy for _, _, remedy in notes if remedy)
    if result.state is CheckState.OK and remedies:
        return replace(result, state=CheckState.WARNING, found=found, next=remedies)
    return replace(result, found=found)


def customer_list_refused(finding: Finding, reply: ApiResponse, token: str) -> Result:
    """The request for one page of the partner's customers failed.

    Args:
        finding: of the response.
        reply: the response, or why there is none.
        token: which access token was sent, for people.
    """
    status = reply.http_status
    if finding.run_end is not None:
        return customer_answer(finding, status, 0.0)
    code = f", code {finding.error_code}" if finding.error_code else ""
    if status == _UNAUTHORIZED:
        return failed(f"the API refuses {token} (HTTP 401{code})", "sign in again: auditor login", SIGN_IN)
    if status == _THROTTLED:
        return warning(
            "the API throttles requests at the moment (HTTP 429)",
            "another program of the partner uses the quota; a run waits for it",
        )
    if status is not None and 400 <= status <= 499:  # noqa: PLR2004 - the class of client errors
        words = f"the customer list is refused: HTTP {status}{code}"
        return warning(words, "pass a customer list to auditor run: it cannot fetch the partner's own")
    words = f"HTTP {status}{code}" if status else reply.failure or "no answer"
    return failed(f"the customer list cannot be fetched: {words}", "run auditor doctor again in a few minutes", SERVICE)


def token(claims: Claims | None, audiences: Iterable[str], now: datetime, skew: ClockSkew | None = None) -> Result:
    """Judge the kind, audience and expiry of an access token."""
    if claims is None:
        return ok("the access token cannot be read: only the API can judge it")
    trouble = find_token_problem(claims, frozenset(audiences), now, skew)
    if trouble is not None:
        what, _, then = trouble.partition(": ")
        return failed(what, then or "sign in again: auditor login", SIGN_IN, kind=claims.kind)
    kind = {TokenKind.APP_USER: "App+User", TokenKind.APP_ONLY: "app-only"}.get(claims.kind, "of unknown kind")
    words = [f"an access token {kind}" if claims.kind is TokenKind.UNKNOWN else f"an {kind} token, as required,"]
    words += [f"of user {mask_user(claims.user_name)}"] if claims.user_name else []
    words += [f"of tenant {claims.tenant_id}"] if claims.tenant_id else []
    words += [f"for {claims.audience}"] if claims.audience else []
    minutes = (claims.expires_at - now).total_seconds() / 60 if claims.expires_at else None
    words += [f"valid for {minutes:.0f} minutes"] if minutes is not None else []
    left = None if minutes is None else round(minutes, 1)
    return ok(" ".join(words), kind=claims.kind, tenant_id=claims.tenant_id, minutes_left=left)


def mfa(claims: Claims | None, reported: bool | None) -> Result:  # noqa: FBT001 - three answers, not a switch
    """Judge whether the sign-in has multi-factor authentication.

    Args:
        claims: of the token; None if it is opaque.
        reported: `isMfaCompliant` of the API's response; None without it.
    """
    claimed = claims.mfa if claims else None
    facts: dict[str, Fact] = {"claimed": claimed, "reported": reported}
    if reported is False or (claimed is False and reported is None):
        who = "the API says that" if reported is False else "by its claims,"
        return failed(
            f"{who} the access token has no multi-factor authentication (401, code 900421)",
            "sign in again with multi-factor authentication: auditor login",
            SIGN_IN,
            **facts,
        )
    if reported:
        return ok("the API says that the sign-in has multi-factor authentication", **facts)
    by_claims = "by its claims, the access token has multi-factor authentication; the API did not say"
    unknown = "neither the access token nor the API says whether the sign-in has multi-factor authentication"
    return ok(by_claims if claimed else unknown, **facts)


def days_left(days: int | None, where: str) -> Result:
    """Judge how long the sign-in lasts.

    Args:
        days: until the refresh token expires; None if its time of issue is not known.
        where: where it is stored, for people.
    """
    if days is None:
        return ok("not known: the refresh token does not show when it was issued; 90 days are usual", days=None)
    soon = ending_soon(days, where)
    if soon is not None:
        what, _, then = soon.rpartition("; ")
        return warning(what, then, days=days)
    return ok(f"{days} days until the sign-in ends without use; every use extends it to 90 days", days=days)


def customer_answer(finding: Finding, http_status: int | None, seconds: float) -> Result:
    """Judge the response about one of the partner's customers; the customer is not named."""
    code = f", code {finding.error_code}" if finding.error_code else ""
    facts: dict[str, Fact] = {
        "http_status": http_status,
        "error_code": finding.error_code,
        "seconds": round(seconds, 3),
    }
    http = f"HTTP {http_status}{code}" if http_status else "no answer"
    if finding.run_end is not None:
        end = finding.run_end
        return failed(end.message, end.hint, STOP_EXIT_CODES[end.cause], **facts)
    if http_status is None:
        return failed(http, "fix what failed above, then run auditor doctor again", SERVICE, **facts)
    if finding.verdict is Verdict.UNDETERMINED:
        words = f"one of the partner's customers, requested as in a run, gets {http}: {finding.reason}"
        return warning(words, "ask for a few customers: auditor status ID; an ID is in auditor customers", **facts)
    return ok(
        f"one of the partner's customers, requested as in a run, gets an answer in {seconds:.2f} s ({http})", **facts
    )


def random_id(finding: Finding, http_status: int | None, *, simulated: bool = False) -> Result:
    """Judge the response about a random id: whether "no account status" identifies a customer."""
    facts: dict[str, Fact] = {"http_status": http_status, "error_code": finding.error_code, "reason": finding.reason}
    code = f"HTTP {http_status}" + (f", code {finding.error_code}" if finding.error_code else "")
    if finding.reason is Reason.NO_ACCOUNT_STATUS:
        return ok(
            f"a random id gets the answer of a customer without an account status ({code}): "
            "keep --customer-list auto, which distinguishes them",
            **facts,
        )
    if finding.reason in {Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP, Reason.REJECTED, Reason.FORBIDDEN}:
        return ok(f"a random id gets another answer than customers do ({code}: {finding.reason})", **facts)
    if finding.verdict is Verdict.UNDETERMINED:
        words = f"the answer to a random id is not known: at the moment it is {code}: {finding.reason}"
        return warning(words, "run auditor doctor again in a few minutes", **facts)
    words = f"a random id gets the answer of a customer ({code}: {finding.reason})"
    if simulated:
        return ok(f"{words}: this simulator has no unknown ids; auditor simulate --customers N has", **facts)
    return warning(
        f"{words}: a wrong id in a list would not be noticed", "compare lists with auditor customers", **facts
    )
