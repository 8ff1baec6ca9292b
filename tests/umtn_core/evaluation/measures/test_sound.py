import numpy as np
import pytest

from umtn_core.evaluation.measures.sound import clipped_share, noise_floor, stft_distance

RATE = 16_000


def tone(hertz=440.0, seconds=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return sum(0.2 / h * np.sin(2 * np.pi * hertz * h * time) for h in (1, 2, 3, 4))


def noise(level, seed=0):
    return np.random.default_rng(seed).normal(0.0, level, RATE)


def test_the_truth_is_no_distance_away_however_loud():
    assert stft_distance(tone(), tone()) == 0.0
    assert stft_distance(0.3 * tone(), tone()) < 1e-9


def test_distance_grows_with_noise_and_wrong_notes():
    little, much = (stft_distance(tone() + noise(level), tone()) for level in (0.002, 0.02))
    assert 0 < little < much
    assert stft_distance(tone(494.0), tone()) > 2 * little
    assert stft_distance(np.zeros(RATE), tone()) > 1.0


def test_what_is_shorter_is_silent_at_its_end():
    assert stft_distance(tone(seconds=0.5), tone()) > 0.3


def test_clipping_is_flat_tops_and_full_scale():
    assert clipped_share(tone()) == 0.0
    assert clipped_share(np.zeros(100)) == 0.0
    cut = np.clip(tone(), -0.2, 0.2)
    assert clipped_share(cut) == pytest.approx(np.mean(np.abs(tone()) >= 0.2), abs=0.01)
    assert clipped_share(np.array([0.0, 1.0, 0.0, -1.0])) == 0.5


@pytest.mark.parametrize("level", [0.001, 0.01])
def test_the_noise_floor_is_that_of_noise_put_in(level):
    wanted = 20 * np.log10(level / tone().std())
    # The quietest tenth of the bins of noise lie 9.8 dB below its mean.
    assert noise_floor(tone() + noise(level)) == pytest.approx(wanted - 9.8, abs=3.0)


def test_silence_has_no_noise_floor_and_a_clean_tone_a_low_one():
    assert np.isnan(noise_floor(np.zeros(RATE)))
    assert noise_floor(tone()) < -70
