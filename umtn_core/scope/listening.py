"""Listens to a recording before it is decoded: pitches, voices, level."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.scope.excerpts import Read, excerpts
from umtn_core.scope.findings import PITCHES, Findings
from umtn_core.scope.frames import Frames, analyse
from umtn_core.scope.spectra import HOP_SECONDS, RATE

#: Frames so many dB softer than the loudest do not count: they are tails and rooms.
_BELOW_LOUDEST_DB = 28.0
#: The loudest passage is so much of all frames but rests, which are so much softer than the
#: loudest one: a click is shorter than that passage.
_LOUDEST_SHARE, _REST_DB = 0.1, 60.0

#: Frames so periodic have a clear pitch; those that are less so have none.
_CLEAR, _NO_PITCH = 0.5, 0.45
#: In frames of several voices so much of the energy is in partials, and more repeats than in noise.
_TONAL, _NOT_NOISE = 0.25, 0.25

#: A pitch is held where it moves less than so many semitones over so many frames.
_HELD_SEMITONES, _HELD_FRAMES = 0.5, 3
#: In speech so little of the time is held, so little of the energy is in partials that last, so
#: much of the time has a pitch, and so much has none.
_SPEECH_HELD, _SPEECH_TONAL, _SPEECH_PITCHED, _SPEECH_UNPITCHED = 0.18, 0.15, 0.15, 0.12

Mask = NDArray[np.bool_]


def listen(read: Read, samples: int, sample_rate: int) -> Findings:
    """Listen to all of a short recording, or to some excerpts of a long one.

    Parameters
    ----------
    read
        Reads a part of it: the first sample and how many, float32 (samples,) or (channels,
        samples). It is called in order, a few times.
    samples
        Length of the recording; may be 0.
    sample_rate
        Samples a second of the recording.

    Returns
    -------
    Findings
        The same for the same recording, whatever else was heard before.
    """
    peak, heard = 0.0, []
    for audio in excerpts(read, samples, sample_rate):
        peak = max(peak, float(np.abs(audio).max(initial=0)))
        # A scale of its own keeps even the softest away from the smallest numbers.
        scale = np.float32(1 / peak) if peak > 0 else np.float32(0)
        frames = analyse(resample(audio * scale, sample_rate, RATE))
        heard.append((frames, 1 / scale if scale > 0 else 0.0))
    if peak == 0:
        return Findings((0.0,) * PITCHES, 0.0, 0.0, 0.0, False, -math.inf, -math.inf, 0.0)
    levels = np.concatenate([frames.level * unit for frames, unit in heard])
    loudest = _loudest(levels)
    threshold = loudest * 10 ** (-_BELOW_LOUDEST_DB / 20)
    parts = [_Heard(frames, frames.level * unit > threshold) for frames, unit in heard]
    sounding = max(1, sum(int(part.sounds.sum()) for part in parts))

    def share(count: float) -> float:
        return float(count) / sounding

    pitches = sum(part.pitches for part in parts)
    assert isinstance(pitches, np.ndarray)
    clear = float(pitches.sum())
    pitched, unpitched = share(clear), share(sum(part.unpitched.sum() for part in parts))
    held = share(sum(part.held.sum() for part in parts))
    tonal = np.concatenate([part.tonal for part in parts])
    return Findings(
        pitches=tuple((pitches / max(clear, 1.0)).tolist()),
        pitched=pitched,
        several=share(sum(part.several.sum() for part in parts)),
        unpitched=unpitched,
        wandering=(
            held < _SPEECH_HELD
            and float(np.median(tonal)) < _SPEECH_TONAL
            and pitched > _SPEECH_PITCHED
            and unpitched > _SPEECH_UNPITCHED
        ),
        level=_decibels(loudest),
        peak=_decibels(peak),
        seconds=sounding * HOP_SECONDS,
    )


class _Heard:
    """What frames of one excerpt are; bool arrays (frames,), and seconds of pitches."""

    def __init__(self, frames: Frames, sounds: Mask):
        strength = frames.strength
        self.sounds = sounds
        self.tonal = frames.tonal[sounds]
        partials = (frames.tonal > _TONAL) & (strength > _NOT_NOISE)
        self.several = sounds & frames.several & partials
        self.unpitched = sounds & ~self.several & (strength < _NO_PITCH)
        clear = sounds & ~self.several & (strength > _CLEAR)
        self.held = _held(frames.midi, clear)
        numbers = np.clip(np.rint(frames.midi[clear]), 0, PITCHES - 1).astype(np.intp)
        self.pitches = np.bincount(numbers, minlength=PITCHES).astype(np.float64)


def _held(midi: NDArray[np.float32], clear: Mask) -> Mask:
    """Find frames that belong to a note: neighbours have about their pitch."""
    near = clear[1:] & clear[:-1] & (np.abs(np.diff(midi)) < _HELD_SEMITONES)
    steps = _HELD_FRAMES - 1
    held = np.zeros(len(midi), np.bool_)
    if len(near) < steps:
        return held
    runs = np.lib.stride_tricks.sliding_window_view(near, steps).all(axis=1)
    for offset in range(_HELD_FRAMES):
        held[offset : offset + len(runs)] |= runs
    return held


def _loudest(levels: NDArray[np.float32]) -> float:
    """Return the level of the loudest passage: what half of the loudest frames exceed."""
    heard = np.sort(levels[levels > levels.max() * 10 ** (-_REST_DB / 20)])
    count = max(3, round(_LOUDEST_SHARE * len(heard)))
    return float(np.median(heard[-count:]))


def _decibels(value: float) -> float:
    return 20 * math.log10(value) if value > 0 else -math.inf
