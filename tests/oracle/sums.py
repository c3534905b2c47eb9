"""What columns of the lists add up to, by code of its own: fractions of whole numbers instead of decimals."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from auditor.core.model import Verdict
from oracle.evidence import Evidence, own_names

_BLANKS = " \u00a0\u2009\u202f"
_SIGNS = {"-": -1, "−": -1, "+": 1}
_LONGEST = 40
_GROUP, _INDIAN_GROUP = 3, 2


class ColumnSum(NamedTuple):
    """What the summaries must say of one column, verdict and owner (None for all of them)."""

    column: str
    verdict: str
    owner: str | None
    amounts: dict[str, Fraction]
    added: int
    unparsed: int
    empty: int

    @property
    def total(self) -> Fraction:
        """The sum where there is one currency; else that of the numbers without one."""
        return next(iter(self.amounts.values())) if len(self.amounts) == 1 else self.amounts.get("", Fraction(0))


class _Number(NamedTuple):
    currency: str
    by_point: Fraction | None
    by_comma: Fraction | None


@dataclass(slots=True)
class Column:
    """A column that is added up: (owner, verdict) -> its texts."""

    name: str
    texts: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)

    def add(self, owner: str | None, verdict: str | None, text: str | None) -> None:
        """Take one row in."""
        self.texts.setdefault((owner or "", verdict or ""), []).append(text)
        if number := _number_of(text):
            self.currencies.add(number.currency)
            if None in (number.by_point, number.by_comma):
                self.forms.add("comma" if number.by_point is None else "point")

    @property
    def shown(self) -> list[str]:
        """The currencies that are added up, each by itself; numbers without one are of the only other one."""
        named = sorted(self.currencies - {""})
        return sorted(self.currencies) if len(named) > 1 else named or [""]

    def currency(self, text: str | None) -> str:
        """The currency of a text that is a number."""
        number = _number_of(text)
        return number.currency if number and len(self.shown) > 1 else self.shown[0]

    def value(self, text: str | None) -> Fraction | None:
        """What is added for a text, once all rows were taken in; None where nothing is."""
        number = _number_of(text)
        if number is None:
            return None
        first, second = number.by_point, number.by_comma
        if None not in (first, second) and first != second and len(self.forms) != 1:
            return None
        return second if first is None or (self.forms == {"comma"} and second is not None) else first

    def cell(self, text: str | None) -> float | None:
        """The number that a spreadsheet has in the place of a text; None where it stays a text, or a digit would be lost."""
        value = self.value(text)
        return None if value is None else exact_float(value)

    def sums(self) -> Iterator[ColumnSum]:
        """What the summaries must say, in no order."""
        owners = sorted({owner for owner, _ in self.texts})
        for verdict in map(str, Verdict):
            parts = [self._sum(owner, verdict) for owner in owners]
            yield from parts
            total = {one: sum((part.amounts[one] for part in parts), Fraction(0)) for one in self.shown}
            added, unparsed, empty = (
                sum(getattr(part, count) for part in parts) for count in ("added", "unparsed", "empty")
            )
            yield ColumnSum(self.name, verdict, None, total, added, unparsed, empty)

    def _sum(self, owner: str, verdict: str) -> ColumnSum:
        texts = self.texts.get((owner, verdict), [])
        given = [text for text in texts if text and text.strip()]
        values = [(self.currency(text), value) for text in given if (value := self.value(text)) is not None]
        amounts = {one: sum((value for mark, value in values if mark == one), Fraction(0)) for one in self.shown}
        rest = len(given) - len(values), len(texts) - len(given)
        return ColumnSum(self.name, verdict, owner, amounts, len(values), *rest)


def exact_float(value: Fraction) -> float | None:
    """The number as a spreadsheet holds it; None where a digit would be lost."""
    return float(value) if Fraction(repr(float(value))) == value else None


def expected_columns(evidence: Evidence) -> dict[str, Column]:
    """The columns that the run adds up, by the lists' names, in the order wanted."""
    names = own_names(evidence)
    columns = {name: Column(name) for name in evidence.facts.presentation.sums if name in names}
    for record in evidence.records:
        for name, column in columns.items():
            column.add(record["owner"], record["verdict"], record[names[name]])
    return columns


def _number_of(text: str | None) -> _Number | None:
    return _number(text) if text and text.strip() else None


@lru_cache(1 << 16)
def _number(text: str) -> _Number | None:
    text = text.strip()
    digits = [place for place, char in enumerate(text) if "0" <= char <= "9"]
    if not digits or len(text) > _LONGEST:
        return None
    begin = digits[0] - (digits[0] > 0 and text[digits[0] - 1] in ".,")
    before, core, after = text[:begin], text[begin : digits[-1] + 1], text[digits[-1] + 1 :]
    front, back = _front(before), _trimmed(after, at_end=False)
    if front is None or back is None or (front[1] and back):
        return None
    currency = front[1] or back
    if currency and not _is_mark(currency):
        return None
    point, comma = (_value(core, sign, other) for sign, other in (".,", ",."))
    if point is None and comma is None:
        return None
    sign = front[0]
    return _Number(
        "EUR" if currency == "€" else currency,
        None if point is None else sign * point,
        None if comma is None else sign * comma,
    )


def _front(text: str) -> tuple[int, str] | None:
    """(1 or -1, the mark) of what stands before the digits."""
    signs = [char for char in text if char in _SIGNS]
    if len(signs) > 1:
        return None
    if signs and text[-1] == signs[0]:
        mark = _trimmed(text[:-1], at_end=True)
    elif signs and text[0] != signs[0]:
        return None
    else:
        mark = _trimmed(text[len(signs) :], at_end=True)
    return None if mark is None else (_SIGNS[signs[0]] if signs else 1, mark)


def _trimmed(text: str, *, at_end: bool) -> str | None:
    """The text without one blank at its end, or its beginning; None where more of them stand there."""
    if text and text[-1 if at_end else 0] in _BLANKS:
        text = text[:-1] if at_end else text[1:]
    return None if set(text) & set(_BLANKS) else text


def _is_mark(text: str) -> bool:
    capitals = text.rstrip("".join(char for char in text[-1] if unicodedata.category(char) == "Sc"))
    if text != capitals and len(text) - len(capitals) > 1:
        return False
    if any(not "A" <= char <= "Z" for char in capitals):
        return False
    return len(capitals) == _GROUP if text == capitals else len(capitals) <= _GROUP


def _value(core: str, sign: str, other: str) -> Fraction | None:
    """The number, where `sign` stands before its fraction and `other` may part its groups."""
    whole, found, fraction = core.partition(sign)
    if (found and not _digits(fraction)) or not _whole(whole, other, empty=bool(found)):
        return None
    plain = "".join(char for char in whole if "0" <= char <= "9")
    return Fraction(int(plain + fraction or "0"), 10 ** len(fraction))


def _digits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isdigit()


def _whole(text: str, other: str, *, empty: bool) -> bool:
    if _digits(text) or not text:
        return bool(text) or empty
    marks = {char for char in text if not "0" <= char <= "9"}
    if len(marks) > 1 or not marks <= {other, "'", "’", *_BLANKS}:
        return False
    groups = text.split(marks.pop())
    return all(map(_digits, groups)) and groups[0][0] != "0" and _grouped(groups, indian=other == "," and "," in text)


def _grouped(groups: Sequence[str], *, indian: bool) -> bool:
    first, *middle, last = groups
    if len(last) != _GROUP:
        return False
    if len(first) <= _GROUP and all(len(group) == _GROUP for group in middle):
        return True
    return indian and bool(middle) and len(first) <= _INDIAN_GROUP and all(len(g) == _INDIAN_GROUP for g in middle)
