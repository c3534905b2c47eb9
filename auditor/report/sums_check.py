"""What columns of the lists add up to, worked out once more. Rule: no code of those who added them up; fractions of whole
numbers instead of decimals.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from auditor.core.model import Verdict
from auditor.core.run_facts import RunFacts
from auditor.report.schema import own_names, results_schema
from auditor.report.written import Cells

_BLANKS = " \u00a0\u2009\u202f"
_SIGNS = {"-": -1, "−": -1, "+": 1}
_LONGEST = 40
_GROUP, _INDIAN_GROUP = 3, 2


class Told(NamedTuple):
    """What the summaries must say of one column, verdict and owner (None for all of them)."""

    column: str
    verdict: str
    owner: str | None
    total: Fraction
    added: int
    unparsed: int
    empty: int


class _Number(NamedTuple):
    currency: str
    by_point: Fraction | None
    by_comma: Fraction | None


@dataclass(slots=True)
class _Column:
    """The rows so far: (owner, verdict) -> what was read there -> how many rows."""

    read: dict[tuple[str, str], dict[str, "list[Fraction | int]"]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)

    def take(self, key: tuple[str, str], text: str | None) -> None:
        here = self.read.setdefault(key, {})
        number = _number(text) if text and text.strip() else None
        kind = "empty" if not (text and text.strip()) else "none" if number is None else _kind(number)
        entry = here.setdefault(kind, [0, Fraction(0), Fraction(0)])
        entry[0] += 1
        if number is not None:
            point, comma = number.by_point, number.by_comma
            self.currencies |= {number.currency} - {""}
            self.forms |= {"comma"} if point is None else {"point"} if comma is None else set()
            entry[1] += comma if point is None else point  # type: ignore[operator] # one of the two is there
            entry[2] += point if comma is None else comma  # type: ignore[operator] # likewise

    def number(self, text: str | None) -> str | None:
        """What is added for a text, as a workbook's reader gives it; None where nothing is, or a cell cannot hold it."""
        number = _number(text) if text and text.strip() else None
        if number is None:
            return None
        doubtful = number.by_point is not None and number.by_comma is not None and number.by_point != number.by_comma
        if (doubtful and len(self.forms) != 1) or (number.currency and len(self.currencies) > 1):
            return None
        first, second = number.by_point, number.by_comma
        value = second if first is None or (self.forms == {"comma"} and second is not None) else first
        held = float(value or 0)
        if Fraction(repr(held)) != value:
            return None
        return str(int(held)) if held.is_integer() else repr(held)

    def told(self, name: str) -> Iterator[Told]:
        for owner in {owner for owner, _ in self.read}:
            for verdict in Verdict:
                yield Told(name, str(verdict), owner, *self._counts(owner, str(verdict)))

    def _counts(self, owner: str, verdict: str) -> tuple[Fraction, int, int, int]:
        total, added, unparsed, empty = Fraction(0), 0, 0, 0
        for kind, (rows, point, comma) in self.read.get((owner, verdict), {}).items():
            currency, _, doubt = kind.partition("?")
            if kind == "empty":
                empty = int(rows)
            elif kind == "none" or (currency != "=" and len(self.currencies) > 1) or (doubt and len(self.forms) != 1):
                unparsed += int(rows)
            else:
                added += int(rows)
                total += comma if self.forms == {"comma"} else point
        return total, added, unparsed, empty


class Adding:
    """Takes in a run's records, a row at a time."""

    def __init__(self, facts: RunFacts) -> None:
        header = results_schema(facts.columns).names
        names = own_names(facts.columns)
        self._columns = {name: _Column() for name in facts.presentation.sums if name in names}
        self._places = {name: header.index(names[name]) for name in self._columns}
        self.numbers = {names[name]: column.number for name, column in self._columns.items()}
        """What a cell of `results` shows as a number, by its column; once all records were taken in."""
        self._owner, self._verdict = header.index("owner"), header.index("verdict")

    def take(self, cells: Cells) -> None:
        """Takes in one record of `results`."""
        for name, column in self._columns.items():
            column.take((cells[self._owner] or "", cells[self._verdict] or ""), cells[self._places[name]])

    def told(self) -> list[Told]:
        """What the summaries must say, in no order."""
        found: list[Told] = []
        for name, column in self._columns.items():
            parts = list(column.told(name))
            for verdict in map(str, Verdict):
                mine = [part[3:] for part in parts if part.verdict == verdict]
                sums = [sum(values) for values in zip((Fraction(0), 0, 0, 0), *mine, strict=True)]
                found.append(Told(name, verdict, None, Fraction(sums[0]), *map(int, sums[1:])))
            found += parts
        return found


def _kind(number: _Number) -> str:
    """`=` or its currency; with a `?` and more where it can be read in two ways."""
    doubtful = None not in (number.by_point, number.by_comma) and number.by_point != number.by_comma
    return (number.currency or "=") + ("?!" if doubtful else "")


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
    return _Number(currency, None if point is None else sign * point, None if comma is None else sign * comma)


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
