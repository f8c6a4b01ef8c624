"""What a CPU draws with in place of plain layers gives what those give."""

from pathlib import Path

import pytest

from tests.image_server import DEADLINE_S, ask

pytestmark = [pytest.mark.torch, pytest.mark.timeout(DEADLINE_S)]


@pytest.fixture(scope="module")
def found():
    return ask(Path(__file__).with_name("quickening_probe.py"))


def test_a_doubling_convolution_gives_what_doubling_and_then_convolving_gives(found):
    assert found["doubling"]["is_folded"]
    assert max(found["doubling"]["apart"]) < 1e-5
    assert found["doubling"]["same_at_another_size"]


def test_other_ways_to_double_are_left_alone(found):
    assert found["doubling"]["leaves_others"]


def test_packed_weights_give_the_same_at_every_size(found):
    if found["packing"] is None:
        pytest.skip("this CPU does not multiply bfloat16")
    assert found["packing"]["kinds"]
    assert max(found["packing"]["apart"]) < 2**-7  # bfloat16 has 8 bits
