"""The Summary of audit.xlsx against the ledger. Rule: every count that it shows is one that was counted from the records."""

from collections import Counter
from collections.abc import Iterable, Sequence

from auditor.core.ledger import Ledger
from auditor.core.model import Verdict
from auditor.errors import IncompleteError
from auditor.report.workbook_check.expected import plain
from auditor.report.workbook_check.read import Reader

_SUMMARY = "Summary"
_WORDS = {"Blocked": Verdict.BLOCKED, "Not verified": Verdict.UNDETERMINED, "Eligible": Verdict.ELIGIBLE}
_OWNERS = ("Account manager", *_WORDS, "Rows")
_NOBODY = "(no account manager)"


def check_summary(book: Reader, ledger: Ledger) -> None:
    """Compares the counts by verdict and by account manager.

    Raises:
        IncompleteError: one of them is another.
        ValueError: the sheet is missing or damaged.
    """
    rows = list(book.rows(_SUMMARY))
    where = f"{book.name}, {_SUMMARY}"
    counted = {word: (ledger.customers_of(verdict), ledger.rows_of(verdict)) for word, verdict in _WORDS.items()}
    begin = next((number for number, row in enumerate(rows, 1) if row[:2] == ("Verdict", "Customers")), None)
    if begin is None or begin + len(counted) > len(rows):
        raise IncompleteError(f"{where}: has no counts by verdict")
    for line, (word, counts) in enumerate(counted.items(), begin):
        found = (rows[line][0], rows[line][1], rows[line][3])
        if found != (word, *map(str, counts)):
            raise IncompleteError(f"{where}, row {line + 1}: {found}, where {word}: {counts} was counted")
    _check_owners(where, rows, ledger)


def _check_owners(where: str, rows: Sequence[tuple[str, ...]], ledger: Ledger) -> None:
    begin = next((number for number, row in enumerate(rows, 1) if row[:5] == _OWNERS), len(rows))
    found = Counter(row[:5] for row in rows[begin:])
    wanted = Counter(_owners(ledger))
    if found != wanted:
        differing = sorted((found - wanted) | (wanted - found))
        raise IncompleteError(f"{where}: the line of {differing[0][0]!r} is not what was counted")


def _owners(ledger: Ledger) -> Iterable[tuple[str, ...]]:
    counts: dict[str, dict[Verdict, int]] = {}
    for count in ledger.owners:
        counts.setdefault(count.owner or "", {})[count.verdict] = count.rows
    for owner, rows in counts.items():
        yield (
            plain(owner) or _NOBODY,
            *(str(rows.get(verdict, 0)) for verdict in _WORDS.values()),
            str(sum(rows.values())),
        )
