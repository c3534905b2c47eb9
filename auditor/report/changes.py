"""changes.csv: what became of each customer since the baseline run. Rule: one record a customer for whom there is
something to say, in input order; then those that are gone from the lists, in the order of the baseline.
"""

import pyarrow as pa

from auditor.report.schema import TIME

CSV = "changes.csv"

_WORD = pa.dictionary(pa.int32(), pa.string())

CHANGED = pa.schema(
    [
        ("change", _WORD),
        ("customer_id", pa.string()),
        ("company_name", pa.string()),
        ("domain", pa.string()),
        ("owner", pa.string()),
        ("verdict_before", _WORD),
        ("verdict", _WORD),
        ("status_before", pa.string()),
        ("status", pa.string()),
        ("reason_before", _WORD),
        ("reason", _WORD),
        ("last_update_before", TIME),
        ("last_update", TIME),
        ("checked_at_before", TIME),
        ("checked_at", TIME),
        ("blocked_since", TIME),
        ("times_blocked", pa.int32()),
    ]
)
"""The columns of changes.csv, and of the frames in `Told.changes`. `change` is a `core.changes.Change`; whatever ends in
`_before` is the baseline's and null where its lists do not have the customer; the same without it is this run's, and null
where the customer is gone from the lists. Names and owner are those of the customer's first row, of the baseline's where
the customer is gone.
"""
