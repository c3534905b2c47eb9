"""A blocked customer, as mails and messages name it."""

from dataclasses import dataclass, field

from auditor.core.model import Reason
from auditor.core.results.case_group import CaseGroup
from auditor.core.results.money import Amounts
from auditor.core.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedCustomer:
    """A blocked customer.

    Attributes:
        customer_id: in lower case.
        company_name: from the list; empty where there is none.
        group: new, open or old.
        status: the API's own word.
        reason: why the customer is blocked.
        days: whole days since the status was last changed; None where not known.
        amounts: of the first column that the run adds up; empty where there is none, or no number.
    """

    customer_id: str
    company_name: str
    group: CaseGroup
    status: str
    reason: Reason
    days: int | None = None
    amounts: Amounts = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The company's name in one line, or the id."""
        return one_line(self.company_name) or self.customer_id
