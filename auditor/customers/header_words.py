"""What a column's name means. Only the name is judged here; `id_column` also looks at the cells.

`header_words.toml` has the words as people see them; `fold` makes them comparable.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

_SPELLED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not decompose."""


def fold(header: str) -> str:
    """Return a header for comparison, without case, accents, blanks, underscores, dashes and quotes."""
    bare = header if header.isascii() else unicodedata.normalize("NFKD", header)
    return "".join(
        c
        for c in bare.casefold().translate(_SPELLED)
        if not (c.isspace() or c in "_-\"'=*:\ufeff\u200b\u00ad" or (c > "\x7f" and unicodedata.combining(c)))
    )


def _fold_all(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(fold, words)))


_TABLES = tomllib.loads(Path(__file__).with_name("header_words.toml").read_text(encoding="utf-8"))
_PARTS = {key: _fold_all(words) for key, words in _TABLES["parts"].items()}
_WHOLE_WORDS = {key: frozenset(words) for key, words in _TABLES["whole_words"].items()}

ID_WORDS = _fold_all(_TABLES["id"])
"""Headers that are enough to name the id column."""
ROLE_WORDS = {role: tuple(map(_fold_all, groups)) for role, groups in _TABLES["roles"].items()}
"""Headers by role, the clearest group first: a later group counts only if no earlier one is found."""

_MOST_TOKENS = 6
"""Maximum number of words of a header that names an id; a sentence about ids has more."""

_repeated = re.compile(r" \(\d+\)$")
_token = re.compile(r"[^\W\d_]+|\d+")
_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Kind(Enum):
    """Whose ids a column holds, by its name."""

    TENANT = "a customer's tenant"
    CUSTOMER = "a customer, in any system; or only the word id"
    UNKNOWN = "the name does not say"
    OTHER = "something else than a customer"


def fold_name(name: str) -> str:
    """Fold a column's name, without the number that a repeated name gets."""
    return fold(_repeated.sub("", name))


def split_name(name: str) -> list[str]:
    """Split a name into words: `customer.tenantId` and `Customer tenant ID` have the same."""
    return [fold(word) for word in _token.findall(_humps.sub(" ", name))]


def classify_name(name: str) -> Kind:
    """Return whose ids a column with this name holds."""
    folded = fold_name(name).replace("partnercenter", "microsoft")
    tokens = split_name(name)
    customer = _mentions(folded, tokens, "customer")
    if not customer and _mentions(folded, tokens, "partner"):
        return Kind.OTHER
    tenant = max(folded.rfind(part) for part in _PARTS["tenant"])
    other = _find_other(folded, tokens)
    if tenant >= 0:
        return Kind.TENANT if tenant > other else Kind.OTHER
    if other >= 0:
        return Kind.OTHER
    if _mentions(folded, tokens, "microsoft"):
        return Kind.TENANT
    return Kind.CUSTOMER if says_id(name) else Kind.UNKNOWN


def is_known_id(name: str) -> bool:
    """Return True if the name is one of the known names of an id column."""
    return fold_name(name) in ID_WORDS


def says_id(name: str) -> bool:
    """Return True if a name means that its column holds ids."""
    return fold_name(name).endswith(_PARTS["ids"]) or any(token in _PARTS["ids"] for token in split_name(name))


def names_the_id(cell: str) -> bool:
    """Return True if a cell may be the header of the id column, if there are ids below it."""
    # several columns in one cell are those of another delimiter
    if len(split_name(cell)) > _MOST_TOKENS or not says_id(cell) or any(c in ",;|\t" for c in cell):
        return False
    return classify_name(cell) in (Kind.TENANT, Kind.CUSTOMER)


def is_id_header(cell: str, wanted: str | None) -> bool:
    """Return True if a cell names the id column: with the user's name for it, else with one of the known words."""
    return fold(cell) == fold(wanted) if wanted else fold(cell) in ID_WORDS


def is_label(cell: str) -> bool:
    """Return True if a cell is a label of the id beside it: "Partner tenant", "MPN ID:"."""
    tokens = split_name(cell)
    return bool(tokens) and (cell.rstrip().endswith(":") or all(token in _WHOLE_WORDS["title"] for token in tokens))


def _mentions(folded: str, tokens: list[str], key: str) -> bool:
    return any(part in folded for part in _PARTS[key]) or any(_strip_id(word) in _WHOLE_WORDS[key] for word in tokens)


def _find_other(folded: str, tokens: list[str]) -> int:
    """Return the last place at which the name says that the id is not a customer's; -1 if none does."""
    parts = (folded.rfind(part) for part in _PARTS["other"])
    whole = (folded.rfind(bare) for token in tokens if (bare := _strip_id(token)) in _WHOLE_WORDS["other"])
    return max([*parts, *whole])


def _strip_id(token: str) -> str:
    """Return `order` for `orderid`."""
    for ending in ("guid", "uuid", "ids", "id"):
        if len(token) > len(ending) and token.endswith(ending):
            return token.removesuffix(ending)
    return token
