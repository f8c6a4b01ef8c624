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


def test_weights_are_packed_where_the_chip_multiplies_bfloat16_and_give_the_same_at_every_size(found):
    packed = ["PackedConvolution", "PackedConvolution", "PackedLinear"]
    plain = ["Conv2d", "Conv2d", "Linear"]
    assert found["packing"]["kinds"] == (packed if found["packing"]["multiplies_bfloat16"] else plain)
    assert max(found["packing"]["apart"]) < 2**-7  # bfloat16 has 8 bits
