"""What the reports of a run must say, worked out once more by code of its own and compared with every cell of them.

`evidence` reads the run's rows and journal; `changes`, `sums` and `summary` derive what programs read, `workbook` and
`page` what people read. Slow and plain: these are for runs of a few rows.
"""
