"""Fundamental-frequency tracking of monophonic audio.

Candidates are the peaks of the normalised autocorrelation of each frame (McLeod's
"normalised square difference", 2005), interpolated in band-limited fashion so that a
period of ten samples is still resolved to a few cents. A best path through the
candidates, as in Boersma (1993), settles octaves and voicing.

The tracker judges generated audio, so it must not flatter it: the path only chooses
among peaks that a frame really has, and nothing is interpolated across frames.

It is not librosa's pYIN, which it is compared with in the tests, because that answers in steps of
10 cents, where vibrato is a matter of single ones, hears a pitch in 6 % of the frames of white
noise, and takes forty times as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Seconds between frames; frame i is centred on the instant i x HOP_SECONDS.
HOP_SECONDS = 0.010
#: Seconds heard by one frame: three periods of the lowest pitch, less than a quick note.
WINDOW_SECONDS = 0.048
LOWEST_HERTZ = 62.0
HIGHEST_HERTZ = 2200.0
_MIDDLE_HERTZ = np.sqrt(LOWEST_HERTZ * HIGHEST_HERTZ)

_UPSAMPLING = 4
_CANDIDATES = 6
_FRAMES_AT_ONCE = 1024

# Boersma's costs, for steps of `HOP_SECONDS`. A peak is favoured a little for each octave it lies
# higher, because a period's multiples have peaks as tall as its own.
_VOICING_THRESHOLD = 0.5
_OCTAVE_COST = 0.10
_OCTAVE_JUMP_COST = 0.30
_VOICING_CHANGE_COST = 0.10

_BELOW_LOUDEST_DB = 38.0
_ABSOLUTE_FLOOR_DB = -66.0


@dataclass(frozen=True)
class PitchTrack:
    """Fundamental frequency over time.

    Parameters
    ----------
    hertz
        The fundamental: float64 array (frames,); 0 where there is no pitch.
    strength
        The height of the autocorrelation's peak, 0 to 1: float64 array (frames,).
    hop_seconds
        The time between frames; frame ``i`` is centred on ``i * hop_seconds``.
    """

    hertz: NDArray[np.float64]
    strength: NDArray[np.float64]
    hop_seconds: float = HOP_SECONDS

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Where there is a pitch: bool array (frames,)."""
        return self.hertz > 0

    @property
    def midi(self) -> NDArray[np.float64]:
        """Pitch as a MIDI note number with fractions, NaN where there is none."""
        out = np.full(self.hertz.shape, np.nan)
        out[self.voiced] = 69.0 + 12.0 * np.log2(self.hertz[self.voiced] / 440.0)
        return out


def track(samples: ArrayLike, sample_rate: int = 16_000) -> PitchTrack:
    """Follow the fundamental frequency of one voice, between `LOWEST_HERTZ` and `HIGHEST_HERTZ`.

    Parameters
    ----------
    samples
        The audio: float array (samples,), full scale 1. Any length, including none.
    sample_rate
        The samples a second of the audio.

    Returns
    -------
    PitchTrack of ``ceil(samples / hop)`` frames, `HOP_SECONDS` apart

    Raises
    ------
    ValueError
        If the samples are not one-dimensional, or their rate cannot hold the highest pitch.
    """
    audio = np.asarray(samples, np.float32)
    if audio.ndim != 1:
        raise ValueError(f"samples must be one-dimensional, not of shape {audio.shape}")
    if sample_rate < 4 * HIGHEST_HERTZ:
        raise ValueError(f"{sample_rate} samples a second cannot hold {HIGHEST_HERTZ:g} Hz")
    longest, shortest = sample_rate / LOWEST_HERTZ, sample_rate / HIGHEST_HERTZ
    hop = round(HOP_SECONDS * sample_rate)
    window = round(WINDOW_SECONDS * sample_rate)
    count = -(-len(audio) // hop)
    padded = np.pad(audio, (window // 2, window + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][:count]

    lags = np.zeros((count, _CANDIDATES))
    heights = np.zeros((count, _CANDIDATES))
    level = np.zeros(count)
    for start in range(0, count, _FRAMES_AT_ONCE):
        part = slice(start, start + _FRAMES_AT_ONCE)
        block = frames[part] - frames[part].mean(axis=1, keepdims=True)
        level[part] = np.sqrt(np.mean(block**2, axis=1))
        curve = _normalised_autocorrelation(block, int(np.ceil(longest)) + 2)
        lags[part], heights[part] = _peaks(curve, shortest, longest)

    decibels = 20.0 * np.log10(level + 1e-9)
    loudest = np.percentile(decibels, 95) if count else 0.0
    heights[decibels < max(loudest - _BELOW_LOUDEST_DB, _ABSOLUTE_FLOOR_DB)] = 0.0
    pitches = np.divide(sample_rate, lags, out=np.zeros_like(lags), where=heights > 0)
    chosen = _best_path(pitches, heights)

    rows = np.arange(count)
    voiced = chosen >= 0
    hertz = np.where(voiced, pitches[rows, chosen], 0.0)
    strength = np.clip(np.where(voiced, heights[rows, chosen], heights.max(axis=1)), 0.0, 1.0)
    return PitchTrack(hertz, strength, hop / sample_rate)


def _normalised_autocorrelation(frames: NDArray[np.float32], longest: int) -> NDArray[np.float32]:
    """Normalised autocorrelation at lags 0, 1/4, 2/4, ... below ``longest`` samples.

    Each frame overlaps only with itself, so the estimate belongs to the frame's
    middle whatever the lag.
    """
    window = frames.shape[1]
    size = 1 << (window + longest - 1).bit_length()
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    # Zeros above the Nyquist bin interpolate the autocorrelation without loss.
    fine = np.fft.irfft(power, size * _UPSAMPLING)[:, : longest * _UPSAMPLING] * _UPSAMPLING
    running = np.zeros((len(frames), window + 1))
    np.cumsum(frames.astype(np.float64) ** 2, axis=1, out=running[:, 1:])
    lags = np.arange(longest + 1)
    energy = running[:, window - lags] + running[:, -1:] - running[:, lags]
    whole = np.repeat(energy[:, :-1], _UPSAMPLING, axis=1)
    step = np.repeat(np.diff(energy, axis=1), _UPSAMPLING, axis=1)
    fraction = np.tile(np.arange(_UPSAMPLING) / _UPSAMPLING, longest)
    return (2.0 * fine / (whole + step * fraction + 1e-9)).astype(np.float32)


def _peaks(
    curve: NDArray[np.float32], shortest: float, longest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lag in samples and height of each row's tallest peaks, both (frames, candidates)."""
    first = max(1, int(shortest * _UPSAMPLING))
    last = min(curve.shape[1] - 1, int(np.ceil(longest * _UPSAMPLING)) + 1)
    before, here, after = (
        curve[:, first - 1 : last - 1],
        curve[:, first:last],
        (curve[:, first + 1 : last + 1]),
    )
    is_peak = (here >= before) & (here > after) & (here > 0)
    octaves = np.log2(np.arange(first, last) / first)
    score = np.where(is_peak, here - _OCTAVE_COST * octaves, -1.0)
    kept = min(_CANDIDATES, score.shape[1])
    best = np.argpartition(-score, kept - 1, axis=1)[:, :kept]
    rows = np.arange(len(curve))[:, None]
    left, top, right = (part[rows, best].astype(np.float64) for part in (before, here, after))
    bend = left - 2.0 * top + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend < 0)
    found = score[rows, best] > -1.0
    lags = np.zeros((len(curve), _CANDIDATES))
    heights = np.zeros((len(curve), _CANDIDATES))
    lags[:, :kept] = np.where(found, (first + best + shift) / _UPSAMPLING, 0.0)
    heights[:, :kept] = np.where(found, top - 0.25 * (left - right) * shift, 0.0)
    return lags, heights


def _best_path(pitches: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the candidate chosen in each frame, -1 where the frame has no pitch."""
    count, width = pitches.shape
    if not count:
        return np.zeros(0, np.intp)
    octave = np.log2(np.where(pitches > 0, pitches, 1.0))
    # Column `width` stands for "no pitch".
    local = np.full((count, width + 1), _VOICING_THRESHOLD)
    local[:, :width] = np.where(
        heights > 0, heights + _OCTAVE_COST * (octave - np.log2(_MIDDLE_HERTZ)), -np.inf
    )
    cost = np.full((count - 1, width + 1, width + 1), _VOICING_CHANGE_COST)
    cost[:, :width, :width] = _OCTAVE_JUMP_COST * np.abs(octave[:-1, :, None] - octave[1:, None, :])
    cost[:, width, width] = 0.0

    score = local[0]
    back = np.zeros((count, width + 1), np.intp)
    for i in range(1, count):
        options = score[:, None] - cost[i - 1]
        back[i] = options.argmax(axis=0)
        score = options.max(axis=0) + local[i]
    path = np.empty(count, np.intp)
    path[-1] = int(score.argmax())
    for i in range(count - 1, 0, -1):
        path[i - 1] = back[i, path[i]]
    path[path == width] = -1
    return path
