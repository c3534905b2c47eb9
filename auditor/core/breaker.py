"""The first findings of a run -> go on, or end it. Rule: a run that starts with nothing but refusals of one kind is
pointed at the wrong place, and grinding through the list would only waste the partner's quota.
"""

from dataclasses import dataclass

from auditor.core.model import Cause, Finding, Reason, RunEnd

FIRST = 20
"""How many answers must be alike before a run is ended."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """A fold over the findings of a run, in the order of their arrival.

    Attributes:
        kind: what all findings so far have in common; None where nothing suspicious.
        seen: how many there were; the breaker looks at the first 20 only.
    """

    kind: str | None = None
    seen: int = 0

    def after(self, finding: Finding) -> "Breaker":
        """The breaker after one more finding."""
        if self.seen >= FIRST or (self.seen and self.kind is None):
            return self
        kind = _suspicion(finding)
        return Breaker(kind if self.seen == 0 or kind == self.kind else None, self.seen + 1)

    @property
    def run_end(self) -> RunEnd | None:
        """Why the run must end, or None."""
        return _ENDS[self.kind] if self.seen == FIRST and self.kind else None


def _suspicion(finding: Finding) -> str | None:
    if finding.reason is Reason.FORBIDDEN and finding.error_code in {"900308", "900309"}:
        return "refused"
    if finding.reason is Reason.UNEXPECTED_REPLY and finding.error_code is None:
        return "elsewhere"
    return None


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
