"""Who is in the partner's own customer list, found out with the fewest requests. Rule: a refusal is said once, and the
run goes on; the report then says that membership was not checked.
"""

from collections.abc import Iterator
from pathlib import Path

from auditor import journal
from auditor.commands.fetching import Fetching
from auditor.core.customer_page import read_customer
from auditor.core.membership import Check, cheapest_way
from auditor.core.model import Answer, Membership, Reason, RunEnd, Way
from auditor.fetch import pipeline
from auditor.fetch.customer_list import list_customers
from auditor.fetch.pacing import IntakeClosed

_NOT_OURS = frozenset({Reason.CUSTOMER_NOT_FOUND, Reason.NO_RELATIONSHIP})


async def check_membership(run: Path, opened: journal.Journal, check: Check, api: Fetching) -> RunEnd | None:
    """Finds out whether customers without an account status are the partner's, and writes it to the journal.

    Returns:
        Why the run must end, or None.
    """
    facts = journal.read_facts(run)
    if facts.membership is not None and facts.membership.complete:
        return None
    doubtful = journal.doubtful(run)
    way = cheapest_way(check, len(doubtful), facts.customers)
    if way is Way.LIST:
        return await _by_list(opened, api)
    if way is Way.SINGLY:
        return await _singly(doubtful, opened, api)
    return None


async def _by_list(opened: journal.Journal, api: Fetching) -> RunEnd | None:
    try:
        listing = await list_customers(api.page.ask, lambda listed: opened.member(listed.id, listed))
    except IntakeClosed:
        return None
    opened.membership(Membership(Way.LIST, listing.customers, listing.complete, listing.message))
    return listing.run_end


async def _singly(doubtful: set[str], opened: journal.Journal, api: Fetching) -> RunEnd | None:
    unknown: list[str] = []

    def record(_row: int, answer: Answer) -> None:
        listed, status = read_customer(answer.reply.body), answer.reply.http_status
        if status == 200 and listed is not None and listed.id == answer.customer_id:  # noqa: PLR2004 - OK
            opened.member(answer.customer_id, listed)
        elif answer.finding.reason in _NOT_OURS:
            opened.member(answer.customer_id, None)
        else:
            unknown.append(answer.finding.error_message or f"status {status}")

    end = await pipeline.run(_numbered(doubtful), api.customer.ask, record, api.pacing, api.crew)
    if end is None:
        message = f"{len(unknown)} customers could not be asked for ({unknown[0]})" if unknown else ""
        opened.membership(Membership(Way.SINGLY, len(doubtful), not unknown, message))
    return end


def _numbered(ids: set[str]) -> Iterator[tuple[int, str]]:
    return iter(enumerate(sorted(ids)))
