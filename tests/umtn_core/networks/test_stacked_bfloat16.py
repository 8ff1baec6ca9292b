"""All decoders' loss in bfloat16, against float32 and against what autocast makes of it."""

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from tests.umtn_core.networks.shapes import decoder_shapes
from umtn_core.networks import Decoder, stacked, stacked_bfloat16
from umtn_core.shape import PRESETS

SHAPES = decoder_shapes(residual=12, skip=10)


def _batch(shape, domains, frames, batch=2):
    torch.manual_seed(0)
    decoders = torch.nn.ModuleList(Decoder(shape) for _ in range(domains))
    codes = torch.randint(0, 256, (batch, domains, frames * shape.output_hop + shape.bands))
    past, target = codes[..., : -shape.bands].clone(), codes[..., shape.bands :]
    past[0, :, : shape.bands] = -1
    latents = torch.randn(batch, domains, shape.latent_channels, frames, requires_grad=True)
    # Of each code, differing between domains, and some not scored.
    weight = torch.rand(target.shape) / target[0, 0].numel()
    weight[1, :, 10:50] = 0
    return decoders, past, latents, target, weight


def _found(nats, mixed, decoders, past, latents, target, weight):
    """Losses, and gradients of losses that do not count alike."""
    asked = {name: p for name, p in decoders.named_parameters() if p.requires_grad}
    asked["latents"] = latents
    with torch.autocast(past.device.type, torch.bfloat16, enabled=mixed):
        losses = nats(decoders, past, latents, target, weight)
    share = torch.arange(1.0, len(losses) + 1, device=losses.device)
    gradients = torch.autograd.grad((losses * share).sum(), list(asked.values()))
    return losses.detach(), dict(zip(asked, gradients, strict=True))


def _agree(monkeypatch, batch):
    """Exactly, were it not for its precision."""
    expected, gradients = _found(stacked.nats, False, *batch)
    with monkeypatch.context() as patch:
        patch.setattr(stacked_bfloat16, "HALF", torch.float32)
        found, same = _found(stacked_bfloat16.nats, False, *batch)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for name, gradient in gradients.items():
        assert gradient.abs().max() > 0 or "residual" in name or "causal" in name, name
        torch.testing.assert_close(
            same[name], gradient, rtol=1e-4, atol=1e-5 * float(gradient.abs().max()), msg=name
        )


@pytest.mark.parametrize("domains", [1, 3])
@pytest.mark.parametrize("name", SHAPES)
def test_losses_and_gradients_are_those_of_autograd(monkeypatch, name, domains):
    _agree(monkeypatch, _batch(SHAPES[name], domains, frames=5))


def test_rounding_takes_it_as_far_from_float32_as_autocast_is():
    shape = msgspec.structs.replace(SHAPES["bands"], residual_channels=32, skip_channels=32)
    batch = _batch(shape, 2, frames=5, batch=4)
    exact, gradients = _found(stacked.nats, False, *batch)
    usual, same = _found(stacked.nats, True, *batch)
    found, rounded = _found(stacked_bfloat16.nats, True, *batch)
    torch.testing.assert_close(found, exact, rtol=1e-3, atol=0)
    torch.testing.assert_close(found, usual, rtol=1e-3, atol=0)
    assert all(gradient.dtype == torch.float32 for gradient in rounded.values())
    whole, off, usually = (
        sum(float(x.square().sum()) for x in parts) ** 0.5
        for parts in (
            gradients.values(),
            [rounded[name] - gradient for name, gradient in gradients.items()],
            [same[name] - gradient for name, gradient in gradients.items()],
        )
    )
    assert 0 < off <= 1.3 * usually and off < 0.03 * whole


def test_a_clip_shorter_than_the_longest_delay_is_scored_all_the_same(monkeypatch):
    _agree(monkeypatch, _batch(SHAPES["bands"], 2, frames=1))


def test_a_frozen_decoder_still_passes_gradients_on():
    decoders, past, latents, target, weight = _batch(SHAPES["bands"], 2, frames=2)
    decoders[1].requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        losses = stacked_bfloat16.nats(decoders, past, latents, target, weight)
    losses.sum().backward()
    assert latents.grad.abs().amax((0, 2, 3)).min() > 0
    assert all(p.grad is None for p in decoders[1].parameters())
    assert any(p.grad is not None for p in decoders[0].parameters())


def test_without_gradients_the_loss_is_the_same():
    batch = _batch(SHAPES["bands"], 2, frames=2)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            alone = stacked_bfloat16.nats(*batch)
        torch.testing.assert_close(alone, stacked_bfloat16.nats(*batch).detach())


def test_a_code_that_was_thought_impossible_costs_much_and_no_infinity():
    decoders, past, latents, target, weight = _batch(SHAPES["embedding"], 1, frames=1)
    with torch.no_grad():
        decoders[0].logits.bias.copy_(torch.where(torch.arange(256) == 7, 300.0, 0.0))
    with torch.autocast("cpu", torch.bfloat16):
        loss = stacked_bfloat16.nats(decoders, past, latents, torch.full_like(target, 9), weight)
    loss.sum().backward()
    assert 80 * weight.sum() < loss.sum() < 300 * weight.sum()
    assert decoders[0].logits.bias.grad[7] > 0 > decoders[0].logits.bias.grad[9]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("domains", [1, 4])
def test_on_a_gpu_it_is_as_near_float32_as_autocast_is(domains):
    decoders, *tensors = _batch(PRESETS["wideband"], domains, frames=8, batch=3)
    decoders.to("cuda")
    past, latents, target, weight = (tensor.detach().to("cuda") for tensor in tensors)
    batch = decoders, past, latents.requires_grad_(), target, weight
    exact, gradients = _found(stacked.nats, False, *batch)
    _, same = _found(stacked.nats, True, *batch)
    found, rounded = _found(stacked_bfloat16.nats, True, *batch)
    torch.testing.assert_close(found, exact, rtol=1e-3, atol=0)
    off, usually = (
        sum(float((g[name] - gradient).square().sum()) for name, gradient in gradients.items())
        for g in (rounded, same)
    )
    assert 0 < off <= 1.7 * usually
