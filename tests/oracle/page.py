"""What report.html must say, and in which order: worked out from the run's rows and journal, and from the CSV files beside it.

changes.csv, summary.csv and summary.json have oracles of their own; what the page says of changes, sums and the state of the
run is compared with them.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, available_timezones

from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import Change
from auditor.core.results.ledger import counts_as_complete
from auditor.core.results.words import LONG_NOTE, REASONS, UNDER_REVIEW, VERDICTS, next_step
from oracle import evidence, words
from oracle.evidence import Evidence, Record
from oracle.page_markup import Element, Page, cells

NAME = "report.html"
ORDER = ("blocked", "undetermined", "eligible")
_WORDS, _CHANGES = words.VERDICTS, words.CHANGES
_MORE = "More about account verification"
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
    records = _records(found, changed or [])
    shown = _selected(records, most_rows, most_of_verdict)
    _check_head(page, found)
    _check_cards(page, found)
    _check_owners(page, found)
    _check_ages(page, records)
    _check_changes(page, found, changed, most_changes)
    _check_steps(page, records)
    _check_blocked(page, found, shown["blocked"])
    _check_groups(page, records, shown)
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


def _selected(records: list[Shown], most_rows: int, most_of_verdict: int) -> dict[str, list[Shown]]:
    """The records of each verdict that the page shows, in its order."""
    of = {verdict: [record for record in records if record["verdict"] == verdict] for verdict in ORDER}
    of["blocked"].sort(key=lambda record: -1 if record["days"] is None else record["days"], reverse=True)
    if len(records) > most_rows:
        of["eligible"] = [record for record in of["eligible"] if record["change"]]
        of = {verdict: part[:most_of_verdict] for verdict, part in of.items()}
    reasons = [reason.value for reason in Reason]
    for verdict in ("undetermined", "eligible"):
        of[verdict].sort(key=lambda record: reasons.index(record["reason"]))
    return of


# ---- what the page says of the run as a whole ----


def _check_head(page: Page, found: Evidence) -> None:
    facts, is_complete = found.facts, counts_as_complete(found.ledger, found.facts)
    flags = [*(() if is_complete else ("incomplete",)), *(("simulated",) if facts.simulated else ())]
    _same("class", page.flags, flags)
    _same("title", page.title, " · ".join([*map(str.upper, flags), "Partner Center audit", facts.run_id]))
    _same("list warnings", page.list_warnings(), [_html(warning.sentence) for warning in facts.list_warnings])
    remark = json.loads((found.run / "summary.json").read_text(encoding="utf-8"))["note"].partition(": ")[2]
    remark = f"{remark[:1].upper()}{remark[1:]}" if remark else ""
    first = ("bad", "Incomplete.") if not is_complete else ("warn", "Complete, with warnings.")
    if is_complete and not remark:
        first, remark = ("good", "Complete."), "Every row of the list has a verdict."
    banners = [
        (element.attributes["class"], element.one("strong").text, element.text.partition(" ")[2])
        for element in page.root.all("p")
        if element.attributes.get("class", "").startswith("banner") and element.all("strong")
    ]
    kind, word = first
    simulated = "These are invented customers and answers; nothing here is about anybody real."
    wanted = [(f"banner {kind}", word, f"{word} {_sentence(_html(remark))}".partition(" ")[2])]
    wanted += [("banner warn", "Simulated.", simulated)] if facts.simulated else []
    _same("banners", banners, wanted)
    (header,) = page.root.all("header")
    times = [element.words for element in header.all("time", "span")]
    _same("times and run", times, [*_times(found), " ".join(_html(facts.run_id).split())])
    rows, customers = _count(facts.rows, "row"), _count(facts.customers, "customer")
    start = f"Partner Center validation status of {customers} in {rows} of"
    if not header.words.partition("cannot ")[2].startswith(start):
        raise AssertionError(f"{NAME}, header: {header.words!r}, where {start!r} was expected")
    lists = [element.text for element in header.all("b")]
    _same("lists", lists, [_html(", ".join(facts.lists))] if facts.lists else [])


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
    """Customers, rows, the difference to the baseline and the sums of each verdict."""
    before = Counter(record["verdict"] for record in found.previous.values())
    sums = list(evidence.csv_records(found.run / "summary.csv"))
    for card, verdict in zip(page.root.one(class_="cards").all("div")[1:], ORDER, strict=True):
        mine = [place for place, record in enumerate(found.records) if record["verdict"] == verdict]
        customers, rows = sum(found.first[place] for place in mine), len(mine)
        figures = {element.attributes["class"]: element.attributes["value"] for element in card.all("data")}
        _same(f"card {verdict}", card.attributes["class"], f"card {verdict}")
        _same(f"{verdict} heading", card.one("h3").text, _WORDS[verdict])
        _same(f"{verdict} figures", figures, {"customers": str(customers), "rows": str(rows)})
        shown = [f"{customers:,}", _count(rows, "row")]
        _same(f"{verdict} figures as text", [element.text for element in card.all("data")], shown)
        change, baseline = "No earlier audit to compare with", found.facts.baseline
        if baseline and (found.run / "changes.csv").exists():
            more, last = customers - before[verdict], f"the last audit ({words.day(baseline.started_at)})"
            change = f"{more:+,} since {last}".replace("-", "−", 1) if more else f"As many as in {last}"
        meaning = f"{_count(rows, 'row')} of the list. {VERDICTS[Verdict(verdict)].meaning}"
        totals = [one for one in sums if one["scope"] == "sum" and one["verdict"] == verdict]
        wanted = [f"{customers:,} customer{'' if customers == 1 else 's'}", change, meaning, *map(_total, totals)]
        _same(f"{verdict} texts", [element.words for element in card.all("p")], wanted)


def _total(line: Record) -> str:
    unparsed = int(line["unparsed"] or 0)
    note = f" ({_count(unparsed, 'row')} without a readable number)" if unparsed else ""
    return " ".join(f"{_amount(line)} {_html(line['column'])}{note}".split())


def _amount(line: Record) -> str:
    whole, point, decimals = str(line["total"]).partition(".")
    decimals = decimals.ljust(2, "0") if point else ""
    return f"{int(whole):,}{point}{decimals}" if int(whole) or not whole.startswith("-") else f"-0{point}{decimals}"


# ---- the charts ----


def _check_owners(page: Page, found: Evidence) -> None:
    """Rows by account manager and verdict, most blocked first; bars as long as their counts."""
    rows: dict[str, Counter[str | None]] = {}
    for record in found.records:
        rows.setdefault(record["owner"] or "", Counter())[record["verdict"]] += 1
    counts = {owner: [of[verdict] for verdict in ORDER] for owner, of in rows.items()}
    owners = sorted(counts, key=lambda owner: ([-count for count in counts[owner]], owner))
    alone = owners if len(owners) <= _OWNERS + 1 else owners[:_OWNERS]
    lines = [(_html(owner) or "Unassigned", counts[owner], _html(owner)) for owner in alone]
    if rest := owners[len(alone) :]:
        together = [sum(counts[owner][place] for owner in rest) for place in range(len(ORDER))]
        lines.append((f"{len(rest)} {'other' if len(rest) == 1 else 'others'}", together, ""))
    table = page.root.one("table", id="owners")
    _same("heads of the chart", [head.words for head in table.all("th", class_="n")], [_WORDS[v] for v in ORDER])
    _same("chart of owners", [_bar(row) for row in page.rows("owners")], _bars(lines, ORDER))
    sums = [one for one in evidence.csv_records(found.run / "summary.csv") if one["scope"] == "sum_owner"]
    columns = list(dict.fromkeys(one["column"] for one in sums))
    totals = {(one["owner"] or "", one["verdict"], one["column"]): _amount(one) for one in sums}
    wanted = []
    for owner in owners if columns or rest else []:
        of = [[f"{counts[owner][n]:,}", *(totals[owner, v, column] for column in columns)] for n, v in enumerate(ORDER)]
        wanted.append([_html(owner) or "Unassigned", *(text for texts in of for text in texts)])
    _same("account managers", [cells(row) for row in page.rows("managers")], wanted)


def _check_ages(page: Page, records: list[Shown]) -> None:
    """Rows under review by the days since it began, whether the page shows them or not."""
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


def _check_steps(page: Page, records: list[Shown]) -> None:
    """What each blocking reason means, and what to do."""
    counts = Counter(record["reason"] for record in records)
    reasons = [reason for reason in Reason if reason.verdict is Verdict.BLOCKED and counts[reason.value]]
    wanted = []
    for reason in reasons:
        long = f" {LONG_NOTE.format(days=_LONG)}" if reason is Reason.UNDER_REVIEW else ""
        texts = (
            words.REASONS[reason],
            _count(counts[reason], "row"),
            REASONS[reason].meaning,
            REASONS[reason].next_step,
        )
        wanted.append("{} {}{}Next step. {}{}".format(*texts, long))
    section = page.root.one("section", id="action")
    found = [step.words for steps in section.all(class_="steps") for step in steps.all("div")[1:]]
    _same("steps", found, wanted)
    first = section.all("p")[0].words
    if not reasons:
        none = (
            "Nobody is known to be blocked, but the run is incomplete."
            if "incomplete" in page.flags
            else "Nobody is blocked."
        )
        _same("nobody", first, none)
    else:
        _same("rule", first, f"{UNDER_REVIEW} {_MORE}")


def _check_blocked(page: Page, found: Evidence, records: list[Shown]) -> None:
    """Each row of what needs action, longest blocked first."""
    names = dict(zip(_own_names(found), found.facts.columns, strict=True))
    texts = {name: {record[name] for record in records} for name in names}
    common = {name: next(iter(values)) for name, values in texts.items() if len(values) == 1 and len(records) > 1}
    varied = [name for name in names if name not in common]
    wanted = []
    for record in records:
        days, times, reason = record["days"], record["times_blocked"] or 0, record["reason"]
        long = reason == "under_review" and int(record["days_in_status"] or 0) >= _LONG
        since = (record["begun"] or "")[:_DAY] + (f" blocked {times:,} times" if times > 1 else "")
        row = [
            *(_html(record[name]) for name in ("company_name", "domain", "customer_id", "owner")),
            *(words.REASONS[reason], since, "" if days is None else f"{days:,}", (record["last_update"] or "")[:_DAY]),
            words.LONG_STEP if long else words.STEPS[reason],
        ]
        own = " · ".join(f"{_html(names[name])}: {_html(record[name])}" for name in varied if record[name])
        wanted.append([*row, *([own] if varied else [])])
    _same_rows("blocked", page.records("blocked"), wanted, records)
    links = [[a.attributes["href"] for a in row.all("a")] for row in page.rows("blocked")]
    _same("links", links, [_links(found.facts.presentation.customer_link, record) for record in records])
    if records:
        said = " · ".join(f"{_html(names[name])}: {_html(text)}" for name, text in common.items() if text)
        caption = "Blocked customers, longest first" + (f". In every row: {said}" if said else "")
        _same("caption", page.root.one("table", id="blocked").one("caption").text, caption)


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


def _check_groups(page: Page, records: list[Shown], shown: dict[str, list[Shown]]) -> None:
    """The tables of what is not verified and of what is eligible: by reason, each in the list's order."""
    counts = Counter(record["reason"] for record in records)
    every = [record for verdict in ORDER for record in shown[verdict]]
    one_list = len({record["source_file"] for record in every}) == 1
    as_row = {"undetermined": lambda record: _unverified(record, one_list=one_list), "eligible": _customer}
    for verdict, cells_of in as_row.items():
        wanted = [cells_of(record) for record in shown[verdict]]
        _same_rows(verdict, page.records(verdict), wanted, shown[verdict])
        headings = [row.words for row in page.rows(verdict) if row.attributes.get("class") == "g"]
        groups = [reason for reason, _ in groupby(record["reason"] for record in shown[verdict])]
        _same(f"headings of {verdict}", headings, [_heading(verdict, reason, counts[reason]) for reason in groups])
    # a heading stands before its records
    order = [row.words if row.attributes.get("class") == "g" else "" for row in page.rows("undetermined")]
    lengths = [len(list(group)) for _, group in groupby(record["reason"] for record in shown["undetermined"])]
    places = [place for place, words in enumerate(order) if words]
    _same("places of headings", places, [sum(lengths[:n]) + n for n in range(len(lengths))])


def _heading(verdict: str, reason: str, count: int) -> str:
    advice = REASONS[Reason(reason)]
    step = f" {advice.next_step}" if verdict == "undetermined" else ""
    return f"{words.REASONS[reason]}: {count:,} {advice.meaning}{step}"


def _unverified(record: Shown, *, one_list: bool) -> list[str]:
    http = [f"HTTP {record['http_status']}"] if record["http_status"] else []
    texts = [_html(record[name]) for name in ("error_code", "error_name", "error_message") if record[name]]
    row = [_html(record[name]) for name in ("owner", "status")]
    where = "" if one_list else f"{_html(record['source_file'])}, "
    last = (", ".join([*http, *texts]), _html(record["request_id"]), f"{where}{record['source_row']}")
    return [*_customer(record), *row, *last]


def _customer(record: Shown) -> list[str]:
    """Name, domain and id; in the place of an id that is none, the list's own text."""
    identity = record["customer_id"] if record["customer_id"] is not None else record["raw_id"]
    return [_html(record["company_name"]), _html(record["domain"]), _html(identity)]


def _check_left_out(page: Page, records: list[Shown], shown: dict[str, list[Shown]]) -> None:
    """The page says what it leaves out."""
    state = {"blocked": "blocked", "undetermined": "not verified", "eligible": "not blocked"}
    which = {
        "blocked": "the {:,} that are blocked longest.",
        "undetermined": "the first {:,}, in the list’s order.",
        "eligible": "the {:,} for which something changed since the last audit.",
    }
    for verdict, section in zip(ORDER, ("action", "unknown", "all"), strict=True):
        there, here = sum(record["verdict"] == verdict for record in records), len(shown[verdict])
        texts = [element.text for element in page.root.one("section", id=section).all("p")]
        found = [text for text in texts if text.startswith("The list is too long")]
        which_of = which[verdict].format(here)
        text = f"The list is too long for one page. Of its {there:,} rows that are {state[verdict]} this page has {which_of}"
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
