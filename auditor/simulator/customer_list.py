"""`GET /v1/customers` and `GET /v1/customers/{id}`: the partner's customers, page by page. Rule: stateless; the token
says where the next page begins.

Sources: "Partner Center REST: Get a list of customers" and "Get a list of customers filtered by a search field". That
more than 500 a page are cut to 500 is an assumption; so is that IndirectReseller finds nobody.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from auditor.simulator.bodies import compact, fault
from auditor.simulator.directory import Directory, Member
from auditor.simulator.options import CustomerListOptions
from auditor.simulator.planned import PlannedReply

PAGE_SIZE = 500
TOKEN_HEADER = "MS-ContinuationToken"  # noqa: S105 - the name of a header
_SEARCHES = "Customer search only allows starts with and equals operation."
_FIELDS = {"CompanyName": "company", "Domain": "domain"}
_NOBODY = ("IndirectReseller", "IndirectCloudSolutionProvider")


class BadQueryError(Exception):
    """The query cannot be answered; the message is what the client is told with 400/2000."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request asks for: `size` members of those that the filter leaves, from `offset` on."""

    size: int
    offset: int
    token: str | None
    prefix: str
    field: str | None


def resource(member: Member) -> dict[str, object]:
    """A customer as the list shows it."""
    path = f"/customers/{member.id}"
    return {
        "id": member.id,
        "companyProfile": {
            "tenantId": member.id,
            "domain": member.domain,
            "companyName": member.company,
            "links": {"self": _link(f"{path}/profiles/company")},
            "attributes": {"objectType": "CustomerCompanyProfile"},
        },
        "relationshipToPartner": member.relationship,
        "links": {"self": _link(path)},
        "attributes": {"objectType": "Customer"},
    }


def _link(uri: str, headers: list[dict[str, str]] | None = None) -> dict[str, object]:
    return {"uri": uri, "method": "GET", "headers": headers or []}


class CustomerList:
    """Answers for the two customer resources.

    Args:
        options: the traps of paging.
        directory: who is a customer.
    """

    def __init__(self, options: CustomerListOptions, directory: Directory) -> None:
        self._options = options
        self._directory = directory

    def one(self, customer_id: str) -> PlannedReply:
        """The answer to `GET /v1/customers/{id}`."""
        found = self._directory.member(customer_id)
        return found if isinstance(found, PlannedReply) else PlannedReply(body=compact(resource(found)))

    def page(self, query: Mapping[str, str], headers: Mapping[str, str]) -> PlannedReply:
        """The answer to `GET /v1/customers`."""
        if self._options.refused:
            return fault(403, 1002, "Authorization Failed")
        try:
            asked = _read(query, headers)
        except BadQueryError as error:
            return fault(400, 2000, str(error))
        members = [member for member in self._directory.listed if _matches(member, asked)]
        if asked.offset and asked.offset >= len(members):
            return fault(400, 2000, "There are no more pages.")
        return PlannedReply(body=compact(self._collection(asked, members)))

    def _collection(self, asked: Page, members: list[Member]) -> dict[str, object]:
        first = max(0, asked.offset - self._options.repeated_customers)
        end = asked.offset + asked.size
        items = [resource(member) for member in members[first:end]]
        links: dict[str, object] = {"self": _link(f"{self._root}?size={asked.size}")}
        body: dict[str, object] = {"totalCount": len(items), "items": items, "links": links}
        token = self._next_token(asked, end, len(members))
        if token:
            uri = f"{self._root}?size={asked.size}&seekOperation=Next"
            links["next"] = _link(uri, [{"key": TOKEN_HEADER, "value": token}])
            body["continuationToken"] = token
        return {**body, "attributes": {"objectType": "Collection"}}

    @property
    def _root(self) -> str:
        return "/v1/customers" if self._options.next_with_version else "/customers"

    def _next_token(self, asked: Page, end: int, count: int) -> str | None:
        if self._options.repeat_token and asked.token:
            return asked.token
        if end < count or (self._options.end_with_400 and count):
            return _token(end)
        return None


def _token(offset: int) -> str:
    return base64.b64encode(f"offset={offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        name, _, value = base64.b64decode(token, validate=True).decode().partition("=")
    except (binascii.Error, UnicodeDecodeError):
        name = value = ""
    if name != "offset" or not value.isdecimal():
        raise BadQueryError("The continuation token is invalid.")
    return int(value)


def _read(query: Mapping[str, str], headers: Mapping[str, str]) -> Page:
    size = query.get("size", "0")
    if not size.isdecimal():
        raise BadQueryError("The size must be a number.")
    seek = query.get("seekOperation", "")
    if seek and seek.lower() != "next":
        raise BadQueryError("The seek operation is not supported.")
    token = headers.get(TOKEN_HEADER) if seek else None
    if seek and not token:
        raise BadQueryError("The continuation token is missing.")
    field, prefix = _filter(query.get("filter"))
    return Page(min(int(size) or PAGE_SIZE, PAGE_SIZE), _offset(token) if token else 0, token, prefix, field)


def _filter(text: str | None) -> tuple[str | None, str]:
    """Field and prefix of a search; no field where there is no search."""
    if not text:
        return None, ""
    try:
        search = json.loads(text)
    except ValueError:
        search = None
    if not isinstance(search, dict):
        raise BadQueryError("The filter is not a JSON object.")
    if search.get("Operator") != "starts_with":
        raise BadQueryError(_SEARCHES)
    field = search.get("Field")
    if field not in (*_FIELDS, *_NOBODY):
        raise BadQueryError("The field cannot be searched.")
    return field, str(search.get("Value", "")).casefold()


def _matches(member: Member, asked: Page) -> bool:
    if asked.field is None:
        return True
    name = _FIELDS.get(asked.field)
    return name is not None and str(getattr(member, name)).casefold().startswith(asked.prefix)
