"""First weights: loud enough to be heard, the same everywhere."""

import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from umtn_core.networks import Decoder, Encoder
from umtn_core.networks.encoder import standardise_latent
from umtn_core.shape import PRESETS

SMALL = PRESETS["small"]


def test_a_fresh_decoder_gives_every_code_a_chance():
    torch.manual_seed(0)
    decoder = Decoder(SMALL)
    scores = decoder(torch.randint(0, 256, (1, 800)), torch.randn(1, 32, 2))
    nats = -torch.log_softmax(scores, -1).mean()
    assert 5.5 < nats < 6.0


def test_the_latent_moves_a_fresh_decoder_as_much_as_the_past_does():
    torch.manual_seed(0)
    decoder = Decoder(SMALL)
    signal = decoder.signal(torch.randn(1, 32, 8))
    hidden = decoder.first_conv(torch.randint(0, 256, (1, 3200)))
    for layer in decoder.layers:
        from_latent, from_past = layer.bias_and_condition(signal).std(), layer.causal(hidden).std()
        assert 0.3 < from_latent / from_past < 5
        hidden = hidden + layer.residual(layer.gated(hidden, layer.bias_and_condition(signal)))


def test_a_standardised_latent_has_no_mean_and_unit_deviation():
    torch.manual_seed(0)
    encoder = Encoder(SMALL)
    audio = 0.2 * torch.randn(4, 1, 4000)
    standardise_latent(encoder, audio)
    latents = encoder(audio).transpose(0, 1).flatten(1)
    torch.testing.assert_close(latents.mean(1), torch.zeros(32), atol=1e-3, rtol=0)
    torch.testing.assert_close(latents.std(1), torch.ones(32), atol=1e-3, rtol=0)
