"""Numbers of a list's own columns: what a text says, and what a column adds up to. Rule: a number that is not certain is
counted, never guessed.

Taken for a number are digits with or without a sign before them (`+`, `-`, `−`), with a decimal point or a decimal comma,
with or without groups of three digits (or as in India, 12,34,567), and with one currency (a sign, or three capital
letters) before or after them: `1234.5`, `1,234.50`, `1 234,50 €`, `1'234.50`, `CHF 1’234.50`, `-$5`. Not taken for one:
`5 %`, `1e5`, `12.`, `(5.00)`, `n/a`.

`1,234` is one number with a decimal comma and another with groups. Which of the two is meant the column decides as a whole:
if at least one of its numbers can only be read with a decimal point (`0.99`, `1,234.50`) and none only with a decimal comma,
all are read so; and the other way round. Where no other number decides, or two contradict each other, such texts are
unparsed. Likewise with currencies: where a column has two, what has one of them is unparsed, for their sum means nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, Inexact
from functools import reduce

from auditor.core.model import Verdict

_BLANK = " \u00a0\u2009\u202f"
_MARK = rf"[^0-9.,'’+−{_BLANK}-]{{1,4}}"
_NUMBER = re.compile(
    rf"(?P<sign>[-+−]?)(?P<before>{_MARK})?[{_BLANK}]?(?P<inner>[-+−]?)"
    rf"(?P<digits>[0-9.,'’{_BLANK}]*[0-9])[{_BLANK}]?(?P<after>{_MARK})?"
)
_GROUPED = "[1-9][0-9]{{0,2}}(?P<by>[{by}'’{blank}])[0-9]{{3}}(?:(?P=by)[0-9]{{3}})*"
_INDIAN = "[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"
_POINT = re.compile(rf"(?:[0-9]+|{_GROUPED.format(by=',', blank=_BLANK)}|{_INDIAN})?(?:\.[0-9]+)?")
_COMMA = re.compile(rf"(?:[0-9]+|{_GROUPED.format(by='.', blank=_BLANK)})?(?:,[0-9]+)?")
_CODE = 3
_MOST = 40
"""Characters: more than any sum of money has, and few enough for a billion of them to be added exactly."""
_EXACT = Context(prec=100, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Amount:
    """What one text says.

    Attributes:
        point: the number where a decimal point is meant; None where it cannot be read so.
        comma: likewise with a decimal comma.
        currency: its mark; empty where it has none.
    """

    point: Decimal | None
    comma: Decimal | None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A column of the lists added up over the rows with one verdict. Each row adds what stands in it, whoever its
    customer is.

    Attributes:
        column: its name in the list.
        verdict: of these rows.
        owner: of these rows; empty where there is none; None where all owners' rows are meant.
        total: of the numbers in these rows.
        added: how many rows had a number.
        unparsed: how many had a text that is no number, or not certainly one number.
        empty: how many had nothing there.
        commas: whether the column is read with a decimal comma; None where nothing decides it.
        mixed: whether the column has two currencies.
    """

    column: str
    verdict: Verdict
    owner: str | None = None
    total: Decimal = Decimal(0)
    added: int = 0
    unparsed: int = 0
    empty: int = 0
    commas: bool | None = field(default=None, compare=False)
    mixed: bool = field(default=False, compare=False)

    def number(self, text: str) -> Decimal | None:
        """The number that is added for this text of the column; None where none is."""
        found = amount(text)
        if found is None or (found.currency and self.mixed):
            return None
        point = found.comma if found.point is None else found.point
        comma = found.point if found.comma is None else found.comma
        if point != comma and self.commas is None:
            return None
        return comma if self.commas else point


def amount(text: str) -> Amount | None:
    """The number that a text says, in each of the two ways to read it; None where it says none."""
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= _MOST else None
    if found is None or (found["before"] and found["after"]) or (found["sign"] and found["inner"]):
        return None
    mark = found["before"] or found["after"] or ""
    if not _is_currency(mark):
        return None
    negative = bool({found["sign"], found["inner"]} & {"-", "−"})
    point, comma = (
        _read(form, found["digits"], sign, negative=negative) for form, sign in ((_POINT, "."), (_COMMA, ","))
    )
    if point is None and comma is None:
        return None
    return Amount(point, comma, mark)


def _is_currency(mark: str) -> bool:
    letters = mark[:-1] if mark and unicodedata.category(mark[-1]) == "Sc" else mark
    if letters and not (letters.isascii() and letters.isalpha() and letters.isupper()):
        return False
    return mark != letters or len(letters) in (0, _CODE)


def _read(form: re.Pattern[str], digits: str, sign: str, *, negative: bool) -> Decimal | None:
    if not form.fullmatch(digits):
        return None
    whole, _, fraction = digits.partition(sign)
    number = Decimal("".join(filter(str.isdecimal, whole)) + "." + fraction)
    return -number if negative else number


@dataclass(slots=True)
class _Tally:
    """Some rows whose texts are alike in kind: what they add up to in each of the two ways to read them."""

    rows: int = 0
    point: Decimal = Decimal(0)
    comma: Decimal = Decimal(0)

    def add(self, point: Decimal, comma: Decimal, rows: int) -> None:
        self.rows += rows
        self.point = _EXACT.fma(point, rows, self.point)
        self.comma = _EXACT.fma(comma, rows, self.comma)


@dataclass(slots=True)
class _Rows:
    """What stands in the rows of one owner and verdict; `tallies` by (currency, whether it may be read in two ways)."""

    tallies: dict[tuple[str, bool], _Tally] = field(default_factory=dict)
    unparsed: int = 0
    empty: int = 0


@dataclass(slots=True)
class Column:
    """One column's texts, taken in a few at a time; what they add up to is known when all are in.

    Attributes:
        name: of the column.
    """

    name: str
    _rows: dict[tuple[str, Verdict], _Rows] = field(default_factory=dict)
    _points: bool = False
    _commas: bool = False
    _currencies: set[str] = field(default_factory=set)

    def add(self, owner: str, verdict: Verdict, text: str | None, rows: int = 1) -> None:
        """Takes in the text of so many rows."""
        mine = self._rows.setdefault((owner, verdict), _Rows())
        if text is None or not text.strip():
            mine.empty += rows
        elif found := amount(text):
            self._take(mine, found, rows)
        else:
            mine.unparsed += rows

    def _take(self, mine: _Rows, found: Amount, rows: int) -> None:
        point = found.comma if found.point is None else found.point
        comma = found.point if found.comma is None else found.comma
        self._points |= found.comma is None
        self._commas |= found.point is None
        self._currencies |= {found.currency} - {""}
        tally = mine.tallies.setdefault((found.currency, point != comma), _Tally())
        tally.add(point or Decimal(0), comma or Decimal(0), rows)

    def sums(self) -> Iterator[Sum]:
        """All verdicts, first of all owners together, then of each owner in alphabetical order."""
        owners = sorted({owner for owner, _ in self._rows})
        parts = [self._sum(owner, verdict) for owner in owners for verdict in Verdict]
        for verdict in Verdict:
            whole = _together(self.name, verdict, [part for part in parts if part.verdict is verdict])
            yield replace(whole, commas=self._read_by_comma, mixed=len(self._currencies) > 1)
        yield from parts

    @property
    def _read_by_comma(self) -> bool | None:
        return None if self._points == self._commas else self._commas

    def _sum(self, owner: str, verdict: Verdict) -> Sum:
        mine = self._rows.get((owner, verdict), _Rows())
        total, added, unparsed = Decimal(0), 0, mine.unparsed
        for (currency, doubtful), tally in mine.tallies.items():
            if (currency and len(self._currencies) > 1) or (doubtful and self._points == self._commas):
                unparsed += tally.rows
            else:
                added += tally.rows
                total = _EXACT.add(total, tally.comma if self._commas else tally.point)
        return Sum(
            column=self.name,
            verdict=verdict,
            owner=owner,
            total=total,
            added=added,
            unparsed=unparsed,
            empty=mine.empty,
        )


def _together(column: str, verdict: Verdict, parts: list[Sum]) -> Sum:
    return Sum(
        column=column,
        verdict=verdict,
        total=reduce(_EXACT.add, (part.total for part in parts), Decimal(0)),
        added=sum(part.added for part in parts),
        unparsed=sum(part.unparsed for part in parts),
        empty=sum(part.empty for part in parts),
    )
