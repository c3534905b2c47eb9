"""Which forms a report may have. Rule: this is their order wherever several are named."""

FORMATS = ("parquet", "csv", "xlsx", "html")
