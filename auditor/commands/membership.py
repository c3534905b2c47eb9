"""Who is in the partner's own customer list, found out with the fewest requests. Rule: a refusal is said once, and the
run goes on; the report then says that membership was not checked.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditor import fetch, journal
from auditor.commands.fetching import Fetching
from auditor.core.breaker import BELIEVING
from auditor.core.customer_page import read_customer
from auditor.core.membership import Check, cheapest_way, is_member
from auditor.core.model import CustomerResult, RunEnd
from auditor.core.run_facts import Membership, Way
from auditor.fetch import RowCustomer, RunStopping, list_customers

_ABOUT_EVERYBODY = frozenset({Way.LIST, Way.OWN})


async def check_membership(
    run: Path, opened: journal.Journal, check: Check, api: Fetching, warned: Callable[[str], None]
) -> RunEnd | None:
    """Finds out whether customers without an account status are the partner's, and writes it to the journal.

    Args:
        run: the run's folder.
        opened: its journal.
        check: what the user wants.
        api: where to ask.
        warned: is told where the answer is not whole.

    Returns:
        Why the run must end, or None.
    """
    facts = journal.read_facts(run)
    known = facts.membership
    if known is not None and known.complete and known.way in _ABOUT_EVERYBODY:
        return None
    # a resumed run may have come to doubt further customers
    doubted = journal.membership_unknown(run, facts.rows)
    way = cheapest_way(check, len(doubted), facts.customers)
    doubtful: list[RowCustomer] = []
    if way is Way.SINGLY:
        # they are few: their ids fit into memory, and a listing that was stopped may have told of some
        doubtful = [one for one in journal.read_customers(run) if one[0] in doubted]
        told = journal.checked_singly(run, {customer_id for _, customer_id in doubtful})
        doubtful = [one for one in doubtful if one[1] not in told]
        way = cheapest_way(check, len(doubtful), facts.customers)
    if way is Way.NONE:
        return None
    found, end = await (_by_list(opened, api) if way is Way.LIST else _singly(doubtful, opened, api))
    if found is not None:
        opened.set_membership(found)
        if found.message:
            warned(found.message if found.complete else f"membership was not checked for all: {found.message}")
    return end


async def _by_list(opened: journal.Journal, api: Fetching) -> tuple[Membership | None, RunEnd | None]:
    try:
        listing = await list_customers(api.page.fetch, lambda listed: opened.add_member(listed.id, listed))
    except RunStopping:
        return None, None
    return Membership(Way.LIST, listing.customers, listing.complete, listing.message), listing.run_end


async def _singly(
    doubtful: list[RowCustomer], opened: journal.Journal, api: Fetching
) -> tuple[Membership | None, RunEnd | None]:
    # by row: after an outage a customer is asked for a second time
    told: dict[int, str] = {}

    def record(row: int, answer: CustomerResult) -> None:
        member = is_member(answer)
        told[row] = ""
        if member is None:
            told[row] = answer.finding.error_message or f"status {answer.response.http_status}"
        else:
            opened.add_member(answer.customer_id, read_customer(answer.response.body) if member else None, row)

    crew = replace(api.crew, breaker=BELIEVING)
    end = await fetch.run_pool(iter(doubtful), api.customer.fetch, record, api.pacing, crew)
    if len(told) < len(doubtful):
        # the run was stopped in between: nothing is known as a whole, and resume asks for the others
        return None, end
    unknown = [why for why in told.values() if why]
    message = f"{len(unknown)} customers could not be asked for ({unknown[0]})" if unknown else ""
    return Membership(Way.SINGLY, len(told), not unknown, message), end
