"""The tiles at the top of the page: the counts of each verdict, who is new, and how much money is at risk."""

from collections import Counter
from typing import Any

from auditor.core.language import Language
from auditor.core.model import Verdict
from auditor.core.results import VERDICTS, CaseGroup, Sum, group_name, list_amounts, rows_note
from auditor.report.data import RunData
from auditor.report.page import rows
from auditor.report.page.selection import ORDER, PageSelection
from auditor.report.remarks import day_of_last_audit


def verdict_tiles(data: RunData) -> list[dict[str, Any]]:
    """The counts of each verdict, and the difference to the last audit in customers."""
    before, language = _baseline_customers(data), data.language
    return [
        {
            "verdict": verdict,
            "label": language.text(VERDICTS[verdict].name),
            "meaning": language.text(VERDICTS[verdict].meaning),
            "customers": data.ledger.customers_of(verdict),
            "rows_note": rows_note(data.ledger.customers_of(verdict), data.ledger.rows_of(verdict), language),
            "change": _difference(data.ledger.customers_of(verdict) - before[verdict.value], data),
            "sums": [
                _sum(total, language)
                for total in data.sums
                if total.verdict is verdict is not Verdict.BLOCKED and total.owner is None
            ],
        }
        for verdict in ORDER
    ]


def _difference(more: int, data: RunData) -> tuple[bool, str]:
    """Whether there is a difference to the last audit, and the sentence that says so."""
    language = data.language
    if not data.changes:
        return False, language.text("No earlier audit to compare with")
    date = day_of_last_audit(data.changes, language)
    if not more:
        return False, language.text("As many as in the last audit ({date})", date=date)
    return True, language.text("{n} since the last audit ({date})", n=language.signed(more), date=date)


def _baseline_customers(data: RunData) -> Counter[str]:
    """Customers by verdict in the baseline: those that are in the lists now, and those that were removed."""
    before: Counter[str] = Counter()
    if data.changes:
        changed = data.changes.frame
        for verdicts in (
            data.results.loc[data.results["first_row"], "verdict_before"],
            changed.loc[changed["verdict"].isna(), "verdict_before"],
        ):
            before.update({str(verdict): customers for verdict, customers in verdicts.value_counts().items()})
    return before


def new_tile(data: RunData, selection: PageSelection) -> dict[str, Any] | None:
    """The customers that are newly blocked: how many, and the names of the first; None where there is no earlier audit."""
    if data.changes is None:
        return None
    language, count = data.language, selection.groups[CaseGroup.NEW]
    found = selection.first[selection.first["group"] == CaseGroup.NEW.value]
    names = list(map(rows.customer_name, rows.case_rows(found, {}, {}, "", language)))
    if count > len(names):
        names.append(language.text("and {n} more", n=count - len(names)))
    label = group_name(CaseGroup.NEW, language, day_of_last_audit(data.changes, language))
    return {"label": label, "count": count, "names": names}


def sums_at_risk(data: RunData) -> list[dict[str, Any]]:
    """The sums of the blocked customers."""
    return [
        _sum(total, data.language) for total in data.sums if total.verdict is Verdict.BLOCKED and total.owner is None
    ]


def _sum(total: Sum, language: Language) -> dict[str, Any]:
    return {"column": total.column, "amounts": list_amounts(total.amounts, language), "unparsed": total.unparsed}
