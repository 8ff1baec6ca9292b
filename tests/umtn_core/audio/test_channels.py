import numpy as np
import pytest

from umtn_core.audio.channels import Channels
from umtn_core.errors import UmtnError


def stereo():
    return np.random.default_rng(0).normal(size=(2, 50)).astype(np.float32)


def test_per_channel_takes_every_channel_and_puts_each_back():
    audio = stereo()
    channels = Channels(audio, "per-channel")
    assert channels.ids == [0, 1]
    assert np.array_equal(channels.joined([-s for s in channels.signals]), -audio)


def test_equal_channels_are_translated_once():
    left, right = stereo()
    channels = Channels(np.stack([left, right, left, right]), "per-channel")
    assert channels.ids == [0, 1]
    joined = channels.joined([left + 1, right + 2])
    assert np.array_equal(joined, [left + 1, right + 2, left + 1, right + 2])


def test_mono_puts_the_mean_on_all_channels():
    audio = stereo()
    channels = Channels(audio, "mono")
    (mean,) = channels.signals
    assert mean == pytest.approx(audio.mean(axis=0))
    assert np.array_equal(channels.joined([mean * 3]), [mean * 3, mean * 3])


def test_mid_keeps_the_side_as_it_was():
    audio = stereo()
    channels = Channels(audio, "mid")
    (middle,) = channels.signals
    left, right = channels.joined([np.zeros_like(middle)])
    assert left == pytest.approx((audio[0] - audio[1]) / 2, abs=1e-6)
    assert right == pytest.approx(-left, abs=1e-6)
    assert channels.joined([middle]) == pytest.approx(audio, abs=1e-6)


@pytest.mark.parametrize("mode", ["per-channel", "mono", "mid"])
def test_one_channel_is_the_same_in_all_modes(mode):
    audio = stereo()[:1]
    channels = Channels(audio, mode)
    assert np.array_equal(channels.signals, audio)
    assert channels.joined([audio[0] * 2]) == pytest.approx(audio * 2)


def test_the_input_is_left_alone():
    audio = stereo()
    before = audio.copy()
    Channels(audio, "mid").joined([np.ones(50, np.float32)])
    assert np.array_equal(audio, before)


def test_other_modes_are_refused():
    with pytest.raises(UmtnError, match="per-channel, mono, mid"):
        Channels(stereo(), "quad")
