"""Pitch and number of voices of short frames, by their spectra; light, and for no more than that.

The pitch is the earliest high peak of the autocorrelation, as McLeod and Wyvill take it (2005), of
a spectrum whose magnitudes stand in for its powers, as in Tolonen and Karjalainen (2000): where a
harmonic is strong, the others count as well, so that octaves are told apart. Several voices are
heard where partials that last from one frame to the next are no harmonics of that pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Values = NDArray[np.float32]

RATE = 16_000
#: Samples of a frame: harmonics of 40 Hz lie apart; and samples between frames.
FRAME, HOP = 2048, 1600
#: Hertz of pitches that are looked for.
LOWEST_HERTZ, HIGHEST_HERTZ = 38.0, 4300.0

#: Values of the autocorrelation between samples: a period of four samples is still resolved.
_UPSAMPLING = 2
#: The first peak so high beside the highest is the pitch's; later ones are its multiples.
_HIGH_ENOUGH = 0.6
#: A peak is one only after the autocorrelation has fallen so far: dull sound is wide at the top.
_FALLEN = 0.25
#: Frames at once: their spectra stay in the processor's cache.
_TOGETHER = 64

#: A partial of a voice is so strong beside the strongest; reverberation is softer.
_STRONG = 0.3
#: What falls faster than to this in one hop is the rest of a note, and not a voice.
_LASTING = 0.7
#: Partials are looked for in this range of hertz, and up to so many times the pitch.
_PARTIALS_HERTZ = (50.0, 5000.0)
_PARTIALS = 6.5
#: How far a harmonic may lie beside its place, relative, for vibrato; and hertz, for resolution.
_ASIDE, _ASIDE_HERTZ = 0.04, 12.0


@dataclass(frozen=True)
class Frames:
    """What frames sound like, `HOP` samples apart; float32 arrays (frames,).

    Parameters
    ----------
    level
        Root mean square of each frame.
    midi
        Most likely pitch of each frame, a MIDI number with fractions.
    strength
        How periodic each frame is, 0 to about 1.
    strange
        Share of its lasting partials that are no harmonics of the pitch, by magnitude.
    tonal
        Share of its energy in lasting partials, about.
    """

    level: Values
    midi: Values
    strength: Values
    strange: Values
    tonal: Values

    def __len__(self) -> int:
        return len(self.level)


def analyse(audio: Audio) -> Frames:
    """Hear pitch and voices of frames.

    Parameters
    ----------
    audio : float32 array (samples,)
        At 16 kHz; what is shorter than a frame is followed by silence.
    """
    audio = np.pad(audio, (0, max(0, FRAME + HOP - len(audio))))
    every = np.lib.stride_tricks.sliding_window_view(audio, FRAME)[::HOP]
    # Every block is one frame longer than what it gives, for what lasts.
    parts = [
        _analyse(every[start : start + _TOGETHER + 1])
        for start in range(0, len(every) - 1, _TOGETHER)
    ]
    return Frames(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _analyse(frames: Audio) -> tuple[Values, ...]:
    """Return a block's columns of `Frames`, of all frames but the last."""
    windowed = frames * _window()
    spectrum = np.abs(np.fft.rfft(windowed, axis=1))
    level = np.sqrt(np.einsum("ij,ij->i", frames, frames) / FRAME)
    period, strength = _periods(spectrum[:-1])
    strange, tonal = _voices(spectrum, RATE / period)
    midi = 69 + 12 * np.log2(RATE / period / 440)
    return level[:-1], midi, strength, strange, tonal


def _periods(spectrum: Values) -> tuple[Values, Values]:
    """Return the period in samples, and how periodic: both (frames,)."""
    first = int(RATE / HIGHEST_HERTZ * _UPSAMPLING)
    last = int(RATE / LOWEST_HERTZ * _UPSAMPLING) + 2
    curve = np.fft.irfft(spectrum, FRAME * _UPSAMPLING, axis=1)[:, : last + 1]
    curve /= np.maximum(curve[:, :1], np.float32(1e-30))
    curve /= _taper()[: last + 1]
    fallen = np.minimum.accumulate(curve, axis=1)[:, first:last] < _FALLEN
    before, here, after = (
        curve[:, first - 1 : last - 1],
        curve[:, first:last],
        curve[:, first + 1 :],
    )
    peak = (here >= before) & (here > after) & (here > 0) & fallen
    bend = np.where(peak, before - 2 * here + after, np.float32(-1))
    shift = 0.5 * (before - after) / bend
    height = np.where(peak, here - 0.25 * (before - after) * shift, np.float32(0))
    strength = height.max(axis=1)
    chosen = (height >= np.maximum(_HIGH_ENOUGH * strength, np.float32(1e-6))[:, None]).argmax(
        axis=1
    )
    rows = np.arange(len(curve))
    return (first + chosen + shift[rows, chosen]) / _UPSAMPLING, strength


def _voices(spectrum: Values, pitch: Values) -> tuple[Values, Values]:
    """Return what share of lasting partials is strange to the pitch, and of energy in partials."""
    hertz = np.arange(spectrum.shape[1], dtype=np.float32) * np.float32(RATE / FRAME)
    now, then = spectrum[:-1], spectrum[1:]
    lasting = np.minimum(now, then)
    partial = np.zeros(lasting.shape, np.bool_)
    middle = lasting[:, 1:-1]
    partial[:, 1:-1] = (middle >= lasting[:, :-2]) & (middle > lasting[:, 2:])
    partial &= (hertz > _PARTIALS_HERTZ[0]) & (hertz < _PARTIALS_HERTZ[1])
    power = np.einsum("ij,ij->i", now, now)
    # The main lobe of the window holds one and a half times the energy at its top.
    tonal = 1.5 * np.sum(np.where(partial, lasting, 0) ** 2, axis=1) / np.maximum(power, 1e-30)

    loudest = np.maximum(now.max(axis=1), then.max(axis=1))[:, None]
    rows, bins = np.nonzero(partial & (lasting > _STRONG * loudest))
    number = hertz[bins] / pitch[rows]
    harmonic = np.maximum(np.rint(number), 1)
    aside = np.abs(number / harmonic - 1)
    known = aside < np.maximum(_ASIDE, _ASIDE_HERTZ / hertz[bins])
    counted = number < _PARTIALS
    held = then[rows, bins] > _LASTING * now[rows, bins]
    weight = lasting[rows, bins] * counted
    total = np.bincount(rows, weight, len(lasting))
    strange = np.bincount(rows, weight * (held & ~known), len(lasting))
    return (strange / np.maximum(total, 1e-30)).astype(np.float32), tonal


@lru_cache(maxsize=1)
def _window() -> Values:
    return np.hanning(FRAME + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _taper() -> Values:
    """How the autocorrelation of a steady tone falls with the lag, because of the window."""
    curve = np.fft.irfft(np.abs(np.fft.rfft(_window())), FRAME * _UPSAMPLING)
    return (curve / curve[0]).astype(np.float32)
