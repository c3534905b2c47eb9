"""Numbers in texts, and what columns add up to."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.language import LANGUAGES
from auditor.core.model import Verdict
from auditor.core.results.money import Sum, add_up, format_amounts, read_number
from auditor.languages import load


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1234.5", "1234.5"), ("1,234.50", "1234.5"), ("1 234,50", "1234.5"), ("1\u00a0234\u00a0567,5", "1234567.5")),
        *(("1'234.50", "1234.5"), ("1’234’567", "1234567"), ("1.234.567", "1234567"), ("1,234,567", "1234567")),
        *(("12,34,567.00", "1234567"), ("12,5", "12.5"), ("0.125", "0.125"), ("1234.567", "1234.567"), (".5", "0.5")),
        *(("-5", "-5"), ("−5,0", "-5"), ("+5", "5"), ("  7 ", "7"), ("007", "7"), ("$1,234.50", "1234.5")),
        *(("-$5", "-5"), ("$-5", "-5"), ("1.234,50 €", "1234.5"), ("CHF 1'234.50", "1234.5"), ("10 USD", "10"), ("US$3", "3")),
    ],
)  # fmt: skip
def test_texts_that_are_numbers(text: str, number: str) -> None:
    """Each unambiguous spelling."""
    found = read_number(text)
    assert found is not None
    assert {one for one in found[:2] if one is not None} == {Decimal(number)}


@pytest.mark.parametrize(
    "text",
    [
        *("", "n/a", "-", "5 %", "5%", "1e5", "12.", "(5.00)", "1,23", "--5", "$5€", "kr 5", "USDX 5", "1..5", "1,2,3"),
        *("12,3456,789", "1 23", "1,234 567", "0,000.50", "٣", "½", "NaN", "Infinity", "0x10", "1_000", "9" * 50),
    ],
)
def test_texts_that_are_not_numbers(text: str) -> None:
    """`1,23` is a number with a decimal comma only."""
    found = read_number(text)
    assert (found[1] if found else None) == (Decimal("1.23") if text == "1,23" else None)


def _sums(texts: list[str], owner: str = "") -> Sum:
    found = add_up("Revenue", [(owner, Verdict.BLOCKED, text, 1) for text in texts])
    return next(one for one in found if one.verdict is Verdict.BLOCKED)


@pytest.mark.parametrize(
    ("texts", "total", "unparsed"),
    [
        (["1,234"], "0", 1),
        (["1,234", "0.99"], "1234.99", 0),
        (["1,234", "2,50"], "3.734", 0),
        (["1.234", "1,50"], "1235.5", 0),
        (["1,234", "0.99", "2,50"], "3.49", 1),
        (["1,234", "500"], "500", 1),
        (["1 234", "500"], "1734", 0),
        (["$5", "7"], "12", 0),
        (["$5", "€6", "7"], "7", 0),
        (["5", "", "  ", "five"], "5", 1),
    ],
)
def test_the_column_decides(texts: list[str], total: str, unparsed: int) -> None:
    """An ambiguous text is read like the other numbers of the column, or not at all."""
    found = _sums(texts)
    assert (found.total, found.unparsed) == (Decimal(total), unparsed)
    assert found.added + found.unparsed + found.empty == len(texts)


def test_each_currency_is_added_up_by_itself() -> None:
    """Also the numbers without one; where there is one currency only, they are of it. A euro sign means EUR."""
    assert _sums(["$5", "€6", "7", "EUR 1.50", "$1"]).amounts == {"": 7, "$": 6, "EUR": Decimal("7.50")}
    assert _sums(["€6", "7", "EUR 1.50"]).amounts == {"EUR": Decimal("14.50")}
    assert _sums(["6", "7"]).amounts == {"": 13}
    mixed, single = _sums(["$5", "€6", "7"]), _sums(["€6", "7"])
    assert [mixed.amount(text) for text in ("$5", "7", "n/a")] == [("$", Decimal(5)), ("", Decimal(7)), ("", None)]
    assert single.amount("7") == ("EUR", Decimal(7))


def test_amounts_for_people() -> None:
    """Each with its currency; of several, those of 0 are left out."""
    assert format_amounts({"EUR": Decimal("1200.5"), "$": Decimal(80), "CHF": Decimal(0)}) == "EUR 1,200.50 + $ 80"
    assert format_amounts({"EUR": Decimal(0)}) == "EUR 0"
    assert format_amounts({"EUR": Decimal(0), "": Decimal(0)}) == "0"


def test_sums_by_verdict_and_owner() -> None:
    """All owners first, then each in alphabetical order, all verdicts; the whole is the sum of its parts."""
    rows = [("bo", Verdict.BLOCKED, "2", 3), ("ann", Verdict.ELIGIBLE, "5", 1), ("ann", Verdict.ELIGIBLE, None, 1)]
    found = add_up("Seats", rows)
    assert [(one.owner, one.verdict) for one in found] == [(owner, v) for owner in (None, "ann", "bo") for v in Verdict]
    totals = {(one.owner, one.verdict): (one.total, one.added, one.empty) for one in found if one.added or one.empty}
    assert totals == {
        (None, Verdict.ELIGIBLE): (Decimal(5), 1, 1),
        (None, Verdict.BLOCKED): (Decimal(6), 3, 0),
        ("ann", Verdict.ELIGIBLE): (Decimal(5), 1, 1),
        ("bo", Verdict.BLOCKED): (Decimal(6), 3, 0),
    }


@given(st.lists(st.decimals(-(10**15), 10**15, places=2), max_size=20))
def test_the_sum_is_exact(numbers: list[Decimal]) -> None:
    """For many and large numbers in three spellings."""
    for form in ("{:.2f}", "{:,.2f}", "{:.2f} EUR"):
        assert _sums([form.format(number) for number in numbers]).total == sum(numbers)


@given(st.text("0123456789.,' +-$€U%\u00a0", max_size=12))
def test_any_text_is_counted_once(text: str) -> None:
    """As added, unparsed or empty; never an exception."""
    found = _sums([text])
    assert found.added + found.unparsed + found.empty == 1


@pytest.mark.parametrize("sign", ["", "-"])
def test_no_digit_of_a_long_number_is_lost(sign: str) -> None:
    """Thirty-two digits, more than Python's own context keeps; also below zero."""
    text = f"{sign}{'1234567890' * 3}.25"
    (total, *_) = add_up("Revenue", [("", Verdict.BLOCKED, text, 1), ("", Verdict.BLOCKED, f"{sign}0.50", 1)])
    assert total.number(text) == Decimal(text)
    wanted = {one.verdict: one.total for one in add_up("Revenue", [("", Verdict.BLOCKED, text, 1)])}
    assert wanted[Verdict.BLOCKED] == Decimal(text)


@pytest.mark.parametrize("code", sorted(LANGUAGES))
@pytest.mark.parametrize("currency", ["", "EUR"])
def test_long_amounts_are_shown_in_every_language(code: str, currency: str) -> None:
    """With every digit, and without an error."""
    text = load(code).money(Decimal(f"-{'1234567890' * 3}.75"), currency)
    assert "".join(one for one in text if one.isdecimal()) == f"{'1234567890' * 3}75"
