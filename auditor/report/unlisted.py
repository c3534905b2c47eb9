"""unlisted.csv: the partner's own customers that no list of the run mentions. Rule: only what was paged through is told.

Written wherever the partner's own list was asked for page by page, even if there is nobody to tell of; in the form of
results.csv. Where the listing came to no end, the summary says so, and customers may be missing here.
"""

import pyarrow as pa

from auditor.report import csv
from auditor.report.files import Staging

NAME = "unlisted.csv"


def write(customers: pa.Table, staging: Staging) -> int:
    """Writes the file, and says how many records it has.

    Raises:
        OutputError: it cannot be written.
    """
    sink = staging.create(NAME)
    sink.write(csv.header(customers.schema))
    csv.append(sink, customers)
    return sink.records
