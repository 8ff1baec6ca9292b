"""The decoder's loss by hand against the one that PyTorch differentiates, in float32."""

import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

import torch.nn.functional as F

from tests.umtn_core.networks.shapes import decoder_shapes
from umtn_core.networks import Decoder
from umtn_core.networks.bfloat16_decoder import decoder_nats

SHAPES = decoder_shapes(residual=24, skip=20)


def _both(shape, frames=5, batch=3):
    """Loss and gradients: PyTorch's in float32, PyTorch's in mixed precision, by hand."""
    torch.manual_seed(0)
    decoder = Decoder(shape)
    codes = torch.randint(0, 256, (batch, frames * shape.output_hop + shape.bands))
    past, target = codes[:, : -shape.bands].clone(), codes[:, shape.bands :]
    past[0, : shape.bands] = -1
    latents = torch.randn(batch, shape.latent_channels, frames, requires_grad=True)
    weight = torch.rand(target.shape) / target.numel()
    weight[1, 10:50] = 0
    asked = [p for p in decoder.parameters() if p.requires_grad] + [latents]

    def plain(mixed):
        with torch.autocast("cpu", torch.bfloat16, mixed):
            logits = decoder.score(past, latents).flatten(0, 1).float()
        nats = F.cross_entropy(logits, target.flatten(), reduction="none")
        return (nats * weight.flatten()).sum()

    def by_hand():
        with torch.autocast("cpu", torch.bfloat16):
            return decoder_nats(decoder, past, latents, target, weight)

    return [(loss, torch.autograd.grad(3 * loss, asked)) for loss in (
        plain(False), plain(True), by_hand())], by_hand  # fmt: skip


def _relative(found, expected):
    off = sum(float((f - e).double().square().sum()) for f, e in zip(found, expected, strict=True))
    return (off / sum(float(e.double().square().sum()) for e in expected)) ** 0.5


@pytest.mark.parametrize("name", SHAPES)
def test_loss_and_gradients_are_pytorch_s_but_for_rounding(name):
    (exact, mixed, found), _ = _both(SHAPES[name])
    assert found[0].item() == pytest.approx(exact[0].item(), rel=2e-3)
    # No worse than mixed precision is in any case.
    assert _relative(found[1], exact[1]) < 0.01 + 1.2 * _relative(mixed[1], exact[1])
    for one, same, other in zip(found[1], mixed[1], exact[1], strict=True):
        assert one.shape == other.shape and one.dtype == torch.float32
        assert (one - other).norm() <= 0.03 * other.norm() + 2 * (same - other).norm()


def test_a_clip_shorter_than_the_longest_delay_is_scored_all_the_same():
    (exact, mixed, found), _ = _both(SHAPES["bands"], frames=1)
    assert _relative(found[1], exact[1]) < 0.01 + 1.2 * _relative(mixed[1], exact[1])


def test_without_gradients_the_loss_is_the_same():
    (_, _, found), by_hand = _both(SHAPES["bands"])
    with torch.no_grad():
        assert by_hand().item() == found[0].item()


def test_a_frozen_decoder_still_passes_gradients_on():
    shape = SHAPES["embedding"]
    decoder = Decoder(shape).requires_grad_(False)
    codes = torch.randint(0, 256, (1, 80))
    latents = torch.randn(1, 6, 2, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        loss = decoder_nats(decoder, codes, latents, codes, torch.ones(1, 80) / 80)
    loss.backward()
    assert latents.grad.abs().max() > 0
    assert all(p.grad is None for p in decoder.parameters())
