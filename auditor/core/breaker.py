"""The findings of a run -> go on, or end it. Rule: where the service is plainly down, or a run starts with nothing but
refusals of one kind, grinding through the list would only waste the partner's quota.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from auditor.core.model import Cause, Finding, Reason, RunEnd

FIRST = 20
"""How many first answers must be alike before a run is ended."""
IN_A_ROW = 50
"""How many customers in a row must fail, each after all its attempts, before the service counts as down."""
_FAILURES = frozenset({Reason.SERVICE_ERROR, Reason.TRANSPORT_ERROR})


@dataclass(frozen=True, slots=True)
class Breaker:
    """A fold over the findings of a run, in the order of their arrival.

    Attributes:
        kind: what all findings so far have in common; None where nothing suspicious.
        seen: how many there were; `kind` looks at the first 20 only.
        failing: how many customers in a row, up to the last, could not be answered at all.
    """

    kind: str | None = None
    seen: int = 0
    failing: int = 0

    def after(self, finding: Finding) -> "Breaker":
        """The breaker after one more finding."""
        failing = self.failing + 1 if finding.reason in _FAILURES else 0
        if self.seen >= FIRST or (self.seen and self.kind is None):
            # the usual case: nothing new to know
            return self if failing == self.failing else replace(self, failing=failing)
        kind = _suspicion(finding)
        return Breaker(kind if self.seen == 0 or kind == self.kind else None, self.seen + 1, failing)

    @property
    def run_end(self) -> RunEnd | None:
        """Why the run must end, or None."""
        if self.failing >= IN_A_ROW:
            return _DOWN
        return _ENDS[self.kind] if self.seen == FIRST and self.kind else None


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
    return reason is Reason.FORBIDDEN and (error_code is None or error_code in _PRIVILEGES)


def _suspicion(finding: Finding) -> str | None:
    if finding.reason is Reason.FORBIDDEN and finding.error_code in _PRIVILEGES:
        return "refused"
    if finding.reason in _ANYBODYS and finding.error_code is None:
        return "elsewhere"
    return None


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
