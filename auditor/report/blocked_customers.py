"""A run -> its blocked customers, as mails and messages name them."""

import pandas as pd

from auditor.core.model import Reason
from auditor.core.results import BlockedCustomer, CaseGroup
from auditor.report.cases import amount_columns, list_cases
from auditor.report.data import RunData
from auditor.report.schema import to_arrow

_COLUMNS = ("customer_id", "company_name", "group", "status", "reason", "days_in_status")


def blocked_customers(data: RunData, results: pd.DataFrame | None = None) -> tuple[BlockedCustomer, ...]:
    """List the blocked customers, in the order of `list_cases`; arguments as there."""
    cases = list_cases(data, results)
    first = next(iter(amount_columns(data).values()), None)
    amounts = [{}] * len(cases) if first is None else cases[first].to_list()
    values = zip(*(to_arrow(cases[name]).to_pylist() for name in _COLUMNS), strict=True)
    return tuple(
        BlockedCustomer(
            customer_id=customer_id or "",
            company_name=company_name or "",
            group=CaseGroup(group),
            status=status or "",
            reason=Reason(reason),
            days=days,
            amounts=amount,
        )
        for (customer_id, company_name, group, status, reason, days), amount in zip(values, amounts, strict=True)
    )
