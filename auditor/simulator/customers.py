"""The partner's customers, the customer resources, and the replies for other ids. The roster is read once at the start; only
`Directory.add` changes it. The continuation token alone decides where the next page begins.

The reply for ids that are not customers is not documented; similar resources answer 404/60003, 403/20002,
400/900118 or 400/2000 ("Partner Center REST error codes"), and the options choose among them. Sources for the list: "Partner
Center REST: Get a list of customers" and "Get a list of customers filtered by a search field". Assumptions: pages are limited to
500 customers, and a search for an IndirectReseller finds no customer.
"""

import base64
import binascii
import csv
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from auditor.simulator.kinds import KINDS, NOT_CUSTOMERS
from auditor.simulator.options import AS_OF, CustomerListOptions
from auditor.simulator.replies import Member, PlannedReply, Question, compact, fault, link
from auditor.simulator.scenario import Scenario

PAGE_SIZE = 500
TOKEN_HEADER = "MS-ContinuationToken"  # noqa: S105 - the name of a header
_SEARCH_FIELDS = {
    "CompanyName": "company",
    "Domain": "domain",
    "IndirectReseller": "",
    "IndirectCloudSolutionProvider": "",
}
"""Field of a search -> attribute of a customer; empty if it finds no customer."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMES = [
    "Alpine", "Blue", "Cedar", "Delta", "Ember", "Fabri", "Granite", "Harbour", "Iris", "Juniper", "Kite", "Lumen",
]  # fmt: skip
_TRADES = ["Bakery", "Clinics", "Foods", "Logistics", "Optics", "Partners", "Schools", "Tools", "Travel", "Works"]
_HEADERS = (
    ("id", "customerid", "microsoftid", "tenantid", "customertenantid"),
    ("company", "companyname", "name"),
    ("domain", "primarydomainname"),
)
"""Names of the columns of a roster: id, company, domain."""


class _BadQueryError(Exception):
    """The query is invalid; the message is sent to the client with 400/2000."""


@dataclass(frozen=True, slots=True)
class _Query:
    """The query of a request for the list: `size` of the customers that match, from `offset`."""

    size: int
    offset: int
    token: str | None
    field: str | None
    prefix: str

    def matches(self, member: Member) -> bool:
        if self.field is None:
            return True
        attribute = _SEARCH_FIELDS[self.field]
        return bool(attribute) and str(getattr(member, attribute)).casefold().startswith(self.prefix)


def is_guid(text: str) -> bool:
    """True for a dashed GUID in any case."""
    return _GUID.fullmatch(text) is not None


def made_up(customer_id: str) -> Member:
    """A made-up company for a customer that is not on a roster; always the same for the same id."""
    random = Random(customer_id)
    name = f"{random.choice(_NAMES)} {random.choice(_TRADES)}"
    label = f"{name.lower().replace(' ', '-')}-{customer_id[:8]}"
    return Member(customer_id, name, f"{label}.onmicrosoft.example")


def generate(count: int, seed: int) -> tuple[Member, ...]:
    """A made-up roster; the same for the same seed."""
    random = Random(f"roster/{seed}")
    ids = (str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(count))
    return tuple(made_up(customer_id) for customer_id in ids)


def read_roster(path: Path) -> tuple[Member, ...]:
    """Read the customers of a CSV file, in file order, each id once, without rows whose id is not a GUID.

    Raises:
        OSError: the file cannot be read.
        ValueError: its header names no id column, or it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        names = {re.sub(r"[^a-z]", "", name.lower()): name for name in reversed(rows.fieldnames or ())}
        columns = [next((names[each] for each in known if each in names), None) for known in _HEADERS]
        if columns[0] is None:
            raise ValueError(f"{path}: the header names no id column.")
        cells = [[(row[column] or "").strip() if column else "" for column in columns] for row in rows]
    members = [Member(customer_id.strip("{} ").lower(), company, domain) for customer_id, company, domain in cells]
    return tuple({member.id: member for member in reversed(members) if is_guid(member.id)}.values())[::-1]


class Directory:
    """Knows which ids are customers, and answers the customer resources.

    Args:
        options: the roster, and the kinds of other ids.
        scenario: an id with an override is a customer; an id of a kind without a customer is none, even on the roster.
    """

    def __init__(self, options: CustomerListOptions, scenario: Scenario) -> None:
        self._options = options
        self._scenario = scenario
        roster = read_roster(options.roster) if isinstance(options.roster, Path) else options.roster
        if roster is None:
            roster = generate(options.generated, scenario.seed)
        self._members = {member.id: member for member in roster}
        self._accepts_all = options.everybody or (options.roster is None and not options.generated)

    @property
    def listed(self) -> tuple[Member, ...]:
        """The customers of the customer list, in order of the roster."""
        # a copy: another thread may add one
        return tuple(member for member in tuple(self._members.values()) if self._kind(member.id) not in NOT_CUSTOMERS)

    def add(self, member: Member) -> None:
        """Add a customer to the roster, or replace the one with its id. Safe from another thread."""
        self._members[member.id] = member

    def refusal(self, customer_id: str) -> PlannedReply | None:
        """The refusal of a request for this id's validation status; None if the scenario has an answer."""
        if not is_guid(customer_id):
            return _answer_as(self._options.malformed, customer_id)
        key = customer_id.lower()
        if self._accepts_all or key in self._members or key in self._scenario.overrides:
            return None
        return _answer_as(self._kind_of_unlisted(key), customer_id)

    def customer(self, customer_id: str) -> PlannedReply:
        """The reply to `GET /v1/customers/{id}`."""
        key = customer_id.lower()
        if not is_guid(customer_id):
            return _answer_as(self._options.malformed, customer_id)
        if self._kind(key) in NOT_CUSTOMERS:
            return self._scenario.reply(customer_id, 1)
        if self._accepts_all or key in self._members:
            return PlannedReply(body=compact((self._members.get(key) or made_up(key)).resource))
        kind = self._kind_of_unlisted(key)
        # a missing account status proves nothing about membership; the customer resource has no such answer
        return _answer_as("tenant_not_found" if kind == "no_account_status" else kind, customer_id)

    def page(self, query: Mapping[str, str], headers: Mapping[str, str]) -> PlannedReply:
        """The reply to `GET /v1/customers`."""
        if self._options.refused:
            return fault(403, 1002, "Authorization Failed")
        try:
            wanted = _read_query(query, headers)
        except _BadQueryError as error:
            return fault(400, 2000, str(error))
        members = [member for member in self.listed if wanted.matches(member)]
        if wanted.offset and wanted.offset >= len(members):
            return fault(400, 2000, "There are no more pages.")
        return PlannedReply(body=compact(self._collection(wanted, members)))

    def _collection(self, wanted: _Query, members: list[Member]) -> dict[str, object]:
        root = "/v1/customers" if self._options.next_with_version else "/customers"
        first = max(0, wanted.offset - self._options.repeated_customers)
        end = wanted.offset + wanted.size
        items = [member.resource for member in members[first:end]]
        links: dict[str, object] = {"self": link(f"{root}?size={wanted.size}")}
        body: dict[str, object] = {"totalCount": len(items), "items": items, "links": links}
        token = self._next_token(wanted, end, len(members))
        if token:
            uri = f"{root}?size={wanted.size}&seekOperation=Next"
            links["next"] = link(uri, [{"key": TOKEN_HEADER, "value": token}])
            body["continuationToken"] = token
        return {**body, "attributes": {"objectType": "Collection"}}

    def _next_token(self, wanted: _Query, end: int, count: int) -> str | None:
        if self._options.repeat_token and wanted.token:
            return wanted.token
        if end < count or (self._options.end_with_400 and count):
            return base64.b64encode(f"offset={end}".encode()).decode()
        return None

    def _kind(self, key: str) -> str:
        return self._scenario.kind_of(key).partition(":")[0]

    def _kind_of_unlisted(self, key: str) -> str:
        is_foreign = self._scenario.share(key, "stranger") < self._options.foreign_share
        return self._options.foreign if is_foreign else self._options.missing


def _answer_as(kind: str, customer_id: str) -> PlannedReply:
    """The reply of a kind that always answers alike."""
    return KINDS[kind].reply(Question(customer_id, AS_OF))


def _read_query(query: Mapping[str, str], headers: Mapping[str, str]) -> _Query:
    size = query.get("size", "0")
    if not size.isdecimal():
        raise _BadQueryError("The size must be a number.")
    seek = query.get("seekOperation", "")
    if seek and seek.lower() != "next":
        raise _BadQueryError("The seek operation is not supported.")
    token = headers.get(TOKEN_HEADER) if seek else None
    if seek and not token:
        raise _BadQueryError("The continuation token is missing.")
    field, prefix = _read_filter(query.get("filter"))
    return _Query(min(int(size) or PAGE_SIZE, PAGE_SIZE), _offset(token) if token else 0, token, field, prefix)


def _offset(token: str) -> int:
    try:
        name, _, value = base64.b64decode(token, validate=True).decode().partition("=")
    except (binascii.Error, UnicodeDecodeError):
        name = value = ""
    if name != "offset" or not value.isdecimal():
        raise _BadQueryError("The continuation token is invalid.")
    return int(value)


def _read_filter(text: str | None) -> tuple[str | None, str]:
    """Field and prefix of a search; no field if there is no search."""
    if not text:
        return None, ""
    try:
        search = json.loads(text)
    except ValueError:
        search = None
    if not isinstance(search, dict):
        raise _BadQueryError("The filter is not a JSON object.")
    if search.get("Operator") != "starts_with":
        raise _BadQueryError("Customer search only allows starts with and equals operation.")
    field = search.get("Field")
    if field not in _SEARCH_FIELDS:
        raise _BadQueryError("The field cannot be searched.")
    return field, str(search.get("Value", "")).casefold()
