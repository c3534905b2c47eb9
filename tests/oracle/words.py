"""The words for people, written down a second time: what every verdict, reason and change is called."""

import re

VERDICTS = {"blocked": "Blocked", "undetermined": "Not verified", "eligible": "Not blocked (eligible)"}
REASONS = {
    "allowed": "Verified by Microsoft",
    "no_account_status": "No account status (not blocked)",
    "under_review": "Under review by Microsoft",
    "not_allowed": "Not approved",
    "unknown": "Status unknown to Microsoft (blocked)",
    "not_ready": "Status not ready",
    "unrecognized_status": "Status that Microsoft does not document",
    "malformed_reply": "Could not be checked: the answer cannot be read",
    "customer_not_found": "Customer not found by Microsoft",
    "no_relationship": "No reseller relationship",
    "forbidden": "Could not be checked: access denied",
    "rejected": "Could not be checked: the id was rejected",
    "not_in_customer_list": "Not your customer, or not in your customer list",
    "throttled": "Could not be checked: too many requests",
    "service_error": "Could not be checked: the service failed",
    "transport_error": "Could not be checked: the network failed",
    "unexpected_reply": "Could not be checked: the answer is not documented",
    "internal_error": "Could not be checked: the program failed",
    "invalid_id": "Not a customer id",
    "not_attempted": "Not checked: the audit ended early",
    "not_selected": "Left out of this audit",
}
_STATUSES = {
    "Allowed": "allowed",
    "UnderReview": "under_review",
    "NotAllowed": "not_allowed",
    "Unknown": "unknown",
    "NoStatus": "no_account_status",
    "Not Ready": "not_ready",
}
CHANGES = {
    "newly_blocked": "Newly blocked",
    "newly_eligible": "No longer blocked",
    "status_moved": "Another status",
    "re_reviewed": "Reviewed again",
    "new_in_list": "New in the list",
    "gone_from_list": "No longer in the list",
    "not_compared": "Could not be compared",
}
STEPS = {
    "under_review": "Wait; check again in a few days.",
    "not_allowed": "Check name and address with the customer.",
    "unknown": "Look at the account in Partner Center.",
}
LONG_STEP = "Unusually long: open a support case."
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def status(text: str) -> str:
    """A status of the API in words; as it is where nobody documents it."""
    return REASONS[_STATUSES[text]] if text in _STATUSES else text


def day(began: object) -> str:
    """A UTC day such as `23 Nov 2026`."""
    year, month, day = str(began)[:10].split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


def compared_with(note: str, began: object, *, compared: bool) -> str:
    """Which audit this one is compared with, in sentences.

    Args:
        note: of the baseline; empty where there is none.
        began: when the earlier audit began.
        compared: whether there is a comparison.
    """
    if not compared:
        return as_sentence(note or "There is no earlier audit to compare with")
    differs = note.split("; ", 1)[1:]
    return " ".join([f"Compared with the last audit ({day(began)}).", *map(as_sentence, differs)])


def as_sentence(text: str) -> str:
    """With a capital letter and an end."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def newly_blocked(count: int, unknown: int, began: object) -> str:
    """How many customers are newly blocked; `unknown` of them were not eligible at the last audit."""
    noun = "customer" if count == 1 else "customers"
    text = f"{count:,} {noun} newly blocked since the last audit ({day(began)})."
    if unknown:
        text += f" {unknown:,} of them {'was' if unknown == 1 else 'were'} not verified or not in the list then."
    return text


def not_verified(unknown: int, every: int) -> str:
    """How many customers of those that were asked for are not verified."""
    verb, noun = "is" if unknown == 1 else "are", "customer" if every == 1 else "customers"
    return f"{unknown:,} of {every:,} {noun} {verb} not verified (do not treat as eligible)"


def by_customer(note: str, unknown: int, every: int) -> str:
    """A run's note for account managers: it counts customers where the note for programs counts rows."""
    if not unknown:
        return note
    return re.sub(
        r"[\d,]+ of [\d,]+ rows? (is|are) not verified \(do not treat as eligible\)", not_verified(unknown, every), note
    )
