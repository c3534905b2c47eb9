"""The tables that an export writes, as SQLAlchemy declares them.

================  ======================================================================================================
`audit_runs`      one record a run
`audit_results`   one record a row of the customer lists, with the columns of results.parquet
`audit_current`   the newest answer of each customer, by API and partner
`audit_export`    one record with the version of the tables; an export locks it, so that exports follow one another
================  ======================================================================================================
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UnicodeText,
)
from sqlalchemy.dialects import mysql

VERSION = 1
"""Version of the tables; later versions only add columns."""
_TIME = DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
TABLES = MetaData()
_UTF8: dict[str, Any] = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}


def _key(name: str, length: int) -> Column[str]:
    return Column(name, String(length), primary_key=True)


def _count(name: str, comment: str) -> Column[int]:
    return Column(name, Integer, nullable=False, comment=comment)


EXPORT = Table("audit_export", TABLES, Column("version", Integer, primary_key=True, autoincrement=False))
RUNS = Table(
    "audit_runs",
    TABLES,
    Column(
        "partner_tenant", String(255), primary_key=True, comment="Tenant of the partner; empty where it is not known."
    ),
    _key("run_id", 32),
    Column("started_at", _TIME, nullable=False),
    Column("finished_at", _TIME, comment="When the last session ended; null where it was killed."),
    Column("api", String(255), nullable=False, comment="Base URL of the API that was asked."),
    Column("validation_type", String(32), nullable=False),
    Column("lists", JSON, nullable=False, comment="Names of the customer lists."),
    Column("complete", Boolean, nullable=False, comment="Every row has a verdict, and few enough are undetermined."),
    Column("simulated", Boolean, nullable=False, comment="The answers are those of the simulator."),
    _count("listed_rows", "Rows of the lists."),
    _count("listed_customers", "Distinct customers of the lists."),
    _count("eligible_customers", "Customers with this verdict."),
    _count("blocked_customers", "Customers with this verdict."),
    _count("undetermined_customers", "Customers that could not be checked. Do not treat them as eligible."),
    Column(
        "rows_sha256",
        String(64),
        nullable=False,
        comment="SHA-256 of rows.jsonl, which tells runs of the same id apart.",
    ),
    Column("manifest_sha256", String(64), nullable=False, comment="SHA-256 of the manifest of the verified run."),
    Column("auditor_version", String(32), nullable=False, comment="Version of auditor that exported the run."),
    Column("exported_at", _TIME, nullable=False),
    **_UTF8,
)
RESULTS = Table(
    "audit_results",
    TABLES,
    _key("partner_tenant", 255),
    _key("run_id", 32),
    Column("row_number", Integer, primary_key=True, autoincrement=False, comment="Place in results.parquet, from 1."),
    Column("first_row", Boolean, nullable=False, comment="True for one row of each customer: count these."),
    Column("customer_id", String(36)),
    Column("company_name", UnicodeText),
    Column("domain", UnicodeText),
    Column("verdict", String(32), nullable=False),
    Column("status", UnicodeText),
    Column("reason", String(64), nullable=False),
    Column("last_update", _TIME),
    Column("last_update_raw", UnicodeText),
    Column("days_in_status", Integer),
    Column("checked_at", _TIME),
    Column("attempts", SmallInteger, nullable=False),
    Column("http_status", SmallInteger),
    Column("error_code", UnicodeText),
    Column("error_name", UnicodeText),
    Column("error_message", UnicodeText),
    Column("request_id", UnicodeText),
    Column("correlation_id", UnicodeText),
    Column("owner", UnicodeText),
    Column("source_file", UnicodeText, nullable=False),
    Column("source_row", BigInteger, nullable=False),
    Column("raw_id", UnicodeText),
    Column("list_columns", JSON(none_as_null=True), comment="The lists' own other columns, as an object of texts."),
    Index("audit_results_customer", "customer_id", "partner_tenant", "run_id"),
    **_UTF8,
)
CURRENT = Table(
    "audit_current",
    TABLES,
    # the customer first: databases without statistics then find customers by the key
    _key("customer_id", 36),
    _key("partner_tenant", 255),
    _key("api", 255),
    Column("company_name", UnicodeText),
    Column("domain", UnicodeText),
    Column("owner", UnicodeText),
    Column("verdict", String(32), nullable=False),
    Column("status", UnicodeText),
    Column("reason", String(64), nullable=False),
    Column("last_update", _TIME),
    Column("checked_at", _TIME, nullable=False, comment="When this answer arrived; no later answer is known."),
    Column("run_id", String(32), nullable=False),
    Column("started_at", _TIME, nullable=False, comment="When that run began."),
    **_UTF8,
)
