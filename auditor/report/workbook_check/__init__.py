"""audit.xlsx and the packs read back and compared. Rule: other code, and another library, than wrote them.

==========  =====================================================
`read`      workbooks as texts, through python-calamine
`expected`  what each sheet must say of a record
`sources`   where the records of each sheet come from
`summary`   the Summary against the ledger
`index`     by-owner/index.csv against the ledger and the folder
`books`     all of these: every row of every workbook
==========  =====================================================
"""

from auditor.report.workbook_check.books import check_workbooks

__all__ = ["check_workbooks"]
