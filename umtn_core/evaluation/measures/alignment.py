"""How well a translation follows its source in time: cross-correlation and time warping.

The paper's automatic scores compare the pitch of the source with that of its translation, by
normalised cross-correlation (NCC) and by dynamic time warping (DTW). Its text leaves frame rate,
treatment of rests and normalisation open; what is computed here is said below.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack

#: An instrument may speak so much late or early before it counts.
LAG_SECONDS = 0.100
#: A path may stray so far from simultaneity: rubato, but not another tune.
BAND_SECONDS = 0.5
#: Time between the frames that are warped.
WARP_SECONDS = 0.050
#: A wrong pitch costs no more than this, nor does silence in place of one.
OCTAVE = 12.0


def pitch_ncc(made: PitchTrack, source: PitchTrack) -> float:
    """Normalised cross-correlation of two pitch trajectories in semitones.

    Over the frames where the source has a pitch: deviations from each trajectory's mean,
    multiplied, summed, and divided by both their norms; the largest over shifts of up to 100 ms.
    Where the translation has no pitch it adds nothing, and the source's norm still counts.

    Returns
    -------
    float from -1 to 1; 0 if there is no pitch
    """
    reach = round(LAG_SECONDS / source.hop_seconds)
    truth = source.midi
    guess = np.full(len(truth), np.nan)
    guess[: min(len(truth), len(made.midi))] = made.midi[: len(truth)]
    padded = np.pad(guess, reach, constant_values=np.nan)
    judged = source.voiced
    if not judged.any():
        return 0.0
    x = truth[judged] - truth[judged].mean()
    best = -1.0
    for lag in range(2 * reach + 1):
        y = padded[lag : lag + len(truth)][judged]
        known = np.isfinite(y)
        if not known.any():
            continue
        y = np.where(known, y - y[known].mean(), 0.0)
        scale = np.sqrt((x**2).sum() * (y**2).sum())
        best = max(best, float((x * y).sum() / scale) if scale > 0 else 0.0)
    return best if best > -1.0 else 0.0


def pitch_dtw(made: PitchTrack, source: PitchTrack) -> float:
    """Mean distance in semitones along the best warping path of two pitch trajectories.

    Rests keep the last pitch before them. No step costs more than an octave; without any pitch in
    either, all do.
    """
    first, second = (_held(track) for track in (made, source))
    if first is None or second is None:
        return OCTAVE
    return warp(np.minimum(np.abs(first[:, None] - second[None, :]), OCTAVE))


def chroma_dtw(made: NDArray[np.float64], source: NDArray[np.float64]) -> float:
    """Mean cosine distance along the best warping path of two chromagrams: 0 to 1.

    Rests of both agree; a rest and a sound are as far apart as any.
    """
    cost = 1.0 - made @ source.T
    both = ~made.any(axis=1, keepdims=True) & ~source.any(axis=1, keepdims=True).T
    return warp(np.where(both, 0.0, np.clip(cost, 0.0, 1.0)))


def warp(cost: NDArray[np.float64]) -> float:
    """Cost of the best path through a matrix, a step.

    Paths go from corner to corner by steps of one frame in either or both, and stray from the
    diagonal by at most `BAND_SECONDS`. A diagonal step counts twice, as it covers two frames
    (Sakoe and Chiba's symmetric form), so that all paths weigh alike.

    Parameters
    ----------
    cost : float64 array (frames of one, frames of the other)
        The cost of each pair of frames, which are `WARP_SECONDS` apart.
    """
    rows, columns = cost.shape
    band = max(round(BAND_SECONDS / WARP_SECONDS), abs(rows - columns) + 1)
    best = np.full((rows + 1, columns + 1), np.inf)
    best[0, 0] = 0.0
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        i = i[np.abs(2 * i - diagonal) <= band]
        j = diagonal - i
        here = cost[i - 1, j - 1]
        side = np.minimum(best[i - 1, j], best[i, j - 1]) + here
        best[i, j] = np.minimum(side, best[i - 1, j - 1] + 2.0 * here)
    return float(best[rows, columns] / (rows + columns))


def _held(track: PitchTrack) -> NDArray[np.float64] | None:
    """Pitch every `WARP_SECONDS`, rests filled with the pitch before; None without any."""
    step = max(1, round(WARP_SECONDS / track.hop_seconds))
    midi = track.midi
    sounding = np.flatnonzero(np.isfinite(midi))
    if not len(sounding):
        return None
    last = np.maximum(np.searchsorted(sounding, np.arange(len(midi)), side="right") - 1, 0)
    return np.asarray(midi[sounding[last]][::step], np.float64)
