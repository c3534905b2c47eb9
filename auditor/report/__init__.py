"""The pandas stage: run folder -> Parquet, CSV, summary, workbooks, manifest. Rule: no network, no credentials, no customer list.

In the order of the data's way:

============  ======================================================================
`jsonl`       JSON Lines -> Arrow tables, a block at a time, with given types
`roster`      first pass over rows.jsonl: which rows name which customer
`answers`     the journal's answers, one that decides for each customer
`members`     the journal's lines about who is in the partner's own list
`frames`      second pass: rows and answers -> DataFrames with the declared schema
`schema`      that schema; `times` parses and writes times
`parquet`     frame -> results.parquet
`csv`         frame -> results.csv and its split by verdict
`history`     history/: what every run knew, one record a customer and run
`pasts`       history/ -> the stretch that each customer is in
`before`      before.parquet: what was known before a run, copied into its folder
              (`remembering`: by whom and when)
`changes`     batch and before -> what changed; changes.csv
`comparing`   any two runs
`sums`        columns of the lists added up
`taking`      these three while the batches stream by
`unlisted`    unlisted.csv: the partner's customers that no list mentions
`summary`     ledger and facts -> summary.csv, summary.json
              (`summary_more`: changes and sums in them)
`files`       files that are there whole or not at all
`writers`     name -> writer; manifest; `latest`
`told`        what the documents for people are made from
`workbook`    told -> audit.xlsx and a workbook for each account manager
`page`        what is told -> report.html
`stage`       all of these in order: `render`
`written`     written files read back: every cell a text, or None
`recount`     the ledger again, from the written files, by other code
`evidence`    rows.jsonl and the journal once more, likewise (`facts`: of the run as a whole)
`expected`    what each record must say, from that evidence (`record`: one of them)
`inventory`   manifest.json against the folder
`verify`      all of these: does everything agree? (`summary_check`: the two summaries; `changes_check`,
              `sums_check`: changes.csv and what is added up; `workbook_check`: the workbooks;
              `page_check`: the page)
`again`       the reports made once more, and compared byte for byte
============  ======================================================================
"""

from auditor.report.again import check_rendering
from auditor.report.before import Source
from auditor.report.comparing import compare
from auditor.report.history import Record, recording
from auditor.report.recount import recount
from auditor.report.remembering import Remembered, remember
from auditor.report.schema import MANIFEST, SCHEMA_VERSION
from auditor.report.stage import render
from auditor.report.told import Changed
from auditor.report.verify import Verified, verify
from auditor.report.writers import FORMATS, point_latest

__all__ = [
    "FORMATS",
    "MANIFEST",
    "SCHEMA_VERSION",
    "Changed",
    "Record",
    "Remembered",
    "Source",
    "Verified",
    "check_rendering",
    "compare",
    "point_latest",
    "recording",
    "recount",
    "remember",
    "render",
    "verify",
]
