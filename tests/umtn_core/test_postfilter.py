"""The post-filter keeps lengths and places, and gives the same in blocks of any size."""

import threading
import tracemalloc

import numpy as np
import pytest

from export.graphs import postfilter_graph
from umtn_core.errors import Cancelled
from umtn_core.postfilter import (
    Postfilter,
    frames_of,
    magnitude_scale,
    magnitudes_of,
    masked,
    window_of,
)
from umtn_core.postfilter_shape import PostfilterShape

SHAPE = PostfilterShape(window=64, bins=21, channels=3, dilations=(1, 2))


def random_postfilter(threads=1):
    rng = np.random.default_rng(0)
    sizes = {"first": (3, 2, 5, 3), "layers.0": (3, 3, 5, 3), "layers.1": (3, 3, 5, 3),
             "last": (1, 3, 1, 1)}  # fmt: skip
    weights = {}
    for name, size in sizes.items():
        weights[f"{name}.weight"] = rng.normal(0, np.prod(size[1:]) ** -0.5, size)
        weights[f"{name}.bias"] = rng.normal(0, 0.3, size[0])
    graph = postfilter_graph(SHAPE, weights).SerializeToString()
    return Postfilter(graph, SHAPE, threads)


def noise(samples):
    return np.random.default_rng(samples).normal(0, 0.2, samples).astype(np.float32)


LENGTHS = [1, 2, 31, 32, 33, 63, 64, 65, 1000, 5000]


@pytest.mark.parametrize("samples", LENGTHS)
def test_frames_put_together_again_are_the_audio(samples):
    """A mask of 0 takes all out of all bins, so what is put back is the audio itself."""
    everything = PostfilterShape(window=64, bins=33)
    audio = noise(samples)
    nothing = masked(audio, everything, np.zeros_like)
    assert nothing.shape == audio.shape and nothing.dtype == np.float32
    np.testing.assert_allclose(nothing, 0, atol=1e-6)
    half = masked(audio, everything, lambda each: np.full_like(each, 0.5))
    np.testing.assert_allclose(half, audio / 2, atol=1e-6)


def test_a_mask_of_one_changes_nothing():
    audio = noise(1000)
    np.testing.assert_array_equal(masked(audio, SHAPE, np.ones_like), audio)


def test_an_impulse_stays_in_its_place():
    for place in (0, 31, 32, 500, 999):
        audio = np.zeros(1000, np.float32)
        audio[place] = 1
        made = random_postfilter()(audio)
        assert np.argmax(np.abs(made)) == place
        far = np.abs(np.arange(1000) - place) >= SHAPE.window
        assert not made[far].any()


@pytest.mark.parametrize("samples", LENGTHS)
def test_any_length_comes_back_as_long_and_silence_silent(samples):
    filter_ = random_postfilter()
    made = filter_(noise(samples))
    assert made.shape == (samples,) and made.dtype == np.float32
    assert np.isfinite(made).all()
    assert not np.array_equal(made, noise(samples))
    np.testing.assert_array_equal(
        filter_(np.zeros(samples, np.float32)), np.zeros(samples, np.float32)
    )


def test_nothing_stays_nothing():
    assert random_postfilter()(np.zeros(0, np.float32)).shape == (0,)


@pytest.mark.parametrize("block", [1, 2, 3, 7, 50])
def test_the_audio_does_not_depend_on_the_size_of_blocks(block):
    audio, filter_ = noise(5000), random_postfilter()
    whole = filter_(audio, block=1000)
    np.testing.assert_allclose(filter_(audio, block=block), whole, atol=1e-5)


def test_the_memory_is_that_of_a_block_whatever_the_length():
    audio = np.zeros(4_000_000, np.float32)
    tracemalloc.start()
    masked(audio, SHAPE, np.zeros_like)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < audio.nbytes + 4_000_000


def test_the_audio_does_not_depend_on_the_number_of_threads():
    audio = noise(5000)
    alone, together = (random_postfilter(threads)(audio, block=5) for threads in (1, 3))
    np.testing.assert_array_equal(alone, together)


def test_a_mask_sees_as_far_as_the_shape_says():
    """With less around them, blocks would come out differently: the reach is not too long."""
    frames = np.abs(noise(21 * 40)).reshape(21, 40)
    filter_ = random_postfilter()
    changed = frames.copy()
    changed[:, 20] += 1
    differ = np.flatnonzero((filter_.mask(frames) != filter_.mask(changed)).any(0))
    assert (differ[0], differ[-1]) == (20 - SHAPE.reach, 20 + SHAPE.reach)


def test_what_lies_above_the_bins_stays():
    """A tone above the highest masked bin comes back, one below is taken out."""
    time = np.arange(4000)
    low, high = (np.sin(2 * np.pi * bin / 64 * time).astype(np.float32) for bin in (8, 28))
    made = masked(low + high, SHAPE, np.zeros_like)
    assert np.abs(made - high)[64:-64].max() < 0.05


def test_a_sine_has_a_magnitude_of_one():
    shape = PostfilterShape.at_rate(32_000)
    time = np.arange(32_000)
    sine = np.sin(2 * np.pi * 100 / shape.window * time).astype(np.float32)
    magnitudes = magnitudes_of(frames_of(sine, shape, 2, 20), shape)
    np.testing.assert_allclose(magnitudes[100], 1, atol=1e-3)
    assert magnitude_scale(shape) * window_of(shape).sum() == pytest.approx(2)


@pytest.mark.parametrize(
    ("rate", "window", "bins"),
    [(8_000, 512, 257), (16_000, 1024, 513), (32_000, 2048, 513), (44_100, 2822, 512),
     (48_000, 3072, 513)],
)  # fmt: skip
def test_frames_are_as_long_at_any_rate_and_masked_up_to_8_khz(rate, window, bins):
    shape = PostfilterShape.at_rate(rate)
    assert (shape.window, shape.bins) == (window, bins)


def test_a_spectrum_has_no_more_bins_than_that():
    with pytest.raises(ValueError, match="no 34 bins"):
        PostfilterShape(window=64, bins=34)
    with pytest.raises(ValueError, match="65 samples"):
        PostfilterShape(window=65, bins=2)


def test_it_stops_when_asked():
    asked = threading.Event()

    def cancelled():
        asked.set()
        return True

    with pytest.raises(Cancelled):
        random_postfilter()(noise(5000), cancelled=cancelled, block=1)
    assert asked.is_set()
