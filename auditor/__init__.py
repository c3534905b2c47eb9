"""auditor: who among a partner's customers is blocked from buying, and who is eligible.

A customer list comes in; a bounded, paced fetcher asks Partner Center for each customer's validation status and writes
each answer to a journal; a pandas stage renders every report from the run folder alone. What is decided stands in
`core/`, without I/O. I/O lives in separate packages that do not import each other.

The map, in the order of one row's way:

=================  =====================================================================
`cli`, `commands`  argv -> settings -> one command -> exit code
`customers`        customer lists: file -> rows, in file order
`fetch`            sign-in, pacing, one attempt, retries, the pool of workers
`core`             the judgement: no I/O, no clock, no randomness
`journal`          rows.jsonl and journal.jsonl: append-only, read back
`report`           the pandas stage: run folder -> Parquet, CSV, workbooks, page, summary, manifest
`settings`         flags, environment and settings file -> the values of one run
`simulator`        Partner Center and its sign-in service, played on loopback
=================  =====================================================================
"""

# A constant, because asking importlib.metadata for it costs 30 ms at every start.
__version__ = "0.2.0"
