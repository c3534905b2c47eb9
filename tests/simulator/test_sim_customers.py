"""The partner's customer list: pages, searches and every option of paging."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sim_support import OPEN, OTHER_ID, OWN_ID, Bench, Received, bench

from auditor.simulator import AnswerOptions, CustomerListOptions, SimulatorOptions
from auditor.simulator.customers import generate, read_roster

PLAIN = SimulatorOptions(tls=False, throttle=OPEN, answers=AnswerOptions(weights={"allowed": 1}))


def generated(count: int, **options: Any) -> SimulatorOptions:
    """A made-up roster of this size."""
    return replace(PLAIN, customers=CustomerListOptions(generated=count, **options))


async def pages(b: Bench, size: int = 500, most: int = 10) -> list[Received]:
    """All pages of the list in order, following the token; the last reply may be an error."""
    replies = [await b.get(f"/v1/customers?size={size}")]
    while len(replies) < most and "continuationToken" in replies[-1].json:
        token = replies[-1].json["continuationToken"]
        replies.append(await b.get(f"/v1/customers?size={size}&seekOperation=Next", MS_ContinuationToken=token))
    return replies


def ids(reply: Received) -> list[str]:
    """The customers of one page."""
    return [item["id"] for item in reply.json["items"]]


async def test_item_as_documented() -> None:
    """An item carries the members that the documentation prints."""
    async with bench(generated(1)) as b:
        reply = await b.get("/v1/customers?size=40")
        (member,) = b.simulator.directory.listed
    (item,) = reply.json["items"]
    assert item["id"] == item["companyProfile"]["tenantId"] == member.id
    assert item["companyProfile"]["companyName"] == member.company
    assert item["companyProfile"]["domain"] == member.domain
    assert item["relationshipToPartner"] == "reseller"
    assert item["attributes"] == {"objectType": "Customer"}
    assert reply.json["links"] == {"self": {"uri": "/customers?size=40", "method": "GET", "headers": []}}
    assert reply.json["attributes"] == {"objectType": "Collection"}
    assert reply.body.startswith(b"\xef\xbb\xbf")


async def test_pages_hold_every_customer_once() -> None:
    """Following the token gives every customer once, in order; totalCount counts the page; the last has no token."""
    async with bench(generated(25)) as b:
        replies = await pages(b, size=10)
        everybody = [member.id for member in b.simulator.directory.listed]
    assert [reply.json["totalCount"] for reply in replies] == [10, 10, 5]
    assert [each for reply in replies for each in ids(reply)] == everybody
    assert "next" not in replies[-1].json["links"]


async def test_next_link_carries_the_token() -> None:
    """The next link has the token among its headers, and the path as asked."""
    async with bench(generated(3)) as b:
        body = (await b.get("/v1/customers?size=2")).json
    link = body["links"]["next"]
    assert link["uri"] == "/customers?size=2&seekOperation=Next"
    assert link["headers"] == [{"key": "MS-ContinuationToken", "value": body["continuationToken"]}]


async def test_next_link_with_version() -> None:
    """With the switch on, the next link's path begins with /v1."""
    async with bench(generated(3, next_with_version=True)) as b:
        body = (await b.get("/v1/customers?size=2")).json
    assert body["links"]["next"]["uri"] == "/v1/customers?size=2&seekOperation=Next"


@pytest.mark.parametrize("query", ["", "?size=0", "?size=500", "?size=1000"])
async def test_page_size_is_500_at_most(query: str) -> None:
    """Zero, nothing and too much all mean 500."""
    async with bench(generated(501)) as b:
        reply = await b.get(f"/v1/customers{query}")
    assert reply.json["totalCount"] == 500


async def test_seek_operation_in_any_case() -> None:
    """`next` works like `Next`."""
    async with bench(generated(3)) as b:
        token = (await b.get("/v1/customers?size=2")).json["continuationToken"]
        reply = await b.get("/v1/customers?size=2&seekOperation=next", MS_ContinuationToken=token)
    assert len(ids(reply)) == 1


async def test_end_may_be_an_error() -> None:
    """With the switch on, the last page has a token too, which leads to 400/2000."""
    async with bench(generated(4, end_with_400=True)) as b:
        replies = await pages(b, size=2)
    assert [reply.status for reply in replies] == [200, 200, 400]
    assert replies[-1].json["code"] == 2000


async def test_token_may_repeat() -> None:
    """With the switch on, a page gives the token that led to it, and so leads to itself."""
    async with bench(generated(10, repeat_token=True)) as b:
        replies = await pages(b, size=2, most=5)
    tokens = [reply.json["continuationToken"] for reply in replies]
    assert len(set(tokens)) == 1
    assert ids(replies[1]) == ids(replies[4]) != ids(replies[0])


async def test_customers_may_come_twice() -> None:
    """With the switch on, a page begins with the last customers of the one before."""
    async with bench(generated(6, repeated_customers=1)) as b:
        replies = await pages(b, size=3)
    assert ids(replies[1])[0] == ids(replies[0])[-1]
    assert len({each for reply in replies for each in ids(reply)}) == 6


async def test_list_may_be_refused() -> None:
    """With the switch on, the list is forbidden and a validation status is not."""
    async with bench(generated(1, refused=True)) as b:
        reply = await b.get("/v1/customers")
        (member,) = b.simulator.directory.listed
        assert (reply.status, reply.json["code"]) == (403, 1002)
        assert (await b.status(member.id)).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers?size=ten",
        "/v1/customers?seekOperation=Previous",
        "/v1/customers?seekOperation=Next",
        "/v1/customers?filter=nonsense",
        "/v1/customers?filter=[]",
        '/v1/customers?filter={"Field":"Colour","Value":"a","Operator":"starts_with"}',
    ],
)
async def test_bad_queries(path: str) -> None:
    """An invalid query is answered with 400/2000."""
    async with bench(generated(3)) as b:
        reply = await b.get(path)
    assert (reply.status, reply.json["code"]) == (400, 2000)


@pytest.mark.parametrize("token", ["nonsense", "b2Zmc2V0PXg="])
async def test_bad_token(token: str) -> None:
    """An unknown token is answered with 400/2000."""
    async with bench(generated(3)) as b:
        reply = await b.get("/v1/customers?seekOperation=Next", MS_ContinuationToken=token)
    assert (reply.status, reply.json["code"]) == (400, 2000)


def search(field: str, value: object, operator: str = "starts_with") -> str:
    """A search in the form of the documentation."""
    return "/v1/customers?size=0&filter=" + json.dumps({"Field": field, "Value": value, "Operator": operator})


ROSTER = (
    "id,company,domain\n"
    f"{OWN_ID},Contoso Bakery,contoso.example\n"
    f"{OTHER_ID},Fabrikam,fabrikam.example\n"
    f"{OTHER_ID},Fabrikam again,fabrikam.example\n"
    "no-guid,Nobody,nobody.example\n"
)


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """A roster of two customers, with a duplicate and a row without an id."""
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("CompanyName", "CONT", [OWN_ID]),
        ("Domain", "fab", [OTHER_ID]),
        ("Domain", "bakery", []),
        ("IndirectReseller", "anybody", []),
    ],
)
async def test_search(roster: Path, field: str, value: object, expected: object) -> None:
    """A search finds by the beginning of the name or domain, whatever the case."""
    async with bench(replace(PLAIN, customers=CustomerListOptions(roster=roster))) as b:
        assert ids(await b.get(search(field, value))) == expected


async def test_search_by_other_operators() -> None:
    """Only `starts_with` is supported, and the refusal has Microsoft's text."""
    async with bench(generated(1)) as b:
        reply = await b.get(search("Domain", "a", "contains"))
    assert (reply.status, reply.json["code"]) == (400, 2000)
    assert reply.json["description"] == "Customer search only allows starts with and equals operation."


async def test_one_customer(roster: Path) -> None:
    """A customer's own record equals its item in the list; the id's letter case does not matter."""
    async with bench(replace(PLAIN, customers=CustomerListOptions(roster=roster))) as b:
        item = (await b.get("/v1/customers")).json["items"][0]
        assert (await b.get(f"/v1/customers/{OWN_ID.upper()}")).json == item


@pytest.mark.parametrize(
    ("policy", "status", "code"),
    [
        ("no_relationship", 403, 20002),
        ("tenant_not_found", 404, 60003),
        ("no_account_status", 404, 60003),
    ],
)
async def test_one_id_that_is_no_customer(policy: str, status: object, code: object) -> None:
    """An id that is not a customer has no record, even if its validation status is only missing."""
    async with bench(generated(1, foreign=policy, foreign_share=1.0)) as b:
        reply = await b.get(f"/v1/customers/{OTHER_ID}")
    assert (reply.status, reply.json["code"]) == (status, code)


async def test_one_malformed_id() -> None:
    """A malformed id is refused like for a validation status."""
    async with bench(generated(1)) as b:
        reply = await b.get("/v1/customers/me")
    assert (reply.status, reply.json["code"]) == (400, 2000)


async def test_former_customer_is_consistent(roster: Path) -> None:
    """A customer whose relationship has ended is neither listed nor found, even if it is on the roster."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={OWN_ID: "no_relationship"})
    chosen = replace(PLAIN, answers=answers, customers=CustomerListOptions(roster=roster))
    async with bench(chosen) as b:
        assert ids(await b.get("/v1/customers")) == [OTHER_ID]
        assert (await b.get(f"/v1/customers/{OWN_ID}")).json["code"] == 20002
        assert (await b.status(OWN_ID)).json["code"] == 20002


async def test_without_roster_every_guid_is_a_customer() -> None:
    """With neither file nor made-up roster every GUID has a record, always the same, and the list is empty."""
    async with bench(PLAIN) as b:
        first, second = await b.get(f"/v1/customers/{OWN_ID}"), await b.get(f"/v1/customers/{OWN_ID}")
        assert first.json == second.json
        assert first.json["id"] == OWN_ID
        assert (await b.get("/v1/customers")).json["items"] == []


def test_roster_is_read_in_order(roster: Path) -> None:
    """Each id once, the first row of it, in file order; rows without a GUID are left out."""
    members = read_roster(roster)
    assert [(member.id, member.company) for member in members] == [(OWN_ID, "Contoso Bakery"), (OTHER_ID, "Fabrikam")]


def test_roster_without_id_column(tmp_path: Path) -> None:
    """A file without an id column is refused; the error names the file."""
    path = tmp_path / "r.csv"
    path.write_text("Company\nx\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"r\.csv.*no id column"):
        read_roster(path)


def test_made_up_roster_is_seeded() -> None:
    """The same seed makes the same customers, another seed others."""
    assert generate(20, 1) == generate(20, 1)
    assert not {member.id for member in generate(20, 1)} & {member.id for member in generate(20, 2)}
