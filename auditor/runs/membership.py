"""Find out which customers are in the partner's own customer list, with the fewest requests.

A refusal is warned of once and does not end the run; the report then says that membership was not checked.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditor import fetch, journal
from auditor.core.judge import LENIENT_BREAKER, MembershipCheck, cheapest_source, is_member, read_customer
from auditor.core.model import CustomerResult, RunEnd
from auditor.core.run_facts import Membership, MembershipSource
from auditor.fetch import RowCustomer, RunStopping, list_customers
from auditor.runs.api_client import ApiClient

_WHOLE_LIST = frozenset({MembershipSource.LIST, MembershipSource.OWN})


async def check_membership(
    run: Path, opened: journal.Journal, check: MembershipCheck, api: ApiClient, warned: Callable[[str], None]
) -> RunEnd | None:
    """Find out whether customers without an account status are in the partner's list, and write it to the journal.

    Args:
        run: the run's folder.
        opened: its journal.
        check: which check the user wants.
        api: the API.
        warned: receives a warning where the answer is not complete.

    Returns:
        Why the run must end, or None.
    """
    facts = journal.read_facts(run)
    known = facts.membership
    if known is not None and known.complete and known.way in _WHOLE_LIST:
        return None
    # a resumed run may have found further customers without an account status
    unknown_rows = journal.membership_unknown(run, facts.rows)
    way = cheapest_source(check, len(unknown_rows), facts.customers)
    unchecked: list[RowCustomer] = []
    if way is MembershipSource.SINGLY:
        # they are few, so that their ids fit into memory; a listing that was stopped may have covered some
        unchecked = [one for one in journal.read_customers(run) if one[0] in unknown_rows]
        checked = journal.checked_singly(run, {customer_id for _, customer_id in unchecked})
        unchecked = [one for one in unchecked if one[1] not in checked]
        way = cheapest_source(check, len(unchecked), facts.customers)
    if way is MembershipSource.NONE:
        return None
    found, end = await (
        _check_by_list(opened, api) if way is MembershipSource.LIST else _check_singly(unchecked, opened, api)
    )
    if found is not None:
        opened.set_membership(found)
        if found.message:
            warned(found.message if found.complete else f"membership was not checked for all: {found.message}")
    return end


async def _check_by_list(opened: journal.Journal, api: ApiClient) -> tuple[Membership | None, RunEnd | None]:
    try:
        listing = await list_customers(api.page.fetch, lambda listed: opened.add_member(listed.id, listed))
    except RunStopping:
        # stopped by an outage, or by a signal, whose end the session knows
        return None, api.rate_limiter.run_end
    return Membership(MembershipSource.LIST, listing.customers, listing.complete, listing.message), listing.run_end


async def _check_singly(
    unchecked: list[RowCustomer], opened: journal.Journal, api: ApiClient
) -> tuple[Membership | None, RunEnd | None]:
    # by row: after an outage a customer is asked again
    errors_by_row: dict[int, str] = {}

    def record(row: int, answer: CustomerResult) -> None:
        member = is_member(answer)
        errors_by_row[row] = ""
        if member is None:
            errors_by_row[row] = answer.finding.error_message or f"status {answer.response.http_status}"
        else:
            opened.add_member(answer.customer_id, read_customer(answer.response.body) if member else None, row)

    pool = replace(api.pool, breaker=LENIENT_BREAKER)
    end = await fetch.run_pool(iter(unchecked), api.customer.fetch, record, api.rate_limiter, pool)
    if len(errors_by_row) < len(unchecked):
        # the run was stopped: resume asks for the others
        return None, end
    unknown = [why for why in errors_by_row.values() if why]
    message = f"{len(unknown)} customers could not be asked for ({unknown[0]})" if unknown else ""
    return Membership(MembershipSource.SINGLY, len(errors_by_row), not unknown, message), end
