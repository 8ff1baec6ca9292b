from dataclasses import replace

import numpy as np
import pytest

from umtn_core.data.synth.curves import flat
from umtn_core.data.synth.made_up import make_up, play
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.evaluation.listening.pitch_tracking import track

PLAYED = Performance([PlayedNote(0.2, 1.2, 57, 90), PlayedNote(1.4, 2.4, 81, 60)], 3.0, True)


def instrument(seed=0, sustained=True):
    return make_up(np.random.default_rng(seed), sustained=sustained)


def audio(seed=0, sustained=True, played=PLAYED, rate=16_000, **changes):
    made = replace(instrument(seed, sustained), **changes)
    return play(played, made, rate, np.random.default_rng(1))


@pytest.mark.parametrize("seed", range(8))
def test_notes_sound_at_their_times_only(seed):
    sound = audio(seed, release_s=0.02, breath=0.0)
    assert sound.shape == (48_000,) and np.isfinite(sound).all()
    loud = np.abs(sound)
    assert loud[:3200].max() == 0 and loud[44_000:].max() == 0
    assert loud[4800:16_000].max() > 0.01 and loud[24_000:36_000].max() > 0.01


def test_pitch_and_level_follow_their_curves():
    curves = flat(3.0)
    curves.bend[:] = 0.5 * np.sin(2 * np.pi * 3 * np.arange(301) / 100)
    curves.gain[150:] = 0.1
    whole = {"stiffness": 0.0, "breath": 0.0, "amplitudes": np.array([1.0, 0.5, 0.3]),
             "phases": np.zeros(3)}  # fmt: skip
    bent = audio(played=replace(PLAYED, curves=curves), **whole)
    found = track(bent)
    time = np.arange(len(found.hertz)) * found.hop_seconds
    inside = (time > 0.3) & (time < 1.1)
    bend = np.interp(time[inside] * 100, np.arange(301), curves.bend)
    assert np.nanmedian(np.abs(found.midi[inside] - 57 - bend)) < 0.05
    plain = audio(**whole)
    ratio = np.sqrt(np.mean(bent[26_000:36_000] ** 2) / np.mean(plain[26_000:36_000] ** 2))
    assert ratio == pytest.approx(0.1, rel=0.02)


def test_some_fade_and_some_do_not():
    for seed in range(6):
        for sustained in (True, False):
            sound = audio(seed, sustained, breath=0.0)
            early, late = (np.std(sound[a : a + 1600]) for a in (5600, 16_000))
            assert (late > 0.8 * early) if sustained else (late < 0.8 * early)


def test_nothing_folds_back_and_all_differ():
    high = Performance([PlayedNote(0.0, 1.0, 105, 100)], 1.0, True)
    for seed in range(6):
        spectrum = np.abs(np.fft.rfft(audio(seed, played=high, breath=0.0) * np.hanning(16_000)))
        hertz = 440 * 2 ** (36 / 12)
        assert spectrum[: int(0.9 * hertz)].max() < 0.01 * spectrum.max()
    assert not np.array_equal(audio(0), audio(1))
    assert np.array_equal(audio(0), audio(0))
