"""The languages other than English: gettext catalogues from `locale/`, and Babel's knowledge of dates and numbers."""

import gettext
from datetime import datetime
from decimal import Context, Decimal, localcontext
from functools import cache
from importlib.resources import files

from auditor.core.language import ENGLISH, Language

_DIGITS = 100
"""More than any sum of amounts has."""


@cache
def load(code: str) -> Language:
    """Load a language.

    Args:
        code: one of `core.language.LANGUAGES`; a language that this version does not have is English.
    """
    catalogue = files("auditor") / "locale" / code / "LC_MESSAGES" / "auditor.mo"
    if code == ENGLISH.code or not catalogue.is_file():
        return ENGLISH
    with catalogue.open("rb") as file:
        return _Translated(code, gettext.GNUTranslations(file))


class _Translated(Language):
    """A language with a catalogue."""

    def __init__(self, code: str, catalogue: gettext.GNUTranslations) -> None:
        from babel import Locale

        self.code = code
        self._catalogue = catalogue
        self._locale = Locale.parse(code)
        pattern = str(self._locale.date_formats["medium"].pattern)
        # Portuguese writes "23 de nov. de 2026", too long for a column
        self._short_date = str(self._locale.datetime_skeletons["yMd"].pattern) if "'" in pattern else pattern
        self.date_pattern = self._short_date.replace("y", "yyyy").replace("M", "m")

    def date(self, moment: datetime) -> str:
        from babel.dates import format_date

        return format_date(moment, "medium", self._locale)

    def short_date(self, moment: datetime) -> str:
        from babel.dates import format_date

        return format_date(moment, self._short_date, self._locale)

    def number(self, number: int) -> str:
        from babel.numbers import format_decimal

        return format_decimal(number, locale=self._locale)

    def _money(self, amount: Decimal, places: int, currency: str) -> str:
        from babel.numbers import format_currency, format_decimal

        digits = "#,##0" + ("." + "0" * places if places else "")
        # the pattern rounds in Python's own context, which fails on amounts of more than 28 digits
        with localcontext(Context(prec=_DIGITS)):
            if not currency:
                return format_decimal(amount, digits, self._locale)
            pattern = str(self._locale.currency_formats["standard"].pattern).replace("#,##0.00", digits)
            return format_currency(amount, currency, pattern, self._locale, currency_digits=False)

    def _translate(self, text: str) -> str:
        return self._catalogue.gettext(text) if text else ""

    def _translate_count(self, one: str, many: str, n: int) -> str:
        return self._catalogue.ngettext(one, many, n)
