"""The partner's own customer list, page by page. Rule: whoever is missing from a list that was cut short is unknown.

Source: "Partner Center REST: Get a list of customers". The end may be a page without a token, or 400 with code 2000
where a token was given; a token that comes again, or a page that brings nobody new, would go on for ever, so the
listing ends there and counts as incomplete.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auditor.core.judge import Listed, read_page
from auditor.core.model import CustomerResult, RunEnd

_NO_MORE = (400, "2000")


@dataclass(frozen=True, slots=True)
class Listing:
    """How a listing ended.

    Attributes:
        customers: how many were listed.
        complete: True where the end of the list was reached.
        message: why it is not complete, or what was odd; empty where nothing was.
        run_end: why the whole run must end, or None.
    """

    customers: int
    complete: bool
    message: str = ""
    run_end: RunEnd | None = None


async def list_customers(
    ask: Callable[[str], Awaitable[CustomerResult]],
    take: Callable[[Listed], None],
    reject: Callable[[Listed], None] = lambda _listed: None,
) -> Listing:
    """Pages through the list.

    Args:
        ask: asks for the page that a continuation token leads to; the empty one leads to the first.
        take: is given every customer once.
        reject: is given every item without a customer tenant id.

    Raises:
        IntakeClosed: the run ended in between.
        SignInError: there is no token to ask with.
    """
    ids: set[bytes] = set()
    tokens: set[str] = set()
    token = ""
    while True:
        answer = await ask(token)
        page = read_page(answer.response.body) if answer.response.http_status == 200 else None  # noqa: PLR2004 - OK
        if page is None:
            return _ended(answer, len(ids), first=not tokens)
        tokens.add(token)
        before = len(ids)
        for item in page.without_id:
            reject(item)
        for customer in page.customers:
            key = bytes.fromhex(customer.id.replace("-", ""))
            if key not in ids:
                ids.add(key)
                take(customer)
        if page.continuation is None:
            return Listing(len(ids), complete=True)
        if page.continuation in tokens or len(ids) == before:
            return Listing(len(ids), complete=False, message="the customer list repeats itself and may be longer")
        token = page.continuation


def _ended(answer: CustomerResult, customers: int, *, first: bool) -> Listing:
    finding, status = answer.finding, answer.response.http_status
    if (status, finding.error_code) == _NO_MORE and not first:
        return Listing(customers, complete=True, message="the customer list ended with 400 (code 2000)")
    code = f", code {finding.error_code}" if finding.error_code else ""
    said = f": {finding.error_message}" if finding.error_message else ""
    what = f"{status}{code}{said}" if status else finding.error_message or "no answer"
    return Listing(
        customers, complete=False, message=f"the customer list was refused ({what})", run_end=finding.run_end
    )
