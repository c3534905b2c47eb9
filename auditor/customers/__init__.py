"""Customer lists: file -> `Customer` or `RejectedRow`, in file order. Rule: nothing is lost, nothing is guessed silently.

=================================  ==================================================================
`listing`                          `read`: one list, opened; its rows
`source`, `text`                   bytes from a file or standard input; bytes -> text -> lines
`formats`                          which format it is, by content
`delimited`                        CSV, TSV, plain text
`json_items`, `json_pages`,        JSON, JSON Lines; pages of a list; values as cells
`json_cells`, `json_scanner`
`workbook`, `sheets`               Excel workbooks; several sheets as one list
`sheet_extent`, `ods_extent`       how far a sheet reaches
`omitted_cells`, `omitted…`        errors, and formulas without a stored value
`own_workbook`                     workbooks that auditor wrote itself
`parts`                            which sheet or array is the list
`parquet`, `parquet_texts`         Parquet
`web_page`                         web pages with one table
`archive`, `containers`            what is packed; what office documents are
`grid`, `header`                   rows of cells -> records; where the header stands
`columns`, `id_column`             which column is the id, the company, the domain, the owner
`naming`, `words`                  what a header says; the portal's headers in its languages
`judging`, `id_lines`              records -> customers and rejected rows; several ids in one line of a text
`footer`                           rows below the last customer that are none
`quoting`                          cells and options as messages quote them
`table`                            what every format hands over
=================================  ==================================================================
"""

from auditor.customers.columns import Columns
from auditor.customers.listing import CustomerList, read
from auditor.customers.parts import WHOLE, Parts
from auditor.customers.table import Format

__all__ = ["WHOLE", "Columns", "CustomerList", "Format", "Parts", "read"]
