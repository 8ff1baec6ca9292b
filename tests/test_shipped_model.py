"""The model in `models/`: whole, small, honest about itself, and in tune."""

from pathlib import Path

import numpy as np
import pytest

from umtn_core import Bundle, Translator
from umtn_core.decode.choosing.auto import candidates
from umtn_core.decode.choosing.usable_precisions import LIMIT
from umtn_core.evaluation.listening.pitch_tracking import track
from umtn_core.evaluation.measures.pitch import from_notes, share_within

MODELS = Path(__file__).parents[1] / "models"
RATE = 16_000
#: Start and end in seconds, and MIDI pitch.
MELODY = [(0.1, 0.5, 69, 90), (0.5, 0.9, 72, 90), (0.9, 1.3, 76, 90), (1.3, 1.9, 67, 90)]


@pytest.fixture(scope="module")
def default() -> Bundle:
    return Bundle.open(MODELS / "default")


def test_everything_in_models_is_small_enough_to_carry() -> None:
    size = sum(file.stat().st_size for file in MODELS.rglob("*") if file.is_file())
    assert size < 20e6


def test_it_says_what_it_is_and_how_good(default: Bundle) -> None:
    manifest = default.manifest
    assert len(default.domains) >= 2
    assert manifest.licence and manifest.training_data and manifest.sources
    assert max(manifest.parity["encoder"], *manifest.parity["decoders"].values()) < 1e-4
    figures = manifest.quality["figures"]
    assert len(figures) == 2, "one soundfont that it learned from, and another"
    for directions in figures.values():
        assert len(directions) == len(default.domains) * (len(default.domains) - 1)
        for each in directions.values():
            assert {"value", "ceiling", "floor"} == each["pitch_within_50"].keys()
    assert manifest.quality["nats a sample"].keys() == set(default.domains)


@pytest.mark.parametrize("target", ["clarinet", "trumpet", "flute", "violin"])
def test_it_plays_a_melody_in_tune_in_every_precision_that_auto_may_take(
    default: Bundle, target: str
) -> None:
    for engine in candidates(default, target):
        in_tune(default, target, engine)


def test_it_bears_every_precision(default: Bundle) -> None:
    losses = default.manifest.precisions.losses
    assert losses.keys() == {"bf16", "int8"}
    for domains in losses.values():
        assert domains.keys() == set(default.domains)
        assert all(abs(loss.nats) < LIMIT for loss in domains.values())


def in_tune(default: Bundle, target: str, engine: str) -> None:
    audio = melody()
    translated = Translator(default, target, engine=engine)(audio, RATE)
    notes = from_notes(MELODY, len(track(audio, RATE).hertz))
    assert share_within(track(audio, RATE), notes) > 0.95
    assert share_within(track(translated, RATE), notes) > 0.75


def melody() -> np.ndarray:
    """Notes of a made-up reed: ten harmonics, the even ones faint, soft edges."""
    audio = np.zeros(2 * RATE, np.float32)
    for start, end, pitch, _ in MELODY:
        time = np.arange(round((end - start) * RATE)) / RATE
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        wave = sum(
            np.sin(2 * np.pi * frequency * h * time) / h * (1 if h % 2 else 0.2)
            for h in range(1, 11)
        )
        edge = np.minimum(time, time[::-1])
        first = round(start * RATE)
        audio[first : first + len(time)] += 0.3 * wave * np.clip(edge / 0.015, 0, 1)
    return audio
