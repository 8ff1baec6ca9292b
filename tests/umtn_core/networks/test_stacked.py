"""All decoders in one pass against one after the other, in float32."""

import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

import torch.nn.functional as F

from tests.umtn_core.networks.shapes import decoder_shapes
from umtn_core.networks import Decoder
from umtn_core.networks.stacked import score

SHAPES = decoder_shapes(residual=12, skip=10)


def _batch(shape, domains, frames, batch=2):
    torch.manual_seed(0)
    decoders = torch.nn.ModuleList(Decoder(shape) for _ in range(domains))
    codes = torch.randint(0, 256, (batch, domains, frames * shape.output_hop + shape.bands))
    past, target = codes[..., : -shape.bands].clone(), codes[..., shape.bands :]
    past[0, :, : shape.bands] = -1
    latents = torch.randn(batch, domains, shape.latent_channels, frames, requires_grad=True)
    # Of each code, differing between domains, and some not scored.
    weight = torch.rand(target.shape) / target.numel()
    weight[1, :, 10:50] = 0
    return decoders, past, target, latents, weight


def _one_after_the_other(decoders, past, latents):
    return torch.stack([d.score(past[:, k], latents[:, k]) for k, d in enumerate(decoders)])


def _loss_and_gradients(passes, decoders, past, target, latents, weight):
    logits = passes(decoders, past, latents).float()
    nats = F.cross_entropy(
        logits.flatten(0, 2), target.transpose(0, 1).flatten(), reduction="none"
    ).view(logits.shape[:3])
    losses = (nats * weight.transpose(0, 1)).sum((1, 2))
    asked = {name: p for name, p in decoders.named_parameters() if p.requires_grad}
    asked["latents"] = latents
    gradients = torch.autograd.grad(losses.sum(), list(asked.values()))
    return losses, dict(zip(asked, gradients, strict=True))


def _agree(batch):
    expected, gradients = _loss_and_gradients(_one_after_the_other, *batch)
    found, same = _loss_and_gradients(score, *batch)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for name, gradient in gradients.items():
        assert gradient.abs().max() > 0 or "residual" in name or "causal" in name, name
        torch.testing.assert_close(
            same[name], gradient, rtol=1e-5, atol=1e-5 * float(gradient.abs().max()), msg=name
        )


@pytest.mark.parametrize("domains", [1, 3])
@pytest.mark.parametrize("name", SHAPES)
def test_losses_and_gradients_are_those_of_one_decoder_after_the_other(name, domains):
    _agree(_batch(SHAPES[name], domains, frames=5))


def test_a_clip_shorter_than_the_longest_delay_is_scored_all_the_same():
    _agree(_batch(SHAPES["bands"], 2, frames=1))


def test_in_mixed_precision_it_differs_by_rounding():
    batch = _batch(SHAPES["bands"], 2, frames=5)
    exact, gradients = _loss_and_gradients(score, *batch)
    with torch.autocast("cpu", torch.bfloat16):
        mixed, rounded = _loss_and_gradients(score, *batch)
        usual, same = _loss_and_gradients(_one_after_the_other, *batch)
    torch.testing.assert_close(mixed, exact, rtol=2e-3, atol=0)
    for name, gradient in gradients.items():
        off, usually = ((g[name] - gradient).norm() for g in (rounded, same))
        assert rounded[name].dtype == torch.float32
        assert off <= 0.03 * gradient.norm() + 2 * usually, name
    torch.testing.assert_close(mixed, usual, rtol=2e-3, atol=0)


def test_a_frozen_decoder_still_passes_gradients_on():
    decoders, past, _, latents, _ = _batch(SHAPES["bands"], 2, frames=2)
    decoders[1].requires_grad_(False)
    score(decoders, past, latents).logsumexp(-1).sum().backward()
    assert latents.grad.abs().amax((0, 2, 3)).min() > 0
    assert all(p.grad is None for p in decoders[1].parameters())
    assert any(p.grad is not None for p in decoders[0].parameters())


def test_gradients_arrive_without_a_copy_for_each_decoder():
    decoders, past, _, latents, _ = _batch(SHAPES["bands"], 3, frames=2)
    score(decoders, past, latents).logsumexp(-1).sum().backward()
    for kind in ("fc.weight", "layers.1.causal.weight", "first_conv.weight"):
        gradients = [dict(d.named_parameters())[kind].grad for d in decoders]
        assert len({g.untyped_storage().data_ptr() for g in gradients}) == 1, kind
