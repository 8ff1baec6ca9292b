"""The post-filter's network: its form, and what training begins with."""

import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter_shape import PostfilterShape


def test_it_begins_by_leaving_nearly_everything():
    network = PostfilterNetwork(PostfilterShape.at_rate(32_000))
    mask = network(torch.rand(2, 513, 20))
    assert mask.shape == (2, 513, 20)
    assert mask.min() > 0.9 and mask.max() < 1


def test_it_is_small_and_the_shape_says_how_much_it_costs():
    shape = PostfilterShape.at_rate(32_000)
    network = PostfilterNetwork(shape)
    assert sum(each.numel() for each in network.parameters()) < 25_000
    weights = sum(each.numel() for each in network.parameters() if each.dim() > 1)
    assert shape.multiply_adds == weights * shape.bins


def test_silence_and_full_scale_give_numbers():
    network = PostfilterNetwork(PostfilterShape(window=64, bins=33))
    torch.nn.init.normal_(network.last.weight)
    for level in (0.0, 1e-9, 1.0, 1e3):
        mask = network(torch.full((1, 33, 9), level))
        assert torch.isfinite(mask).all() and ((mask >= 0) & (mask <= 1)).all()
