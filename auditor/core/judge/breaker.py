"""The findings of a session -> go on, or end it. Rule: where the service is plainly down, or a session starts with nothing
but refusals of one kind, grinding through the list would only waste the partner's quota.

A 403 with one code for every customer so far is taken for the sign-in's fault, whatever the code is: role, agreement and
programme are refused so. The exception is 20002 (no relationship), which a list of former customers gives for all of them:
it ends the first session of a run only; `resume` accepts the answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.core.model import Cause, Finding, Reason, RunEnd

FIRST = 20
"""How many first answers must be alike before a run is ended."""
IN_A_ROW = 50
"""How many customers in a row must fail, each after all its attempts, before the service counts as down."""
_FAILURES = frozenset({Reason.SERVICE_ERROR, Reason.TRANSPORT_ERROR})
_NOT_ANSWERED = _FAILURES | {Reason.INTERNAL_ERROR}
_REFUSALS = frozenset({Reason.FORBIDDEN, Reason.NO_RELATIONSHIP})
"""What a 403 about the customer comes to."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """A fold over the findings of a run, in the order of their arrival.

    Attributes:
        kind: what all findings so far have in common; None where nothing suspicious.
        seen: how many there were, without those that are no answer; `kind` looks at the first 20 only.
        failing: how many customers in a row, up to the last, could not be answered at all.
        defects: how many in a row, up to the last, auditor itself failed on.
        believes_no_relationship: whether code 20002 for every customer is an answer rather than a suspicion.
    """

    kind: str | None = None
    seen: int = 0
    failing: int = 0
    defects: int = 0
    believes_no_relationship: bool = False

    def after(self, finding: Finding) -> "Breaker":
        """The breaker after one more finding."""
        if finding.reason in _NOT_ANSWERED:
            failing = self.failing + 1 if finding.reason in _FAILURES else 0
            defects = self.defects + 1 if finding.reason is Reason.INTERNAL_ERROR else 0
            return replace(self, failing=failing, defects=defects)
        if self.seen >= FIRST or (self.seen and self.kind is None):
            # the usual case: nothing new to know
            return replace(self, failing=0, defects=0) if self.failing or self.defects else self
        kind = self._suspicion(finding)
        same = self.seen == 0 or kind == self.kind
        return replace(self, kind=kind if same else None, seen=self.seen + 1, failing=0, defects=0)

    @property
    def run_end(self) -> RunEnd | None:
        """Why the run must end, or None."""
        if self.failing >= IN_A_ROW:
            return _DOWN
        if self.defects >= FIRST:
            return _BROKEN
        return (_ENDS.get(self.kind) or _all_refused(self.kind)) if self.alike and self.kind else None

    @property
    def alike(self) -> bool:
        """True where the run must end because its first findings are all of one kind."""
        return self.seen == FIRST and self.kind is not None

    def _suspicion(self, finding: Finding) -> str | None:
        code = finding.error_code
        if finding.reason is Reason.FORBIDDEN and code in _PRIVILEGES:
            return "refused"
        if finding.reason in _ANYBODYS and code is None:
            return "elsewhere"
        if finding.reason in _REFUSALS and not (self.believes_no_relationship and code == _NO_RELATIONSHIP):
            return code
        return None


FRESH, BELIEVING = Breaker(), Breaker(believes_no_relationship=True)
"""Where a breaker begins: the second one where code 20002 is an answer: after a first session, and where single customers are looked up."""


def nothing_answered(requests: Mapping[str, int], api: str, last: str) -> RunEnd | None:
    """Why a session in which not one request got an answer did not come to its end; None where one did.

    Args:
        requests: sent in this session, by outcome.
        api: base URL that was asked.
        last: the network's complaint about the last request.
    """
    if not requests.get("sent") or requests["sent"] != requests.get("transport_error"):
        return None
    said = f" (last: {last})" if last else ""
    return RunEnd(
        Cause.SERVICE,
        f"nothing at {api} answered{said}",
        "auditor doctor says what is wrong; then resume",
    )


def doubted(reason: Reason, error_code: str | None) -> bool:
    """True for a refusal that says nothing of its customer where a session was ended for refusals of its kind: once what
    caused them is mended, `resume` asks for the customer again.
    """
    return reason in _REFUSALS and (reason is Reason.FORBIDDEN or error_code is not None)


def _all_refused(code: str) -> RunEnd:
    """Why a session ends whose customers were all refused with one code."""
    if code == _NO_RELATIONSHIP:
        return RunEnd(
            Cause.SIGN_IN,
            f"the first {FIRST} customers have no relationship with this partner (403, code {code}): the list or the sign-in "
            "is probably another partner's",
            "check the list and the partner's tenant (auditor whoami); where both are right, resume asks for all of them",
        )
    return RunEnd(
        Cause.SIGN_IN,
        f"the first {FIRST} customers were all refused in the same way (403, code {code}): the cause is probably the user's "
        "role or the partner's account, not the customers",
        "give the user the Admin agent role, or check the partner's account in Partner Center, then resume",
    )


_NO_RELATIONSHIP = "20002"
_PRIVILEGES = frozenset({"900308", "900309"})
_ANYBODYS = frozenset({Reason.UNEXPECTED_REPLY, Reason.MALFORMED_REPLY, Reason.FORBIDDEN})
"""Without a code of Partner Center's these may as well be a proxy's, a gateway's or a sign-on page's."""


_ENDS = {
    "refused": RunEnd(
        Cause.SIGN_IN,
        f"the first {FIRST} customers were all refused for lack of privileges (403, code 900308 or 900309)",
        "check the user's role and Conditional Access policies, then resume",
    ),
    "elsewhere": RunEnd(
        Cause.SERVICE,
        f"the first {FIRST} answers were none of Partner Center's own",
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
    f"{FIRST} customers in a row could not be checked because of a defect in auditor",
    "this is a defect of auditor: report the lines of the log that say so",
)
