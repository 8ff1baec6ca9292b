import numpy as np
import pytest

from tests.umtn_core.cutting import cut
from umtn_core.audio.channels import EqualChannels, Mean, PerChannel, channel_mode_meant
from umtn_core.errors import UmtnError


def stereo(samples=50):
    return np.random.default_rng(0).normal(size=(2, samples)).astype(np.float32)


def apart(layout, audio):
    return np.concatenate(list(layout.signals(cut(audio, longest=9))), axis=1)


def joined(layout, signals, audio):
    blocks = layout.joined(cut(signals, longest=9), cut(audio, seed=1, longest=7))
    return np.concatenate(list(blocks), axis=1)


def test_per_channel_takes_every_channel_and_puts_each_back():
    audio, layout = stereo(), PerChannel((0, 1))
    assert layout.ids == [0, 1]
    assert np.array_equal(joined(layout, -apart(layout, audio), audio), -audio)


def test_equal_channels_are_translated_once():
    left, right = stereo()
    audio = np.stack([left, right, left, right])
    equal = EqualChannels(4)
    for block in cut(audio, longest=9):
        equal.add(block)
    layout = PerChannel(equal.first())
    assert layout.ids == [0, 1]
    made = joined(layout, np.stack([left + 1, right + 2]), audio)
    assert np.array_equal(made, [left + 1, right + 2, left + 1, right + 2])


def test_channels_are_equal_to_their_last_sample_or_not():
    audio = np.repeat(stereo()[:1], 2, axis=0)
    audio[1, -1] += 1
    equal = EqualChannels(2)
    for block in cut(audio, longest=9):
        equal.add(block)
    assert equal.first() == (0, 1)


def test_mono_puts_the_mean_on_all_channels():
    audio, layout = stereo(), Mean(2, keeps_sides=False)
    (mean,) = apart(layout, audio)
    assert mean == pytest.approx(audio.mean(axis=0))
    assert np.array_equal(joined(layout, mean[None] * 3, audio), [mean * 3, mean * 3])


def test_mid_keeps_the_side_as_it_was():
    audio, layout = stereo(), Mean(2, keeps_sides=True)
    middle = apart(layout, audio)
    left, right = joined(layout, np.zeros_like(middle), audio)
    assert left == pytest.approx((audio[0] - audio[1]) / 2, abs=1e-6)
    assert right == pytest.approx(-left, abs=1e-6)
    assert joined(layout, middle, audio) == pytest.approx(audio, abs=1e-6)


@pytest.mark.parametrize(
    "layout", [PerChannel((0,)), Mean(1, keeps_sides=False), Mean(1, keeps_sides=True)]
)
def test_one_channel_is_the_same_in_all_modes(layout):
    audio = stereo()[:1]
    assert np.array_equal(apart(layout, audio), audio)
    assert joined(layout, audio * 2, audio) == pytest.approx(audio * 2)


def test_the_input_is_left_alone():
    audio = stereo()
    before = audio.copy()
    joined(Mean(2, keeps_sides=True), np.ones((1, 50), np.float32), audio)
    assert np.array_equal(audio, before)


def test_other_modes_are_refused():
    for other in ("stereo", "", None, 1, np.zeros(2), ["auto"]):
        with pytest.raises(UmtnError, match="auto, per-channel, mono, mid, not "):
            channel_mode_meant(other)


def test_modes_are_known_however_they_are_written():
    assert channel_mode_meant("auto") == "auto"
    assert channel_mode_meant(" Mono\n") == "mono"
    assert channel_mode_meant("Per_Channel") == "per-channel"
