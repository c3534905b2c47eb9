"""Kinds and scenario: pure, seeded, complete."""

import random
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.simulator import DEFAULT_WEIGHTS, KINDS, Question, Scenario, covering_seed

IDS = [str(uuid.UUID(int=random.Random(each).getrandbits(128), version=4)) for each in range(2000)]
LISTED = IDS[:39]
GUIDS = st.uuids(version=4).map(str)


@given(GUIDS, st.integers(0, 1000), st.integers(1, 5))
def test_same_question_has_same_answer(customer_id: str, seed: int, attempt: int) -> None:
    """Two scenarios with the same seed give the same replies, for any earlier requests."""
    first, second = Scenario(seed=seed), Scenario(seed=seed)
    second.reply(customer_id, 1)
    assert first.reply(customer_id, attempt) == second.reply(customer_id, attempt)


@given(GUIDS)
def test_case_of_the_id_does_not_matter(customer_id: str) -> None:
    """A customer is the same one in upper case."""
    scenario = Scenario(seed=3)
    assert scenario.kind_of(customer_id) == scenario.kind_of(customer_id.upper())
    assert scenario.changed_at(customer_id) == scenario.changed_at(customer_id.upper())


def test_seeds_differ() -> None:
    """Another seed assigns other kinds."""
    one, two = Scenario(seed=1), Scenario(seed=2)
    assert [one.kind_of(each) for each in IDS] != [two.kind_of(each) for each in IDS]


def test_every_kind_occurs_in_two_thousand() -> None:
    """A seed is found at which no kind is missing from a list of 2,000, and it is the smallest."""
    seed = covering_seed(IDS)
    assert all(Scenario(seed=seed).count_kinds(IDS).values())
    assert all(not all(Scenario(seed=each).count_kinds(IDS).values()) for each in range(seed))


def test_short_list_cannot_hold_every_kind() -> None:
    """A list with fewer customers than kinds is refused."""
    with pytest.raises(ValueError, match="list of 3 customers"):
        covering_seed(IDS[:3], tries=2)


def test_default_mix_is_plausible() -> None:
    """About seven in ten are allowed in the end, one in twelve is under review, one in ten has no account status."""
    counts = Scenario(seed=0).count_kinds(IDS)
    allowed = sum(count for kind, count in counts.items() if kind.startswith("allowed") or KINDS[kind].lasts)
    assert 0.65 < allowed / len(IDS) < 0.78
    assert 0.05 < counts["under_review"] / len(IDS) < 0.10
    assert 0.07 < sum(counts[kind] for kind in counts if kind.startswith("no_account_status")) / len(IDS) < 0.13


def test_every_kind_has_a_description_and_a_weight() -> None:
    """Every kind has a description and a weight."""
    assert all(kind.description and kind.weight > 0 for kind in KINDS.values())
    assert set(DEFAULT_WEIGHTS) == set(KINDS)


def test_override_names_the_kind() -> None:
    """A test may choose the kind of one customer."""
    scenario = Scenario(overrides={IDS[0]: "not_ready"})
    assert scenario.kind_of(IDS[0].upper()) == "not_ready"
    assert b'"status":"Not Ready"' in scenario.reply(IDS[0], 1).body


def test_errors_end_as_allowed_or_as_the_named_kind() -> None:
    """After its errors a customer answers as Allowed, or as the kind after the colon."""
    scenario = Scenario(overrides={IDS[0]: "error_twice", IDS[1]: "error_twice:under_review"})
    assert [scenario.reply(IDS[0], attempt).status for attempt in (1, 2, 3)] == [500, 500, 200]
    assert b'"Allowed"' in scenario.reply(IDS[0], 3).body
    assert b'"UnderReview"' in scenario.reply(IDS[1], 3).body


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.lasts is None])
def test_lasting_kinds_never_change(name: str) -> None:
    """A kind without a number always answers alike."""
    scenario = Scenario(overrides={IDS[0]: name})
    assert scenario.reply(IDS[0], 1) == scenario.reply(IDS[0], 99)


@pytest.mark.parametrize("wrong", ["nonsense", "error_once:nonsense", ""])
def test_unknown_kind_is_refused(wrong: str) -> None:
    """A misspelt kind fails at the start and the error lists the kinds."""
    with pytest.raises(ValueError, match="under_review"):
        Scenario(overrides={IDS[0]: wrong})


def test_weights_need_a_positive_one() -> None:
    """A mix without a positive weight is refused."""
    with pytest.raises(ValueError, match="positive weight"):
        Scenario(weights={"allowed": 0})


def test_own_weights_decide() -> None:
    """Only kinds with a positive weight are assigned."""
    scenario = Scenario(weights={"allowed": 1, "unknown": 1, "approved": 0})
    assert {scenario.kind_of(each) for each in IDS} == {"allowed", "unknown"}


@given(GUIDS)
def test_statuses_changed_in_the_past(customer_id: str) -> None:
    """Reviews are at most three weeks old, other statuses at most 1,500 days, and none is of the future."""
    as_of = datetime(2026, 5, 1, tzinfo=UTC)
    review = Scenario(as_of=as_of, overrides={customer_id: "under_review"})
    other = Scenario(as_of=as_of, overrides={customer_id: "allowed"})
    assert timedelta() <= as_of - review.changed_at(customer_id) <= timedelta(days=21)
    assert timedelta() <= as_of - other.changed_at(customer_id) <= timedelta(days=1500)


def test_statuses_are_spread_over_the_past() -> None:
    """Days in status vary from customer to customer."""
    scenario = Scenario(weights={"allowed": 1})
    days = {(scenario.as_of - scenario.changed_at(each)).days for each in IDS}
    assert len(days) > 500


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("allowed", '"2021-07-14T18:02:00"'),
        ("allowed_zulu", '"2021-07-14T18:02:00Z"'),
        ("allowed_fraction", '"2021-07-14T18:02:00.7753934Z"'),
        ("allowed_date_null", "null"),
        ("allowed_date_empty", '""'),
        ("allowed_date_american", '"7/14/2021 6:02:00 PM"'),
        ("allowed_date_number", "1626285720"),
    ],
)
def test_forms_of_the_date(name: str, expected: object) -> None:
    """Each form of lastUpdateDateTime is exactly as recorded or assumed."""
    moment = datetime(2021, 7, 14, 18, 2, 0, 775393, tzinfo=UTC)
    body = KINDS[name].reply(Question(customer_id=IDS[0], changed_at=moment)).body.decode()
    assert body == f'{{"type":"account","status":"Allowed","lastUpdateDateTime":{expected}}}'


def test_date_may_be_missing() -> None:
    """The member can be absent."""
    body = KINDS["allowed_date_missing"].reply(Question(customer_id=IDS[0], changed_at=datetime.now(UTC))).body
    assert body == b'{"type":"account","status":"Allowed"}'


def test_newly_blocked_customers_stay_blocked_at_a_higher_count() -> None:
    """Exactly this many allowed customers become blocked, always the same ones."""
    plain = Scenario(seed=3)
    before: set[str] = set()
    for count in range(6):
        night = plain.with_newly_blocked(LISTED, count)
        blocked = {one for one in LISTED if night.kind_of(one) != plain.kind_of(one)}
        assert len(blocked) == count
        assert before <= blocked
        assert all(plain.kind_of(one).startswith("allowed") for one in blocked)
        before = blocked
    with pytest.raises(ValueError, match="cannot become blocked"):
        plain.with_newly_blocked(LISTED, 40)
