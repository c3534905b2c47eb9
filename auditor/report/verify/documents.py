"""Workbooks and page read back with other code than wrote them: each document opens, is of this run, says whether it is complete,
and has the ids and verdicts of `results` in order.

What each other cell says is a matter of the tests, for it follows from the records alone.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import unescape
from itertools import chain, groupby, islice, zip_longest
from operator import itemgetter
from pathlib import Path

from auditor.core.language import Language
from auditor.core.model import Reason, Verdict
from auditor.core.results import VERDICTS
from auditor.errors import IncompleteError
from auditor.report import page, workbook
from auditor.report.verify.counts import Counted
from auditor.report.verify.sheets import read_sheets
from auditor.report.verify.tables import read_csv

ALL, ACTION, NOT_VERIFIED, CHANGES = "All customers", "Action needed", "Not verified", "Changes"
_STATES = {
    True: ("Complete.", "Complete, with warnings.", "The whole audit is complete"),
    False: ("INCOMPLETE", "The whole audit is INCOMPLETE"),
}
"""How the first line of a sheet begins, of a run that is complete and of one that is not."""
_LONGEST_TEXT = 32_767
"""UTF-16 units of a cell."""
_FOLDER = "by-owner"
_HIDDEN = "auditor notes"
"""The sheet by which typed notes are found; it shows no record."""
_INDEX = f"{_FOLDER}/index.csv"

_OWNER, _VERDICT = "Account manager", "Verdict"
_COLUMNS = {
    ALL: ("Customer id", _VERDICT, _OWNER),
    ACTION: ("Customer id", _OWNER),
    NOT_VERIFIED: ("Customer id", _OWNER),
    CHANGES: ("Customer id", _VERDICT),
}
"""Of each sheet that is a table, the columns that are compared, by their labels in its third row. An account manager's own workbook
does not name them.
"""
_ID, _ELIGIBLE_ID = r"<code>([^<]*)</code>", r"<tr>\s*<td>[^<]*<td>[^<]*<td>([0-9a-f-]{36})"
"""Where a row of a table of the page has the customer's id."""
_TABLES = {
    Verdict.BLOCKED: r'<table id="(?:new|blocked|old)" class="cases".*?</table>',
    Verdict.UNDETERMINED: r'<table id="undetermined".*?</table>',
    Verdict.ELIGIBLE: r'<table id="eligible".*?</table>',
}
"""The tables of the page with the customers of each verdict."""

Shown = tuple[str, ...]
"""What is compared of a row of a sheet."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What every document must say.

    Attributes:
        run: the run's folder.
        run_id: of the run.
        complete: whether it is complete.
        records: those of `results`, in order.
        changed: customer id and verdict (empty where removed) of the records of changes.csv, in order; None where there is none.
        language: of the documents.
    """

    run: Path
    run_id: str
    complete: bool
    records: list[Counted]
    changed: list[Shown] | None
    language: Language


def check_documents(expected: Expected, names: Collection[str]) -> dict[str, int]:
    """Compare every document.

    Args:
        expected: what they must say.
        names: of the files that the manifest lists.

    Returns:
        The records of each document, by its name.

    Raises:
        IncompleteError: the first document that says something else.
        OSError, ValueError, csv.Error: one of them is missing or damaged.
    """
    found: dict[str, int] = {}
    books = {name for name in names if workbook.owns(name)}
    if books:
        if workbook.NAME not in books:
            raise IncompleteError(f"{workbook.NAME}: is missing, where there are workbooks of account managers")
        found |= _check_workbooks(expected, books)
    if page.NAME in names:
        found[page.NAME] = _check_page(expected)
    return found


def _check_workbooks(expected: Expected, names: Collection[str]) -> dict[str, int]:
    """Compare audit.xlsx, and the workbooks of the account managers, which together are the whole."""
    _check_workbook(expected, workbook.NAME, expected.records, expected.changed)
    by_owner: dict[str, list[Counted]] = {}
    for one in expected.records:
        by_owner.setdefault(one.owner or "", []).append(one)
    has_owners = bool(by_owner.keys() - {""})
    files = _check_index(expected, names, by_owner) if has_owners else {}
    stray = sorted({*names} - {workbook.NAME} - {*files} - ({_INDEX} if has_owners else set()))
    if stray:
        raise IncompleteError(f"{stray[0]}: is a workbook of no account manager")
    for name, owner in files.items():
        _check_workbook(expected, name, by_owner[owner], None)
    return {
        workbook.NAME: len(expected.records),
        _INDEX: len(by_owner),
        **{name: len(by_owner[files[name]]) for name in files},
    }


def _check_index(expected: Expected, names: Collection[str], by_owner: dict[str, list[Counted]]) -> dict[str, str]:
    """Compare index.csv with the records; gives the account manager of each workbook."""
    if _INDEX not in names:
        raise IncompleteError(f"{_INDEX}: is missing, where {len(by_owner)} own rows")
    header, *lines = read_csv(expected.run / _INDEX)
    records = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    files: dict[str, str] = {}
    for owner in {*by_owner, *(record["owner"] or "" for record in records)}:
        mine = [record for record in records if (record["owner"] or "") == owner]
        verdicts = Counter(one.verdict for one in by_owner.get(owner, []))
        wanted = [verdicts.total(), *(verdicts[verdict] for verdict in Verdict)]
        counts = [[int(one[key] or 0) for key in ("rows", *Verdict)] for one in mine]
        if counts != [wanted]:
            raise IncompleteError(f"{_INDEX}, {owner!r}: {counts}, where {[wanted]} was counted")
        file = mine[0]["file"]
        if file:
            files[f"{_FOLDER}/{file}"] = owner
        elif any(_is_open(one) for one in by_owner.get(owner, [])):
            raise IncompleteError(f"{_INDEX}, {owner!r}: no file, where there must be one")
    if missing := sorted(files.keys() - {*names}):
        raise IncompleteError(f"{missing[0]}: is missing, where {_INDEX} names it")
    return files


def _is_open(one: Counted) -> bool:
    """Whether an account manager has to do something about a record."""
    return one.verdict != Verdict.ELIGIBLE and one.reason != Reason.NOT_SELECTED


def _check_workbook(expected: Expected, name: str, records: Sequence[Counted], changed: list[Shown] | None) -> None:
    """Compare one workbook with the records that it must show. Sheets are read one after the other."""
    missing = {*_COLUMNS}
    own = name != workbook.NAME
    for table, parts in groupby(_read_tables(expected, name, own=own), itemgetter(0)):
        missing.discard(table)
        found: Iterable[Shown] = chain.from_iterable(part for _, part in parts)
        if table == CHANGES:
            if changed is not None:
                _compare(f"{name}, {table}", found, changed)
            continue
        if table == ACTION:
            found = sorted(found)  # the order follows from the history
        wanted = (tuple(map(_cell_text, one)) for one in _wanted(table, records))
        _compare(f"{name}, {table}", found, (one[:-1] for one in wanted) if own else wanted)
    if missing:
        raise IncompleteError(f"{name}: has no sheet {min(missing)}")


def _wanted(table: str, records: Sequence[Counted]) -> Iterator[Shown]:
    """What a sheet must have of the records, the account manager last."""
    if table == ACTION:
        owners: dict[str, dict[str, None]] = {}
        for one in records:
            if one.verdict == Verdict.BLOCKED:
                owners.setdefault(one.shown_id, {})[one.owner or ""] = None
        # one record a customer, with all of its account managers
        yield from sorted((customer, "; ".join(filter(None, names))) for customer, names in owners.items())
        return
    for one in records:
        if table == ALL:
            yield one.shown_id, one.verdict, one.owner or ""
        elif one.verdict == Verdict.UNDETERMINED:
            yield one.shown_id, one.owner or ""


def _compare(where: str, found: Iterable[Shown], wanted: Iterable[Shown]) -> None:
    for number, (row, right) in enumerate(zip_longest(found, wanted), 1):
        if row != right:
            raise IncompleteError(f"{where}, record {number}: {row}, where {right} was expected")


def _read_tables(expected: Expected, name: str, *, own: bool) -> Iterator[tuple[str, Iterator[Shown]]]:
    """(name of a table, the cells of its rows that are compared), a sheet at a time.

    The first lines of each sheet must say which run it is, and in which state.
    """
    language, word = expected.language, "complete" if expected.complete else "incomplete"
    begins = tuple(language.text(text) for text in _STATES[expected.complete])
    names = {language.text(sheet): sheet for sheet in _COLUMNS}
    words = {language.text(one.name): verdict.value for verdict, one in VERDICTS.items()}
    for sheet, rows in read_sheets(expected.run / name):
        if sheet == _HIDDEN:
            continue
        (first,), (second,) = islice(rows, 2)
        table = names.get(re.sub(" [0-9]+$", "", sheet))
        if not first.startswith(begins):
            raise IncompleteError(f"{name}, {sheet}, row 1: {first!r}, where the run is {word}")
        if table is not None:
            if not re.search(rf"\b{re.escape(expected.run_id)}(?![\w-])", second):
                raise IncompleteError(f"{name}, {sheet}, row 2: {second!r}, where the run is {expected.run_id}")
            labels = [label for label in _COLUMNS[table] if not (own and label == _OWNER)]
            rows.choose([language.text(label) for label in labels])
            yield table, map(partial(_shown, words, _VERDICT in labels), rows)


def _shown(words: Mapping[str, str], has_verdict: bool, row: Sequence[str]) -> Shown:  # noqa: FBT001 - of a partial
    """The cells of a row that are compared; a verdict, the second, in the word of `results`."""
    if not has_verdict:
        return tuple(row)
    first, second, *others = row
    return (first, words.get(second, second), *others)


def _cell_text(text: str) -> str:
    """A text as a cell holds it: cut."""
    if text.isascii() and len(text) <= _LONGEST_TEXT:
        return text
    units = text.encode("utf-16-le")
    if len(units) > 2 * _LONGEST_TEXT:
        text = units[: 2 * (_LONGEST_TEXT - 1)].decode("utf-16-le", "ignore") + "…"
    return text


def _check_page(expected: Expected) -> int:
    """Compare the page; gives how many records it shows."""
    with (expected.run / page.NAME).open(encoding="utf-8", newline="") as file:
        text = file.read()
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
    words = unescape(title[1]).split(" · ") if title else []
    if expected.run_id not in words or (expected.language.text("INCOMPLETE") in words) == expected.complete:
        state = "complete" if expected.complete else "INCOMPLETE"
        raise IncompleteError(f"{page.NAME}: its title is {words}, where run {expected.run_id} is {state}")
    order = {reason.value: place for place, reason in enumerate(Reason)}
    whole, count, customers = len(expected.records) <= page.MOST_ROWS, 0, _one_a_customer(expected.records)
    for verdict in Verdict:
        tables = re.findall(_TABLES[verdict], text, re.DOTALL)
        pattern = _ELIGIBLE_ID if verdict is Verdict.ELIGIBLE else _ID
        shown = [unescape(one) for table in tables for one in re.findall(pattern, table)]
        mine = [one for one in customers if one.verdict == verdict]
        if verdict is Verdict.UNDETERMINED and not whole:
            mine = mine[: page.MOST_OF_VERDICT]
        mine.sort(key=lambda one: order[one.reason])
        wanted = [one.shown_id.replace("\0", "\ufffd") for one in mine]
        _check_table(f"{page.NAME}, {verdict}", verdict, shown, wanted, whole=whole)
        count += len(shown)
    return count


def _one_a_customer(records: Sequence[Counted]) -> list[Counted]:
    """The first record of each customer, and each row that belongs to none."""
    seen: set[str] = set()
    found = []
    for one in records:
        if one.reason not in (Reason.INVALID_ID, Reason.NOT_SELECTED):
            if one.shown_id in seen:
                continue
            seen.add(one.shown_id)
        found.append(one)
    return found


def _check_table(where: str, verdict: Verdict, shown: list[str], wanted: list[str], *, whole: bool) -> None:
    """Compare the ids of a table. Blocked ones are ordered by the history; a long list has only a part of each verdict."""
    if verdict is Verdict.BLOCKED:
        least = len(wanted) if whole else min(page.MOST_OF_VERDICT, len(wanted))
        if len(shown) != least or Counter(shown) - Counter(wanted):
            raise IncompleteError(f"{where}: other customers than {least} of those that are blocked")
    elif verdict is Verdict.ELIGIBLE and not whole:
        rest = iter(wanted)
        if not all(one in rest for one in shown):
            raise IncompleteError(f"{where}: customers that are not eligible, or in another order")
    else:
        _compare(where, [(one,) for one in shown], [(one,) for one in wanted])
