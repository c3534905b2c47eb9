"""ApiResponse -> Finding: what one response says about one customer. The HTTP status decides first, then the body; the first match wins.

Nothing is eligible or blocked without an answer that the documentation classifies so; every other path ends as undetermined. Sources:
"Partner Center REST: Retrieve the validation status of a customer" (statuses, purchase eligibility, 404 with code 600074), "Partner
Center REST error codes", "Partner Center API throttling guidance".
"""

from collections.abc import Callable
from types import MappingProxyType

from auditor.core.connection import explain_untrusted
from auditor.core.judge.body import Body, clean, read_body
from auditor.core.judge.documented_answers import as_documented, is_account_status, is_no_account_status
from auditor.core.model import NO_STATUS, ApiResponse, Cause, Finding, Next, Reason, RunEnd

_STATUSES = MappingProxyType(
    {
        between.join(words): known
        for words, known in {
            ("allowed",): ("Allowed", Reason.ALLOWED),
            ("under", "review"): ("UnderReview", Reason.UNDER_REVIEW),
            ("not", "allowed"): ("NotAllowed", Reason.NOT_ALLOWED),
            ("unknown",): ("Unknown", Reason.UNKNOWN),
            # documented, but in neither of the two lists of purchase eligibility
            ("not", "ready"): ("Not Ready", Reason.NOT_READY),
        }.items()
        for between in ("", " ", "_", "-")
    }
)
"""Statuses in lower case; elsewhere the API has written its enumerations in one word, in two, and in snake_case."""

_SIGN_IN_AGAIN = "sign in again with MFA, as a user of the partner's tenant: auditor login"
_ENDS_AT_401 = MappingProxyType(
    {
        "900420": (
            "the token's audience is no longer valid (401, code 900420)",
            "ask for a token for https://api.partnercenter.microsoft.com",
        ),
        "900421": ("the token carries no multi-factor claim (401, code 900421)", _SIGN_IN_AGAIN),
    }
)
_ENDS_AT_403 = MappingProxyType(
    {
        "900329": (
            "this API refuses application-only tokens (403, code 900329)",
            "sign in as a user, for only App+User tokens are accepted: auditor login",
        ),
        "900150": (
            "the signed-in user's role lacks the rights (403, code 900150)",
            "give the user the Admin agent or Sales agent role, or sign in as another",
        ),
        "900149": (
            "the partner is not active in the programme (403, code 900149)",
            "check the partner's account in Partner Center",
        ),
        "800039": (
            "the Microsoft Partner Agreement is not accepted (403, code 800039)",
            "accept it in Partner Center, then resume",
        ),
        "900123": (
            "the partner may not use this API (403, code 900123)",
            "check the partner's account in Partner Center",
        ),
        "900124": (
            "the partner may not use this API (403, code 900124)",
            "check the partner's account in Partner Center",
        ),
        "90000": ("the identity service failed while issuing a token (403, code 90000)", "sign in again"),
    }
)
_FORBIDDEN = MappingProxyType({"20002": Reason.NO_RELATIONSHIP})


def classify(reply: ApiResponse, customer_id: str) -> Finding:
    """Classify a response for the customer that was asked for.

    Args:
        reply: one response, or one failure on the way.
        customer_id: lower-case GUID that was in the request's path.
    """
    # nearly all responses; a test compares it with the strict classification
    found = as_documented(reply.body) if reply.http_status == 200 else None  # noqa: PLR2004 - OK
    return found or classify_strictly(reply, customer_id)


def classify_strictly(reply: ApiResponse, customer_id: str) -> Finding:
    """As `classify`, for a body of any shape."""
    if reply.http_status is None:
        return _no_response(reply)
    body = read_body(reply.body)
    return _BY_STATUS.get(reply.http_status, _other)(reply, body, customer_id)


def _no_response(reply: ApiResponse) -> Finding:
    if not reply.untrusted:
        return Finding(reason=Reason.TRANSPORT_ERROR, next=Next.RETRY, error_message=reply.failure)
    what, remedy = explain_untrusted(reply.verify_code)
    end = RunEnd(Cause.SERVICE, f"the server's certificate {what}: {reply.failure}", remedy)
    return Finding(reason=Reason.TRANSPORT_ERROR, next=Next.END_RUN, error_message=reply.failure, run_end=end)


def _ok(_reply: ApiResponse, body: Body, customer_id: str) -> Finding:
    if body.document is None:
        return Finding(
            reason=Reason.MALFORMED_REPLY, next=Next.RETRY_TWICE, error_message=body.message or "an empty body"
        )
    raw, last_update = body.document.get("status"), body.document.get("lastUpdateDateTime")
    known = _STATUSES.get(raw.casefold()) if isinstance(raw, str) and is_account_status(body, customer_id) else None
    status, reason = known or (_as_text(raw), Reason.UNRECOGNIZED_STATUS)
    return Finding(
        reason=reason,
        status=status,
        last_update_raw=_as_text(last_update),
        error_message=body.message if reason is Reason.UNRECOGNIZED_STATUS else None,
    )


def _as_text(value: object) -> str | None:
    return None if value is None else clean(str(value))


def _not_found(_reply: ApiResponse, body: Body, customer_id: str) -> Finding:
    if body.code == "600074":
        if is_no_account_status(body, customer_id):
            return _with_error(body, Reason.NO_ACCOUNT_STATUS, Next.DONE, status=NO_STATUS)
        return _with_error(body, Reason.UNEXPECTED_REPLY, Next.RETRY if body.retryable else Next.DONE)
    if body.code is not None:
        return _with_error(body, Reason.CUSTOMER_NOT_FOUND, Next.DONE)
    # such as a gateway's missing route or a proxy's page: not an answer about the customer
    return _with_error(body, Reason.UNEXPECTED_REPLY, Next.RETRY_TWICE)


def _bad_request(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    listed = body.code in {"2000", "3000", "900118", "800002", "900126"}
    again = body.retryable is True and not listed
    return _with_error(body, Reason.REJECTED, Next.RETRY if again else Next.DONE)


def _unauthorized(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    # older services answered in plain text, without a code
    code = "900421" if "mfa required" in body.text[:2000].casefold() else body.code
    if ends := _ENDS_AT_401.get(code or ""):
        return _with_error(body, Reason.UNEXPECTED_REPLY, Next.END_RUN, ends=ends)
    return _with_error(body, Reason.UNEXPECTED_REPLY, Next.RENEW_TOKEN)


def _forbidden(reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    if body.code is None and reply.retry_after is not None:
        # Azure API Management's answer to an exhausted quota
        return _with_error(body, Reason.THROTTLED, Next.WAIT)
    if ends := _ENDS_AT_403.get(body.code or ""):
        return _with_error(body, Reason.FORBIDDEN, Next.END_RUN, ends=ends)
    return _with_error(body, _FORBIDDEN.get(body.code or "", Reason.FORBIDDEN), Next.DONE)


def _throttled(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    return _with_error(body, Reason.THROTTLED, Next.WAIT)


def _timeout(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    return _with_error(body, Reason.SERVICE_ERROR, Next.DONE if body.retryable is False else Next.RETRY)


def _conflict(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    return _with_error(body, Reason.UNEXPECTED_REPLY, Next.DONE if body.retryable is False else Next.RETRY_ONCE)


def _not_implemented(_reply: ApiResponse, body: Body, _customer_id: str) -> Finding:
    return _with_error(body, Reason.SERVICE_ERROR, Next.DONE)


def _other(reply: ApiResponse, body: Body, customer_id: str) -> Finding:
    status = reply.http_status or 0
    if 500 <= status <= 599:  # noqa: PLR2004 - the class of server errors
        return _timeout(reply, body, customer_id)
    if 400 <= status <= 499:  # noqa: PLR2004 - the class of client errors
        return _with_error(body, Reason.REJECTED, Next.DONE)
    # 2xx other than 200, and every redirect: the token is never sent elsewhere
    return _with_error(body, Reason.UNEXPECTED_REPLY, Next.DONE)


_BY_STATUS: MappingProxyType[int, Callable[[ApiResponse, Body, str], Finding]] = MappingProxyType(
    {
        200: _ok,
        400: _bad_request,
        401: _unauthorized,
        403: _forbidden,
        404: _not_found,
        408: _timeout,
        409: _conflict,
        429: _throttled,
        501: _not_implemented,
    }
)


def _with_error(
    body: Body, reason: Reason, then: Next, *, status: str | None = None, ends: tuple[str, str] | None = None
) -> Finding:
    return Finding(
        reason=reason,
        next=then,
        status=status,
        error_code=body.code,
        error_name=body.error_name,
        error_message=body.message,
        run_end=RunEnd(Cause.SIGN_IN, *ends) if ends else None,
    )
