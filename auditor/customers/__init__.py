"""Customer lists: file -> `Customer` or `RejectedRow`, in file order. No row is lost, and every guess is a warning.

=============================  =====================================================================
`listing`                      `read`: opens a list, finds its format, yields its rows
`source`, `archive`            bytes from a file or standard input, and their text; archives
`delimited`                    CSV, TSV, plain text
`json_list`, `json_values`     JSON and JSON Lines; JSON text to values and cells
`workbook`, `workbook_xml`,    Excel and OpenDocument workbooks; the extent of their sheets, and the
`workbook_binary`              cells that the workbook library omits
`parquet`, `web_page`          Parquet; web pages with one table
`table`                        what every format reader returns
`parts`                        which sheet or array is the list
`header`, `header_words`       where the header is; what a column's name means
`columns`, `id_column`         which column is the id, the company, the domain, the owner
`rows`                         records -> customers and rejected rows, without the footer
`mail_addresses`               the table of account managers and their mail addresses
`messages`                     how messages name lists, columns and cells
=============================  =====================================================================
"""

from auditor.customers.columns import Columns
from auditor.customers.id_column import may_hold_customers
from auditor.customers.listing import CustomerList, read
from auditor.customers.mail_addresses import MailAddresses, read_mail_addresses
from auditor.customers.messages import STANDARD_INPUT, quote_all
from auditor.customers.parts import WHOLE, Parts
from auditor.customers.table import Format

__all__ = [
    "STANDARD_INPUT",
    "WHOLE",
    "Columns",
    "CustomerList",
    "Format",
    "MailAddresses",
    "Parts",
    "may_hold_customers",
    "quote_all",
    "read",
    "read_mail_addresses",
]
