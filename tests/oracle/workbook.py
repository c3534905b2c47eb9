"""What audit.xlsx and the workbooks of account managers must say, cell by cell: from the run's rows and journal, and from the
oracles of changes and sums. Cells are read back as texts by python-calamine; links and the chart by openpyxl.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

import openpyxl
from python_calamine import CalamineWorkbook

from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import CHANGES, Change
from auditor.core.results.ledger import counts_as_complete
from auditor.core.results.words import ACCOUNT_VERIFICATION, REASONS, UNDER_REVIEW, VERDICTS, next_step
from auditor.core.run_facts import UTC_NAMES, OwnerWorkbooks
from oracle import evidence, words
from oracle.changes import blocked_history, expected_changes
from oracle.evidence import Evidence, Record, own_names
from oracle.sums import Column, expected_columns

NAME, INDEX = "audit.xlsx", "by-owner/index.csv"
_ORDER = {
    "blocked": (words.VERDICTS["blocked"], "Action needed"),
    "undetermined": (words.VERDICTS["undetermined"], "Not verified"),
    "eligible": (words.VERDICTS["eligible"], "All customers"),
}
_WHO = {"Customer": "(customer)", "Domain": "domain", "Account manager": "owner"}
_OWN = "(own columns)"
_SHEETS: Mapping[str, Mapping[str, str]] = {
    "Action needed": {
        **_WHO,
        "What is blocked": "(meaning)",
        "Status": "(reason)",
        "Blocked since (UTC)": "blocked_since",
        "Days blocked": "days_blocked",
        "Last update (UTC)": "last_update",
        "Next step": "(step)",
        "Partner Center": "(link)",
        "Times blocked": "times_blocked",
        _OWN: "",
    },
    "Changes": {
        "Change": "change",
        **_WHO,
        "Verdict before": "verdict_before",
        "Verdict": "verdict",
        "Status before": "(status) before",
        "Status": "(status)",
        "Last update before (UTC)": "last_update_before",
        "Last update (UTC)": "last_update",
        "Blocked since (UTC)": "blocked_since",
        "Times blocked": "times_blocked",
    },
    "All customers": {
        **_WHO,
        "Verdict": "verdict",
        "Status": "(reason)",
        "Change": "change",
        "Last update (UTC)": "last_update",
        "Days in status": "days_in_status",
        "Checked (UTC)": "checked_at",
        _OWN: "",
        "List": "source_file",
        "Row": "source_row",
    },
    "Not verified": {
        **_WHO,
        "Reason": "(reason)",
        "What it means": "(meaning)",
        "Next step": "(step)",
        "List": "source_file",
        "Row": "source_row",
        "Checked (UTC)": "checked_at",
        "HTTP status": "http_status",
        "Error code": "error_code",
        "Error message": "error_message",
        "Request id": "request_id",
        "Correlation id": "correlation_id",
    },
}
"""Sheet -> header -> column of a record; the customer id and the API's status are behind them."""
_FIRST_OF = {
    "(customer)": ("company_name", "domain", "customer_id", "raw_id"),
    "(id)": ("customer_id", "raw_id"),
}
"""The first of these that says something; changes.csv has no raw_id."""
_WORDS = {"change": words.CHANGES, "verdict": words.VERDICTS, "verdict_before": words.VERDICTS}
"""Column -> its values in words."""
_TIMES = {"blocked_since", "last_update", "last_update_before", "checked_at"}
_CHART_ROWS = 11
"""Rows of the chart, with the empty ones above and below it."""
_HEAD = 3
"""Lines above a sheet's records: the run's state, what the sheet shows, the header."""
_LINKS, _LONGEST, _HEADER = 65_530, 32_767, 250
_SECONDS = len("2026-11-22T11:59:58")
_FIRST_MONTH = "1900-03"
"""Before it a spreadsheet has no dates, so a time is a text there."""

Row = tuple[str, ...]


def check(run: Path, *, most_links: int = _LINKS) -> None:
    """Compare every cell of every workbook of a run.

    Args:
        run: folder of a run whose workbooks are rendered.
        most_links: how many links a sheet can hold.

    Raises:
        AssertionError: a cell says something else than it must; it names file, sheet, row and column.
    """
    whole = _Subset(evidence.read(run))
    workbooks = _check_index(run, whole)
    there = {path.relative_to(run).as_posix() for path in run.rglob("*.xlsx")}
    _same("workbooks", there, {NAME, *workbooks.values()})
    _Workbook(run, NAME, whole, workbooks, most_links).check()
    for owner, name in workbooks.items():
        _Workbook(run, name, _Subset(whole.found, owner), {}, most_links).check()


def _same(where: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{where}: {found!r}, where it must be {wanted!r}")


@dataclass(frozen=True)
class _Subset:
    """The records of one workbook; `owner` is None for the whole run."""

    found: Evidence
    owner: str | None = None

    def _is_mine(self, record: Record) -> bool:
        return self.owner in (None, record["owner"] or "")

    @cached_property
    def _all_changes(self) -> list[Record] | None:
        return expected_changes(self.found)

    @cached_property
    def records(self) -> list[Record]:
        """The rows, each with what became of its customer, and since when and how often it is blocked."""
        change = {record["customer_id"]: record["change"] for record in self._all_changes or ()}
        records = []
        for record, customer in zip(self.found.records, self.found.customers, strict=True):
            if not self._is_mine(record):
                continue
            known = self.found.previous.get(str(customer), {})
            past = blocked_history(known, record) if customer else {"blocked_since": None, "times_blocked": None}
            days = _days(past["blocked_since"], record["checked_at"])
            own = {f"own {name}": record[name] for name in own_names(self.found).values()}
            derived = {"change": change.get(customer) if customer else None, "days_blocked": days}
            records.append(record | own | past | derived)
        return records

    @cached_property
    def changes(self) -> list[Record] | None:
        """A customer on rows of two account managers changed for both; a removed one belongs to the baseline's owner."""
        if self._all_changes is None or self.owner is None:
            return self._all_changes
        pairs = zip(self.found.records, self.found.customers, strict=True)
        mine = {customer for record, customer in pairs if customer and self._is_mine(record)}
        return [
            one for one in self._all_changes if (one["customer_id"] in mine if one["verdict"] else self._is_mine(one))
        ]

    def of(self, sheet: str) -> list[Record]:
        """The records of a sheet, in its order."""
        if sheet == "Changes":
            return self.changes or []
        if sheet == "All customers":
            return self.records
        verdict = "blocked" if sheet == "Action needed" else "undetermined"
        found = [record for record in self.records if record["verdict"] == verdict]
        # in the form of the reports the earlier time is the lesser text
        return found if verdict == "undetermined" else sorted(found, key=lambda one: one["blocked_since"] or "9")

    def rows_of(self, verdict: str) -> int:
        """Rows with this verdict."""
        return sum(record["verdict"] == verdict for record in self.records)

    def customers_of(self, *verdicts: str) -> int:
        """Customers with one of these verdicts."""
        return len(
            {
                customer
                for record, customer in zip(self.found.records, self.found.customers, strict=True)
                if customer and self._is_mine(record) and record["verdict"] in verdicts
            }
        )

    def gained(self, verdict: str) -> int:
        """Customers with this verdict, more than in the baseline run: all others have the verdict that they had."""
        changes = self.changes or []
        return sum((one["verdict"] == verdict) - (one["verdict_before"] == verdict) for one in changes)

    @property
    def changed(self) -> int:
        """Customers for whom something changed."""
        return sum(one["change"] != "not_compared" for one in self.changes or ())

    @property
    def state(self) -> str:
        """The first line of every sheet."""
        document = json.loads((self.found.run / "summary.json").read_bytes())
        if self.owner is None:
            state, _, remarks = document["note"].partition(": ")
            if state != "complete":
                return str(document["note"])
            return f"Complete, with warnings. {_capital(remarks).rstrip('.')}." if remarks else "Complete."
        simulated = "; the data are simulated" if document["simulated"] else ""
        state = f"The whole audit is {'complete' if counts_as_complete(self.found.ledger, self.found.facts) else 'INCOMPLETE'}"
        unknown, rows = self.rows_of("undetermined") - self.left_out, len(self.records) - self.left_out
        selected = f"{self.said_left_out}; " if self.found.facts.selection else ""
        here = f"{state}{simulated}. In this workbook: {selected}"
        if not unknown:
            return f"{here}1 row has a verdict" if rows == 1 else f"{here}each of {rows:,} rows has a verdict"
        verb = "is" if unknown == 1 else "are"
        return f"{here}{unknown:,} of {_count(rows, 'row')} {verb} not verified (do not treat as eligible)"

    @property
    def left_out(self) -> int:
        """Rows that were not selected."""
        return sum(record["reason"] == "not_selected" for record in self.records)

    @property
    def said_left_out(self) -> str:
        """The same in words."""
        return f"{_count(self.left_out, 'row')} {'was' if self.left_out == 1 else 'were'} not selected"

    @property
    def run_line(self) -> str:
        """Of which run, when, and whose rows these are."""
        facts = self.found.facts
        ended = facts.finished_at or facts.started_at
        whose = "" if self.owner is None else f" Rows of {self.owner or '(no account manager)'}."
        return f"As of {ended:%Y-%m-%d %H:%M} UTC, run {facts.run_id}.{whose}"

    @property
    def baseline_note(self) -> str:
        """What this is compared with, as a sentence."""
        baseline = self.found.facts.baseline
        began = baseline and baseline.started_at
        return words.compared_with(baseline.note if baseline else "", began, compared=self._all_changes is not None)

    def sentence(self, sheet: str) -> str:
        """What the second line of a sheet says before the run."""
        count = len(self.of(sheet)) - (self.left_out if sheet == "Not verified" else 0)
        rows = _count(count, "row")
        if sheet == "Changes":
            return self.baseline_note + (" Nothing changed." if self.changes == [] else "")
        said = {
            "Action needed": (
                f"{rows} blocked, longest first: new purchases, seat increases and upgrades fail.",
                "Nobody is blocked.",
            ),
            "All customers": (f"{rows} in the order of the lists.", "There are no rows."),
            "Not verified": (
                f"{rows} could not be checked. Do not treat as eligible.",
                "Every row has a verdict.",
            ),
        }
        text = said[sheet][0 if count else 1]
        return f"{text} {self.said_left_out}." if sheet == "Not verified" and self.left_out else text


@dataclass(frozen=True)
class _Workbook:
    """A workbook on the disk, and what it must be about."""

    run: Path
    name: str
    subset: _Subset
    workbooks: Mapping[str, str]
    most_links: int

    @cached_property
    def _texts(self) -> CalamineWorkbook:
        return CalamineWorkbook.from_path(str(self.run / self.name))

    @cached_property
    def _pages(self) -> Any:
        return openpyxl.load_workbook(self.run / self.name)

    def _rows(self, sheet: str) -> list[Row]:
        return [tuple(map(_text, row)) for row in self._texts.get_sheet_by_name(sheet).to_python()]

    def _parts(self, sheet: str) -> list[str]:
        """A sheet and those that continue it."""
        return [part for part in self._texts.sheet_names if re.fullmatch(rf"{re.escape(sheet)}( [0-9]+)?", part)]

    def _links(self, sheet: str) -> dict[tuple[int, int], str]:
        """(row, column) from 1 -> what a cell leads to."""
        cells = (cell for row in self._pages[sheet].iter_rows() for cell in row if cell.hyperlink)
        return {(cell.row, cell.column): cell.hyperlink.target or cell.hyperlink.location for cell in cells}

    def check(self) -> None:
        """Compare every cell, every link and the chart."""
        parts = [part for sheet in _SHEETS for part in self._parts(sheet)]
        _same(f"{self.name}, sheets", self._texts.sheet_names, ["Summary", *parts, "About"])
        _same(f"{self.name}, kinds of sheets", {re.sub(" [0-9]+$", "", part) for part in parts}, {*_SHEETS})
        for sheet in _SHEETS:
            self._check_sheet(sheet)
        self._check_summary()
        self._check_about()

    # ---- the sheets that are one table each ----

    def _columns(self, sheet: str) -> tuple[dict[str, str], dict[str, str]]:
        """(header -> column, label of a list's own column -> its name in the list)."""
        facts = self.subset.found.facts
        columns: dict[str, str] = {}
        own: dict[str, str] = {}
        for label, column in {**_SHEETS[sheet], "Customer id": "(id)", "API status": "status"}.items():
            if label == _OWN:
                own = {f"own {name}": listed for listed, name in own_names(self.subset.found).items()}
                columns |= {name: name for name in own}
            elif label != "Partner Center" or facts.presentation.customer_link:
                columns[label] = column
        return columns, own

    def _check_sheet(self, sheet: str) -> None:
        columns, own = self._columns(sheet)
        sums = expected_columns(self.subset.found)
        wanted = [
            [_cell(column, record, sums.get(own.get(column, ""))) for column in columns.values()]
            for record in self.subset.of(sheet)
        ]
        place = 0
        for part in self._parts(sheet):
            where = f"{self.name}, {part}"
            state, says, header, *records = self._rows(part)
            _same(f"{where}, row 1", state[0], _plain(self.subset.state))
            _same(f"{where}, row 2", says[0], _plain(f"{self.subset.sentence(sheet)} {self.subset.run_line}"))
            _check_header(where, header, [*columns])
            links = self._links(part)
            for number, found in enumerate(records, _HEAD + 1):
                if place >= len(wanted):
                    raise AssertionError(f"{where}, row {number}: is one too many")
                right = wanted[place]
                if "(link)" in columns.values():
                    column = [*columns.values()].index("(link)")
                    url = links.pop((number, column + 1), None)
                    linked = number - _HEAD <= self.most_links
                    target = self._customer_url(self.subset.of(sheet)[place])
                    _same(f"{where}, row {number}, link", url, target if linked else None)
                    right[column] = "Open" if linked else target
                for label, text, must in zip(columns, found, right, strict=True):
                    _same(f"{where}, row {number}, {label}", text, must)
                place += 1
            _same(f"{where}, other links", links, {})
            self._check_table(part, len(records))
        if place < len(wanted):
            raise AssertionError(f"{self.name}, {sheet}: {len(wanted) - place} rows are missing")

    def _customer_url(self, record: Record) -> str:
        template = self.subset.found.facts.presentation.customer_link
        return template.replace("{customer_id}", str(record["customer_id"]))

    def _check_table(self, sheet: str, count: int) -> None:
        """The table has a filter and spans exactly the records."""
        page = self._pages[sheet]
        last = page.cell(row=_HEAD + count, column=page.max_column).coordinate
        ranges = [(table.ref, table.autoFilter.ref) for table in page.tables.values()]
        _same(f"{self.name}, {sheet}, table", ranges, [(f"A{_HEAD}:{last}",) * 2] if count else [])

    # ---- the first sheet ----

    def _check_summary(self) -> None:
        where, rows = f"{self.name}, Summary", self._rows("Summary")
        found, facts = self.subset.found, self.subset.found.facts
        title = "Who can buy, and who cannot"
        if self.subset.owner is not None:
            title += f": {self.subset.owner or '(no account manager)'}"
        wanted = [(self.subset.state,), (title,), ("",), *self._facts(), ("",)]
        top = len(wanted)
        sums = {name: {(one.verdict, one.owner): one for one in column.sums()} for name, column in _sums(found)}
        since = "Since the last audit"
        if self.subset.changes is not None and facts.baseline and facts.baseline.started_at:
            since = f"Since {words.day(facts.baseline.started_at)}"
        head = rows[top]
        _same(f"{where}, row {top + 1}", head[:4], ("Verdict", "Customers", since, "Rows"))
        wanted.append(head[: 4 + len(sums)])
        for verdict, (word, _) in _ORDER.items():
            gained = "not known" if self.subset.changes is None else str(self.subset.gained(verdict))
            counts = (str(self.subset.customers_of(verdict)), gained, str(self.subset.rows_of(verdict)))
            totals = [_number(float(one[verdict, self.subset.owner].total)) for one in sums.values()]
            wanted.append((word, *counts, *totals))
        wanted += [(remark,) for remark in self._remarks(sums)]
        for number, (line, must) in enumerate(zip(rows, wanted, strict=False), 1):
            _same(f"{where}, row {number}", _trimmed(line), _trimmed([_plain(text) for text in must]))
        first = top + 2
        begin = len(wanted) + _CHART_ROWS
        chart_rows = [_trimmed(row) for row in rows[len(wanted) : begin]]
        _same(f"{where}, behind the chart", [row for row in chart_rows if row], [])
        links: dict[tuple[int, int], str] = {
            (first + n, 1): f"'{sheet}'!A1" for n, (_, sheet) in enumerate(_ORDER.values())
        }
        table = self._owners(sums) if self.subset.owner is None else []
        self._check_owners(rows[begin:], table)
        last = len(table[0]) if table else 0
        for number, row in enumerate(table, begin + 3):
            if row[0] in self.workbooks:
                links[number, last] = self.workbooks[row[0]]
        found_links = {cell: unquote(target) for cell, target in self._links("Summary").items()}
        _same(f"{where}, links", found_links, links)
        self._check_chart(first)

    def _facts(self) -> Iterator[Row]:
        facts = self.subset.found.facts
        ended = (facts.finished_at or facts.started_at).astimezone(UTC)
        yield "As of", f"{ended:%Y-%m-%dT%H:%M:%S}"
        zone = facts.presentation.zone
        if zone not in UTC_NAMES and zone in available_timezones():
            yield "Local time", f"{ended.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"
        yield "Customer lists", ", ".join(facts.lists)
        yield "Run", facts.run_id
        customers = self.subset.customers_of(*_ORDER)
        yield "Counted", f"{_count(len(self.subset.records), 'row')}, {_count(customers, 'customer')}"

    def _remarks(self, sums: Mapping[str, Mapping[Any, Any]]) -> Iterator[str]:
        yield UNDER_REVIEW
        if self.subset.changes is None:
            yield self.subset.baseline_note
        else:
            counts = Counter(one["change"] for one in self.subset.changes)
            blocked = [one["verdict_before"] for one in self.subset.changes if one["verdict"] == "blocked"]
            newly, unknown = sum(one != "blocked" for one in blocked), counts["not_compared"]
            others = [one for one in CHANGES if counts[one] and one is not Change.NEWLY_BLOCKED]
            said = [self.subset.baseline_note]
            if newly:
                baseline = self.subset.found.facts.baseline
                unseen = newly - counts["newly_blocked"]
                said.append(words.newly_blocked(newly, unseen, baseline and baseline.started_at))
            if others:
                said.append("; ".join(f"{words.CHANGES[one]}: {counts[one]:,}" for one in others) + ".")
            elif not newly:
                said.append("Nothing changed.")
            if unknown:
                said.append(f"{_count(unknown, 'customer')} could not be compared.")
            yield " ".join(said)
        for name, of in sums.items():
            if unparsed := sum(of[verdict, self.subset.owner].unparsed for verdict in _ORDER):
                yield f"{name}: {unparsed:,} of the rows hold no number, and are not added up."

    def _owners(self, sums: Mapping[str, Mapping[Any, Any]]) -> list[list[str]]:
        """The lines of account managers, most to do first; the owner in the place of their own workbook's name."""
        counts: dict[str, Counter[str | None]] = {}
        for record in self.subset.records:
            counts.setdefault(record["owner"] or "", Counter())[record["verdict"]] += 1
        lines = []
        for owner in sorted(counts, key=lambda name: (*(-counts[name][verdict] for verdict in _ORDER), name)):
            rows = [counts[owner][verdict] for verdict in _ORDER]
            totals = [_number(float(of[verdict, owner].total)) for of in sums.values() for verdict in _ORDER]
            own = [self.workbooks.get(owner, "").rpartition("/")[2]] if self.workbooks else []
            lines.append([owner, *map(str, (*rows, sum(rows))), *totals, *own])
        return lines

    def _check_owners(self, rows: Sequence[Row], table: list[list[str]]) -> None:
        where = f"{self.name}, Summary, account managers"
        if not table:
            _same(where, [_trimmed(row) for row in rows if any(row)], [])
            return
        title, header, *lines = rows
        labels = ["Account manager", *(word for word, _ in _ORDER.values()), "Rows"]
        _same(where, (title[0], list(header[: len(labels)])), ("By account manager (rows)", labels))
        wanted = [_trimmed([_plain(text or "(no account manager)"), *map(_plain, rest)]) for text, *rest in table]
        _same(where, [_trimmed(line) for line in lines], wanted)

    def _check_chart(self, first: int) -> None:
        """The bars show the customers of the three verdicts, and so do the numbers kept for viewers that do not calculate."""
        where = f"{self.name}, Summary, chart"
        (chart,) = self._pages["Summary"]._charts
        (series,) = chart.series
        areas = [part.f.replace("'", "") for part in (series.cat.strRef, series.val.numRef)]
        _same(where, areas, [f"Summary!${column}${first}:${column}${first + 2}" for column in "AB"])
        kept = [[point.v for point in part.pt] for part in (series.cat.strRef.strCache, series.val.numRef.numCache)]
        counts = [float(self.subset.customers_of(verdict)) for verdict in _ORDER]
        _same(where, kept, [[word for word, _ in _ORDER.values()], counts])

    # ---- the last sheet ----

    def _check_about(self) -> None:
        where, facts = f"{self.name}, About", self.subset.found.facts
        rows = [_trimmed(row) for row in self._rows("About")]
        wanted = [(self.subset.state,), (self.subset.run_line,), ()]
        wanted += [(word, verdict, VERDICTS[Verdict(verdict)].meaning) for verdict, (word, _) in _ORDER.items()]
        _same(where, rows[: len(wanted)], [_trimmed([_plain(text) for text in row]) for row in wanted])
        rows = rows[len(wanted) :]
        explained = rows[: rows.index(())]
        labels = ["Under review", "Customer, row", "Customer id", "Dates", "How long it holds"]
        labels += ["More about account verification", "Where it is from"]
        _same(where, [row[0] for row in explained], labels)
        texts = {row[0]: row[1] for row in explained}
        _same(where, texts["Under review"], UNDER_REVIEW)
        _same(where, texts["More about account verification"], ACCOUNT_VERIFICATION)
        assert texts["Where it is from"].startswith(_plain(f"Partner Center at {facts.api}; ")), where
        rows = rows[len(explained) + 1 :]
        if facts.list_warnings and self.subset.owner is None:
            warnings: list[Row] = [("Warnings about the customer lists",)]
            warnings += [_trimmed((_plain(one.list), _plain(one.text))) for one in facts.list_warnings]
            _same(f"{where}, warnings", rows[: len(warnings)], warnings)
            rows = rows[len(warnings) + 1 :]
        reasons = [
            (words.REASONS[reason], word, REASONS[reason].meaning, REASONS[reason].next_step, reason.value)
            for verdict, (word, _) in _ORDER.items()
            for reason in Reason
            if reason.verdict == verdict
        ]
        _same(where, rows, [("Status", "Verdict", "What it means", "Next step", "Reason in the files"), *reasons])


# ---- by-owner/index.csv ----


def _check_index(run: Path, whole: _Subset) -> dict[str, str]:
    """Compare the index; give the path of each account manager's workbook."""
    owners = sorted({record["owner"] or "" for record in whole.records})
    named = owners not in ([], [""])
    _same(INDEX, (run / INDEX).exists(), named)
    if not named:
        return {}
    lines = list(evidence.csv_records(run / INDEX))
    _same(f"{INDEX}, account managers", [line["owner"] or "" for line in lines], owners)
    for line in lines:
        subset = _Subset(whole.found, line["owner"] or "")
        of = {verdict: subset.rows_of(verdict) for verdict in ("eligible", "blocked", "undetermined")}
        changed = None if subset.changes is None else str(subset.changed)
        counts = {"rows": str(len(subset.records)), **{verdict: str(rows) for verdict, rows in of.items()}}
        wanted = {"owner": line["owner"], "file": line["file"], **counts, "changed": changed}
        _same(f"{INDEX}, {line['owner']!r}", {**line, "changed": line["changed"] or None}, wanted)
        everybody = whole.found.facts.presentation.packs is OwnerWorkbooks.ALL
        acts = everybody or of["blocked"] + of["undetermined"] - subset.left_out + subset.changed > 0
        _same(f"{INDEX}, {line['owner']!r}, whether there is a file", bool(line["file"]), acts)
    files = {line["owner"] or "": f"by-owner/{line['file']}" for line in lines if line["file"]}
    _same(f"{INDEX}, distinct files", len({name.casefold() for name in files.values()}), len(files))
    return files


# ---- cells as texts ----


def _cell(column: str, record: Record, added_up: Column | None) -> str:
    """What a cell says of a record."""
    if column in _FIRST_OF:
        return _plain(next((text for name in _FIRST_OF[column] if (text := record.get(name))), ""))
    if column == "(meaning)":
        return REASONS[Reason(str(record["reason"]))].meaning
    if column == "(reason)" or column.startswith("(status)"):
        return _plain(_in_words(column, record))
    if column == "(step)":
        days = record["days_in_status"]
        return next_step(Reason(str(record["reason"])), int(days) if days else None)
    text = record.get(column) or ""
    if column in _TIMES:
        return text[:_SECONDS] if text >= _FIRST_MONTH else text[:_SECONDS].replace("T", " ")
    number = added_up.cell(text) if added_up else None
    text = _WORDS.get(column, {}).get(text, text)
    return _plain(text) if number is None else _number(number)


def _in_words(column: str, record: Record) -> str:
    if column == "(reason)":
        return words.REASONS[str(record["reason"])]
    return words.status(record["status_before" if "before" in column else "status"] or "")


def _check_header(where: str, header: Row, labels: Sequence[str]) -> None:
    """Our own labels as they are; a list's where it is an ordinary text that no other column has."""
    _same(f"{where}, number of columns", len(header), len(labels))
    _same(f"{where}, distinct headers", len({text.casefold() for text in header}), len(header))
    names = Counter(label.removeprefix("own ").casefold() for label in labels)
    for found, label in zip(header, labels, strict=True):
        name = label.removeprefix("own ")
        ordinary = name.isprintable() and name == " ".join(name.split()) and 0 < len(name) <= _HEADER
        if name == label or (ordinary and names[name.casefold()] == 1):
            _same(f"{where}, row {_HEAD}", found, name)


def _days(since: str | None, until: str | None) -> str | None:
    if since is None or until is None:
        return None
    return str(max(0, (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _sums(found: Evidence) -> list[tuple[str, Column]]:
    return [*expected_columns(found).items()]


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _trimmed(row: Sequence[str]) -> Row:
    """A row without the empty cells at its end."""
    cells = list(row)
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _plain(text: str) -> str:
    """A text as a cell can hold it: cut, and the two characters that no XML has spelled out."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) > 2 * _LONGEST:
        text = units[: 2 * (_LONGEST - 1)].decode("utf-16-le", "ignore") + "…"
    return text.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")


def _text(cell: Any) -> str:
    """A cell as a text: a time is `2026-11-22T11:59:58`, a number its digits."""
    match cell:
        case str():
            return cell
        case datetime():
            return f"{cell + timedelta(milliseconds=500):%Y-%m-%dT%H:%M:%S}"
        case date():
            return f"{cell:%Y-%m-%d}T00:00:00"
        case float():
            return _number(cell)
        case _:
            return str(cell)
