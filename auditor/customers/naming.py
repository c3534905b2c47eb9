"""What a column's name says of the ids in it. Rule: the name alone is judged here; `id_column` weighs it with the cells."""

import re
from enum import Enum

from auditor.customers import words
from auditor.customers.words import ID_WORDS, fold

AGAIN = re.compile(r" \(\d+\)$")
"""The ending of the second column of a name."""

_MOST_TOKENS = 6
"""Words of a header that names an id; a sentence about ids has more."""

_token = re.compile(r"[^\W\d_]+|\d+")
_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Kind(Enum):
    """Whose ids a column holds, by its name."""

    TENANT = "a customer's tenant"
    CUSTOMER = "a customer, in whatever system; or nothing but id"
    UNKNOWN = "the name does not say"
    OTHER = "something else than a customer"


def tokens_of(name: str) -> list[str]:
    """The words of a name: `customer.tenantId` and `Customer tenant ID` have the same."""
    return [fold(word) for word in _token.findall(_humps.sub(" ", name))]


def kind_of(name: str) -> Kind:
    """Whose ids a column of that name holds."""
    folded = fold(AGAIN.sub("", name)).replace("partnercenter", "microsoft")
    tokens = tokens_of(name)
    customer = _says(folded, tokens, words.CUSTOMER, words.CUSTOMER_TOKENS)
    if not customer and _says(folded, tokens, words.PARTNER, words.PARTNER_TOKENS):
        return Kind.OTHER
    tenant = max(folded.rfind(part) for part in words.TENANT)
    other = _last_other(folded, tokens)
    if tenant >= 0:
        return Kind.TENANT if tenant > other else Kind.OTHER
    if other >= 0:
        return Kind.OTHER
    if _says(folded, tokens, words.MICROSOFT, words.MICROSOFT_TOKENS):
        return Kind.TENANT
    return Kind.CUSTOMER if says_id(name) else Kind.UNKNOWN


def is_known(name: str) -> bool:
    """True where the name is one of the known names of an id column."""
    return fold(AGAIN.sub("", name)) in ID_WORDS[0]


def says_id(name: str) -> bool:
    """True where a name says that its column holds ids."""
    folded = fold(AGAIN.sub("", name))
    return folded.endswith(words.IDS) or any(token in words.IDS for token in tokens_of(name))


def names_the_id(cell: str) -> bool:
    """True where a cell may be the header of the id column, if there are ids below it."""
    # several columns in one cell are those of another delimiter
    if len(tokens_of(cell)) > _MOST_TOKENS or not says_id(cell) or any(c in ",;|\t" for c in cell):
        return False
    return kind_of(cell) in (Kind.TENANT, Kind.CUSTOMER)


def is_label(cell: str) -> bool:
    """True where a cell says what the id beside it is: "Partner tenant", "MPN ID:"."""
    tokens = tokens_of(cell)
    return bool(tokens) and (cell.rstrip().endswith(":") or all(token in words.TITLE_TOKENS for token in tokens))


def _says(folded: str, tokens: list[str], parts: tuple[str, ...], whole: frozenset[str]) -> bool:
    return any(part in folded for part in parts) or any(_bare(token) in whole for token in tokens)


def _last_other(folded: str, tokens: list[str]) -> int:
    """Where the name last says that the id is something else's; -1 where it does not."""
    parts = (folded.rfind(part) for part in words.OTHER)
    whole = (folded.rfind(_bare(token)) for token in tokens if _bare(token) in words.OTHER_TOKENS)
    return max([*parts, *whole])


def _bare(token: str) -> str:
    """`order` for `orderid`."""
    for ending in ("guid", "uuid", "ids", "id"):
        if len(token) > len(ending) and token.endswith(ending):
            return token.removesuffix(ending)
    return token
