"""What the tests of the page share: runs of any length over the sample list, and run data of made-up records."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from report_support import NOON, Run, answer, guid, new_run, row

from auditor.core.judge.documented_answers import DOCUMENTED
from auditor.core.model import Cause, Reason, Verdict
from auditor.core.results.changes import Change
from auditor.core.results.ledger import Tally, build_ledger
from auditor.core.results.money import Sum
from auditor.core.run_facts import Freshness, Presentation, RunFacts
from auditor.report import page
from auditor.report.data import RunChanges, RunData, load
from auditor.report.files import Entry, Staging
from auditor.report.history.changes import CHANGED, count
from auditor.report.schema import REASON_WORDS, TIME, VERDICT_WORDS, WORD, own_columns, results_schema, to_pandas
from oracle.page_markup import CASES, Page

SAMPLE = Path(__file__).parents[2] / "sample_inputs" / "customers.csv"
SCRIPT = "<script>alert(1)</script>"

_SHARES = (("under_review", 8), ("not_allowed", 3), ("unknown", 2), ("service_error", 4), ("not_ready", 4))
_REASONS = [reason for reason, share in _SHARES for _ in range(share)]
_STATUSES = {str(reason): status for reason, (status, _) in DOCUMENTED.items()} | {"not_ready": "Not Ready"}


def sample_run(folder: Path, rows: int, **facts: Any) -> Run:
    """A run over the sample list, as often as it takes; of a hundred rows 13 are blocked and 8 undetermined."""
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        sample = list(csv.DictReader(file))
    lines = []
    for n in range(rows):
        given = sample[n % len(sample)]
        lines.append(
            row(
                n,
                source_row=n + 2,
                company_name=given["Company name"],
                domain=given["Primary domain name"],
                owner=given["Account manager"] or None,
                other={"Relationship": given["Relationship"], "Tags": given["Tags"]},
            )
        )
    return new_run(folder, lines, [_answer(n) for n in range(rows)], requests={"sent": rows}, **facts)


def _answer(n: int) -> dict[str, Any]:
    place = n * 37 % 100
    reason = _REASONS[place] if place < len(_REASONS) else "allowed"
    return answer(
        n,
        n,
        reason,
        final=True,
        status=_STATUSES.get(reason),
        last_update_raw=f"{NOON - timedelta(days=n * 7 % 900, seconds=n * 11 % 86400):%Y-%m-%dT%H:%M:%S}",
        http_status={"service_error": 503, "no_account_status": 404}.get(reason, 200),
        request_id=guid(n + 0x100000000),
    )


_DERIVED = pa.schema(
    [
        *((name, pa.bool_()) for name in ("first_row", "first_row_of_owner")),
        *((name, WORD) for name in ("change", "verdict_before")),
        *((name, TIME) for name in ("blocked_since", "since")),
        *((name, pa.int32()) for name in ("customer", "times_blocked", "days_in_state")),
    ]
)


def page_of(run: Run, **facts: Any) -> str:
    """The page of the run, with other facts."""
    return render_page(load(run.with_facts(**facts).stored), run.path).read_text(encoding="utf-8")


def markup_of(run: Run, **facts: Any) -> Page:
    """The same as a tree of elements."""
    return Page(page_of(run, **facts))


def render_page(data: RunData, folder: Path) -> Path:
    """The page of a run, in a folder."""
    with Staging(folder) as staging:
        page.write(data, staging)
        staging.publish()
    return folder / page.NAME


def run_data(
    records: Sequence[Mapping[str, Any]], columns: tuple[str, ...] = (), changes: RunChanges | None = None, **given: Any
) -> RunData:
    """A run with these records, each of which needs a `reason` only; `own` holds what its list adds."""
    own = own_columns(len(columns))
    schema = pa.schema([*results_schema(()), *((name, pa.string()) for name in own), *_DERIVED])
    table = pa.Table.from_pylist([_filled(record, n, columns) for n, record in enumerate(records)], schema)
    results = to_pandas(table).astype({"verdict": VERDICT_WORDS, "reason": REASON_WORDS})
    facts = RunFacts(
        run_id="20261122T120000Z",
        api="https://api.example",
        rows=len(records),
        customers=len(records),
        columns=columns,
        started_at=NOON,
        finished_at=NOON,
        cause=Cause.FINISHED,
        max_undetermined=len(records),
    )
    facts = replace(facts, **{name: given.pop(name) for name in [*given] if name in RunFacts.__dataclass_fields__})
    tallies = [Tally(Reason(r["reason"]), r.get("status") or "", r.get("owner") or "", 1, 1, 1) for r in records]
    data = RunData(
        facts=facts,
        results=results,
        ledger=build_ledger(tallies, len(records), len(records)),
        freshness=Freshness(),
        membership_unchecked=0,
        unlisted=None,
        sums=(),
        changes=changes,
        rows_file=Entry("rows.jsonl", 0, "", len(records)),
    )
    return replace(data, **given)


def _filled(record: Mapping[str, Any], n: int, columns: tuple[str, ...]) -> dict[str, Any]:
    reason = Reason(record["reason"])
    known: dict[str, Any] = {
        "customer": n,
        "customer_id": guid(n),
        "verdict": reason.verdict.value,
        "checked_at": NOON,
        "attempts": 1,
        "source_file": "list.csv",
        "source_row": n + 2,
        "first_row": True,
        "first_row_of_owner": True,
    }
    found = known | {
        name: record.get("own", {}).get(column) for name, column in zip(own_columns(len(columns)), columns, strict=True)
    }
    found |= {name: value for name, value in record.items() if name != "own"}
    if found.get("last_update") and "days_in_status" not in found:
        found["days_in_status"] = (NOON - found["last_update"]).days
    return found


def changed(records: Sequence[Mapping[str, Any]], note: str = "Compared with the run of yesterday.") -> RunChanges:
    """Changes since a baseline, each of which needs a `change` only."""
    table = pa.Table.from_pylist([{"customer_id": guid(n), **r} for n, r in enumerate(records)], schema=CHANGED)
    return RunChanges("20261121T120000Z", NOON - timedelta(days=1), note, count(table), table)


def ago(days: int) -> datetime:
    """So many days before the run."""
    return datetime(2026, 11, 22, 11, 0, tzinfo=UTC) - timedelta(days=days)


def verdicts(markup: Page) -> dict[Verdict, int]:
    """How many customers the page has of each verdict."""
    tables = {verdict: CASES if verdict is Verdict.BLOCKED else (verdict,) for verdict in Verdict}
    return {verdict: len(markup.records(*names)) for verdict, names in tables.items()}


def everything(rows: int) -> RunData:
    """A page's worth of everything: changes of every kind, sums, more account managers than there are bars."""
    columns, records = ("Relationship", "Tags", "Revenue"), []
    for n in range(rows):
        reason = ("under_review", "not_allowed", "allowed", "allowed", "not_ready", "unknown", "no_account_status")[
            n % 7
        ]
        own = {
            "Relationship": "Cloud Reseller",
            "Tags": "gold" if n % 3 else None,
            "Revenue": f"{'EUR' if n % 4 else 'USD'} {n * 10}.50",
        }
        given: dict[str, Any] = {"reason": reason, "owner": f"Manager {n % 15}" if n % 15 else None, "own": own}
        given |= {"company_name": f"Customer {n}", "domain": f"customer{n}.example", "last_update": ago(n * n % 700)}
        given |= {"blocked_since": given["last_update"]} if Reason(reason).verdict is Verdict.BLOCKED else {}
        given |= {"blocked_since": ago(800), "times_blocked": 2} if n % 7 == 1 else {}
        given |= {"verdict_before": "eligible" if n % 6 == 0 else Reason(reason).verdict.value}
        records.append(given | {"status": reason.replace("_", " ").title().replace(" ", "")})
    moves = [
        {"change": change, "company_name": f"Customer {n}", "verdict": "blocked"} for n, change in enumerate(Change)
    ]
    sums = [
        Sum(
            column="Revenue",
            verdict=verdict,
            owner=owner,
            amounts={"EUR": Decimal("1234.50"), "USD": Decimal(80)},
            unparsed=2,
        )
        for owner in (None, "", *(f"Manager {n}" for n in range(1, 15)))
        for verdict in Verdict
    ]
    facts = {
        "lists": ("customers.csv", "more.xlsx"),
        "presentation": Presentation(zone="Europe/Copenhagen", sums=("Revenue",)),
    }
    return run_data(records, columns, changed(moves), sums=tuple(sums), simulated=True, **facts)
