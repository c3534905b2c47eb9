"""Who the partner's customers are, and how a stranger is answered. Rule: read once at the start, never changed.

What a request about a stranger is answered with is not documented for this resource; the neighbouring resources answer
404/60003, 403/20002, 400/900118 or 400/2000 ("Partner Center REST error codes"), and the options choose among them.
"""

import csv
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random

from auditor.simulator.bodies import fault, no_account_status
from auditor.simulator.kinds import STRANGERS
from auditor.simulator.options import CustomerListOptions, StrangerPolicy
from auditor.simulator.planned import PlannedReply
from auditor.simulator.scenario import Scenario

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WORDS = (
    "Alpine",
    "Blue",
    "Cedar",
    "Delta",
    "Ember",
    "Fabri",
    "Granite",
    "Harbour",
    "Iris",
    "Juniper",
    "Kite",
    "Lumen",
)
_TRADES = ("Bakery", "Clinics", "Foods", "Logistics", "Optics", "Partners", "Schools", "Tools", "Travel", "Works")
_HEADERS = {
    "id": ("id", "customerid", "microsoftid", "tenantid", "customertenantid"),
    "company": ("company", "companyname", "name"),
    "domain": ("domain", "primarydomainname"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """One of the partner's customers; `id` is a lower-case, dashed GUID."""

    id: str
    company: str
    domain: str
    relationship: str = "reseller"


def is_guid(text: str) -> bool:
    """True for a dashed GUID in any case."""
    return _GUID.fullmatch(text) is not None


def made_up(customer_id: str) -> Member:
    """The company that is invented for a customer whom no roster names; always the same for the same id."""
    random = Random(customer_id)
    name = f"{random.choice(_WORDS)} {random.choice(_TRADES)}"
    label = f"{name.lower().replace(' ', '-')}-{customer_id[:8]}"
    return Member(customer_id, name, f"{label}.onmicrosoft.example")


def read_roster(path: Path) -> tuple[Member, ...]:
    """The customers of a CSV file, in file order, each id once; rows whose id is no GUID are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: its header names no id column, or it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        columns = _columns(next(rows, []))
        if "id" not in columns:
            raise ValueError(f"{path}: the header names no id column.")
        members = [_member(row, columns) for row in rows if row]
    return tuple({member.id: member for member in reversed(members) if is_guid(member.id)}.values())[::-1]


def _columns(header: list[str]) -> dict[str, int]:
    keys = [re.sub(r"[^a-z]", "", name.lower()) for name in header]
    found: dict[str, int] = {}
    for field, names in _HEADERS.items():
        places = [keys.index(name) for name in names if name in keys]
        if places:
            found[field] = places[0]
    return found


def _member(row: list[str], columns: dict[str, int]) -> Member:
    def cell(field: str) -> str:
        place = columns.get(field, len(row))
        return row[place].strip() if place < len(row) else ""

    customer_id = cell("id").strip("{} ").lower()
    return Member(customer_id, cell("company"), cell("domain"))


def generate(count: int, seed: int) -> tuple[Member, ...]:
    """A made-up roster; the same for the same seed."""
    random = Random(f"roster/{seed}")
    ids = (str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(count))
    return tuple(made_up(customer_id) for customer_id in ids)


class Directory:
    """Tells customers from strangers.

    Args:
        options: the roster and the policies.
        scenario: an override makes a customer of anybody; kinds of strangers are no customers even on the roster.
    """

    def __init__(self, options: CustomerListOptions, scenario: Scenario) -> None:
        self._options = options
        self._scenario = scenario
        roster = read_roster(options.roster) if options.roster else generate(options.generated, scenario.seed)
        self._members = {member.id: member for member in roster}
        self._is_open = options.everybody or (options.roster is None and not options.generated)

    @property
    def listed(self) -> tuple[Member, ...]:
        """The customers that the customer list names, in order of the roster."""
        return tuple(self._without_strangers(self._members.values()))

    def refusal(self, customer_id: str) -> PlannedReply | None:
        """How a request for this id's validation status is refused; None where the id has a record to answer with."""
        if not is_guid(customer_id):
            return self._refuse(customer_id, self._options.malformed)
        key = customer_id.lower()
        if self._is_open or key in self._members or key in self._scenario.overrides:
            return None
        return self._refuse(customer_id, self._policy(key))

    def member(self, customer_id: str) -> Member | PlannedReply:
        """The customer of this id, or how the request for its record is refused."""
        key = customer_id.lower()
        if not is_guid(customer_id):
            return self._refuse(customer_id, self._options.malformed)
        if self._kind(key) in STRANGERS:
            return self._scenario.reply(customer_id, 1)
        if self._is_open or key in self._members:
            return self._members.get(key) or made_up(key)
        policy = self._policy(key)
        # A missing account status proves nothing about membership; the customer resource has no such answer.
        known = StrangerPolicy.TENANT_NOT_FOUND if policy is StrangerPolicy.NO_ACCOUNT_STATUS else policy
        return self._refuse(customer_id, known)

    def _kind(self, key: str) -> str:
        return self._scenario.kind_of(key).partition(":")[0]

    def _without_strangers(self, members: Iterable[Member]) -> Iterable[Member]:
        return (member for member in members if self._kind(member.id) not in STRANGERS)

    def _policy(self, key: str) -> StrangerPolicy:
        digest = blake2b(f"{self._scenario.seed}/stranger/{key}".encode(), digest_size=6).digest()
        is_foreign = int.from_bytes(digest) / 2**48 < self._options.foreign_share
        return self._options.foreign if is_foreign else self._options.missing

    def _refuse(self, customer_id: str, policy: StrangerPolicy) -> PlannedReply:
        def code(number: int) -> int | str:
            return str(number) if self._scenario.code_as_string else number

        match policy:
            case StrangerPolicy.NO_RELATIONSHIP:
                return fault(403, code(20002), "No relationship between caller and account.")
            case StrangerPolicy.TENANT_NOT_FOUND:
                return fault(404, code(60003), "Tenant not found.")
            case StrangerPolicy.INVALID_CUSTOMER_ID:
                return fault(400, code(900118), "Invalid Customer ID.")
            case StrangerPolicy.INVALID_INPUT:
                return fault(400, code(2000), "Tenant Id must be a GUID.")
            case StrangerPolicy.NO_ACCOUNT_STATUS:
                return no_account_status(customer_id, code(600074))
