"""Read numbers from the text of a list's own columns, and add a column up. A number that is not certain is counted, never guessed.

A number has digits with or without a sign before them (`+`, `-`, `−`), with a decimal point or a decimal comma, with or without groups
of three digits (or as in India, 12,34,567), and with one currency (a sign, or three capital letters) before or after them: `1234.5`,
`1,234.50`, `1 234,50 €`, `1'234.50`, `CHF 1’234.50`, `-$5`. Not numbers: `5 %`, `1e5`, `12.`, `(5.00)`, `n/a`.

`1,234` is one number with a decimal comma and another with groups. The column as a whole decides which: if at least one of its numbers
can be read only with a decimal point (`0.99`, `1,234.50`) and none only with a decimal comma, all are read with a point; and the other
way round. Where no other number decides, or two contradict each other, such texts are unparsed. In a column with two currencies, each
is added up by itself, and so are the numbers without a currency; where there is only one, they are taken to be of it.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact
from types import MappingProxyType

from auditor.core.language import ENGLISH, Language
from auditor.core.model import Verdict
from auditor.core.text import one_line

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
_SAME: Mapping[str, str] = MappingProxyType({"€": "EUR"})
"""Signs that mean one currency only."""
_MOST = 40
"""Characters: more than any amount of money has, and few enough to add a billion of them exactly."""
_EXACT = Context(prec=100, traps=[Inexact])

Amounts = Mapping[str, Decimal]
"""Currency, as in the list (three letters or a sign; empty where there is none; `€` is EUR) -> amount."""

_Number = tuple[Decimal | None, Decimal | None, str]
"""(with a decimal point, with a decimal comma; each None where it cannot be read so; currency, empty where there is none)"""
_Group = tuple[str, Verdict, tuple[str, bool] | str]
"""(owner, verdict, kind) of rows that are added up together; the kind is `unparsed`, `empty`, or (currency, whether the numbers differ
between decimal point and comma)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The sum of a column over the rows with one verdict; several rows of one customer all count.

    Attributes:
        column: its name in the list.
        verdict: of these rows.
        owner: of these rows; empty for rows without an owner; None for the rows of all owners.
        amounts: of the numbers in these rows, by currency; the column's currencies, in alphabetical order, 0 included. One where the
            column has one or none.
        added: number of rows with a number.
        unparsed: number of rows with a text that is no number, or not certainly one.
        empty: number of rows without a text.
        commas: whether the column is read with a decimal comma; None where nothing decides it.
    """

    column: str
    verdict: Verdict
    owner: str | None = None
    amounts: Amounts = field(default_factory=lambda: {"": Decimal(0)})
    added: int = 0
    unparsed: int = 0
    empty: int = 0
    commas: bool | None = field(default=None, compare=False)

    @property
    def mixed(self) -> bool:
        """Whether the column has several currencies, or one and numbers that may be of another."""
        return len(self.amounts) > 1

    @property
    def total(self) -> Decimal:
        """The sum of all numbers; in a column of several currencies, of those without one."""
        return self.amounts.get("", Decimal(0)) if self.mixed else next(iter(self.amounts.values()))

    def amount(self, text: str) -> tuple[str, Decimal | None]:
        """(currency, number) that this text adds to the sum; the number is None where it adds none."""
        found = read_number(text)
        if found is None:
            return "", None
        point, comma = _both(found)
        if point != comma and self.commas is None:
            return "", None
        currency = found[2] if self.mixed else next(iter(self.amounts))
        return currency, comma if self.commas else point

    def number(self, text: str) -> Decimal | None:
        """The number that this text adds to the sum; None where it adds none."""
        return self.amount(text)[1]


def read_number(text: str) -> _Number | None:
    """Read a text with a decimal point and with a decimal comma; None where it is no number."""
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
    return point, comma, _SAME.get(mark, mark)


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
    # not `-number`, which rounds to 28 digits
    return number.copy_negate() if negative else number


def _both(number: _Number) -> tuple[Decimal, Decimal]:
    """The number with a decimal point, and with a decimal comma; where only one of both can be read, it is that one twice."""
    point, comma, _ = number
    first = point if point is not None else comma or Decimal(0)
    return first, first if comma is None else comma


def add_up(column: str, texts: Iterable[tuple[str, Verdict, str | None, int]]) -> list[Sum]:
    """Add up one column of the lists.

    Args:
        column: its name.
        texts: (owner, verdict, text, number of rows); the owner is empty where there is none.

    Returns:
        A sum for each verdict, first of all owners together, then of each owner in alphabetical order.
    """
    rows: Counter[_Group] = Counter()
    points, commas = defaultdict[_Group, Decimal](Decimal), defaultdict[_Group, Decimal](Decimal)
    needs_point = needs_comma = False
    for owner, verdict, text, count in texts:
        number = read_number(text or "")
        if number is None:
            rows[owner, verdict, "unparsed" if text and text.strip() else "empty"] += count
            continue
        point, comma = _both(number)
        needs_point |= number[1] is None
        needs_comma |= number[0] is None
        group = (owner, verdict, (number[2], point != comma))
        rows[group] += count
        points[group] = _EXACT.fma(point, count, points[group])
        commas[group] = _EXACT.fma(comma, count, commas[group])
    by_comma = None if needs_point == needs_comma else needs_comma
    return _sums(column, rows, commas if by_comma else points, by_comma)


def _sums(
    column: str,
    rows: Mapping[_Group, int],
    numbers: Mapping[_Group, Decimal],
    by_comma: bool | None,  # noqa: FBT001 - three answers, not a switch
) -> list[Sum]:
    marks = sorted({kind[0] for _, _, kind in rows if isinstance(kind, tuple)})
    named = [mark for mark in marks if mark]
    # where there is one currency, numbers without any are taken to be of it
    only = (named or [""])[0] if len(named) <= 1 else None
    counts: Counter[tuple[str | None, Verdict, str]] = Counter()
    totals = defaultdict[tuple[str | None, Verdict, str], Decimal](Decimal)
    for group, count in rows.items():
        owner, verdict, kind = group
        currency = ""
        if isinstance(kind, tuple):
            currency, ambiguous = kind
            kind = "unparsed" if ambiguous and by_comma is None else "added"
        for whose in (None, owner):
            counts[whose, verdict, kind] += count
            if kind == "added":
                key = (whose, verdict, currency if only is None else only)
                totals[key] = add_exactly(totals[key], numbers[group])
    return [
        Sum(
            column=column,
            verdict=verdict,
            owner=owner,
            amounts={mark: totals[owner, verdict, mark] for mark in (marks if only is None else [only])},
            added=counts[owner, verdict, "added"],
            unparsed=counts[owner, verdict, "unparsed"],
            empty=counts[owner, verdict, "empty"],
            commas=by_comma,
        )
        for owner in (None, *sorted({owner for owner, _, _ in rows}))
        for verdict in Verdict
    ]


def add_exactly(first: Decimal, second: Decimal) -> Decimal:
    """The sum of two amounts, without a digit lost."""
    return _EXACT.add(first, second)


def list_amounts(amounts: Amounts, language: Language = ENGLISH) -> list[str]:
    """Amounts for people, each with its currency. Of several, those of 0 are left out."""
    shown = {currency: amount for currency, amount in amounts.items() if amount} if len(amounts) > 1 else amounts
    return [language.money(amount, currency) for currency, amount in shown.items()] or [language.number(0)]


def format_amounts(amounts: Amounts, language: Language = ENGLISH) -> str:
    """The same in one line: `EUR 1,200 + USD 80`."""
    return " + ".join(list_amounts(amounts, language))


def format_total(amounts: Amounts, unparsed: int, language: Language = ENGLISH) -> str:
    """Format a sum for people, with its rows that could not be read."""
    amount = format_amounts(amounts, language)
    return f"{amount} ({describe_unparsed(unparsed, language)})" if unparsed else amount


def describe_unparsed(rows: int, language: Language) -> str:
    """How many rows have a text that is no number."""
    return language.count("{n} row without a readable number", "{n} rows without a readable number", rows)


def describe_at_risk(one: Sum, language: Language) -> str:
    """The sum of the blocked rows, in one line."""
    total = format_total(one.amounts, one.unparsed, language)
    return language.text("At risk, {column} of blocked customers: {total}", column=one_line(one.column), total=total)
