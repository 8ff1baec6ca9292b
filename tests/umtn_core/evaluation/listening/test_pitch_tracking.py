import numpy as np
import pytest

from umtn_core.evaluation.listening.pitch_tracking import (
    HIGHEST_HERTZ,
    HOP_SECONDS,
    LOWEST_HERTZ,
    track,
)
from umtn_core.evaluation.measures.pitch import from_notes, share_within

RATE = 16_000


def tone(midi, seconds=1.0, vibrato_cents=0.0, partials=20, rate=RATE, noise=0.0):
    """A harmonic tone and its exact frequency at every sample."""
    time = np.arange(round(seconds * rate)) / rate
    hertz = 440.0 * 2 ** ((midi - 69) / 12)
    hertz = hertz * 2 ** (vibrato_cents / 1200 * np.sin(2 * np.pi * 5.5 * time))
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    orders = [k for k in range(1, partials + 1) if k * hertz.max() < 0.47 * rate]
    audio = 0.1 * sum(np.sin(k * phase) / k for k in orders)
    return audio + noise * np.random.default_rng(0).normal(size=len(time)), hertz


@pytest.mark.parametrize("midi", [45, 55, 67, 79, 90, 93])
@pytest.mark.parametrize("vibrato", [0.0, 40.0])
def test_follows_tones_to_a_few_cents_through_vibrato(midi, vibrato):
    audio, hertz = tone(midi, vibrato_cents=vibrato, noise=0.003)
    found = track(audio)
    truth = hertz[:: round(HOP_SECONDS * RATE)]
    assert share_within(found.hertz[3:-3], truth[3:-3], 10.0) == 1.0


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_pitch_does_not_depend_on_the_sample_rate(rate):
    audio, hertz = tone(76, rate=rate)
    found = track(audio, rate)
    assert np.median(found.hertz) == pytest.approx(hertz[0], rel=1e-3)


def test_a_weak_fundamental_is_still_the_pitch():
    time = np.arange(RATE) / RATE
    audio = sum(a * np.sin(2 * np.pi * 300 * k * time) for k, a in [(1, 0.02), (2, 0.1), (3, 0.1)])
    assert share_within(track(audio), np.full(100, 300.0), 10.0) > 0.95


def test_a_fading_note_under_the_next_is_not_their_common_sub_octave():
    low, _ = tone(70, partials=1)
    high, hertz = tone(75, partials=1)
    found = track(high + 0.25 * low)
    assert share_within(found, np.full(100, hertz[0]), 60.0) > 0.95


def test_silence_and_noise_have_no_pitch():
    assert not track(np.zeros(RATE)).voiced.any()
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * RATE)
    assert track(noise).voiced.mean() < 0.02


def test_rests_are_unvoiced_and_notes_lie_where_they_sound():
    audio, _ = tone(72, 0.5)
    gap = np.zeros(RATE // 2)
    found = track(np.concatenate([gap, audio, gap]))
    voiced = np.flatnonzero(found.voiced) * HOP_SECONDS
    assert voiced.min() == pytest.approx(0.5, abs=0.03)
    assert voiced.max() == pytest.approx(1.0, abs=0.03)
    assert np.isnan(found.midi[0])
    assert found.midi[75] == pytest.approx(72, abs=0.05)


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 161, 1000])
def test_any_length_has_its_number_of_frames(samples):
    assert len(track(np.full(samples, 0.1)).hertz) == -(-samples // 160)


def test_refuses_what_it_cannot_track():
    with pytest.raises(ValueError, match="one-dimensional"):
        track(np.zeros((2, 100)))
    with pytest.raises(ValueError, match="cannot hold 2200 Hz"):
        track(np.zeros(100), 4_000)


def test_agrees_with_the_notes_of_real_renders(render):
    for program in (73, 71, 56):
        audio, notes = render(program)
        found = track(audio)
        assert share_within(found, from_notes(notes, len(found.hertz))) > 0.85
        wrong = [(start, end, pitch + 1) for start, end, pitch, _ in notes]
        assert share_within(found, from_notes(wrong, len(found.hertz))) < 0.1


@pytest.mark.long
@pytest.mark.parametrize("program", [73, 71, 56, 40])
def test_hears_what_pyin_hears_in_real_renders(render, program):
    librosa = pytest.importorskip("librosa", reason="the library to compare with")
    audio, _ = render(program)
    found = track(audio)
    theirs, _, _ = librosa.pyin(
        audio.astype(np.float32),
        fmin=LOWEST_HERTZ,
        fmax=HIGHEST_HERTZ,
        sr=RATE,
        frame_length=1024,
        hop_length=round(HOP_SECONDS * RATE),
    )
    theirs = np.nan_to_num(theirs)[: len(found.hertz)]
    both = found.voiced & (theirs > 0)
    assert both.sum() > 0.9 * max(found.voiced.sum(), (theirs > 0).sum())
    cents = np.abs(1200 * np.log2(found.hertz[both] / theirs[both]))
    # It answers in steps of 10 cents.
    assert np.median(cents) < 6
    assert (cents < 50).mean() > 0.9
