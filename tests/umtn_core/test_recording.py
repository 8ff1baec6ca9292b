import numpy as np
import pytest

from umtn_core.audio.array import sound_of
from umtn_core.audio.sound import SoundArray
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.hearing import Hearing
from umtn_core.recording import Recording

RATE = 16_000


def tone(hertz, seconds=3.0, level=0.2):
    time = np.arange(round(seconds * RATE)) / RATE
    overtones = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6))
    return (level * overtones).astype(np.float32)


def recorded(*channels, mode="auto", dynamics=0.0):
    recording = Recording(SoundArray(np.stack(channels), RATE), mode)
    recording.hear(Hearing(RATE, -20.0, dynamics))
    return recording


def mixed(recording, *signals, mix=1.0):
    return np.concatenate(list(recording.mixed([[each] for each in signals], mix)), axis=1)


def test_one_player_on_two_channels_is_one_signal_and_placed_again():
    player = tone(440)
    recording = recorded(player, -0.5 * player)
    (signal,) = recording.signals
    translation = tone(550)
    left, right = mixed(recording, translation)
    inside = slice(RATE, 2 * RATE)
    assert np.corrcoef(left[inside], right[inside])[0, 1] == pytest.approx(-1, abs=0.01)
    assert np.std(left[inside]) / np.std(right[inside]) == pytest.approx(2, rel=0.05)
    assert signal.samples == len(player)


def test_two_players_are_two_signals():
    recording = recorded(tone(440), tone(587))
    assert [signal.id for signal in recording.signals] == [0, 1]
    made = np.stack([tone(550), tone(330)])
    assert np.array_equal(mixed(recording, *made), made)


def test_equal_channels_are_one_signal_in_both_ways():
    player = tone(440)
    for mode in ("auto", "per-channel"):
        recording = recorded(player, player, mode=mode)
        assert len(recording.signals) == 1
        assert np.array_equal(mixed(recording, player / 2), [player / 2] * 2)


def test_a_silent_channel_stays_silent():
    recording = recorded(tone(440), np.zeros_like(tone(440)), mode="per-channel")
    assert len(recording.signals) == 2 and len(recording.sounding) == 1
    left, right = mixed(recording, tone(550))
    assert np.array_equal(left, tone(550)) and not right.any()


def test_the_peak_is_that_of_full_scale_or_the_recording():
    player = tone(440)
    loud = mixed(recorded(player), player * 20)
    assert np.abs(loud).max() == pytest.approx(1)
    louder = mixed(recorded(player * 10), player * 100)
    assert np.abs(louder).max() == pytest.approx(np.abs(player * 10).max())


def test_dry_and_wet_are_mixed():
    player, other = tone(440), tone(550)
    made = mixed(recorded(player), other, mix=0.25)
    np.testing.assert_allclose(made[0], 0.75 * player + 0.25 * other, atol=1e-6)


def test_recordings_of_the_same_samples_have_one_digest():
    player = tone(440)
    assert recorded(player).digest == recorded(player, dynamics=1.0).digest
    assert recorded(player).digest != recorded(player, player).digest


def test_samples_that_are_not_numbers_are_refused():
    player = tone(440)
    player[-1] = np.nan
    with pytest.raises(UmtnError, match="not numbers"):
        recorded(player)


def test_work_ends_when_asked():
    recording = Recording(SoundArray(tone(440)[None], RATE), "auto")
    recording.heed(lambda: True)
    with pytest.raises(Cancelled):
        recording.hear(Hearing(RATE, -20.0))
    with pytest.raises(Cancelled):
        Recording(SoundArray(tone(440)[None], RATE), "auto", lambda: True)


def test_one_dimension_is_one_channel():
    sound = sound_of(tone(440), RATE)
    assert (sound.channels, sound.samples) == (1, 3 * RATE)
