"""The words for people: what each verdict, status, reason and change is called, what it means, and what to do. One table for all of them.

Workbook, page, mail, messages and step summary take their words from here, translated: `language.text(REASONS[reason].name)`.
Nothing is promised that is not documented.

Blocked means new purchases, seat increases and upgrades. The documentation states only for customers under review that renewals, seat
reductions and cancellations continue. Sources: "Customer account verification" (what is reviewed, what is blocked meanwhile), "Partner
Center REST: Retrieve the validation status of a customer" (which statuses are blocked), "Partner Center REST error codes" (800073:
under review, check back in a few days; 800075: not approved, verify the customer's account information; 20002, 60003, 600074).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from auditor.core.language import ENGLISH, Language, message
from auditor.core.model import NO_STATUS, Reason, Verdict
from auditor.core.results.changes import Change

ACCOUNT_VERIFICATION = "https://learn.microsoft.com/partner-center/customers/customer-account-verification"
"""Microsoft's page "Customer account verification"; it opens in the reader's language."""


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """A verdict for people.

    Attributes:
        name: what it is called.
        meaning: what it means, in a sentence or two.
    """

    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """A reason for people.

    Attributes:
        name: what it is called.
        advice: what to do, in one short line.
        meaning: what it means, in one sentence.
        next_step: what to do, in a few sentences: for an account manager, who has the report and not the program.
    """

    name: str
    advice: str
    meaning: str
    next_step: str


VERDICTS: Mapping[Verdict, VerdictWords] = MappingProxyType(
    {
        Verdict.BLOCKED: VerdictWords(message("Blocked"), message("New purchases, seat increases and upgrades fail.")),
        Verdict.ELIGIBLE: VerdictWords(
            message("Not blocked (eligible)"),
            message("New purchases, seat increases and upgrades are not blocked by the account status."),
        ),
        Verdict.UNDETERMINED: VerdictWords(
            message("Not verified"), message("Could not be checked. Do not treat as eligible.")
        ),
    }
)
"""Words for every verdict."""

UNDER_REVIEW = message(
    "While a customer is under review, new purchases, seat increases and upgrades are blocked; "
    "renewals, seat reductions and cancellations continue."
)
"""The rule that most questions concern. Source: "Customer account verification"."""

_NOTHING = message("Nothing to do.")
_NO_PROMISE = message("Do not promise an order.")
_ASK_SENDER = message("Do not promise an order; ask the sender to complete the audit.")
_UNANSWERED = message("Do not promise an order. Ask the sender of this report to complete the audit.")
_NO_ANSWER = message(
    "Do not promise an order. Ask the sender of this report to complete the audit. The request id is for a support case."
)

REASONS: Mapping[Reason, ReasonWords] = MappingProxyType(
    {
        Reason.ALLOWED: ReasonWords(
            message("Verified by Microsoft"),
            _NOTHING,
            message("Microsoft has verified the customer's account."),
            _NOTHING,
        ),
        Reason.NO_ACCOUNT_STATUS: ReasonWords(
            message("No account status (not blocked)"),
            _NOTHING,
            message("Partner Center has no account status for the customer, which does not block purchases."),
            _NOTHING,
        ),
        Reason.UNDER_REVIEW: ReasonWords(
            message("Under review by Microsoft"),
            message("Wait; check again in a few days."),
            message(
                "New purchases, seat increases and upgrades are blocked; "
                "renewals, seat reductions and cancellations continue."
            ),
            message(
                "Wait: Microsoft is reviewing the customer's business information. Check again in a few days; a change of "
                "name or address may start the review again. Tell the customer that Microsoft is reviewing its business "
                "information and that new orders wait until then; renewals continue."
            ),
        ),
        Reason.NOT_ALLOWED: ReasonWords(
            message("Not approved"),
            message("Check name and address with the customer."),
            message("New purchases, seat increases and upgrades are blocked: the account was not approved."),
            message(
                "Check the customer's company name and address in Partner Center and correct them with the customer. If "
                "they are right, open a support case."
            ),
        ),
        Reason.UNKNOWN: ReasonWords(
            message("Status unknown to Microsoft (blocked)"),
            message("Look at the account in Partner Center."),
            message(
                "New purchases, seat increases and upgrades are blocked: Partner Center gives the status as unknown."
            ),
            message(
                "Look at the customer's account in Partner Center. If it shows no cause, open a support case with the "
                "customer's id."
            ),
        ),
        Reason.NOT_READY: ReasonWords(
            message("Status not ready"),
            _NO_PROMISE,
            message("The status is Not Ready; the documentation does not say whether purchases are blocked."),
            message("Audit again later; until then, do not promise an order."),
        ),
        Reason.UNRECOGNIZED_STATUS: ReasonWords(
            message("Status that Microsoft does not document"),
            message("Look at the account in Partner Center."),
            message("Partner Center gave a status that the documentation does not classify."),
            message("Look at the customer's account in Partner Center; until then, do not promise an order."),
        ),
        Reason.MALFORMED_REPLY: ReasonWords(
            message("Could not be checked: the answer cannot be read"),
            _ASK_SENDER,
            message("Partner Center's answer could not be read."),
            _NO_ANSWER,
        ),
        Reason.CUSTOMER_NOT_FOUND: ReasonWords(
            message("Customer not found by Microsoft"),
            message("Check the customer id."),
            message("Partner Center does not find the customer."),
            message("Check the id; take the row off the list if it is outdated."),
        ),
        Reason.NO_RELATIONSHIP: ReasonWords(
            message("No reseller relationship"),
            message("Ask the customer to accept the relationship."),
            message("The customer has no reseller relationship with this partner."),
            message("Ask the customer to accept the relationship, or take the row off the list."),
        ),
        Reason.FORBIDDEN: ReasonWords(
            message("Could not be checked: access denied"),
            message("Check relationship and rights in Partner Center."),
            message("Partner Center refuses to tell this customer's status."),
            message("Check relationship and rights in Partner Center; open a support case with the request id."),
        ),
        Reason.REJECTED: ReasonWords(
            message("Could not be checked: the id was rejected"),
            message("Check the customer id."),
            message("Partner Center rejects the question for this id."),
            message("Check the id against the customer's page."),
        ),
        Reason.NOT_IN_CUSTOMER_LIST: ReasonWords(
            message("Not your customer, or not in your customer list"),
            message("Check the customer id."),
            message("Partner Center has no account status for the id, and the partner's own customer list lacks it."),
            message("Check the id; the customer may belong to another partner."),
        ),
        Reason.THROTTLED: ReasonWords(
            message("Could not be checked: too many requests"),
            _ASK_SENDER,
            message("Not answered: there were too many requests."),
            _NO_ANSWER,
        ),
        Reason.SERVICE_ERROR: ReasonWords(
            message("Could not be checked: the service failed"),
            _ASK_SENDER,
            message("Not answered: Partner Center failed."),
            _NO_ANSWER,
        ),
        Reason.TRANSPORT_ERROR: ReasonWords(
            message("Could not be checked: the network failed"),
            _ASK_SENDER,
            message("Not answered: the network failed."),
            _NO_ANSWER,
        ),
        Reason.UNEXPECTED_REPLY: ReasonWords(
            message("Could not be checked: the answer is not documented"),
            _ASK_SENDER,
            message("Not answered: the answer is not one that Partner Center documents."),
            _NO_ANSWER,
        ),
        Reason.INTERNAL_ERROR: ReasonWords(
            message("Could not be checked: the program failed"),
            _ASK_SENDER,
            message("Could not be checked because of a defect in auditor."),
            _NO_ANSWER,
        ),
        Reason.INVALID_ID: ReasonWords(
            message("Not a customer id"),
            message("Correct the customer id in the list."),
            message("Not asked: the id is no customer tenant id (GUID)."),
            message("Correct the id in the list; Partner Center calls it Microsoft ID."),
        ),
        Reason.NOT_ATTEMPTED: ReasonWords(
            message("Not checked: the audit ended early"),
            _ASK_SENDER,
            message("Not asked: the audit ended before it came to this customer."),
            _UNANSWERED,
        ),
        Reason.NOT_SELECTED: ReasonWords(
            message("Left out of this audit"),
            message("Do not promise an order; ask the sender for an audit of this customer."),
            message("Not asked: this audit was of a selection of the rows, and this row was left out."),
            message("Do not promise an order. Ask the sender of this report for an audit of this customer."),
        ),
    }
)
"""Words for every reason."""

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "Allowed": REASONS[Reason.ALLOWED].name,
        "UnderReview": REASONS[Reason.UNDER_REVIEW].name,
        "NotAllowed": REASONS[Reason.NOT_ALLOWED].name,
        "Unknown": REASONS[Reason.UNKNOWN].name,
        NO_STATUS: REASONS[Reason.NO_ACCOUNT_STATUS].name,
        "Not Ready": REASONS[Reason.NOT_READY].name,
    }
)
"""A status of the API -> what it is called."""

CHANGE_NAMES: Mapping[Change, str] = MappingProxyType(
    {
        Change.NEWLY_BLOCKED: message("Newly blocked"),
        Change.NEWLY_ELIGIBLE: message("No longer blocked"),
        Change.STATUS_MOVED: message("Another status"),
        Change.RE_REVIEWED: message("Reviewed again"),
        Change.NEW_IN_LIST: message("New in the list"),
        Change.GONE_FROM_LIST: message("No longer in the list"),
        Change.NOT_COMPARED: message("Could not be compared"),
    }
)
"""What every change is called."""

LONG_REVIEW = 30
"""Days under review from which on it is unusually long: this program's judgement; the documentation speaks of a few days."""
LONG_NOTE = message("From {days} days on, which is unusually long: open a support case with the customer's id.")
"""The same, for a table of all customers under review; `days` is LONG_REVIEW."""
_LONG_STEP = message(
    "Under review for {days} days or more, which is unusually long: open a support case with the customer's id."
)
_LONG_ADVICE = message("Unusually long: open a support case.")


def status_text(status: str | None, language: Language) -> str:
    """What a status of the API is called; the API's own word where it is not documented, empty where there is none."""
    name = STATUSES.get(status or "")
    return language.text(name) if name else status or ""


def is_long(reason: Reason, days: int | None) -> bool:
    """Whether a review takes unusually long; `days` are whole days since the status was last changed, None where not known."""
    return reason is Reason.UNDER_REVIEW and days is not None and days >= LONG_REVIEW


def advice(reason: Reason, days: int | None, language: Language) -> str:
    """What to do about a row, in one short line; `days` as in `is_long`."""
    return language.text(_LONG_ADVICE if is_long(reason, days) else REASONS[reason].advice)


def next_step(reason: Reason, days: int | None, language: Language = ENGLISH) -> str:
    """What to do about a row, in a few sentences; `days` as in `is_long`."""
    if is_long(reason, days):
        return language.text(_LONG_STEP, days=LONG_REVIEW)
    return language.text(REASONS[reason].next_step)


def rows_note(customers: int, rows: int, language: Language) -> str:
    """The footnote of a count of customers that have another number of rows; empty where both are equal."""
    if rows == customers:
        return ""
    return language.count("On {n} row of the customer lists.", "On {n} rows of the customer lists.", rows)


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
    """What to do about undetermined rows that `resume` cannot resolve, as the end of a sentence on the terminal.

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
