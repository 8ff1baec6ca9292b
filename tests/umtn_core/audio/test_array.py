"""Audio as arrays: what is taken, how it lies, and what is said of the rest."""

import numpy as np
import pytest

from umtn_core.audio.array import channels_first, sound_of
from umtn_core.audio.sound import MOST_CHANNELS
from umtn_core.errors import UmtnError


def ramp(*shape, dtype="float32"):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=dtype).reshape(shape)


def refusal(audio, rate=44_100):
    with pytest.raises(UmtnError) as caught:
        sound_of(audio, rate)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("shape", "channels", "samples"),
    [
        ((9,), 1, 9),
        ((1, 9), 1, 9),
        ((9, 1), 1, 9),
        ((2, 9), 2, 9),
        ((9, 2), 2, 9),
        ((2, 2), 2, 2),
        ((1, 1), 1, 1),
        ((MOST_CHANNELS, 999), MOST_CHANNELS, 999),
        ((999, MOST_CHANNELS), MOST_CHANNELS, 999),
    ],
)
def test_of_two_dimensions_the_longer_is_time(shape, channels, samples):
    audio = ramp(*shape)
    sound = sound_of(audio, 44_100)
    assert (sound.channels, sound.samples, sound.sample_rate) == (channels, samples, 44_100)
    first = channels_first(audio)
    assert np.array_equal(sound.read(0, samples), first)
    assert np.shares_memory(first, audio)


@pytest.mark.parametrize(
    "audio",
    [
        ramp(2, 9, dtype="float64"),
        ramp(2, 9).tolist(),
        np.asfortranarray(ramp(2, 9)),
        np.repeat(ramp(2, 9), 2, axis=1)[:, ::2],
        ramp(2, 9)[::-1][::-1],
        ramp(2, 9).astype(">f4"),
        ramp(9, 2).T.copy().T.reshape(2, 9),
        np.ma.masked_array(ramp(2, 9)),  # it hides nothing
    ],
    ids=[
        "float64",
        "lists",
        "columns first",
        "every other",
        "reversed",
        "big-endian",
        "reshaped",
        "unmasked",
    ],
)
def test_whatever_numpy_makes_an_array_of_is_taken(audio):
    read = sound_of(audio, 44_100).read(0, 9)
    assert read.dtype == np.dtype("float32") and read.flags.c_contiguous
    assert np.array_equal(read, np.asarray(audio, "float32"))


def test_what_is_an_array_of_float32_already_is_not_copied():
    audio = ramp(2, 9)
    assert np.shares_memory(sound_of(audio, 44_100).read(0, 9), audio)


def test_tensors_are_taken():
    torch = pytest.importorskip("torch")
    audio = torch.linspace(-1, 1, 18).reshape(2, 9)
    assert np.array_equal(sound_of(audio, 44_100).read(0, 9), audio.numpy())
    assert "Tensor: Can't call numpy" in refusal(audio.requires_grad_())
    assert "not int16: divide it by 32768" in refusal(torch.ones(2, 9, dtype=torch.int16))


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.ones((2, 9), "int16"), "from -1 to 1, not int16: divide it by 32768."),
        (np.ones((2, 9), "int32"), "not int32: divide it by 2147483648."),
        (np.ones((2, 9), "uint8"), "from -1 to 1, not uint8."),
        ([[1, 2, 3]], "not int64: divide it by"),
        (np.ones((2, 9), "complex64"), "not complex64."),
        (np.ones((2, 9), bool), "not bool."),
        (np.ones((2, 9), object), "not object."),
        (None, "not object."),
        ("song.wav", "not text: read_audio reads a file."),
        ([[0.5, 0.5], [0.5]], "NumPy can make none of this list: "),
        (np.ma.masked_array(ramp(9), ramp(9) > 0), "masked, since nobody can tell"),
        ([np.ma.masked_array(ramp(9), ramp(9) > 0), ramp(9)], "masked, since nobody can tell"),
        (np.ma.masked, "masked, since nobody can tell"),
        (np.float32(0.5), "not 0 dimensions."),
        (np.zeros((1, 2, 3), "float32"), "not 3 dimensions."),
        (np.zeros(0, "float32"), "There is no audio"),
        (np.zeros((2, 0), "float32"), "There is no audio"),
        (np.zeros((0, 2), "float32"), "There is no audio"),
        ([], "There is no audio"),
        (
            np.zeros((65, 99), "float32"),
            "up to 64 channels; this has the form (65, 99), which is 65",
        ),
        (
            np.zeros((99, 65), "float32"),
            "up to 64 channels; this has the form (99, 65), which is 65",
        ),
    ],
)
def test_what_is_no_audio_is_told_why(audio, words):
    assert words in refusal(audio)


@pytest.mark.parametrize(
    "rate",
    [0, -1, 44.1, 44_100.5, float("nan"), float("inf"), 999, 1_000_001, "44100", None, 1j, True],
)
def test_rates_that_no_music_has_are_refused(rate):
    sentence = refusal(ramp(9), rate)
    assert "whole number of hertz from 1000 to 1000000, not" in sentence
    assert sentence.endswith(f"not {rate!r}.")


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (np.array([44_100]), "not array([44100])."),
        (np.zeros((99, 99)), "array([[0., 0., 0."),
        (np.True_, "not np.True_."),
        pytest.param(10**5000, "not this int.", id="long"),
        ([44_100], "not [44100]."),
    ],
)
def test_what_is_not_one_number_is_no_rate(rate, words):
    assert words in refusal(ramp(9), rate)


@pytest.mark.parametrize(
    "rate",
    [1_000, 44_100.0, np.int64(48_000), np.float32(96_000), 1_000_000,
     np.array(8_000)],
)  # fmt: skip
def test_rates_of_any_type_are_taken(rate):
    sound = sound_of(ramp(9), rate)
    assert type(sound.sample_rate) is int and sound.sample_rate == rate
