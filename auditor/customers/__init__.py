"""Customer lists: file -> `Customer` or `RejectedRow`, in file order. Rule: nothing is lost, nothing is guessed silently.

=================================  ==================================================================
`listing`                          `read`: one list, opened; its rows
`source`, `text`                   bytes from a file or standard input; bytes -> text -> lines
`formats`                          which format it is, by content
`delimited`                        CSV, TSV, plain text
`json_items`, `json_scanner`       JSON, JSON Lines
`workbook`, `sheet_extent`         Excel workbooks
`parquet`                          Parquet
`grid`, `header`                   rows of cells -> records; where the header stands
`columns`                          which column is the id, the company, the domain, the owner
`table`                            what every format hands over
=================================  ==================================================================
"""

from auditor.customers.columns import Columns
from auditor.customers.listing import CustomerList, read
from auditor.customers.parts import WHOLE, Parts
from auditor.customers.table import Format

__all__ = ["WHOLE", "Columns", "CustomerList", "Format", "Parts", "read"]
