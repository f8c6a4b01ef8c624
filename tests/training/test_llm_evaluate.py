"""The judge of answers: what is as good as the answer written down is right."""

import pytest

pytest.importorskip("tokenizers")

from training.llm.evaluate import alternatives


@pytest.mark.parametrize(
    ("expected", "said", "right"),
    [
        ("2 + 17 = 19", "17 + 2 = 19", True),
        ("3 * 4 = 12", "4 * 3 = 12", True),
        ("2 + 17 = 19", "17 + 2 = 20", False),
        ("9 - 4 = 5", "4 - 9 = 5", False),
        ("8 / 2 = 4", "2 / 8 = 4", False),
    ],
)
def test_a_sum_may_be_told_in_the_other_order(expected: str, said: str, right: bool) -> None:
    assert (said in alternatives(expected)) == right
