"""Lines about a run's use of the limit."""

from auditor.core.pacing.plan import describe_usage


def test_usage_has_requests_and_outcomes() -> None:
    """Outcomes, rejections, waiting, the rate at the end and its share of the limit."""
    requests = {"sent": 2226, "throttled": 11, "http_404": 17, "http_200": 2194, "transport_error": 4}
    pace = {"waited_seconds": 36.84, "learned_per_minute": 497.5, "percent_of_ideal": 99.4}
    assert describe_usage(requests, pace, 268.2) == [
        "2,226 sent, 11 throttled, in 268.2 s",
        "36.8 s waiting, 498 a minute at the end, 99 % of the ideal",
        "2,194 status 200, 17 status 404, 11 throttled, 4 without answer",
    ]


def test_missing_figures_are_left_out() -> None:
    """A run without a limit, one of an older journal, and one without requests."""
    unpaced = {"waited_seconds": 0.0, "learned_per_minute": None, "percent_of_ideal": None}
    assert describe_usage({"sent": 3, "http_200": 3}, unpaced, 1.0) == ["3 sent, 0 throttled, in 1.0 s", "3 status 200"]
    assert describe_usage({}, {}, 0.0) == ["0 sent, 0 throttled, in 0.0 s"]


def test_a_short_run_shows_no_rate() -> None:
    """The limit applies per minute: less than a minute shows nothing."""
    pace = {"waited_seconds": 0.4, "learned_per_minute": 500.0, "percent_of_ideal": 100.0}
    assert describe_usage({"sent": 40, "http_200": 40}, pace, 59.9)[1] == "0.4 s waiting"
    assert describe_usage({"sent": 40, "http_200": 40}, pace, 60.0)[1].endswith(
        "500 a minute at the end, 100 % of the ideal"
    )
