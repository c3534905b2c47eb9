"""The language of texts for people: messages, counts, dates, numbers and money. `Language` is English; `auditor.languages` loads the others.

A message in the code is its English text and, at the same time, the key of its translations. A message is marked where it is
written: by `language.text("…")` and `language.count("…", "…", n)`, or by `message("…")` where it is translated later, as
`language.text(label)`. `tests/tools/messages.py` collects the marked messages.
"""

from datetime import datetime
from decimal import Decimal

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "ja")
"""Codes (ISO 639-1) of the languages of workbooks, page, mails and notifications."""


def message(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


class Language:
    """English, and what every language can do.

    A value of a message is in braces: `language.text("{n} of {total}", n=3, total=4)`. Whole numbers are formatted; every other
    value is put in as it is.

    Attributes:
        code: ISO 639-1.
        date_pattern: of a date in a spreadsheet.
    """

    code = "en"
    date_pattern = "yyyy-mm-dd"

    def text(self, text: str, **values: object) -> str:
        """A message in this language; in English where it has no translation."""
        return self._fill(self._translate(text), values)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The form of a message that belongs to a count, which is `{n}` in it."""
        return self._fill(self._translate_count(one, many, n), {**values, "n": n})

    def date(self, moment: datetime) -> str:
        """A day in a sentence, in the time zone of `moment`: `23 Nov 2026`."""
        return f"{moment.day} {moment:%b %Y}"

    def short_date(self, moment: datetime) -> str:
        """A day in a table: `2026-11-23`."""
        return f"{moment:%Y-%m-%d}"

    def time(self, moment: datetime, zone: str = "UTC") -> str:
        """A time with the name of its zone: `2026-11-23 02:00 UTC`."""
        return f"{self.short_date(moment)} {moment:%H:%M} {zone}"

    def number(self, number: int) -> str:
        """A whole number with its digits in groups."""
        return f"{number:,}"

    def signed(self, number: int) -> str:
        """A difference: with its sign, unless it is 0."""
        return f"{'+' if number > 0 else '−' if number else ''}{self.number(abs(number))}"

    def money(self, amount: Decimal, currency: str = "") -> str:
        """An amount with two decimals, or none; more are shown as they are.

        Args:
            amount: exact.
            currency: three letters (ISO 4217); empty where it is not known.
        """
        exponent = amount.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        return self._money(amount, 2 if places == 1 else places, currency)

    def _money(self, amount: Decimal, places: int, currency: str) -> str:
        return f"{currency} {amount:,.{places}f}".lstrip()

    def _translate(self, text: str) -> str:
        return text

    def _translate_count(self, one: str, many: str, n: int) -> str:
        return one if n == 1 else many

    def _fill(self, text: str, values: dict[str, object]) -> str:
        if not values:
            return text
        # True is no number for people
        shown = {
            name: self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in values.items()
        }
        return text.format_map(shown)


ENGLISH = Language()
"""For what is always English: the terminal, and files for programs."""
