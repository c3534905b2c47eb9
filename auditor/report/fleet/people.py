"""What the documents of a round say of its partners: blocked customers in the order of `report.cases`, rows that are not verified, money.

At most MOST_ROWS of each verdict are kept, so that memory does not grow with the fleet; the documents say how many more there are.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from auditor.core.language import ENGLISH, Language
from auditor.core.model import Verdict
from auditor.core.results import Amounts, CaseGroup, Sum, add_exactly, group_name
from auditor.report.cases import amount_columns, in_order, list_cases
from auditor.report.data import RunData
from auditor.report.fleet.tables import CSV, PARTNER
from auditor.report.remarks import day_of_last_audit
from auditor.report.schema import FIXED, TEXT

MOST_ROWS = 200_000
_OF_CASES = ("group", "group_name", "blocked_since", "days_blocked", "times_blocked", "amounts")
_NAMES = (PARTNER.name, *(one.name for one in FIXED), *_OF_CASES)


@dataclass(frozen=True, slots=True)
class PartnerForPeople:
    """A partner as the documents show it, where its run is taken.

    Attributes:
        new: number of its customers that are newly blocked; None where there is no earlier audit.
        at_risk: the sums of its blocked rows.
        has_page: whether its run has a page of its own.
    """

    new: int | None
    at_risk: tuple[Sum, ...]
    has_page: bool


@dataclass(slots=True)
class RowsForPeople:
    """The rows that the documents show, while they are collected.

    Attributes:
        language: of the documents.
        partners: by name, those whose run is taken.
        notes: partner -> what is to be said of it, in this language.
        parts: verdict -> the records of each partner: of blocked customers as of `list_cases`, with `partner`, `group_name` (with the day
            of the partner's last audit) and `amounts` (column that is added up -> `Amounts`); rows that are not verified as in `results`.
        groups: number of blocked customers in each `CaseGroup`, those that are not kept as well.
        found: number of records of each verdict, those that are not kept as well.
    """

    language: Language = ENGLISH
    partners: dict[str, PartnerForPeople] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    groups: Counter[str] = field(default_factory=Counter)
    parts: dict[Verdict, list[pd.DataFrame]] = field(
        default_factory=lambda: {Verdict.BLOCKED: [], Verdict.UNDETERMINED: []}
    )
    found: Counter[Verdict] = field(default_factory=Counter)

    def add(self, partner: str, data: RunData, *, has_page: bool) -> None:
        """Take the customers of one partner."""
        cases = list_cases(data)
        self.groups.update(cases["group"])
        new = int((cases["group"] == CaseGroup.NEW).sum()) if data.changes else None
        at_risk = tuple(one for one in data.sums if one.verdict is Verdict.BLOCKED and one.owner is None)
        self.partners[partner] = PartnerForPeople(new, at_risk, has_page)
        since = day_of_last_audit(data.changes, self.language) if data.changes else ""
        groups = {group.value: group_name(group, self.language, since) for group in CaseGroup}
        money = amount_columns(data)
        amounts = cases[[*money.values()]].set_axis([*money], axis=1).to_dict("records")
        self._keep(
            Verdict.BLOCKED,
            partner,
            cases.assign(group_name=cases["group"].map(groups), amounts=pd.Series(amounts, cases.index, dtype=object)),
        )
        self._keep(Verdict.UNDETERMINED, partner, data.results[data.results["verdict"] == Verdict.UNDETERMINED.value])

    def _keep(self, verdict: Verdict, partner: str, found: pd.DataFrame) -> None:
        kept = found.head(MOST_ROWS - sum(map(len, self.parts[verdict])))
        self.found[verdict] += len(found)
        if len(kept):
            texts = {name: kept[name].astype(TEXT) for name in ("verdict", "status", "reason")}
            named = kept.assign(**texts, **{PARTNER.name: pd.Series(partner, index=kept.index, dtype=TEXT)})
            self.parts[verdict].append(named[[name for name in _NAMES if name in named]])

    def of(self, verdict: Verdict) -> pd.DataFrame:
        """The records of a verdict: blocked customers in the order of `report.cases`, others in the order of the partners."""
        if not self.parts[verdict]:
            return _NONE
        found = pd.concat(self.parts[verdict], ignore_index=True)
        if verdict is Verdict.BLOCKED:
            found = in_order(found, [next(iter(amounts.values()), {}) for amounts in found["amounts"]])
        return found

    @property
    def new(self) -> int | None:
        """Number of newly blocked customers of all partners with an earlier audit; None where there is no such partner."""
        known = [partner.new for partner in self.partners.values() if partner.new is not None]
        return sum(known) if known else None

    def at_risk(self) -> dict[str, tuple[Amounts, int]]:
        """The sums of all partners, as of `add_at_risk`."""
        return add_at_risk(one for partner in self.partners.values() for one in partner.at_risk)

    def describe_none(self, verdict: Verdict, *, complete: bool) -> str:
        """The sentence where no record has a verdict; of an incomplete round, it says so."""
        text = self.language.text
        if verdict is Verdict.BLOCKED:
            unknown = text("Nobody is known to be blocked, but the run is incomplete.")
            return text("Nobody is blocked.") if complete else unknown
        unknown = text("Every row that is known has a verdict, but the audit is incomplete.")
        return text("Every customer has a verdict.") if complete else unknown

    def describe_left_out(self, verdict: Verdict, shown: int) -> str:
        """How many records of a verdict the documents leave out, where `shown` of them are shown; empty where none."""
        one, many = "{n} more is in {file} and not here.", "{n} more are in {file} and not here."
        missing = self.found[verdict] - shown
        return self.language.count(one, many, missing, file=CSV) if missing else ""


_NONE = pd.DataFrame({name: pd.Series(dtype=TEXT) for name in _NAMES})


def add_at_risk(sums: Iterable[Sum]) -> dict[str, tuple[Amounts, int]]:
    """Add up the sums of several partners: column -> (amounts, number of rows whose text is no number)."""
    found: dict[str, tuple[dict[str, Decimal], int]] = {}
    for one in sums:
        amounts, unparsed = found.get(one.column, ({}, 0))
        for currency, amount in one.amounts.items():
            amounts[currency] = add_exactly(amounts.get(currency, Decimal(0)), amount)
        found[one.column] = amounts, unparsed + one.unparsed
    return {**found}
