"""The figures, checked against values worked out by hand or in the literature."""

import pytest

from mom.evaluation.figures import calibration_bins, figures, percentile, wilson_interval
from mom.mixture.verdict import DecidedBy
from tests.evaluation.outcomes import outcome


def test_the_two_kinds_of_error_are_told_apart():
    found = figures(
        [outcome("text", 0.1), outcome("text", 0.9), outcome("text", 0.2), outcome("text", 0.3), outcome("image", 0.4),
         outcome("image", 0.8)]
    )  # fmt: skip
    assert found["n"] == 6
    assert found["accuracy"] == pytest.approx(4 / 6, abs=1e-4)
    assert found["false_image_rate"] == 0.25
    assert found["missed_image_rate"] == 0.5


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (1, 29, 0.0061, 0.1718), (81, 263, 0.2553, 0.3662)],
)  # the last two: Newcombe 1998, table I, method 3
def test_the_interval_is_wilsons(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_a_rate_of_nothing_is_null():
    found = figures([outcome("image", 0.9)])
    assert (found["false_image_rate"], found["false_image_ci95"], found["missed_image_rate"]) == (None, None, 0.0)
    assert figures([outcome("text", 0.1)])["missed_image_rate"] is None


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy():
    sure = [outcome("image", 0.9)] * 9 + [outcome("text", 0.9)]
    assert figures(sure)["ece"] == pytest.approx(0.0)
    assert figures([outcome("text", 0.9)] * 2 + [outcome("text", 0.3)] * 2)["ece"] == pytest.approx(0.6)


def test_a_confidence_of_one_lies_in_the_last_interval():
    (last,) = calibration_bins([outcome("image", 1.0), outcome("text", 0.01)])
    assert (last.count, last.confidence, last.accuracy) == (2, pytest.approx(0.995), 1.0)


def test_percentiles_are_values_that_were_measured():
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (50, 95, 99)] == [50.0, 95.0, 99.0]
    assert percentile([7.0], 50) == 7.0
    latencies = figures([outcome("text", 0.1, took_ms=ms) for ms in (3.0, 1.0, 2.0)])["latency_ms"]
    assert latencies == {"p50": 2.0, "p95": 3.0, "p99": 3.0}


def test_stages_and_slices_have_their_shares():
    found = figures(
        [
            outcome("text", 0.1, kind="chat", lang="en"),
            outcome("text", 0.9, kind="chat", by=DecidedBy.SMALL_LLM),
            outcome("image", 0.9, kind="bare", lang="de"),
            outcome("image", 0.9, kind="bare"),
        ]
    )
    assert found["decided_by"] == {"bert": 0.75, "small_llm": 0.25}
    assert found["slices"] == {
        "kind": {"bare": {"n": 2, "accuracy": 1.0}, "chat": {"n": 2, "accuracy": 0.5}},
        "lang": {"de": {"n": 1, "accuracy": 1.0}, "en": {"n": 1, "accuracy": 1.0}},
    }
