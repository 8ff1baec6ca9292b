"""Clips that a run is judged by, and their figures, on tones whose answers are known."""

import math

import msgspec
import numpy as np
import pytest

from umtn_core.data.files import write_audio
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.evaluation.listening import polyphonic
from umtn_core.shape import PRESETS
from umtn_core.training.judged_clips import (
    JudgedClip,
    clip_figures,
    judged_clips,
    one_voice,
)

RATE = 16_000
SHAPE = msgspec.structs.replace(PRESETS["small"], hop=80)


def tone(hertz, seconds=1.5, harmonics=6):
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hertz * h * time) / h for h in range(1, harmonics + 1))
    return (0.15 * wave).astype(np.float32)


def chord(*midi):
    return sum(tone(440 * 2 ** ((key - 69) / 12)) for key in midi) / len(midi)


def clip(truth, line=True):
    return JudgedClip("flute", truth, truth, line)


@pytest.mark.parametrize("midi", [50, 60, 72, 84])
def test_a_tone_is_one_voice(midi):
    assert one_voice(chord(midi), RATE)


@pytest.mark.parametrize(
    "midi", [(60, 64, 67), (60, 63, 67), (60, 67), (60, 65), (60, 64), (55, 60, 64, 67)]
)
def test_a_chord_is_not(midi):
    assert not one_voice(chord(*midi), RATE)


def test_neither_is_noise_or_silence():
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert not one_voice(noise, RATE) and not one_voice(np.zeros(RATE, np.float32), RATE)


def test_what_is_played_as_it_should_be_is_in_tune():
    truth = tone(440.0)
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(truth)).astype(np.float32)
    figures = clip_figures(clip(truth), truth / 2 + noise, RATE)
    assert figures.in_tune > 0.97
    assert figures.level_db == pytest.approx(-5.8, abs=0.4)
    assert figures.harmonics_over_noise_db < 15 < figures.true_harmonics_over_noise_db
    # A steady tone has neither vibrato nor swells to follow.
    assert math.isnan(figures.vibrato_ratio) and math.isnan(figures.swell_slope)
    assert math.isnan(figures.notes_f1)


def test_a_wrong_note_is_not_in_tune_and_tells_nothing_of_noise():
    figures = clip_figures(clip(tone(440.0)), tone(494.0), RATE)
    assert figures.in_tune < 0.03 and math.isnan(figures.harmonics_over_noise_db)


def test_silence_is_far_too_soft():
    truth = tone(440.0)
    figures = clip_figures(clip(truth), np.zeros_like(truth), RATE)
    assert (figures.in_tune, figures.level_db) == (0.0, -60.0)


def test_chords_have_no_figures_of_pitch():
    truth = chord(60, 64, 67)
    figures = clip_figures(clip(truth, line=False), truth, RATE)
    assert math.isnan(figures.in_tune) and math.isnan(figures.harmonics_over_noise_db)
    assert figures.level_db == pytest.approx(0.0)
    if polyphonic.installed():
        assert math.isnan(figures.notes_f1) or figures.notes_f1 == 1.0


@pytest.fixture
def store(tmp_path):
    """Two domains: a tone each, a paired line and a paired chord; a third that is silent."""
    sounds = {"flute": tone(440.0, 3), "organ": tone(330.0, 3), "rest": np.zeros(3 * RATE)}
    files, pairs = [], []
    for domain, audio in sounds.items():
        name = f"audio/{domain}/0.npy"
        samples = write_audio(tmp_path / name, audio)
        files.append(
            FileEntry(
                domain=domain, split="valid", path=name, samples=samples, source="", licence="CC0"
            )
        )
    for piece, texture, audio in (("a", "line", tone(500.0)), ("b", "chords", chord(60, 64, 67))):
        renders = {domain: f"pairs/{piece}.{domain}.npy" for domain in ("flute", "organ")}
        for number, name in enumerate(renders.values()):
            write_audio(tmp_path / name, audio * (1 - 0.5 * number))
        pairs.append(
            PairEntry(
                piece=piece, split="valid", licence="CC0", source="", soundfont="", notes=None,
                renders=renders, texture=texture,
            )
        )  # fmt: skip
    write_index(tmp_path, Index(files=files, pairs=pairs))
    return Store.open(tmp_path)


def test_clips_are_of_the_domain_and_of_others(store):
    clips = judged_clips(store, "organ", SHAPE, 0.5)
    assert [(c.source, c.line) for c in clips] == [
        ("organ", True), ("flute", True), ("flute", False),
    ]  # fmt: skip
    own, other, _ = clips
    assert len(own.heard) == len(own.truth) == 8000
    assert np.allclose(own.heard, own.truth)
    assert np.allclose(other.heard / 2, other.truth, atol=1e-3)
    again = judged_clips(store, "organ", SHAPE, 0.5)
    assert all(np.array_equal(a.truth, b.truth) for a, b in zip(clips, again, strict=True))


def test_what_is_too_short_or_silent_gives_no_clip(store):
    assert judged_clips(store, "rest", SHAPE, 0.5) == []
    assert judged_clips(store, "organ", SHAPE, 10.0) == []
