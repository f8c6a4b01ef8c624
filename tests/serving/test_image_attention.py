"""Attention by rows is right, and takes its place only where it is the quicker one."""

import pytest

torch = pytest.importorskip("torch")

from mom.serving.image_server.attention import LONG, AttentionByRows, attend_by_rows  # noqa: E402 -- needs torch

pytestmark = pytest.mark.torch
attention = torch.nn.functional.scaled_dot_product_attention


@pytest.fixture
def parts():
    """Query, key and value of two pictures in bfloat16, 3 heads, a number of rows that leaves a rest."""
    torch.manual_seed(0)
    return [torch.randn(2, LONG + 100, 3, 40, dtype=torch.bfloat16).transpose(1, 2) for _ in range(3)]


def test_its_error_is_that_of_its_number_format(parts):
    truth = attention(*(part.double() for part in parts))
    error = (truth - attend_by_rows(*parts)).abs()
    assert error.mean() < 2**-7 * truth.abs().mean()  # bfloat16 has 8 bits


def test_long_attention_in_bfloat16_is_by_rows(parts):
    with AttentionByRows():
        mixed = attention(*parts, attn_mask=None, dropout_p=0.0, is_causal=False)
    assert torch.equal(mixed, attend_by_rows(*parts))
    assert not torch.equal(mixed, attention(*parts))


def test_all_else_is_left_to_pytorch(parts):
    query, key, value = parts
    exact = [part.float() for part in parts]
    short = [query, key[:, :, : LONG - 1], value[:, :, : LONG - 1]]
    mask = torch.zeros(query.shape[2], key.shape[2], dtype=torch.bfloat16)
    for tensors, more in (
        (exact, {}),
        (short, {}),
        (parts, {"attn_mask": mask}),
        (parts, {"is_causal": True}),
        (parts, {"scale": 1.0}),
    ):
        with AttentionByRows():
            mixed = attention(*tensors, **more)
        assert torch.equal(mixed, attention(*tensors, **more))
