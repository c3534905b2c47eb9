"""auditor: who among a partner's customers is blocked from buying, and who is eligible.

The input is a customer list. A bounded, paced fetcher asks Partner Center for each customer's validation status and writes
each answer to a journal. A pandas stage renders every report from the run folder alone. `core` makes every decision, without
I/O. I/O lives in separate packages that do not import each other.

The packages, in the order in which a row passes through them:

=================  =====================================================================
`cli`, `commands`  argv -> settings -> one command -> exit code
`customers`        customer lists: file -> rows, in file order
`fetch`            sign-in, pacing, one attempt, retries, the pool of workers
`core`             the judgement: no I/O, no clock, no randomness
`journal`          rows.jsonl and journal.jsonl: append-only, read back
`report`           the pandas stage: run folder -> Parquet, CSV, workbooks, page, summary, manifest
`settings`         flags, environment and settings file -> the values of one run
`simulator`        Partner Center and its sign-in service, simulated on loopback
=================  =====================================================================
"""

# A constant, because asking importlib.metadata for it costs 30 ms at every start.
__version__ = "0.2.0"
