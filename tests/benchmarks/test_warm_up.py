"""Past that is given to a decoder before it is scored: what counts and what does not."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the benchmark's random weights are PyTorch's")

from benchmarks.decoding import random_bundle
from benchmarks.warm_up import Place, chosen, nats_after, warm_ups
from umtn_core.bundle import Bundle
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import UmtnError
from umtn_core.evaluation.likelihood.teacher_forcing import teacher_forced_nats
from umtn_core.shape import NetworkShape

SHAPE = NetworkShape(
    hop=40, latent_channels=3, encoder_blocks=1, encoder_layers=2, encoder_channels=4,
    decoder_blocks=2, decoder_layers=6, residual_channels=6, skip_channels=6,
)  # fmt: skip
#: The receptive field in latent frames: 128 samples.
FIELD = 4


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """A decoder of random weights, the same ones every time."""
    torch.manual_seed(0)
    return random_bundle(SHAPE)


def music(samples: int) -> np.ndarray:
    """Noise, of which every sample depends on none before it."""
    return np.random.default_rng(0).normal(0, 0.3, samples).astype(np.float32)


def test_what_lies_before_the_receptive_field_costs_and_spares_nothing(bundle: Bundle) -> None:
    engine = OnnxEngine(bundle, "any", threads=1)
    places = chosen(bundle, "any", [music(4_000), music(1_600)], 6, 2 * FIELD, 2)
    assert len(places) == 6
    shorter, whole, longer = (
        nats_after(engine, places, before, 2) for before in (0, FIELD, 2 * FIELD)
    )
    np.testing.assert_allclose(whole, longer, atol=2e-6)
    assert np.abs(shorter - whole).max() > 1e-4


def test_the_cost_is_that_of_teacher_forcing(bundle: Bundle) -> None:
    audio, hop = music(10 * SHAPE.hop), SHAPE.hop
    engine = OnnxEngine(bundle, "any", threads=1)
    codes = bundle.coding("any").encode(audio)
    place = Place(OnnxEncoder(bundle).encode(audio), codes, 7)
    expected = teacher_forced_nats(bundle, "any", [audio], unscored=7 * hop)
    assert nats_after(engine, [place], 7, 3) == pytest.approx(expected, rel=1e-6)


def test_context_field_and_twice_the_field_are_tried() -> None:
    released = NetworkShape(decoder_layers=14)
    lengths = warm_ups(released, 12_000)
    assert {0, 15, 82, 164} <= set(lengths) and lengths == sorted(lengths)
    assert max(lengths) == 164
    assert FIELD in warm_ups(SHAPE, None)


def test_music_that_is_too_short_is_refused(bundle: Bundle) -> None:
    with pytest.raises(UmtnError, match="no held-out music"):
        chosen(bundle, "any", [music(400)], 2, 2 * FIELD, 2)
