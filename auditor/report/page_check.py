"""report.html against what every record must say. Rule: no code of what wrote it; the first disagreement ends it.

What the page shows of a record, in its tables and in the JSON beside them, is compared with what its row and its answer
say; then the cards with the ledger, what the page says of the run's state with its state, and how many records it leaves
out with how many it may leave out.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from auditor.core.ledger import Ledger, complete
from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.report import expected, page
from auditor.report.evidence import Evidence
from auditor.report.inventory import Inventory
from auditor.report.page_markup import Line, Markup, read_markup
from auditor.report.schema import FIXED, JOURNAL, ROWS, results_schema

Said = dict[str, str | None]
"""A record: by names of `results`, texts as results.csv has them, None for null."""

_EPOCH, _DATE = date(1970, 1, 1), len("1970-01-01")
_PARTS = ("company_name", "domain", "customer_id")
_FIELDS = ("verdict", "status", "reason", "last_update", "days_in_status", "owner", "source_file", "source_row")


@dataclass(frozen=True, slots=True)
class _Record:
    """A record as the page has it: what it says, its line of a table, and for how many days that says it has lasted."""

    said: Said
    line: Line
    days: int | None


def check_page(run: Path, inventory: Inventory, evidence: Evidence, ledger: Ledger) -> dict[str, int]:
    """Reads the page back, where there is one, and compares it.

    Returns:
        How many records it has, by its name.

    Raises:
        IncompleteError: it says something else than the run's rows and journal.
        OSError, ValueError, KeyError, IndexError, TypeError: it cannot be read.
    """
    if page.NAME not in inventory.files:
        return {}
    markup = read_markup((run / page.NAME).read_text(encoding="utf-8"))
    _check_state(markup, evidence, ledger)
    _check_figures(markup, ledger)
    names = results_schema(evidence.facts.columns).names
    records = dict(_records(markup, names[len(FIXED) :]))
    count, left = len(records), Counter[str | None]()
    with closing(expected.results(run, evidence)) as wanted:
        for place, cells in enumerate(wanted, 1):
            right = _as_shown(dict(zip(names, cells, strict=True)))
            if record := records.pop(place, None):
                _check_record(place, record, right)
            else:
                left[right["verdict"]] += 1
    if records:
        raise IncompleteError(f"{page.NAME}: has a row {min(records)}, which {ROWS} does not have")
    _check_left(left, ledger)
    return {page.NAME: count}


def _check_state(markup: Markup, evidence: Evidence, ledger: Ledger) -> None:
    states = {"incomplete": not complete(ledger, evidence.facts), "simulated": evidence.facts.simulated}
    wanted = [word for word, true in states.items() if true]
    title = " · ".join([*(word.upper() for word in wanted), "Partner Center audit", evidence.facts.run_id])
    for what, found, right in (("class", markup.flags, wanted), ("title", markup.title, title)):
        if found != right:
            raise IncompleteError(f"{page.NAME}: its {what} is {found!r}, where it must be {right!r}")


def _check_figures(markup: Markup, ledger: Ledger) -> None:
    for count in ledger.by_verdict():
        told, counted = markup.figures[count.verdict], {"customers": str(count.customers), "rows": str(count.rows)}
        if told != counted:
            raise IncompleteError(f"{page.NAME}: {count.verdict} are {told}, where {counted} were counted")


def _check_left(left: Counter[str | None], ledger: Ledger) -> None:
    """Of a list of ordinary length nobody is left out; of a longer one only so many."""
    for verdict in Verdict:
        most = 0
        if ledger.rows > page.WHOLE:
            rows = ledger.rows_of(verdict)
            most = rows if verdict is Verdict.ELIGIBLE else max(0, rows - page.PART)
        if left[verdict] > most:
            raise IncompleteError(f"{page.NAME}: leaves out {left[verdict]} {verdict} rows, where {most} were expected")


def _records(markup: Markup, own_names: list[str]) -> Iterator[tuple[int, _Record]]:
    """(place in `results`, record), in the page's order."""
    document = json.loads(markup.data)
    packed, lines = document["columns"], [(v, line) for v, found in markup.lines.items() for line in found]
    columns = {name: _unpacked(name, packed, len(lines)) for name in packed}
    own = [_unpacked("", {"": column}, len(lines)) for _, column in document["own"]]
    for n, (verdict, line) in enumerate(lines):
        of = {name: column[n] for name, column in columns.items()}
        reason, status = of["kind"]
        fields = (verdict, status, reason, _day(of["last_update"]), _text(of["days_in_status"]), of["owner"])
        where = (of["source_file"], str(of["place"] + of["row_offset"]))
        said = dict(zip((*_PARTS, *_FIELDS), (*(line.parts or line.cells), *fields, *where), strict=True))
        said |= dict(zip(own_names, (column[n] for column in own), strict=True))
        yield of["place"], _Record(said, line, of["days"])


def _unpacked(name: str, columns: dict[str, dict[str, Any]], count: int) -> list[Any]:
    match columns[name]:
        case {"list": found}:
            return list(found)
        case {"words": words, "codes": codes}:
            return [words[code] for code in codes]
        case {"as": other, "but": exceptions}:
            return [exceptions.get(str(n), value) for n, value in enumerate(_unpacked(other, columns, count))]
        case {"steps": steps}:
            total = 0
            return [total := total + step for step in steps]
        case {"each": value}:
            return [value] * count
        case _:
            raise IncompleteError(f"{page.NAME}: its column {name} is in no form that this version knows")


def _as_shown(right: Said) -> Said:
    """A record as the page has to have it: fewer columns, days without the time, and neither null nor NUL in a table."""
    shown = {name: right[name] for name in _FIELDS} | dict([*right.items()][len(FIXED) :])
    shown |= {name: _cell(right[name]) for name in _PARTS}
    return shown | {"last_update": (right["last_update"] or "")[:_DATE] or None}


def _check_record(place: int, record: _Record, right: Said) -> None:
    found, wanted = [*record.said.items()], [(name, right[name]) for name in record.said]
    cells = record.line.cells
    if right["verdict"] == Verdict.BLOCKED:
        # beside what `results` has, the line says since when and for how long
        days = "" if record.days is None else f"{record.days:,}"
        found += zip(("owner", "reason", "days", "last_update"), (cells[0], cells[1], cells[3], cells[4]), strict=True)
        words = str(right["reason"]).replace("_", " ").capitalize()
        wanted += [("owner", _cell(right["owner"])), ("reason", words), ("days", days)]
        wanted += [("last_update", _cell(right["last_update"]))]
    elif right["verdict"] == Verdict.UNDETERMINED:
        found += zip(("owner", "status"), cells[:2], strict=True)
        wanted += [(name, _cell(right[name])) for name in ("owner", "status")]
    for (name, said), (_, must) in zip(found, wanted, strict=True):
        if said != must:
            raise IncompleteError(
                f"{page.NAME}, row {place}, {name}: {said!r}, where {ROWS} and {JOURNAL} say {must!r}"
            )


def _cell(text: str | None) -> str:
    return (text or "").replace("\0", "\ufffd")


def _day(days: int | None) -> str | None:
    return None if days is None else (_EPOCH + timedelta(days)).isoformat()


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
