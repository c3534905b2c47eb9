"""audit.xlsx and the packs against the records. Rule: every row of every sheet is met once; whatever differs is named.

In each workbook: `All customers` and `Not verified` in the order of the lists, record by record; `Action needed` in any
order; the counts of the Summary; every sheet's first line. The packs together have every row of whoever they are for, and
by-owner/index.csv has the counts of all.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from auditor.core.ledger import Ledger
from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.report import expected
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.schema import FIXED, own_names, results_schema
from auditor.report.workbook import INDEX, NAME, owns
from auditor.report.workbook_expected import ACTION, ALL, CHANGES, NOT_VERIFIED, Plan, plan
from auditor.report.workbook_read import Line, Reader
from auditor.report.written import Cells, csv_file

_WORDS = {"Blocked": Verdict.BLOCKED, "Not verified": Verdict.UNDETERMINED, "Eligible": Verdict.ELIGIBLE}
_NOBODY = "(no account manager)"
_CHANGES_CSV = "changes.csv"

Records = Callable[[], Iterator[Cells]]
