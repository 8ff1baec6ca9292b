"""Sounds to listen to, made of sines and noise: mono, at 16 kHz."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Audio = NDArray[np.float32]

#: A tune that goes up and down, in semitones.
TUNE = (0, 2, 4, 5, 7, 9, 11, 12, 11, 9, 7, 5, 4, 2)


def tone(pitch: float, seconds: float, vibrato: float = 0.0, brightness: float = 1.0) -> Audio:
    """One note with twelve harmonics; vibrato in semitones to either side."""
    time = np.arange(round(seconds * RATE)) / RATE
    bend = vibrato * np.sin(2 * np.pi * 6 * time) / 12
    angle = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12 + bend)) / RATE
    highest = RATE / 2 / (440 * 2 ** ((pitch - 69) / 12))
    wave = sum(np.sin(h * angle) / h**brightness for h in range(1, 13) if h < highest)
    fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.02)
    return (0.2 * wave * fade).astype(np.float32)


def line(
    lowest: int, seconds_a_note: float = 0.4, vibrato: float = 0.0, seconds: float = 6
) -> Audio:
    """The tune, over and over."""
    count = round(seconds / seconds_a_note)
    notes = [tone(lowest + TUNE[k % len(TUNE)], seconds_a_note, vibrato) for k in range(count)]
    return np.concatenate(notes)


def chords(lowest: int, shape: Sequence[int], seconds: float = 6) -> Audio:
    """Chords of the same shape on the notes of the tune."""
    return np.concatenate(
        [
            sum(tone(lowest + TUNE[k] + step, 0.6) for step in shape) / len(shape)
            for k in range(round(seconds / 0.6))
        ]
    ).astype(np.float32)


def noise(seconds: float = 6) -> Audio:
    """White noise."""
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))).astype(
        np.float32
    )


def drums(seconds: float = 6) -> Audio:
    """A kick that falls in pitch, and bursts of noise that die away."""
    rng = np.random.default_rng(1)
    beat = np.arange(RATE // 4) / RATE
    kick = np.sin(2 * np.pi * (50 * beat - 10 * np.exp(-30 * beat))) * np.exp(-12 * beat)
    beats = []
    for k in range(round(4 * seconds)):
        hat = rng.standard_normal(len(beat)) * np.exp(-beat * (40 if k % 4 != 2 else 12))
        beats.append(0.3 * hat + (0.6 * kick if k % 2 == 0 else 0))
    return np.concatenate(beats).astype(np.float32)


def speech(seconds: float = 8) -> Audio:
    """Syllables of a buzz through formants, its pitch never still, with hissing between."""
    rng = np.random.default_rng(2)
    parts: list[NDArray[np.float64]] = []
    pitch = 120.0
    while sum(map(len, parts)) < seconds * RATE:
        time = np.arange(round(rng.uniform(0.1, 0.22) * RATE)) / RATE
        glide = np.linspace(pitch, pitch * rng.uniform(0.75, 1.25), len(time))
        pitch = float(np.clip(glide[-1], 90, 180))
        buzz = np.diff(np.floor(np.cumsum(glide) / RATE), prepend=0.0)
        hiss = np.diff(rng.standard_normal(round(rng.uniform(0.05, 0.12) * RATE)), prepend=0.0)
        voiced = sum(_formant(buzz, hertz) for hertz in rng.uniform((300, 900), (800, 2300)))
        parts += [voiced / np.abs(voiced).max() * np.hanning(len(time)) ** 0.5, 0.1 * hiss]
        if rng.random() < 0.15:
            parts.append(np.zeros(RATE // 5))
    return (0.3 * np.concatenate(parts)).astype(np.float32)


def _formant(buzz: NDArray[np.float64], hertz: float) -> NDArray[np.float64]:
    time = np.arange(RATE // 20) / RATE
    return np.convolve(buzz, np.sin(2 * np.pi * hertz * time) * np.exp(-250 * time))[: len(buzz)]
