"""What a reason means to people, and what to do next: one entry per reason. Nothing is promised that is not documented.

Blocked means new purchases, seat increases and upgrades. The documentation states only for customers under review that renewals, seat
reductions and cancellations continue. Sources: "Customer account verification" (what is
reviewed, what is blocked meanwhile), "Partner Center REST: Retrieve the validation status of a customer" (which statuses
are blocked), "Partner Center REST error codes" (800073: under review, check back in a few days; 800075: not approved,
verify the customer's account information; 20002, 60003, 600074).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.core.model import Reason, Verdict


@dataclass(frozen=True, slots=True)
class Advice:
    """What to tell a person about a row.

    Attributes:
        meaning: what the reason means, in one sentence.
        next_step: what to do about it, in a few sentences: for an account manager, who has the report and not the program.
    """

    meaning: str
    next_step: str


MEANINGS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.BLOCKED: "New purchases, seat increases and upgrades fail.",
        Verdict.ELIGIBLE: "New purchases, seat increases and upgrades are not blocked by the account status.",
        Verdict.UNDETERMINED: "Could not be checked. Do not treat as eligible.",
    }
)
"""What each verdict means."""

UNDER_REVIEW = (
    "While a customer is under review, new purchases, seat increases and upgrades are blocked; "
    "renewals, seat reductions and cancellations continue."
)
"""The rule that most questions concern. Source: "Customer account verification"."""

_LATER = "Audit again later; until then, do not promise an order."
_UNANSWERED = "Do not promise an order. Ask the sender of this report to complete the audit."
_NO_ANSWER = f"{_UNANSWERED} The request id is for a support case."

ADVICE: Mapping[Reason, Advice] = MappingProxyType(
    {
        Reason.ALLOWED: Advice("Microsoft has verified the customer's account.", "Nothing to do."),
        Reason.NO_ACCOUNT_STATUS: Advice(
            "Partner Center has no account status for the customer, which does not block purchases.", "Nothing to do."
        ),
        Reason.UNDER_REVIEW: Advice(
            "New purchases, seat increases and upgrades are blocked; renewals, seat reductions and cancellations continue.",
            "Wait: Microsoft is reviewing the customer's business information. Check back in a few days; a change of "
            "name or address may start the review again. Tell the customer that Microsoft is reviewing its business "
            "information and that new orders wait until then; renewals continue.",
        ),
        Reason.NOT_ALLOWED: Advice(
            "New purchases, seat increases and upgrades are blocked: the account was not approved.",
            "Verify the customer's company name and address in Partner Center and correct them with the customer; if "
            "they are right, open a support case.",
        ),
        Reason.UNKNOWN: Advice(
            "New purchases, seat increases and upgrades are blocked: Partner Center gives the status as unknown.",
            "Look at the customer's account in Partner Center; if it shows no cause, open a support case with the "
            "customer's id.",
        ),
        Reason.NOT_READY: Advice(
            "The status is Not Ready; the documentation does not say whether purchases are blocked.", _LATER
        ),
        Reason.UNRECOGNIZED_STATUS: Advice(
            "Partner Center gave a status that the documentation does not classify.",
            "Look at the customer's account in Partner Center; until then, do not promise an order.",
        ),
        Reason.MALFORMED_REPLY: Advice("Partner Center's reply could not be read.", _NO_ANSWER),
        Reason.CUSTOMER_NOT_FOUND: Advice(
            "Partner Center does not find the customer.", "Check the id; take the row off the list if it is outdated."
        ),
        Reason.NO_RELATIONSHIP: Advice(
            "The customer has no reseller relationship with this partner.",
            "Ask the customer to accept the relationship, or take the row off the list.",
        ),
        Reason.FORBIDDEN: Advice(
            "Partner Center refuses to tell this customer's status.",
            "Check relationship and rights in Partner Center; open a support case with the request id.",
        ),
        Reason.REJECTED: Advice(
            "Partner Center rejects the question for this id.", "Check the id against the customer's page."
        ),
        Reason.NOT_IN_CUSTOMER_LIST: Advice(
            "Partner Center has no account status for the id, and the partner's own customer list lacks it.",
            "Check the id; the customer may belong to another partner.",
        ),
        Reason.THROTTLED: Advice("Not answered: there were too many requests.", _NO_ANSWER),
        Reason.SERVICE_ERROR: Advice("Not answered: Partner Center failed.", _NO_ANSWER),
        Reason.TRANSPORT_ERROR: Advice("Not answered: the network failed.", _NO_ANSWER),
        Reason.UNEXPECTED_REPLY: Advice(
            "Not answered: the reply is not one that Partner Center documents.", _NO_ANSWER
        ),
        Reason.INTERNAL_ERROR: Advice("Could not be checked because of a defect in auditor.", _NO_ANSWER),
        Reason.INVALID_ID: Advice(
            "Not asked: the id is no customer tenant id (GUID).",
            "Correct the id in the list; Partner Center calls it Microsoft ID.",
        ),
        Reason.NOT_ATTEMPTED: Advice("Not asked: the run ended before it came to this customer.", _UNANSWERED),
        Reason.NOT_SELECTED: Advice(
            "Not asked: this audit was of a selection of the rows, and this row was left out.",
            "Do not promise an order. Ask the sender of this report for an audit of this customer.",
        ),
    }
)
"""Advice for every reason."""

LONG_REVIEW = 30
"""Days under review from which on it is unusually long: this program's judgement; the documentation speaks of a few days."""
LONG_NOTE = f"From {LONG_REVIEW} days on, which is unusually long: open a support case with the customer's id."
"""The same, for a table of all customers under review."""
_LONG_STEP = (
    f"Under review for {LONG_REVIEW} days or more, which is unusually long: open a support case with the customer's id."
)


def next_step(reason: Reason, days: int | None) -> str:
    """The next thing to do about a row.

    Args:
        reason: of the row.
        days: whole days since the status was last changed; None where that is not known.
    """
    if reason is Reason.UNDER_REVIEW and days is not None and days >= LONG_REVIEW:
        return _LONG_STEP
    return ADVICE[reason].next_step


_OF_AN_ID = frozenset(
    {
        Reason.INVALID_ID,
        Reason.CUSTOMER_NOT_FOUND,
        Reason.NO_RELATIONSHIP,
        Reason.REJECTED,
        Reason.NOT_IN_CUSTOMER_LIST,
    }
)
"""Reasons that a corrected id in the list may resolve."""


def unresolved_step(reasons: Collection[Reason], *, listed: bool) -> str:
    """What to do about undetermined rows that `resume` cannot resolve, as the end of a sentence.

    Args:
        reasons: the reasons that occur; others than these are ignored.
        listed: whether a list was given, so that there are ids to correct.
    """
    unresolved = {
        reason
        for reason in reasons
        if reason.verdict is Verdict.UNDETERMINED and not reason.retried_on_resume and reason is not Reason.NOT_SELECTED
    }
    ids = unresolved & _OF_AN_ID if listed else frozenset()
    words = ["correct the ids in the list"] if ids else []
    words += ["check the accounts in Partner Center"] if unresolved - ids else []
    return " and ".join(words)
