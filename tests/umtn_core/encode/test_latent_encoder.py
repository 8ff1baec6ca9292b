"""The encoder in pieces against the encoder in one go."""

from functools import partial

import numpy as np
import pytest

from umtn_core.encode import cpu_encoder, latent_encoder
from umtn_core.encode.cpu_encoder import CpuEncoder
from umtn_core.encode.latent_encoder import heard
from umtn_core.encode.onnx_encoder import OnnxEncoder
from umtn_core.errors import Cancelled
from umtn_core.rows import Rows
from umtn_core.shape import PRESETS


@pytest.fixture(params=[OnnxEncoder, CpuEncoder, partial(CpuEncoder, precision="int8")])
def encoder_of(request):
    """Each of the encoders in turn."""
    return request.param


def noise(samples):
    return np.random.default_rng(0).uniform(-0.7, 0.7, samples).astype(np.float32)


@pytest.mark.parametrize("frames", [0.02, 1, 2.5, 7, 20.99, 21, 40])
def test_pieces_give_the_latents_of_one_go(encoder_of, random_bundle, shape, frames, monkeypatch):
    bundle = random_bundle(shape)
    audio = noise(max(1, round(frames * shape.hop)))
    whole = encoder_of(bundle, 1).encode(audio)
    assert whole.shape == (shape.latent_channels, np.ceil(len(audio) / shape.hop))
    for module, name in (latent_encoder, "CHUNK_SECONDS"), (cpu_encoder, "LONGEST_CHUNK_SECONDS"):
        monkeypatch.setattr(module, name, 3 * shape.hop / shape.sample_rate)
    pieces = encoder_of(bundle, 1).encode(audio)
    assert np.abs(pieces - whole).max() <= 1e-6 * np.abs(whole).max()


def test_a_shorter_reach_would_show(random_bundle, shape, monkeypatch):
    """That the test above would notice: every shape's encoder hears past a frame's end."""
    bundle = random_bundle(shape)
    audio = noise(12 * shape.hop)
    whole = OnnxEncoder(bundle, 1).encode(audio)
    monkeypatch.setattr(latent_encoder, "CHUNK_SECONDS", 3 * shape.hop / shape.sample_rate)
    monkeypatch.setattr(type(shape), "encoder_reach", property(lambda self: 0))
    pieces = OnnxEncoder(bundle, 1).encode(audio)
    assert np.abs(pieces - whole).max() > 1e-3 * np.abs(whole).max()


def test_the_last_frame_hears_silence_at_its_end(encoder_of, random_bundle, shape):
    encoder = encoder_of(random_bundle(shape), 1)
    audio = noise(5 * shape.hop - 3)
    padded = np.zeros(5 * shape.hop, np.float32)
    padded[: len(audio)] = audio
    # Silence before coding becomes a level next to zero, so this is near, not equal.
    assert encoder.encode(audio) == pytest.approx(encoder.encode(padded), abs=0.02)


def test_codes_are_heard_centred_and_silence_as_zero():
    assert heard(np.array([0, 255, 51], np.uint8), 4) == pytest.approx([-0.5, 0.5, -0.3, 0])


def test_the_number_of_threads_changes_nothing(encoder_of, random_bundle):
    """To the last bit: from there on, every drawn sample could be another."""
    bundle = random_bundle(PRESETS["small"])
    audio = noise(3 * 16_000 + 77)
    expected = encoder_of(bundle, 1).encode(audio)
    for threads in (2, 3, 8):
        assert np.array_equal(encoder_of(bundle, threads).encode(audio), expected)


def test_encoding_can_be_cancelled(encoder_of, random_bundle, shape):
    encoder = encoder_of(random_bundle(shape), 1)
    with pytest.raises(Cancelled):
        encoder.encode(noise(60 * shape.sample_rate), cancelled=lambda: True)


def test_audio_that_is_read_by_stretches_gives_the_latents_of_the_whole(random_bundle, encoder_of):
    bundle = random_bundle(PRESETS["small"])
    encoder = encoder_of(bundle, threads=2)
    audio, read = noise(150_001), []

    def stretch(begin, end):
        read.append(end - begin)
        return audio[begin:end]

    latents = Rows(-(-len(audio) // bundle.shape.hop), bundle.shape.latent_channels)
    encoder.encode_from(stretch, len(audio), latents)
    assert np.array_equal(latents[:].T, encoder.encode(audio))
    assert max(read) < 4 * bundle.shape.sample_rate
