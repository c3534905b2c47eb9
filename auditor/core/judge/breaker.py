"""The circuit breaker: after each finding, continue the session or end it.

A session ends where the service is plainly down, or where it starts with nothing but refusals of one kind: to go on would only waste
the partner's quota. A 403 with one code for every customer so far counts as a fault of the sign-in, whichever code it is, because
role, agreement and programme are refused this way. The exception is 20002 (no relationship), which a list of former customers gives
for all of them: it ends only the first session of a run; `resume` accepts these answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.core.model import Cause, Finding, Reason, RunEnd

FIRST_ANSWERS = 20
"""Number of first answers that must be alike to end a run."""
IN_A_ROW = 50
"""Number of customers in a row that must fail, each after all attempts, for the service to count as down."""
_FAILURES = frozenset({Reason.SERVICE_ERROR, Reason.TRANSPORT_ERROR})
_NOT_ANSWERED = _FAILURES | {Reason.INTERNAL_ERROR}
_REFUSALS = frozenset({Reason.FORBIDDEN, Reason.NO_RELATIONSHIP})
"""Reasons that follow from a 403."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state after the findings of a run so far, in order of arrival.

    Attributes:
        kind: the suspicious kind that all findings so far share, or None.
        seen: number of answers so far; `kind` regards only the first 20.
        failing: number of latest customers in a row without any answer.
        defects: number of latest customers in a row on which auditor itself failed.
        accepts_no_relationship: whether code 20002 for every customer counts as an answer.
    """

    kind: str | None = None
    seen: int = 0
    failing: int = 0
    defects: int = 0
    accepts_no_relationship: bool = False

    def after(self, finding: Finding) -> "Breaker":
        """Return the breaker after one more finding."""
        if finding.reason in _NOT_ANSWERED:
            failing = self.failing + 1 if finding.reason in _FAILURES else 0
            defects = self.defects + 1 if finding.reason is Reason.INTERNAL_ERROR else 0
            return replace(self, failing=failing, defects=defects)
        if self.seen >= FIRST_ANSWERS or (self.seen and self.kind is None):
            # the usual case
            return replace(self, failing=0, defects=0) if self.failing or self.defects else self
        kind = self._suspicion(finding)
        same = self.seen == 0 or kind == self.kind
        return replace(self, kind=kind if same else None, seen=self.seen + 1, failing=0, defects=0)

    @property
    def run_end(self) -> RunEnd | None:
        """Why the run must end, or None."""
        if self.failing >= IN_A_ROW:
            return _DOWN
        if self.defects >= FIRST_ANSWERS:
            return _BROKEN
        return (_ENDS.get(self.kind) or _all_refused(self.kind)) if self.alike and self.kind else None

    @property
    def alike(self) -> bool:
        """True where the first findings are all of one suspicious kind."""
        return self.seen == FIRST_ANSWERS and self.kind is not None

    def _suspicion(self, finding: Finding) -> str | None:
        code = finding.error_code
        if finding.reason is Reason.FORBIDDEN and code in _PRIVILEGES:
            return "refused"
        if finding.reason in _ANYBODYS and code is None:
            return "elsewhere"
        if finding.reason in _REFUSALS and not (self.accepts_no_relationship and code == _NO_RELATIONSHIP):
            return code
        return None


NEW_BREAKER, LENIENT_BREAKER = Breaker(), Breaker(accepts_no_relationship=True)
"""Start states. The second one accepts code 20002: for resumed runs, and for single customers."""


def end_without_answer(requests: Mapping[str, int], api: str, last: str) -> RunEnd | None:
    """The end of a session in which no request got an answer; None where one did.

    Args:
        requests: sent in this session, by outcome.
        api: the API's base URL.
        last: the error of the last request.
    """
    if not requests.get("sent") or requests["sent"] != requests.get("transport_error"):
        return None
    last_error = f" (last: {last})" if last else ""
    return RunEnd(
        Cause.SERVICE,
        f"nothing at {api} answered{last_error}",
        "auditor doctor says what is wrong; then resume",
    )


def is_suspect_refusal(reason: Reason, error_code: str | None) -> bool:
    """True for a refusal that ended a session together with others of its kind: `resume` asks for these customers again."""
    return reason in _REFUSALS and (reason is Reason.FORBIDDEN or error_code is not None)


def _all_refused(code: str) -> RunEnd:
    """The end of a session in which all customers were refused with one code."""
    if code == _NO_RELATIONSHIP:
        return RunEnd(
            Cause.SIGN_IN,
            f"the first {FIRST_ANSWERS} customers have no relationship with this partner (403, code {code}): the list or the sign-in "
            "is probably another partner's",
            "check the list and the partner's tenant (auditor whoami); where both are right, resume asks for all of them",
        )
    return RunEnd(
        Cause.SIGN_IN,
        f"the first {FIRST_ANSWERS} customers were all refused in the same way (403, code {code}): the cause is probably the user's "
        "role or the partner's account, not the customers",
        "give the user the Admin agent role, or check the partner's account in Partner Center, then resume",
    )


_NO_RELATIONSHIP = "20002"
_PRIVILEGES = frozenset({"900308", "900309"})
_ANYBODYS = frozenset({Reason.UNEXPECTED_REPLY, Reason.MALFORMED_REPLY, Reason.FORBIDDEN})
"""Without a Partner Center error code, these may come from a proxy, a gateway or a sign-on page."""


_ENDS = {
    "refused": RunEnd(
        Cause.SIGN_IN,
        f"the first {FIRST_ANSWERS} customers were all refused for lack of privileges (403, code 900308 or 900309)",
        "check the user's role and Conditional Access policies, then resume",
    ),
    "elsewhere": RunEnd(
        Cause.SERVICE,
        f"the first {FIRST_ANSWERS} answers were none of Partner Center's own",
        "check AUDITOR_API_URL and the proxy, then resume",
    ),
}
_DOWN = RunEnd(
    Cause.SERVICE,
    f"the service is down: {IN_A_ROW} customers in a row got no answer, each after several attempts",
    "resume when it is back",
)
_BROKEN = RunEnd(
    Cause.DEFECT,
    f"{FIRST_ANSWERS} customers in a row could not be checked because of a defect in auditor",
    "this is a defect of auditor: report the lines of the log that say so",
)
