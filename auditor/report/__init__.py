"""The pandas stage: run folder -> Parquet, CSV, summary, manifest. Rule: no network, no credentials, no customer list.

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
`unlisted`    unlisted.csv: the partner's customers that no list mentions
`summary`     ledger and facts -> summary.csv, summary.json
`files`       files that are there whole or not at all
`writers`     name -> writer; manifest; `latest`
`stage`       all of these in order: `render`
`recount`     the ledger again, from the written files (`written`), by other code
============  ======================================================================
"""

from auditor.report.recount import recount
from auditor.report.stage import render
from auditor.report.verify import Verified, verify
from auditor.report.writers import FORMATS, point_latest

__all__ = ["FORMATS", "Verified", "point_latest", "recount", "render", "verify"]
