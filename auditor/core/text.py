"""Format counts, durations, paths and text for people: "1 row", never "1 rows"; paths are quoted for the shell."""

import shlex
import sys
import unicodedata
from datetime import UTC, datetime

from auditor.core.language import ENGLISH, Language

MINUTE = 60.0
"""Seconds."""
_HOUR = 60 * MINUTE
_ENDS = frozenset({"", ".", "!", "?", "。"})
_SHORT = 90
"""Seconds; shorter durations are given in seconds."""


def count_noun(count: int, what: str) -> str:
    """A count with its noun, in the plural unless the count is 1."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def as_sentence(text: str, language: Language = ENGLISH) -> str:
    """A remark as a sentence of its own."""
    sentence = f"{text[:1].upper()}{text[1:]}"
    return sentence if text[-1:] in _ENDS else language.text("{sentence}.", sentence=sentence)


def join_sentences(language: Language, *sentences: str) -> str:
    """Sentences of a language, one after the other; empty ones are left out."""
    joined = ""
    for one in filter(None, sentences):
        joined = language.text("{sentences} {sentence}", sentences=joined, sentence=one) if joined else one
    return joined


def describe_undetermined(count: int, rows: int, language: Language = ENGLISH) -> str:
    """Say how many of some rows are undetermined."""
    return language.count(
        "{n} of {rows} is not verified (do not treat as eligible)",
        "{n} of {rows} are not verified (do not treat as eligible)",
        count,
        rows=language.count("{n} row", "{n} rows", rows),
    )


def describe_not_verified(customers: int, all_customers: int, language: Language = ENGLISH) -> str:
    """Say how many of some customers are not verified."""
    return language.count(
        "{n} of {customers} is not verified (do not treat as eligible)",
        "{n} of {customers} are not verified (do not treat as eligible)",
        customers,
        customers=language.count("{n} customer", "{n} customers", all_customers),
    )


def describe_left_out(rows: int, language: Language = ENGLISH) -> str:
    """Say how many rows were left out by the options that select rows."""
    return language.count("{n} row was not selected", "{n} rows were not selected", rows)


def format_duration(seconds: float) -> str:
    """A rounded duration, such as `about 5 minutes`."""
    if seconds < _SHORT:
        return f"about {count_noun(max(1, round(seconds)), 'second')}"
    if seconds < 2 * _HOUR:
        return f"about {count_noun(round(seconds / MINUTE), 'minute')}"
    return f"about {seconds / _HOUR:,.1f} hours"


def format_time(moment: datetime) -> str:
    """A time as the reports write it: `2026-11-30T02:00:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def one_line(text: str, longest: int = 80) -> str:
    """A text from somebody else in one line, control characters escaped; cut if it has more characters than `longest`."""
    line = escape_controls(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def escape_controls(text: str) -> str:
    r"""Replace control characters by visible escapes: a line break by `\n`, an escape by `\x1b`."""
    if text.isprintable():
        return text
    return "".join(_escape(c) for c in text)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    # such as a no-break space
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")


def name_key(name: str) -> str:
    """What two spellings of one name have in common: letter case, Unicode form and white space do not count."""
    plain = " ".join(unicodedata.normalize("NFKC", name).split())
    return unicodedata.normalize("NFKC", plain.casefold())


def shell_quote(path: object, *, windows: bool = sys.platform == "win32") -> str:
    """Quote a path for the shell, if it needs quotes."""
    text = str(path)
    if not windows:
        return shlex.quote(text)
    return f'"{text}"' if _SPECIAL.intersection(text) else text


_SPECIAL = frozenset(" &'(),;@^`{}%$")
"""Characters with a meaning in one of the shells of Windows; no path there has a double quote."""
