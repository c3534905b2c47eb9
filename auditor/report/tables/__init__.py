"""Tables for programs: `csv` (results.csv, its split by verdict), `parquet` (results.parquet), `summary` (summary.csv and .json)."""
