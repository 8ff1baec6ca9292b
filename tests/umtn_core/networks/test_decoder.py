"""The decoder against the paper's definition, written out once more without cleverness."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from umtn_core.companding import MU
from umtn_core.networks import Decoder
from umtn_core.networks.generation import generate
from umtn_core.shape import PRESETS, NetworkShape

SHAPES = {
    "scalar": NetworkShape(
        hop=8, latent_channels=3, decoder_blocks=2, decoder_layers=3,
        residual_channels=5, skip_channels=6, encoder_layers=2, encoder_blocks=1,
    ),
    "embedding": NetworkShape(
        hop=8, latent_channels=3, decoder_blocks=1, decoder_layers=4, residual_channels=4,
        skip_channels=7, decoder_input="embedding", conditioning_channels=5,
    ),
    "kernel 3": NetworkShape(
        hop=8, latent_channels=2, decoder_blocks=2, decoder_layers=2, decoder_kernel=3,
        residual_channels=4, skip_channels=4,
    ),
}  # fmt: skip


def _draw(shape, batch=2, frames=4):
    torch.manual_seed(1)
    codes = torch.randint(0, 256, (batch, frames * shape.hop))
    return codes, torch.randn(batch, shape.latent_channels, frames)


def _straight_line(decoder, shape, codes, latents):
    """One output at a time, in NumPy, from the weights by their names."""
    w = {name: value.detach().numpy().astype(np.float64)
         for name, value in decoder.state_dict().items()}  # fmt: skip
    signal = latents.numpy().astype(np.float64)
    if shape.conditioning_channels:
        padded = np.pad(signal, ((0, 0), (0, 0), (1, 1)))
        frames = range(signal.shape[2])
        signal = np.stack(
            [np.einsum("oik,bik->bo", w["context.weight"], padded[:, :, f : f + 3])
             + w["context.bias"] for f in frames], axis=2,
        )  # fmt: skip
        signal = np.maximum(signal, 0)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    batch, time = codes.shape
    past = np.concatenate([np.full((batch, 1), -1), codes.numpy()[:, :-1]], axis=1)
    if shape.decoder_input == "scalar":
        values = np.where(past < 0, 0, past / MU - 0.5)
        x = np.zeros((batch, time, shape.residual_channels)) + w["first_conv.bias"]
        for t in range(time):
            for k in range(shape.decoder_kernel):
                earlier = t - (shape.decoder_kernel - 1 - k)
                if earlier >= 0:
                    x[:, t] += values[:, earlier, None] * w["first_conv.weight"][:, 0, k]
    else:
        x = np.where(past[..., None] < 0, 0, w["first_conv.weight"][np.maximum(past, 0)])
    frame = np.arange(time) // shape.hop
    c = signal.transpose(0, 2, 1)[:, frame]
    skip = x @ w["skip_conv.weight"][:, :, 0].T + w["skip_conv.bias"]
    for i, dilation in enumerate(shape.dilations):
        a = c @ w[f"layers.{i}.condition.weight"][:, :, 0].T
        a = a + w[f"layers.{i}.condition.bias"] + w[f"layers.{i}.causal.bias"]
        for k in range(shape.decoder_kernel):
            delay = dilation * (shape.decoder_kernel - 1 - k)
            delayed = np.concatenate([np.zeros_like(x)[:, :delay], x], axis=1)[:, :time]
            a = a + delayed @ w[f"layers.{i}.causal.weight"][:, :, k].T
        r = shape.residual_channels
        z = sigmoid(a[..., :r]) * np.tanh(a[..., r:])
        x = x + z @ w[f"layers.{i}.residual.weight"][:, :, 0].T + w[f"layers.{i}.residual.bias"]
        skip = skip + z @ w[f"layers.{i}.skip.weight"][:, :, 0].T + w[f"layers.{i}.skip.bias"]
    out = np.maximum(skip, 0) @ w["fc.weight"][:, :, 0].T + w["fc.bias"]
    out = out + c @ w["condition.weight"][:, :, 0].T + w["condition.bias"]
    return np.maximum(out, 0) @ w["logits.weight"][:, :, 0].T + w["logits.bias"]


@pytest.mark.parametrize("name", SHAPES)
def test_scores_equal_the_definition(name):
    shape = SHAPES[name]
    decoder = Decoder(shape)
    codes, latents = _draw(shape)
    expected = _straight_line(decoder, shape, codes, latents)
    found = decoder(codes, latents).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_a_step_sees_the_past_and_nothing_else(name):
    shape = SHAPES[name]
    decoder = Decoder(shape)
    codes, latents = _draw(shape, batch=1)
    changed = codes.clone()
    changed[0, 12] = (changed[0, 12] + 128) % 256
    difference = (decoder(codes, latents) - decoder(changed, latents)).abs().sum(-1)[0]
    assert difference[:13].max() == 0
    assert difference[13] > 0
    assert difference[13 + shape.receptive_field :].sum() == 0


@pytest.mark.parametrize("name", SHAPES)
def test_incremental_decoding_follows_the_teacher_forced_scores(name):
    shape = SHAPES[name]
    decoder = Decoder(shape)
    _, latents = _draw(shape)
    codes = generate(decoder, shape, latents, temperature=0)
    scores = decoder(codes, latents)
    assert (scores.argmax(-1) == codes).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_parameter_count_is_the_shape_s(preset):
    shape = PRESETS[preset]
    counted = sum(p.numel() for p in Decoder(shape).parameters())
    assert counted == shape.decoder_parameters


def test_embedding_begins_in_the_order_of_amplitude():
    weight = Decoder(SHAPES["embedding"]).first_conv.weight
    near = (weight[128] - weight[130]).norm()
    far = (weight[128] - weight[250]).norm()
    assert near < far
