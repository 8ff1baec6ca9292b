"""Listens to a recording before it is decoded: pitches, voices, level."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample
from umtn_core.scope.excerpts import Read, excerpts
from umtn_core.scope.findings import PITCHES, Findings
from umtn_core.scope.frames import Frames, analyse, joined
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

#: What peaks no higher holds nothing: 200 dB below full scale.
_NOTHING = 1e-10
_SILENCE = Findings((0.0,) * PITCHES, 0.0, 0.0, 0.0, False, -math.inf, -math.inf, 0.0)

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
    heard: list[Frames] = []
    peak = 0.0
    for audio in excerpts(read, samples, sample_rate):
        highest = float(np.abs(audio).max(initial=0))
        peak = max(peak, highest)
        if highest > _NOTHING:
            # At full scale even the softest is far away from the smallest numbers.
            frames = analyse(resample(audio / np.float32(highest), sample_rate, RATE))
            heard.append(frames._replace(level=frames.level * np.float32(highest)))
    return _findings(joined(heard), peak) if heard else _SILENCE


def _findings(frames: Frames, peak: float) -> Findings:
    if not frames.level.any():
        # Shorter than a sample of what is heard: of it, there is only how loud it is.
        level = 20 * math.log10(peak)
        return Findings((0.0,) * PITCHES, 0.0, 0.0, 0.0, False, level, level, 0.0)
    loudest = _loudest(frames.level)
    sounds = frames.level > loudest * 10 ** (-_BELOW_LOUDEST_DB / 20)
    sounding = int(np.count_nonzero(sounds))
    partials = (frames.tonal > _TONAL) & (frames.strength > _NOT_NOISE)
    several = sounds & frames.several & partials
    unpitched = sounds & ~several & (frames.strength < _NO_PITCH)
    clear = sounds & ~several & (frames.strength > _CLEAR)
    numbers = np.clip(np.rint(frames.midi[clear]), 0, PITCHES - 1).astype(np.intp)
    pitches = np.bincount(numbers, minlength=PITCHES) / max(1, len(numbers))

    def share(frames: Mask) -> float:
        return np.count_nonzero(frames) / sounding

    return Findings(
        pitches=tuple(pitches.tolist()),
        pitched=share(clear),
        several=share(several),
        unpitched=share(unpitched),
        wandering=(
            share(_held(frames.midi, clear)) < _SPEECH_HELD
            and float(np.median(frames.tonal[sounds])) < _SPEECH_TONAL
            and share(clear) > _SPEECH_PITCHED
            and share(unpitched) > _SPEECH_UNPITCHED
        ),
        level=20 * math.log10(loudest),
        peak=20 * math.log10(peak),
        seconds=sounding * HOP_SECONDS,
    )


def _held(midi: NDArray[np.float32], clear: Mask) -> Mask:
    """Find frames that belong to a note: neighbours have about their pitch."""
    near = clear[1:] & clear[:-1] & (np.abs(np.diff(midi)) < _HELD_SEMITONES)
    steps = _HELD_FRAMES - 1
    held = np.zeros(len(midi), np.bool_)
    if near.size < steps:
        return held
    runs = np.lib.stride_tricks.sliding_window_view(near, steps).all(axis=1)
    for offset in range(_HELD_FRAMES):
        held[offset : offset + runs.size] |= runs
    return held


def _loudest(levels: NDArray[np.float32]) -> float:
    """Return the level of the loudest passage: what half of the loudest frames exceed."""
    heard = np.sort(levels[levels > levels.max() * 10 ** (-_REST_DB / 20)])
    count = max(3, round(_LOUDEST_SHARE * len(heard)))
    return float(np.median(heard[-count:]))
