"""Workbooks that auditor wrote itself. Rule: the sheets with all customers are the list, whatever the others hold.

`audit.xlsx` and the workbooks by account manager show a customer on several sheets; each stands once on `All customers`,
which goes on on `All customers 2`, ….
"""

import re
from collections.abc import Sequence

_OTHER_SHEETS = {"Summary", "Not verified", "About"}
_all_customers = re.compile(r"All customers(?: [0-9]+)?").fullmatch


def own_lists(names: Sequence[str]) -> list[str]:
    """The sheets with all customers, by the names of all sheets; none where the workbook is somebody else's."""
    return [name for name in names if _all_customers(name)] if _OTHER_SHEETS.issubset(names) else []
