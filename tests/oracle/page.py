"""What report.html must say, and in which order: worked out from the run's rows and journal, and from the CSV files beside it.

changes.csv, summary.csv and summary.json have oracles of their own; what the page says of changes, sums and the state of the
run is compared with them.
"""

import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import Change
from auditor.core.results.ledger import counts_as_complete
from auditor.core.results.words import ACCOUNT_VERIFICATION, LONG_NOTE, REASONS, UNDER_REVIEW, VERDICTS, next_step
from oracle import evidence, words
from oracle.evidence import Evidence, Record
from oracle.page_markup import CASES, Element, Page, cells
from oracle.sums import Column, expected_columns

NAME = "report.html"
ORDER = ("blocked", "undetermined", "eligible")
_WORDS, _CHANGES = words.VERDICTS, words.CHANGES
_MORE = "Microsoft’s page on account verification"
_MANAGER = "Account manager"
_OLD_DAYS = 90
"""A customer that is blocked for more days is an old case, unless it is new."""
_AGES = {
    "up to 3 days": 3,
    "4 to 7 days": 7,
    "8 to 14 days": 14,
    "15 to 30 days": 30,
    "31 to 60 days": 60,
    "61 to 90 days": 90,
    "91 to 180 days": 180,
    "181 to 365 days": 365,
    "over a year": 10**9,
}
_LONG = 30
"""Days under review from which on the next step is another."""
_OWNERS = 12
_DAY = len("1970-01-01")

Shown = dict[str, Any]


def check(run: Path, *, most_rows: int = 25_000, most_of_verdict: int = 10_000, most_changes: int = 2_000) -> None:
    """Compare every text of the page.

    Args:
        run: folder of a run whose page and CSV files are rendered.
        most_rows: a list of at most so many rows is shown as a whole.
        most_of_verdict: of a longer list, how many records of a verdict are shown.
        most_changes: how many rows the table of changes has.

    Raises:
        AssertionError: the page says something else than it must.
    """
    found = evidence.read(run)
    page = Page((run / NAME).read_text(encoding="utf-8"))
    changed = list(evidence.csv_records(run / "changes.csv")) if (run / "changes.csv").exists() else None
    rows = _records(found, changed or [])
    records = _customers(rows, found)
    cases = _cases([record for record in records if record["verdict"] == "blocked"], rows, found, changed)
    shown = _selected(records, cases, most_of_verdict, is_long=len(rows) > most_rows)
    _check_head(page, found)
    _check_first(page, cases, records)
    _check_cards(page, found)
    _check_tiles(page, found, cases, compared=changed is not None)
    _check_owners(page, found)
    _check_ages(page, records)
    _check_changes(page, found, changed, most_changes)
    _check_steps(page, rows)
    _check_blocked(page, found, shown["blocked"], cases, compared=changed is not None)
    _check_groups(page, rows, shown)
    _check_left_out(page, records, shown)
    _check_payload(page, found, [record for verdict in ORDER for record in shown[verdict]])


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{NAME}, {what}: {found!r}, where it must be {wanted!r}")


def _html(text: str | None) -> str:
    """A text as the page has it: HTML has neither null nor NUL."""
    return (text or "").replace("\0", "\ufffd")


# ---- the records, and which of them are on the page ----


def _records(found: Evidence, changed: list[Record]) -> list[Shown]:
    """Each record with its place, since when and for how long it is in its state, and what became of its customer."""
    change = {record["customer_id"]: record["change"] for record in changed}
    records: list[Shown] = []
    for place, (record, customer) in enumerate(zip(found.records, found.customers, strict=True), 1):
        past = found.previous.get(str(customer), {})
        was_blocked, blocked = past.get("past_verdict") == "blocked", record["verdict"] == "blocked"
        first_seen = (past["since"] if was_blocked else record["checked_at"]) if blocked else None
        begun = min(filter(None, (record["last_update"], first_seen)), default=None)
        times = int(past.get("times_blocked") or 0) + (blocked and not was_blocked)
        records.append(
            {
                **record,
                "customer": customer,
                "before": past.get("verdict"),
                "place": place,
                "begun": begun,
                "days": _days(begun, record["checked_at"]),
                "times_blocked": None if customer is None else times,
                "change": change.get(customer) if customer else None,
            }
        )
    return records


def _days(begun: str | None, checked: str | None) -> int | None:
    if begun is None or checked is None:
        return None
    return max(0, (datetime.fromisoformat(checked) - datetime.fromisoformat(begun)).days)


def _customers(rows: list[Shown], found: Evidence) -> list[Shown]:
    """One record a customer, with every distinct owner and own text of its rows; a row without a customer stands for itself."""
    of: dict[str, list[Shown]] = {}
    for row in rows:
        of.setdefault(row["customer"] or f"row {row['place']}", []).append(row)
    customers = []
    for mine in of.values():
        record = dict(mine[0])
        for name in ("owner", *_own_names(found)) if len(mine) > 1 else ():
            record[name] = "; ".join(dict.fromkeys(row[name] for row in mine if row[name])) or None
        customers.append(record)
    return customers


def _cases(blocked: list[Shown], rows: list[Shown], found: Evidence, changed: list[Record] | None) -> list[Shown]:
    """The blocked customers in the order of the page, each with its group and its amounts."""
    columns, names = expected_columns(found), evidence.own_names(found)
    for record in blocked:
        mine = [row for row in rows if row["customer"] == record["customer"] and row["verdict"] == "blocked"]
        record["amounts"] = [
            {mark: one for mark, one in _amounts(column, [row[names[name]] for row in mine]).items() if one.numbers}
            for name, column in columns.items()
        ]
        is_new = changed is not None and record["before"] != "blocked"
        old = record["days"] is not None and record["days"] > _OLD_DAYS
        record["group"] = "new" if is_new else "old" if old else "blocked"
    in_list = sorted(blocked, key=lambda record: str(record["begun"] or ""), reverse=True)
    largest = sorted(
        in_list,
        key=lambda record: -max((one.total for one in (record["amounts"] or [{}])[0].values()), default=Fraction(0)),
    )
    return sorted(largest, key=lambda record: CASES.index(record["group"]))


class _Amount(NamedTuple):
    """The sum of some numbers: exact, with so many decimals, of so many numbers."""

    total: Fraction = Fraction(0)
    places: int = 0
    numbers: int = 0


def _amounts(column: Column, texts: list[str | None]) -> dict[str, _Amount]:
    """What these texts add up to, by currency; those of the column first, then in the order of the texts."""
    sums: dict[str, _Amount] = {}
    for text in texts:
        value = column.value(text) if text and text.strip() else None
        if value is not None and text is not None:
            total, places, count = sums.get(column.currency(text), _Amount())
            sums[column.currency(text)] = _Amount(total + value, max(places, _places(text, value)), count + 1)
    return sums


def _places(text: str, value: Fraction) -> int:
    """Decimals of a number that is written so."""
    after = re.split("[.,]", re.sub(r"[^0-9]+$", "", text))[-1]
    whole = "".join(char for char in text if "0" <= char <= "9")
    is_fraction = re.search("[.,]", text) and after.isdigit() and Fraction(int(whole), 10 ** len(after)) == abs(value)
    return len(after) if is_fraction else 0


def _money(amounts: dict[str, _Amount]) -> str:
    """Amounts as the page shows them."""
    shown = {mark: one for mark, one in amounts.items() if one.total} if len(amounts) > 1 else amounts
    return " + ".join(f"{mark} {_decimal(one)}".strip() for mark, one in shown.items()) or "0"


def _decimal(amount: _Amount) -> str:
    places = 2 if amount.places == 1 else amount.places
    whole, rest = divmod(abs(amount.total) * 10**places, 10**places)
    return f"{'-' if amount.total < 0 else ''}{int(whole):,}" + (f".{int(rest):0{places}}" if places else "")


def _selected(
    records: list[Shown],
    cases: list[Shown],
    most_of_verdict: int,
    *,
    is_long: bool,
) -> dict[str, list[Shown]]:
    """The records of each verdict that the page shows, in its order."""
    of = {verdict: [record for record in records if record["verdict"] == verdict] for verdict in ORDER}
    of["blocked"] = cases
    if is_long:
        of["eligible"] = [record for record in of["eligible"] if record["change"]]
        of = {verdict: part[:most_of_verdict] for verdict, part in of.items()}
    reasons = [reason.value for reason in Reason]
    for verdict in ("undetermined", "eligible"):
        of[verdict] = sorted(of[verdict], key=lambda record: reasons.index(record["reason"]))
    return of


# ---- what the page says of the run as a whole ----


def _check_head(page: Page, found: Evidence) -> None:
    facts, is_complete = found.facts, counts_as_complete(found.ledger, found.facts)
    flags = [*(() if is_complete else ("incomplete",)), *(("simulated",) if facts.simulated else ())]
    _same("class", page.flags, flags)
    _same("title", page.title, " · ".join([*map(str.upper, flags), "Partner Center audit", facts.run_id]))
    _same("list warnings", page.list_warnings(), [_html(warning.sentence) for warning in facts.list_warnings])
    remark = json.loads((found.run / "summary.json").read_text(encoding="utf-8"))["note"].partition(": ")[2]
    verdicts = {
        customer: record["verdict"]
        for record, customer in zip(found.records, found.customers, strict=True)
        if customer and record["reason"] != "not_selected"
    }
    unknown = sum(verdict == "undetermined" for verdict in verdicts.values())
    remark = words.by_customer(remark, unknown, len(verdicts))
    remark = f"{remark[:1].upper()}{remark[1:]}" if remark else ""
    kind, word = ("bad", "Incomplete.") if not is_complete else ("warn", "Complete, with warnings.")
    if is_complete and not remark:
        kind, word, remark = "good", "Complete.", "Every customer has a verdict."
    if facts.simulated:
        remark = "; ".join(said for said in remark.split("; ") if said.lower() != "the data are simulated")
        remark = remark or "Every customer has a verdict."
        word += " Simulated data: nothing here is about anybody real."
    banners = [
        (element.attributes["class"], element.text)
        for element in page.root.all("p")
        if element.attributes.get("class", "").startswith("banner") and element.all("strong")
    ]
    _same("banner", banners, [(f"banner {kind}", f"{word} {_sentence(_html(remark))}")])
    (header,) = page.root.all("header")
    utc, *local = _times(found)
    _same("time", header.one("time").text, (local or [utc])[0])
    (footer,) = page.root.all("footer")
    run = f"Run {facts.run_id} · {utc} · answers of {facts.api}"
    _same("footer", footer.words, " ".join(" · ".join([*map(str.upper, flags), _html(run)]).split()))
    lists = f", {', '.join(facts.lists)}" if facts.lists else ""
    wanted = f"{_count(facts.customers, 'customer')}{_html(lists)} · {(local or [utc])[0]}"
    _same("header", header.one("p", id="of").words, " ".join(wanted.split()))
    note = f"{_count(facts.customers, 'customer')}. {_rows_note(facts.customers, facts.rows)}"
    notes = [element.words for element in page.root.all("p", id="rows-note")]
    _same("note on rows", notes, [note] if facts.rows != facts.customers else [])


def _rows_note(customers: int, rows: int) -> str:
    return "" if customers == rows else f"On {_count(rows, 'row')} of the customer lists."


def _check_first(page: Page, cases: list[Shown], records: list[Shown]) -> None:
    """The first blocked customer with its advice, or that nobody is blocked."""
    wanted = "Nobody is blocked. There is nothing to do."
    if cases:
        first = cases[0]
        amount = _money(first["amounts"][0]) if first["amounts"] and first["amounts"][0] else ""
        name = _html(first["company_name"] or first["domain"] or first["customer_id"])
        wanted = f"{name}{f' ({amount})' if amount else ''}: {words.REASONS[first['reason']]}. {_step(first)}"
    elif any(record["verdict"] == "undetermined" for record in records):
        wanted = "Not verified: Nobody is known to be blocked. Do not promise orders to customers who are not verified."
    _same("what to do first", page.root.one("p", id="first").words, " ".join(f"Do this first. {wanted}".split()))


def _check_tiles(page: Page, found: Evidence, cases: list[Shown], *, compared: bool) -> None:
    """Who is new, and how much money is at risk."""
    new = [record for record in cases if record["group"] == "new"]
    names = [_html(record["company_name"] or record["domain"] or record["customer_id"]) for record in new[:3]]
    names += [f"and {len(new) - 3:,} more"] if len(new) > len(names) else []
    tiles = [[part.words for part in tile.all("h3", "p")] for tile in page.root.all("div", class_="card newly")]
    text = " ".join(", ".join(names).split())
    shown = [[_new(found), _count(len(new), "customer"), text]] if compared else []
    _same("tile of who is new", tiles, shown)
    wanted = []
    for name, (total, unparsed) in _totals(found, "blocked").items():
        note = f" ({_count(unparsed, 'row')} without a readable number)" if unparsed else ""
        wanted.append([" ".join(f"At risk: {_html(name)}".split()), total, f"of the blocked customers{note}"])
    tiles = [[part.words for part in tile.all("h3", "p")] for tile in page.root.all("div", class_="card risk")]
    _same("money at risk", tiles, wanted)


def _new(found: Evidence) -> str:
    return f"New since {words.day(found.facts.baseline and found.facts.baseline.started_at)}"


def _totals(found: Evidence, verdict: str, owner: str | None = None) -> dict[str, tuple[str, int]]:
    """Column -> (sum of the rows with a verdict, of one owner or of all; number of rows without a readable number)."""
    names, totals = evidence.own_names(found), {}
    for name, column in expected_columns(found).items():
        texts = [
            record[names[name]]
            for record in found.records
            if record["verdict"] == verdict and owner in (None, record["owner"] or "")
        ]
        amounts = {mark: _Amount() for mark in column.shown} | _amounts(column, texts)
        unparsed = sum(bool(text and text.strip()) and column.value(text) is None for text in texts)
        totals[name] = (_money(dict(sorted(amounts.items()))), unparsed)
    return totals


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _times(found: Evidence) -> list[str]:
    time = (found.facts.finished_at or found.facts.started_at).astimezone(UTC)
    zone = found.facts.presentation.zone
    local = [f"{time.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"] if zone in available_timezones() else []
    return [f"{time:%Y-%m-%d %H:%M} UTC", *(local if zone != "UTC" else [])]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _check_cards(page: Page, found: Evidence) -> None:
    """Customers, the difference to the baseline and the sums of each verdict."""
    before = Counter(record["verdict"] for record in found.previous.values())
    for verdict in ORDER:
        card = page.root.one("div", class_=f"card {verdict}")
        mine = [place for place, record in enumerate(found.records) if record["verdict"] == verdict]
        customers, rows = sum(found.first[place] for place in mine), len(mine)
        figures = {element.attributes["class"]: element.attributes["value"] for element in card.all("data")}
        _same(f"{verdict} heading", card.one("h3").text, _WORDS[verdict])
        _same(f"{verdict} figures", figures, {"customers": str(customers)})
        _same(f"{verdict} figures as text", [element.text for element in card.all("data")], [f"{customers:,}"])
        change, baseline = "No earlier audit to compare with", found.facts.baseline
        if baseline and (found.run / "changes.csv").exists():
            more, last = customers - before[verdict], f"the last audit ({words.day(baseline.started_at)})"
            change = f"{more:+,} since {last}".replace("-", "−", 1) if more else f"As many as in {last}"
        meaning = f"{VERDICTS[Verdict(verdict)].meaning} {_rows_note(customers, rows)}".strip()
        sums = [] if verdict == "blocked" else [_total(*one) for one in _totals(found, verdict).items()]
        wanted = [f"{customers:,} customer{'' if customers == 1 else 's'}", change, meaning, *sums]
        _same(f"{verdict} texts", [element.words for element in card.all("p")], wanted)


def _total(name: str, sums: tuple[str, int]) -> str:
    total, unparsed = sums
    note = f" ({_count(unparsed, 'row')} without a readable number)" if unparsed else ""
    return " ".join(f"{total} {_html(name)}{note}".split())


# ---- the charts ----


def _check_owners(page: Page, found: Evidence) -> None:
    """Customers by account manager and verdict, most blocked first; bars as long as their counts."""
    customers: dict[str, dict[str | None, set[str]]] = {}
    for record, customer in zip(found.records, found.customers, strict=True):
        of_owner = customers.setdefault(record["owner"] or "", {})
        of_owner.setdefault(record["verdict"], set()).update({customer} if customer else ())
    counts = {owner: [len(of.get(verdict, ())) for verdict in ORDER] for owner, of in customers.items()}
    owners = sorted(counts, key=lambda owner: ([-count for count in counts[owner]], owner))
    alone = owners if len(owners) <= _OWNERS + 1 else owners[:_OWNERS]
    lines = [(_html(owner) or "Unassigned", counts[owner], _html(owner)) for owner in alone]
    if rest := owners[len(alone) :]:
        together = [sum(counts[owner][place] for owner in rest) for place in range(len(ORDER))]
        lines.append((f"{len(rest)} {'other' if len(rest) == 1 else 'others'}", together, ""))
    table = page.root.one("table", id="owners")
    _same("heads of the chart", [head.words for head in table.all("th", class_="n")], [_WORDS[v] for v in ORDER])
    _same("chart of owners", [_bar(row) for row in page.rows("owners")], _bars(lines, ORDER))
    columns = list(expected_columns(found))
    wanted = []
    for owner in owners if columns or rest else []:
        of = []
        for n, verdict in enumerate(ORDER):
            totals = _totals(found, verdict, owner)
            of += [f"{counts[owner][n]:,}", *(totals[column][0] for column in columns)]
        wanted.append([_html(owner) or "Unassigned", *of])
    _same("account managers", [cells(row) for row in page.rows("managers")], wanted)


def _check_ages(page: Page, records: list[Shown]) -> None:
    """Customers under review by the days since it began, whether the page shows them or not."""
    days = [record["days"] for record in records if record["reason"] == "under_review"]
    known = sorted(age for age in days if age is not None)
    lines, after = [], -1
    for name, last in _AGES.items():
        lines.append((name, [sum(after < age <= last for age in known)], ""))
        after = last
    if len(known) < len(days):
        lines.append(("not known", [len(days) - len(known)], ""))
    _same("chart of ages", [_bar(row) for row in page.rows("ages")], _bars(lines, ("age",)))
    note = ""
    if known:
        median = known[(len(known) - 1) // 2]
        note = f"Half of them for {median:,} days or longer; the longest for {known[-1]:,}."
    (panel,) = [panel for panel in page.root.all("div", class_="panel") if panel.all("table", id="ages")]
    _same("note on ages", panel.one("p", class_="note").text, note)


Bar = tuple[str, str, list[str], list[tuple[str, float, float]]]


def _bar(row: Element) -> Bar:
    """A line of a chart: label, whose customers its link leads to, counts, and (kind, start, width) of the bar's parts."""
    owners = [link.attributes["data-owner"] for link in row.all("a")]
    parts = []
    for part in row.all("rect"):
        start, width = (float(part.attributes[name].rstrip("%")) for name in ("x", "width"))
        parts.append((part.attributes["class"], start, width))
    counts = [cell.text for cell in row.all("td", class_="n")]
    return row.one("th").text, "".join(owners), counts, parts


def _bars(lines: list[tuple[str, list[int], str]], kinds: tuple[str, ...]) -> list[Bar]:
    """Parts end to end, each as long as its count, in percent of the longest bar."""
    longest = max((sum(counts) for _, counts, _ in lines), default=0)
    bars = []
    for name, counts, owner in lines:
        widths = [round(100 * count / longest, 2) if longest else 0.0 for count in counts]
        starts = [round(sum(widths[:place]), 2) for place in range(len(counts))]
        parts = [
            (kind, start, width)
            for count, kind, start, width in zip(counts, kinds, starts, widths, strict=True)
            if count
        ]
        bars.append((name, owner, [f"{count:,}" for count in counts], parts))
    return bars


# ---- changes ----


def _check_changes(page: Page, found: Evidence, changed: list[Record] | None, most: int) -> None:
    """By kind in the order of `Change`, then in the order of changes.csv; none is skipped."""
    section = page.root.one("section", id="changes")
    baseline = found.facts.baseline
    note = words.compared_with(
        baseline.note if baseline else "", baseline and baseline.started_at, compared=changed is not None
    )
    paragraphs = [element.words for element in section.all("p")]
    _same("note on changes", paragraphs[0], " ".join(_html(note).split()))
    kinds = [change.value for change in Change]
    records = sorted(changed or [], key=lambda record: kinds.index(str(record["change"])))
    counts = Counter(str(record["change"]) for record in records)
    wanted = [
        [
            *(_html(record[name]) for name in ("company_name", "domain", "customer_id", "owner")),
            _state(record["verdict_before"], record["status_before"]),
            _state(record["verdict"], record["status"]),
            _html(record["last_update"])[:_DAY],
        ]
        for record in records[:most]
    ]
    _same("changes", page.records("changed", "uncompared"), wanted)
    listed = [f"{counts[kind]:,} {_CHANGES[kind]}" for kind in kinds if counts[kind]]
    _same("kinds of changes", [item.words for item in section.all("li")], listed)
    headings = [row.words for row in page.rows("changed", "uncompared") if row.attributes.get("class") == "g"]
    _same("headings of changes", headings, [f"{_CHANGES[kind]}: {counts[kind]:,}" for kind in kinds if counts[kind]])
    apart = [_state(record["verdict_before"], "") for record in records if record["change"] == "not_compared"]
    _same(
        "changes folded away",
        len(page.records("uncompared")),
        min(len(apart), max(0, most - len(records) + len(apart))),
    )
    more = []
    if changed is not None and baseline and baseline.started_at:
        more += _newly_blocked(records, baseline.started_at)
    left = len(records) - most
    more += [f"{left:,} more are not on this page; changes.csv has all of them."] if left > 0 else []
    _same("texts on changes", paragraphs[1:], more)


def _newly_blocked(records: list[Record], since: datetime) -> list[str]:
    """Customers that are blocked now and were not, as far as anybody knew."""
    new = [r["verdict_before"] for r in records if r["verdict"] == "blocked" and r["verdict_before"] != "blocked"]
    if not new:
        return []
    return [words.newly_blocked(len(new), sum(before != "eligible" for before in new), since)]


def _state(verdict: str | None, status: str | None) -> str:
    if verdict is None:
        return "Not in the list"
    return f"{_WORDS[verdict]}: {_html(words.status(status))}" if status else _WORDS[verdict]


# ---- the tables of records ----


def _reason_count(rows: list[Shown], reason: str) -> str:
    """Customers with a reason; rows, where they belong to no customer."""
    mine = [row for row in rows if row["reason"] == reason]
    customers = {row["customer"] for row in mine} - {None}
    return _count(len(customers), "customer") if customers else _count(len(mine), "row")


def _check_steps(page: Page, rows: list[Shown]) -> None:
    """What each blocking reason means, and what to do: once, in the panel at the end."""
    wanted = []
    for reason in Reason:
        if reason.verdict is Verdict.BLOCKED and any(row["reason"] == reason for row in rows):
            long = f" {LONG_NOTE.format(days=_LONG)}" if reason is Reason.UNDER_REVIEW else ""
            texts = (
                words.REASONS[reason],
                _reason_count(rows, reason),
                REASONS[reason].meaning,
                REASONS[reason].next_step,
            )
            wanted.append("{} {}{}Next step. {}{}".format(*texts, long))
    section = page.root.one("section", id="about")
    found = [step.words for steps in section.all(class_="steps") for step in steps.all("div")[1:]]
    _same("steps", found, wanted)
    _same("rule", section.all("p")[0].words, f"{UNDER_REVIEW} {_MORE}")
    _same("link to Microsoft", section.all("p")[0].one("a").attributes["href"], ACCOUNT_VERIFICATION)


def _step(record: Shown) -> str:
    long = record["reason"] == "under_review" and int(record["days_in_status"] or 0) >= _LONG
    return words.LONG_STEP if long else words.STEPS[record["reason"]]


def _check_blocked(page: Page, found: Evidence, shown: list[Shown], cases: list[Shown], *, compared: bool) -> None:
    """Each blocked customer in its group's table."""
    names = dict(zip(_own_names(found), found.facts.columns, strict=True))
    texts = {name: {record[name] for record in shown} for name in names}
    common = {name: next(iter(values)) for name, values in texts.items() if len(values) == 1 and len(shown) > 1}
    money = list(expected_columns(found))
    varied = [name for name in names if name not in common and names[name] not in money]
    for group in CASES:
        records = [record for record in shown if record["group"] == group]
        wanted = [_case(record, {name: names[name] for name in varied}) for record in records]
        _same_rows(group, page.records(group), wanted, records)
        links = [[a.attributes["href"] for a in row.all("a")] for row in page.rows(group)]
        _same("links", links, [_links(found.facts.presentation.customer_link, record) for record in records])
        own = ["From the list"] if varied else []
        heads = ["Customer", _MANAGER, *map(_html, money), "Status", "Since", "Days", "What to do", *own, "API status"]
        for table in page.root.all("table", id=group):
            _same(f"heads of {group}", [head.text for head in table.one("thead").all("th")], heads)
    same = " · ".join(f"{_html(names[name])}: {_html(text)}" for name, text in common.items() if text)
    notes = [note.words for note in page.root.one("section", id="action").all("p", class_="note")]
    notes = [note for note in notes if note.startswith("The same for all:")]
    _same("what is the same for all", notes, [" ".join(f"The same for all: {same}".split())] if same else [])
    _check_case_headings(page, found, cases, compared=compared)


def _case(record: Shown, own: dict[str, str]) -> list[str]:
    """The cells of a blocked customer."""
    days, times = record["days"], record["times_blocked"] or 0
    since = (record["begun"] or "")[:_DAY] + (f" blocked {times:,} times" if times > 1 else "")
    texts = " · ".join(f"{_html(name)}: {_html(record[column])}" for column, name in own.items() if record[column])
    return [
        *(_html(record[name]) for name in ("company_name", "domain", "customer_id", "owner")),
        *(_money(amounts).replace(" + ", " ") if amounts else "" for amounts in record["amounts"]),
        *(words.REASONS[record["reason"]], since, "" if days is None else f"{days:,}", _step(record)),
        *([texts] if own else []),
        _html(record["status"]),
    ]


def _check_case_headings(page: Page, found: Evidence, cases: list[Shown], *, compared: bool) -> None:
    """How many customers each group has, on the page or not."""
    counts = Counter(record["group"] for record in cases)
    heads = [head.words for head in page.root.all("h2", id="new-h")]
    _same("heading of new ones", heads, [f"{_new(found)}: {_count(counts['new'], 'customer')}"] if compared else [])
    _same("heading", page.root.one("h2", id="action-h").words, f"Blocked: {_count(len(cases), 'customer')}")
    old = [details.one("summary").words for details in page.root.all("details", id="old-cases")]
    wanted = f"Blocked for more than {_OLD_DAYS} days: {_count(counts['old'], 'customer')}"
    _same("heading of old ones", old, [wanted] if page.rows("old") else [])
    first = page.root.one("section", id="action").all("p")[0].words
    new = f"{counts['new']:,} of them {'is' if counts['new'] == 1 else 'are'} new: see above. " if counts["new"] else ""
    rule = f"{new}{UNDER_REVIEW} What to do, in full"
    if not cases:
        is_known = "incomplete" not in page.flags
        rule = "Nobody is blocked." if is_known else "Nobody is known to be blocked, but the run is incomplete."
    _same("first words", first, rule)


def _links(template: str, record: Shown) -> list[str]:
    if not template.startswith("http"):
        return []
    return [template.replace("{customer_id}", quote(record["customer_id"], safe=""))]


def _own_names(found: Evidence) -> tuple[str, ...]:
    """The lists' own columns, by their names in `results`."""
    return found.names[len(found.names) - len(found.facts.columns) :]


def _same_rows(table: str, found: list[list[str]], wanted: list[list[str]], records: list[Shown]) -> None:
    for row, right, record in zip(found, wanted, records, strict=False):
        _same(f"table {table}, row {record['place']} of the list", row, right)
    _same(f"rows of table {table}", len(found), len(wanted))


def _check_groups(page: Page, rows: list[Shown], shown: dict[str, list[Shown]]) -> None:
    """The tables of what is not verified and of what is eligible: by reason, each in the list's order."""
    every = [record for verdict in ORDER for record in shown[verdict]]
    one_list = len({record["source_file"] for record in every}) == 1
    as_row = {"undetermined": lambda record: _unverified(record, one_list=one_list), "eligible": _customer}
    for verdict, cells_of in as_row.items():
        wanted = [cells_of(record) for record in shown[verdict]]
        _same_rows(verdict, page.records(verdict), wanted, shown[verdict])
        headings = [row.words for row in page.rows(verdict) if row.attributes.get("class") == "g"]
        groups = [reason for reason, _ in groupby(record["reason"] for record in shown[verdict])]
        _same(
            f"headings of {verdict}",
            headings,
            [_heading(verdict, reason, _reason_count(rows, reason)) for reason in groups],
        )
    # a heading stands before its records
    order = [row.words if row.attributes.get("class") == "g" else "" for row in page.rows("undetermined")]
    lengths = [len(list(group)) for _, group in groupby(record["reason"] for record in shown["undetermined"])]
    places = [place for place, words in enumerate(order) if words]
    _same("places of headings", places, [sum(lengths[:n]) + n for n in range(len(lengths))])


def _heading(verdict: str, reason: str, count: str) -> str:
    advice = REASONS[Reason(reason)]
    step = f" {advice.next_step}" if verdict == "undetermined" else ""
    return f"{words.REASONS[reason]}: {count} {advice.meaning}{step}"


def _unverified(record: Shown, *, one_list: bool) -> list[str]:
    http = [f"HTTP {record['http_status']}"] if record["http_status"] else []
    texts = [_html(record[name]) for name in ("error_code", "error_name", "error_message") if record[name]]
    where = "" if one_list else f"{_html(record['source_file'])}, "
    last = (
        ", ".join([*http, *texts]),
        _html(record["request_id"]),
        f"{where}{record['source_row']}",
        _html(record["status"]),
    )
    return [*_customer(record), _html(record["owner"]), *last]


def _customer(record: Shown) -> list[str]:
    """Name, domain and id; in the place of an id that is none, the list's own text."""
    identity = record["customer_id"] if record["customer_id"] is not None else record["raw_id"]
    return [_html(record["company_name"]), _html(record["domain"]), _html(identity)]


def _check_left_out(page: Page, records: list[Shown], shown: dict[str, list[Shown]]) -> None:
    """The page says what it leaves out."""
    state = {"blocked": "blocked", "undetermined": "not verified", "eligible": "not blocked"}
    which = {
        "blocked": "the first {:,}.",
        "undetermined": "the first {:,}.",
        "eligible": "the {:,} for which something changed since the last audit.",
    }
    for verdict, section in zip(ORDER, ("action", "unknown", "all"), strict=True):
        there, here = sum(record["verdict"] == verdict for record in records), len(shown[verdict])
        texts = [element.text for element in page.root.one("section", id=section).all("p")]
        found = [text for text in texts if text.startswith("The list is too long")]
        which_of = which[verdict].format(here)
        text = f"The list is too long for one page. Of its {there:,} customers that are {state[verdict]} this page has {which_of}"
        _same(f"left out of {verdict}", found, [] if here == there else [f"{text} {verdict}.csv has all of them."])


# ---- the JSON beside the tables ----


def _check_payload(page: Page, found: Evidence, records: list[Shown]) -> None:
    """The columns that the script reads, record by record in the page's order."""
    data = page.data
    _same("number of records", data["count"], len(records))
    columns = {name: unpack(name, data["columns"], len(records)) for name in data["columns"]}
    wanted: dict[str, list[Any]] = {
        "kind": [[record["reason"], record["status"]] for record in records],
        "last_update": [_day(record["last_update"]) for record in records],
        "begun": [_day(record["begun"]) for record in records],
        "days_in_status": [None if (days := record["days_in_status"]) is None else int(days) for record in records],
        "row_offset": [int(record["source_row"]) - record["place"] for record in records],
        **{
            name: [record[name] for record in records]
            for name in ("days", "place", "owner", "change", "times_blocked", "source_file")
        },
    }
    _same("names of columns", sorted(columns), sorted(wanted))
    for name, values in wanted.items():
        for record, value, right in zip(records, columns[name], values, strict=True):
            _same(f"row {record['place']} of the list, {name}", value, right)
    added = {"evidence", "change", "since", "days", "times_blocked"}
    names = [f"input.{name}" if name.casefold() in added else name for name in _own_names(found)]
    _same("names of the list's own columns", [name for name, _ in data["own"]], names)
    for (name, column), own in zip(data["own"], _own_names(found), strict=True):
        _same(name, unpack("", {"": column}, len(records)), [record[own] for record in records])
    link = found.facts.presentation.customer_link
    _same("link", data["link"], link if link.startswith("http") else "")
    labels = words.REASONS | _WORDS | _CHANGES
    _same("labels", data["labels"], labels)
    _same("verdicts", (data["verdicts"], data["verdict_of"]), ([*ORDER], {r.value: r.verdict.value for r in Reason}))
    _same("advice", data["advice"], {r.value: [text.meaning, text.next_step] for r, text in REASONS.items()})
    _same("long", data["long"], [_LONG, {reason.value: next_step(reason, _LONG) for reason in Reason}])
    marks = "".join(f"-{flag.upper()}" for flag in page.flags)
    _same("owners", data["owners"], sorted({str(record["owner"]) for record in found.records if record["owner"]}))
    _same("name of the file", data["file"], f"customers-{found.facts.run_id}{marks}.csv")


def _day(time: str | None) -> int | None:
    return None if time is None else (date.fromisoformat(time[:_DAY]) - date(1970, 1, 1)) // timedelta(days=1)


def unpack(name: str, columns: dict[str, dict[str, Any]], count: int) -> list[Any]:
    """The values of a column of the JSON."""
    match columns[name]:
        case {"list": values}:
            return list(values)
        case {"words": words, "codes": codes}:
            return [words[code] for code in codes]
        case {"as": other, "but": exceptions}:
            return [exceptions.get(str(n), value) for n, value in enumerate(unpack(other, columns, count))]
        case {"steps": steps}:
            return [sum(steps[: n + 1]) for n in range(len(steps))]
        case {"each": value}:
            return [value] * count
        case _:
            raise AssertionError(f"{NAME}: its column {name} is in no form that the script knows")
