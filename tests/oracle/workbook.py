"""What audit.xlsx and the workbooks of account managers must say, cell by cell: from the run's rows and journal, and from the
oracles of changes and sums. Cells are read back as texts by python-calamine.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from python_calamine import CalamineWorkbook

from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import CHANGES, Change
from auditor.core.results.ledger import counts_as_complete
from auditor.core.results.words import ACCOUNT_VERIFICATION, REASONS, UNDER_REVIEW, VERDICTS
from auditor.core.run_facts import UTC_NAMES, OwnerWorkbooks
from oracle import evidence, words
from oracle.changes import blocked_history, expected_changes
from oracle.evidence import Evidence, Record, own_names
from oracle.sums import Column, exact_float, expected_columns
from oracle.workbook_parts import Page, read_pages

NAME, INDEX = "audit.xlsx", "by-owner/index.csv"
_ORDER = {
    "blocked": (words.VERDICTS["blocked"], "Action needed"),
    "undetermined": (words.VERDICTS["undetermined"], "Not verified"),
    "eligible": (words.VERDICTS["eligible"], "All customers"),
}
_OWNER = "Account manager"
_WHO = {"Customer": "(customer)", "Domain": "domain", _OWNER: "owner"}
_OWN, _MONEY = "(own columns)", "(money)"
_NOTES = {"Contacted": "(note) contacted", "Note": "(note) note", "Owner's next date": "(note) next_date"}
_OTHER_NOTES = "Notes on other customers"
_SHEETS: Mapping[str, Mapping[str, str]] = {
    "Action needed": {
        "Group": "(group)",
        "Customer": "(customer)",
        **_NOTES,
        _OWNER: "owner",
        _MONEY: "",
        "Status": "(reason)",
        "What to do": "(advice)",
        "Blocked since (UTC)": "blocked_since",
        "Days blocked": "days_blocked",
        "Domain": "(domain)",
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
        "Customer": "(customer)",
        "Domain": "(domain)",
        _OWNER: "owner",
        "Reason": "(reason)",
        "What to do": "(advice)",
        "List": "source_file",
        "Row": "source_row",
        "Checked (UTC)": "checked_at",
        "HTTP status": "http_status",
        "Error code": "error_code",
        "Error message": "error_message",
        "Request id": "request_id",
        "Correlation id": "correlation_id",
    },
    _OTHER_NOTES: {"Customer": "company_name", **_NOTES, "Verdict": "(verdict today)"},
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
_DOMAIN = 24
"""Characters of a line of a domain."""
_OLD_DAYS, _MOST_NEW = 90, 10
"""From more days on, a case is old; new cases with their names on the first sheet."""
_HEAD = 3
"""Lines above a sheet's records: the run's state, what the sheet shows, the header."""
_LINKS, _LONGEST, _HEADER = 65_530, 32_767, 250
_LONG_DAYS = 30
_ANY = "(any number)"
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

    @cached_property
    def other_notes(self) -> list[Record]:
        """Customers with a note who are not blocked in this workbook; of those on no list, the ones that its people wrote about."""
        listed = {record["customer_id"] for record in self.found.records}
        mine = {record["customer_id"]: record for record in reversed(self.records)}
        found: list[Record] = []
        for one, note in self.found.notes.items():
            is_mine = one in mine or self.owner is None or (one not in listed and note.get("owner") == self.owner)
            record = mine.get(one, {"company_name": None, "verdict": None})
            if record["verdict"] != "blocked" and is_mine and any(map(self.note_of(one).get, _NOTES.values())):
                name = record["company_name"] or str(note.get("company_name", ""))
                today = words.VERDICTS[record["verdict"]] if record["verdict"] else "Not on the list"
                found.append({"customer_id": one, "company_name": name, "(verdict today)": today})
        return sorted(found, key=lambda one: (str(one["company_name"]).casefold(), str(one["customer_id"])))

    def note_of(self, customer: str | None) -> dict[str, str]:
        """What was typed about a customer, by column."""
        note = self.found.notes.get(customer or "", {})
        return {column: note.get(column.split()[1], {}).get("now", {}).get("text", "") for column in _NOTES.values()}

    @property
    def without_note(self) -> int:
        """Blocked customers about whom nothing was typed."""
        return sum(not any(self.note_of(case["customer_id"]).values()) for case in self.cases)

    def of(self, sheet: str) -> list[Record]:
        """The records of a sheet, in its order."""
        if sheet == _OTHER_NOTES:
            return self.other_notes
        if sheet == "Changes":
            return self.changes or []
        if sheet == "All customers":
            return self.records
        if sheet == "Not verified":
            return [record for record in self.records if record["verdict"] == "undetermined"]
        return self.cases

    @cached_property
    def cases(self) -> list[Record]:
        """The blocked customers, one record each: new ones, others, old ones; in each the most money first, then the youngest."""
        rows: dict[str, list[Record]] = {}
        for record in self.records:
            if record["verdict"] == "blocked":
                rows.setdefault(str(record["customer_id"]), []).append(record)
        before = {one["customer_id"]: one["verdict_before"] for one in self._all_changes or ()}
        cases = []
        for customer, mine in rows.items():
            first = mine[0]
            joined = {
                name: "; ".join(dict.fromkeys(str(one[name]) for one in mine if one[name])) or None
                for name in first
                if name == "owner" or name.startswith("own ")
            }
            # who is not among the changes was blocked before
            is_new = self._all_changes is not None and before.get(customer, "blocked") != "blocked"
            old = int(first["days_blocked"] or 0) > _OLD_DAYS
            cases.append(first | joined | {"group": "0" if is_new else "2" if old else "1", "rows": str(len(mine))})
        amounts = {str(case["customer_id"]): self.amounts_of(str(case["customer_id"]), 0) for case in cases}
        # in the form of the reports the later time is the greater text
        cases.sort(key=lambda one: one["blocked_since"] or "", reverse=True)
        cases.sort(key=lambda one: max(amounts[str(one["customer_id"])].values(), default=Fraction(0)), reverse=True)
        cases.sort(key=lambda one: str(one["group"]))
        return cases

    def amounts_of(self, customer: str, place: int) -> dict[str, Fraction]:
        """What one of the columns that are added up comes to for a blocked customer, by currency."""
        for listed, column in _sums(self.found)[place : place + 1]:
            name = own_names(self.found)[listed]
            found: dict[str, Fraction] = {}
            for record in self.records:
                value = column.value(record[name]) if record["customer_id"] == customer else None
                if value is not None:
                    currency = column.currency(record[name])
                    found[currency] = found.get(currency, Fraction(0)) + value
            return found
        return {}

    @property
    def began(self) -> object:
        """When the last audit began."""
        return self.found.facts.baseline and self.found.facts.baseline.started_at

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
            note = words.by_customer(document["note"], self._unknown, self._asked)
            state, _, remarks = note.partition(": ")
            if state != "complete":
                return note
            return f"Complete, with warnings. {_capital(remarks).rstrip('.')}." if remarks else "Complete."
        simulated = "; the data are simulated" if document["simulated"] else ""
        state = f"The whole audit is {'complete' if counts_as_complete(self.found.ledger, self.found.facts) else 'INCOMPLETE'}"
        unknown, rows = self.rows_of("undetermined") - self.left_out, len(self.records) - self.left_out
        selected = f"{self.said_left_out}; " if self.found.facts.selection else ""
        here = f"{state}{simulated}. In this workbook: {selected}"
        if not unknown:
            asked = self._asked
            return f"{here}1 customer was checked" if asked == 1 else f"{here}each of {asked:,} customers was checked"
        if self._unknown:
            return f"{here}{words.not_verified(self._unknown, self._asked)}"
        verb = "is" if unknown == 1 else "are"
        return f"{here}{unknown:,} of {_count(rows, 'row')} {verb} not verified (do not treat as eligible)"

    @property
    def _unknown(self) -> int:
        """Customers that were asked for and are not verified."""
        return self.customers_of("undetermined")

    @property
    def _asked(self) -> int:
        """Customers that were asked for."""
        return self.customers_of(*_ORDER)

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
        whose = "" if self.owner is None else f" Customers of {self.owner or '(no account manager)'}."
        return f"As of {ended:%Y-%m-%d %H:%M} UTC, run {facts.run_id}.{whose}"

    @property
    def baseline_note(self) -> str:
        """What this is compared with, as a sentence."""
        baseline = self.found.facts.baseline
        began = baseline and baseline.started_at
        return words.compared_with(baseline.note if baseline else "", began, compared=self._all_changes is not None)

    def sentence(self, sheet: str) -> str:
        """What the second line of a sheet says before the run."""
        if sheet == "Changes":
            return self.baseline_note + (" Nothing changed." if self.changes == [] else "")
        if sheet == "Action needed":
            return self._of_blocked
        if sheet == _OTHER_NOTES:
            return "Notes on customers who are not blocked today. They are kept until somebody empties their cells."
        rows = len(self.of(sheet)) - (self.left_out if sheet == "Not verified" else 0)
        if sheet == "All customers":
            customers = self.customers_of(*_ORDER)
            said = f"{_count(customers, 'customer')} in the order of the lists.{_rows_note(customers, rows)}"
            return said if rows else "There are no customers."
        customers = self.customers_of("undetermined")
        said = f"{_count(customers, 'customer') if customers else _count(rows, 'row')} could not be checked."
        said += f" Do not treat as eligible.{_rows_note(customers, rows) if customers else ''}"
        text = said if rows else "Every customer has a verdict."
        return f"{text} {self.said_left_out}." if self.left_out else text

    @property
    def _of_blocked(self) -> str:
        cases, old = len(self.cases), sum(case["group"] == "2" for case in self.cases)
        if not cases:
            return "Nobody is blocked."
        text = f"{_count(cases, 'customer')} blocked: new purchases, seat increases and upgrades fail."
        text += _rows_note(cases, self.rows_of("blocked"))
        if 0 < old < cases:
            are, them = ("is", "it") if old == 1 else ("are", "them")
            text += f" {_count(old, 'customer')} blocked for more than 90 days {are} folded at the end: "
            text += f"press + on the left to see {them}."
        without = self.without_note
        return text + (f" {without:,} {'has' if without == 1 else 'have'} no note yet." if without else "")

    @property
    def folded(self) -> int:
        """How many of the last cases are hidden at first: old ones, where there are others."""
        old = sum(case["group"] == "2" for case in self.cases)
        return old if old < len(self.cases) else 0


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
    def _pages(self) -> dict[str, Page]:
        return read_pages(self.run / self.name)

    def _rows(self, sheet: str) -> list[Row]:
        return [tuple(map(_text, row)) for row in self._texts.get_sheet_by_name(sheet).to_python()]

    def _parts(self, sheet: str) -> list[str]:
        """A sheet and those that continue it."""
        return [part for part in self._texts.sheet_names if re.fullmatch(rf"{re.escape(sheet)}( [0-9]+)?", part)]

    def check(self) -> None:
        """Compare every cell, every link and the chart."""
        parts = [part for sheet in _SHEETS for part in self._parts(sheet)]
        _same(f"{self.name}, sheets", self._texts.sheet_names, ["Summary", *parts, "About", "auditor notes"])
        sheets = [one for one in _SHEETS if one != _OTHER_NOTES or self.subset.other_notes]
        _same(f"{self.name}, kinds of sheets", {re.sub(" [0-9]+$", "", part) for part in parts}, {*sheets})
        for sheet in sheets:
            self._check_sheet(sheet)
        self._check_summary()
        self._check_about()

    # ---- the sheets that are one table each ----

    def _columns(self, sheet: str) -> tuple[dict[str, str], dict[str, str]]:
        """(header -> column, label of a list's own column -> its name in the list)."""
        facts = self.subset.found.facts
        columns: dict[str, str] = {}
        own = {f"own {name}": listed for listed, name in own_names(self.subset.found).items()}
        # in the order of the option, and each once
        names = {listed: name for name, listed in own.items()}
        money = [names[listed] for listed, _ in _sums(self.subset.found)] if sheet == "Action needed" else []
        last = {"Customer id": "(id)"} | ({} if sheet == _OTHER_NOTES else {"API status": "status"})
        for label, column in {**_SHEETS[sheet], **last}.items():
            if label == _MONEY:
                columns |= {name: f"(amounts) {place}" for place, name in enumerate(money)}
            elif label == _OWN:
                columns |= {name: name for name in own if name not in money}
            elif (label != "Partner Center" or facts.presentation.customer_link) and (
                label != _OWNER or self.subset.owner is None
            ):
                columns[label] = column
        return columns, own

    def _check_sheet(self, sheet: str) -> None:
        columns, own = self._columns(sheet)
        sums = expected_columns(self.subset.found)
        wanted = [
            [self._cell_of(column, label, record, sums.get(own.get(column, ""))) for label, column in columns.items()]
            for record in self.subset.of(sheet)
        ]
        place = 0
        for part in self._parts(sheet):
            where = f"{self.name}, {part}"
            state, says, header, *records = self._rows(part)
            _same(f"{where}, row 1", state[0], _plain(self.subset.state))
            _same(f"{where}, row 2", says[0], _plain(f"{self.subset.sentence(sheet)} {self.subset.run_line}"))
            _check_header(where, header, [*columns])
            links = dict(self._pages[part].links)
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
                    # several currencies, or more digits than a number holds
                    shown = _ANY if must == _ANY and re.search("[0-9]", text) else text
                    _same(f"{where}, row {number}, {label}", shown, must)
                place += 1
            _same(f"{where}, other links", links, {})
            self._check_table(part, len(records))
            folded = self.subset.folded if sheet == "Action needed" else 0
            self._check_folds(part, len(records), len(wanted) - folded - (place - len(records)))
        if place < len(wanted):
            raise AssertionError(f"{self.name}, {sheet}: {len(wanted) - place} rows are missing")

    def _cell_of(self, column: str, label: str, record: Record, added_up: Column | None) -> str:
        if column.startswith("(amounts)"):
            return self._amounts(column, label, record)
        if column in _NOTES.values():
            return _note(column, self.subset.note_of(record["customer_id"])[column])
        return _group(record, self.subset.began) if column == "(group)" else _cell(column, record, added_up)

    def _amounts(self, column: str, label: str, record: Record) -> str:
        """The sum of a customer's rows; their texts where there is no number."""
        place = int(column.split()[1])
        found = self.subset.amounts_of(str(record["customer_id"]), place)
        if not found:
            return _plain(record[label] or "")
        if len(found) > 1:
            return _ANY
        (value,) = found.values()
        number = exact_float(value)
        return _ANY if number is None else _number(number)

    def _check_folds(self, sheet: str, count: int, visible: int) -> None:
        """The old cases are hidden, and Excel can unfold them; `visible` of the sheet's records are not hidden."""
        hidden = {*range(_HEAD + 1 + max(0, visible), _HEAD + 1 + count)}
        _same(f"{self.name}, {sheet}, folded rows", self._pages[sheet].hidden, hidden)
        _same(f"{self.name}, {sheet}, outline", self._pages[sheet].outlined, hidden)

    def _customer_url(self, record: Record) -> str:
        template = self.subset.found.facts.presentation.customer_link
        return template.replace("{customer_id}", str(record["customer_id"]))

    def _check_table(self, sheet: str, count: int) -> None:
        """The table has a filter and spans exactly the records."""
        page = self._pages[sheet]
        wanted = [(f"A{_HEAD}:{page.last_column}{_HEAD + count}",) * 2] if count else []
        _same(f"{self.name}, {sheet}, table", page.tables, wanted)

    # ---- the first sheet ----

    def _check_summary(self) -> None:
        where, rows = f"{self.name}, Summary", self._rows("Summary")
        found, facts = self.subset.found, self.subset.found.facts
        title = facts.presentation.title or "Who can buy, and who cannot"
        if self.subset.owner is not None:
            title += f": {self.subset.owner or '(no account manager)'}"
        sums = {name: {(one.verdict, one.owner): one for one in column.sums()} for name, column in _sums(found)}
        wanted: list[Row] = [(self.subset.state,), (title,), (self.subset.run_line,), *self._answers(rows, sums)]
        wanted += [("",), *self._new(rows[len(wanted) + 1 :])]
        top = len(wanted)
        since = "Since the last audit"
        if self.subset.changes is not None:
            since = f"Since {words.day(self.subset.began)}"
        head = rows[top]
        _same(f"{where}, row {top + 1}", head[:3], ("Verdict", "Customers", since))
        currencies = [(name, one) for name, of in sums.items() for one in of["blocked", None].amounts]
        wanted.append(head[: 3 + len(currencies)])
        for verdict, (word, _) in _ORDER.items():
            gained = "not known" if self.subset.changes is None else str(self.subset.gained(verdict))
            totals = [_number(float(sums[name][verdict, self.subset.owner].amounts[one])) for name, one in currencies]
            wanted.append((word, str(self.subset.customers_of(verdict)), gained, *totals))
        note = _rows_note(self.subset.customers_of(*_ORDER), len(self.subset.records))
        wanted += [(note.strip(),)] if note else []
        wanted += [*((remark,) for remark in self._remarks(sums)), ("",), *self._facts(), ("",)]
        for number, (line, must) in enumerate(zip(rows, wanted, strict=False), 1):
            _same(f"{where}, row {number}", _trimmed(line), _trimmed([_plain(text) for text in must]))
        first, begin = top + 2, len(wanted)
        links: dict[tuple[int, int], str] = {
            (first + n, 1): f"'{sheet}'!A1" for n, (_, sheet) in enumerate(_ORDER.values())
        }
        table = self._owners(sums, currencies) if self.subset.owner is None else []
        self._check_owners(rows[begin:], table)
        last = len(table[0]) if table else 0
        for number, row in enumerate(table, begin + 3):
            if row[0] in self.workbooks:
                links[number, last] = self.workbooks[row[0]]
        found_links = {cell: unquote(target) for cell, target in self._pages["Summary"].links.items()}
        _same(f"{where}, links", found_links, links)
        self._check_chart(first)

    def _answers(self, rows: Sequence[Row], sums: Mapping[str, Mapping[Any, Any]]) -> Iterator[Row]:
        """The questions of a reader, each with its answer."""
        new = [case for case in self.subset.cases if case["group"] == "0"]
        yield "Blocked customers", f"{self.subset.customers_of('blocked'):,}"
        if self.subset.changes is None:
            yield "Newly blocked", "not known: there is no earlier audit"
        else:
            yield f"New since {words.day(self.subset.began)}", f"{len(new):,}"
        for place, (name, of) in enumerate(sums.items(), 5):
            one = of["blocked", self.subset.owner]
            text = rows[place][1]
            _same_amounts(f"{self.name}, Summary, row {place + 1}", text, one.amounts, one.unparsed)
            yield f"At risk: {name}", text
        yield "Not verified", f"{self.subset.customers_of('undetermined'):,}"
        complete = counts_as_complete(self.subset.found.ledger, self.subset.found.facts)
        if self.subset.cases:
            yield "Blocked, without a note", f"{self.subset.without_note:,}"
        yield "Is the audit complete?", "yes" if complete else "NO: some were not checked"
        yield "What to do first", self._first_step

    @property
    def _first_step(self) -> str:
        if self.subset.cases:
            first = self.subset.cases[0]
            return f"{_cell('(customer)', first, None)}: {_cell('(advice)', first, None)}"
        if self.subset.rows_of("undetermined") - self.subset.left_out:
            return "See the sheet Not verified; do not promise an order there."
        return "Nothing to do."

    def _new(self, rows: Sequence[Row]) -> list[Row]:
        """The lines of the newly blocked customers, and an empty one; nothing where there is no earlier audit."""
        if self.subset.changes is None:
            return []
        new = [case for case in self.subset.cases if case["group"] == "0"]
        title = f"New since {words.day(self.subset.began)}"
        if not new:
            return [(title, "Nobody is newly blocked."), ("",)]
        money = [name for name, _ in _sums(self.subset.found)][:1]
        lines: list[Row] = [(title, *(money or [""]), "Status", "", "What to do")]
        for row, case in zip(rows[1:], new[:_MOST_NEW], strict=False):
            texts = [_cell(column, case, None) for column in ("(customer)", "(reason)", "(advice)")]
            amounts = self.subset.amounts_of(str(case["customer_id"]), 0)
            numbers = [exact_float(amount) for amount in amounts.values()]
            number = _number(numbers[0]) if len(numbers) == 1 and numbers[0] is not None else row[1] if numbers else ""
            lines.append((texts[0], number, texts[1], "", texts[2]))
        if len(new) > _MOST_NEW:
            lines.append((f"and {len(new) - _MOST_NEW:,} more, on the sheet Action needed",))
        return [*lines, ("",)]

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
        note = _rows_note(customers, len(self.subset.records))
        yield "Counted", _count(customers, "customer") + (f".{note}" if note else "")

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

    def _owners(self, sums: Mapping[str, Mapping[Any, Any]], currencies: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The lines of account managers, most to do first; the owner in the place of their own workbook's name."""
        customers: dict[str, dict[str, set[str]]] = {}
        for record in self.subset.records:
            of = customers.setdefault(record["owner"] or "", {verdict: set() for verdict in _ORDER})
            of[str(record["verdict"])] |= {str(record["customer_id"])} if self._is_customer(record) else set()
        counts = {owner: [len(of[verdict]) for verdict in _ORDER] for owner, of in customers.items()}
        first = next(iter(sums.values()), {})

        def place(owner: str) -> tuple[Any, ...]:
            largest = max(first["blocked", owner].amounts.values()) if first else 0
            return (-largest, *(-count for count in counts[owner]), owner)

        lines = []
        for owner in sorted(counts, key=place):
            totals = [_number(float(sums[name]["blocked", owner].amounts[one])) for name, one in currencies]
            own = [self.workbooks.get(owner, "").rpartition("/")[2]] if self.workbooks else []
            lines.append([owner, *map(str, (*counts[owner], sum(counts[owner]))), *totals, *own])
        return lines

    @staticmethod
    def _is_customer(record: Record) -> bool:
        """Whether a row has a customer who was selected."""
        return record["customer_id"] is not None and record["reason"] not in {"invalid_id", "not_selected"}

    def _check_owners(self, rows: Sequence[Row], table: list[list[str]]) -> None:
        where = f"{self.name}, Summary, account managers"
        if not table:
            _same(where, [_trimmed(row) for row in rows if any(row)], [])
            return
        title, header, *lines = rows
        labels = ["Account manager", *(word for word, _ in _ORDER.values()), "Customers"]
        _same(where, (title[0], list(header[: len(labels)])), ("By account manager (customers)", labels))
        wanted = [_trimmed([_plain(text or "(no account manager)"), *map(_plain, rest)]) for text, *rest in table]
        _same(where, [_trimmed(line) for line in lines], wanted)

    def _check_chart(self, first: int) -> None:
        """The bars show the customers of the three verdicts, and so do the numbers kept for viewers that do not calculate."""
        where = f"{self.name}, Summary, chart"
        ((series,),) = self._pages["Summary"].charts
        areas = [area.replace("'", "") for area in series.cells]
        _same(where, areas, [f"Summary!${column}${first}:${column}${first + 2}" for column in "AB"])
        counts = [float(self.subset.customers_of(verdict)) for verdict in _ORDER]
        _same(where, [series.names, series.values], [[word for word, _ in _ORDER.values()], counts])

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
    if column == "(reason)" or column.startswith("(status)"):
        return _plain(_in_words(column, record))
    if column == "(advice)":
        return _advice(record)
    text = _broken(record["domain"] or "") if column == "(domain)" else record.get(column) or ""
    if column in _TIMES:
        return text[:_SECONDS] if text >= _FIRST_MONTH else text[:_SECONDS].replace("T", " ")
    number = added_up.cell(text) if added_up else None
    text = _WORDS.get(column, {}).get(text, text)
    return _plain(text) if number is None else _number(number)


def _note(column: str, text: str) -> str:
    """What a cell to type into has: a day where the text is one."""
    is_day = column != _NOTES["Note"] and re.fullmatch(r"\d{4}-\d\d-\d\d", text) and text >= f"{_FIRST_MONTH}-01"
    return f"{text}T00:00:00" if is_day else _plain(text)


def _advice(record: Record) -> str:
    if record["reason"] == "under_review" and int(record["days_in_status"] or 0) >= _LONG_DAYS:
        return words.LONG_STEP
    return REASONS[Reason(str(record["reason"]))].advice


def _group(record: Record, began: object) -> str:
    names = {"0": f"New since {words.day(began)}" if began else "", "1": "Blocked"}
    return names.get(str(record["group"]), "Blocked for more than 90 days")


def _broken(domain: str) -> str:
    """A domain in lines that begin with a dot, none longer than it must be."""
    labels = re.findall(r"^[^.]*|\.[^.]*", domain)
    lines: list[str] = []
    for label in labels:
        if lines and (not lines[-1] or len(lines[-1] + label) <= _DOMAIN):
            lines[-1] += label
        else:
            lines.append(label)
    return "\n".join(lines)


def _rows_note(customers: int, rows: int) -> str:
    """The footnote where customers stand on several rows."""
    return "" if rows == customers else f" On {_count(rows, 'row')} of the customer lists."


def _same_amounts(where: str, text: str, amounts: Mapping[str, Fraction], unparsed: int) -> None:
    """Compare amounts as people read them, an amount a line: `EUR 1,200.00`, `USD 5`, `(1 row without a readable number)`."""
    said, _, rest = text.partition("\n(")
    _same(f"{where}, rows without a number", int(rest.split()[0].replace(",", "")) if rest else 0, unparsed)
    wanted = {one: amount for one, amount in amounts.items() if amount} if len(amounts) > 1 else dict(amounts)
    found = {}
    for part in said.split("\n"):
        currency, _, digits = part.rpartition(" ")
        found[currency] = Fraction(digits.replace(",", ""))
    _same(where, found, wanted or {"": Fraction(0)})


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
