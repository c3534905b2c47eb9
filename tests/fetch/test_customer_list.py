"""Paging through the partner's list in the simulator, with all its variants, over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.cli.customer_lists import customer_table
from auditor.commands.customer_list import customer_list
from auditor.core.judge.membership import ListedCustomer, judge_page, read_page
from auditor.core.model import ApiResponse, CustomerResult
from auditor.errors import CustomerListError, SignInError
from auditor.fetch.customer_list import list_customers
from auditor.settings import Secret, Settings
from auditor.simulator import (
    CustomerListOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    Window,
    serve_in_thread,
)

WHOLE = 1203


@contextmanager
def _serve(**options: object) -> Iterator[Simulator]:
    listed = CustomerListOptions(**{"generated": WHOLE, **options})  # type: ignore[arg-type] # by name
    quiet = SimulatorOptions(
        tls=False, identity=IdentityOptions(enabled=False), throttle=ThrottleOptions(windows=()), customers=listed
    )
    with serve_in_thread(quiet) as simulator:
        yield simulator


def _settings(simulator: Simulator) -> Settings:
    return Settings(api_url=simulator.api_url, access_token=Secret(simulator.mint_token()), rate=0)


def _list(simulator: Simulator) -> tuple[list[ListedCustomer], int]:
    found: list[ListedCustomer] = []
    return found, customer_list(_settings(simulator), found.append, print)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"next_with_version": True},
        {"end_with_400": True},
        {"repeated_customers": 7},
    ],
    ids=["plain", "links-with-version", "400-at-the-end", "duplicates"],
)
def test_every_customer_is_listed_once(options: dict[str, object]) -> None:
    """For every form of links and of the end of the list: each customer once, 500 a page."""
    with _serve(**options) as simulator:
        found, count = _list(simulator)
        expected = {member.id for member in simulator.directory.listed}
        assert len(simulator.log.api) in {3, 4}
        assert all("size=500" in record.query for record in simulator.log.api)
    assert {one.id for one in found} == expected
    assert len(found) == len(expected) == count
    assert found[0].company_name
    assert found[0].domain
    assert found[0].relationship == "reseller"


def test_an_unusual_end_is_mentioned() -> None:
    """The list is complete; a message says how it ended."""
    said: list[str] = []
    with _serve(end_with_400=True) as simulator:
        count = customer_list(_settings(simulator), lambda _listed: None, said.append)
    assert count == len(simulator.directory.listed)
    assert said == ["the customer list ended with 400 (code 2000)"]


def test_a_repeated_token_ends_the_listing() -> None:
    """The listing is reported as incomplete: membership of missing customers is unknown."""
    with _serve(repeat_token=True) as simulator, pytest.raises(CustomerListError, match="repeats itself"):
        _list(simulator)
    assert len(simulator.log.api) <= 3


def test_a_refusal_is_described() -> None:
    """A user without permission sees the service's own code."""
    with _serve(refused=True) as simulator, pytest.raises(CustomerListError, match="403, code 1002"):
        _list(simulator)


def test_a_refused_token_is_a_sign_in_error() -> None:
    """The exit code is 4, not 5."""
    with _serve() as simulator:
        settings = replace(_settings(simulator), access_token=Secret(simulator.mint_token(amr=["pwd"])))
        with pytest.raises(SignInError, match="multi-factor"):
            customer_list(settings, print, print)


def test_listing_uses_the_rate_limiter() -> None:
    """A throttled page waits like any other request and is retried."""
    with serve_in_thread(
        SimulatorOptions(
            tls=False,
            identity=IdentityOptions(enabled=False),
            throttle=ThrottleOptions(windows=(Window(2, 1.0),)),
            customers=CustomerListOptions(generated=WHOLE),
        )
    ) as simulator:
        found, count = _list(simulator)
    assert len(found) == len(simulator.directory.listed) == count
    assert simulator.log.by_status()[429] >= 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"items":{}}',
        b'{"items":[],"continuationToken":"two\\nlines"}',
        b'{"items":[],"items":[]}',
    ],
)
def test_an_invalid_page_is_not_the_end(body: bytes) -> None:
    """An empty object, or a token that is not valid in a header, is not a page, and so not the last one."""
    assert read_page(body) is None


_ODD_PAGE = b"""{"items":[null,{"id":"x","companyProfile":{"companyName":"Ada"}},
{"id":"1F2E3D4C-0000-4000-8000-000000000001","companyProfile":[]}]}"""


def test_items_without_an_id_are_kept() -> None:
    """A page keeps them apart from its customers; an invalid profile loses the names only."""
    page = read_page(_ODD_PAGE)
    assert page is not None
    assert page.customers == (ListedCustomer("1f2e3d4c-0000-4000-8000-000000000001"),)
    assert page.without_id == (ListedCustomer(""), ListedCustomer("x", "Ada"))


async def test_items_without_an_id_become_rows() -> None:
    """No row of the partner's own list disappears."""
    reply = ApiResponse(datetime.now(UTC), 200, _ODD_PAGE)

    async def ask(_token: str) -> CustomerResult:
        return CustomerResult("", judge_page(reply, ""), reply, 1)

    taken: list[ListedCustomer] = []
    rejected: list[ListedCustomer] = []
    listing = await list_customers(ask, taken.append, rejected.append)
    assert (len(taken), [one.id for one in rejected]) == (1, ["", "x"])
    assert (listing.customers, listing.complete) == (1, True)


def test_a_failed_listing_leaves_no_file(tmp_path: Path) -> None:
    """`-o` leaves no partial list behind."""
    target = tmp_path / "customers.csv"

    def cut_short() -> None:
        with customer_table(str(target), as_json=False) as take:
            take(ListedCustomer("1f2e3d4c-0000-4000-8000-000000000001", "Ada, Ltd"))
            raise CustomerListError("cut short")

    with pytest.raises(CustomerListError):
        cut_short()
    assert list(tmp_path.iterdir()) == []
    with customer_table(str(target), as_json=False) as take:
        take(ListedCustomer("1f2e3d4c-0000-4000-8000-000000000001", "Ada, Ltd"))
    assert '"Ada, Ltd"' in target.read_text(encoding="utf-8")
