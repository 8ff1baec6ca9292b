"""The encoder by hand against the one that PyTorch differentiates, in float32."""

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from umtn_core.networks import Encoder
from umtn_core.networks.bfloat16_encoder import encode
from umtn_core.shape import PRESETS

NARROW = {"encoder_channels": 24, "encoder_blocks": 2, "encoder_layers": 4, "latent_channels": 8}


@pytest.mark.parametrize("preset", ["paper", "released", "small", "wideband"])
@pytest.mark.parametrize("context", [0, 1, 3])
def test_latents_and_gradients_are_pytorch_s_but_for_rounding(preset, context):
    torch.manual_seed(0)
    shape = msgspec.structs.replace(PRESETS[preset], **NARROW)
    encoder = Encoder(shape)
    frames = 4
    audio = torch.rand(2, 1, (frames + 2 * context) * shape.hop) - 0.5
    whole = encoder(audio)
    expected = whole[:, :, context : whole.shape[2] - context]
    with torch.autocast("cpu", torch.bfloat16):
        found = encode(encoder, audio, context)
        mixed = encoder(audio)[:, :, context : whole.shape[2] - context].float()
    assert found.shape == expected.shape and found.dtype == torch.float32
    assert (found - expected).norm() < 0.01 * expected.norm()
    up = torch.randn_like(expected)
    weights = list(encoder.parameters())
    exact = torch.autograd.grad((expected * up).sum(), weights)
    ours = torch.autograd.grad((found * up).sum(), weights)
    usual = torch.autograd.grad((mixed * up).sum(), weights)
    for one, same, other in zip(ours, usual, exact, strict=True):
        assert one.shape == other.shape
        # No worse than mixed precision is in any case.
        assert (one - other).norm() < 0.02 * other.norm() + 1.5 * (same - other).norm()


def test_a_frozen_encoder_encodes():
    encoder = Encoder(PRESETS["small"]).requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16):
        assert not encode(encoder, torch.rand(1, 1, 800) - 0.5, 0).requires_grad
