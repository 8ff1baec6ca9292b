"""How far the harmonics of a single voice stand above what lies between them.

A clean tone has nothing between its harmonics; the noise of a decoder lies there as well as under
them, so its density in the gaps tells of all of it (the idea of de Krom's harmonics-to-noise ratio,
1993, by gaps in the spectrum instead of the cepstrum).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack

#: Seconds of audio that one spectrum is made of.
WINDOW_SECONDS = 0.080
#: Frequencies above are left out: harmonics of a played note blur there.
HIGHEST_HERTZ = 8000.0
#: Fewer frames than this give no figure.
FEWEST_FRAMES = 10

#: Width in hertz within which noise is taken to be of one density.
_REGION_HERTZ = 1000.0
#: Harris' four-term window (1978): side lobes of -92 dB, half a main lobe of four bins.
_BLACKMAN_HARRIS = (0.35875, -0.48829, 0.14128, -0.01168)
_HALF_LOBE_BINS = 4.0
#: Least distance of a gap from the next harmonics, as a share of the fundamental.
_GAP = 0.3


def steady_frames(
    hertz: NDArray[np.floating], reach: int = 5, cents: float = 35.0
) -> NDArray[np.bool_]:
    """Frames around which the pitch hardly moves.

    Parameters
    ----------
    hertz : float array (frames,)
        A pitch track; 0 where there is no pitch.
    reach
        Frames looked at on each side; a frame nearer to an end is not steady.
    cents
        Largest range of the pitch there, in hundredths of a semitone.

    Returns
    -------
    bool array (frames,)
    """
    steady = np.zeros(len(hertz), np.bool_)
    if len(hertz) <= 2 * reach:
        return steady
    around = np.lib.stride_tricks.sliding_window_view(np.asarray(hertz, np.float64), 2 * reach + 1)
    lowest, highest = around.min(axis=1), around.max(axis=1)
    near = highest < lowest * 2 ** (cents / 1200)
    steady[reach : len(hertz) - reach] = (lowest > 0) & near
    return steady


def harmonics_over_rest(
    samples: NDArray[np.floating],
    sample_rate: int,
    pitch: PitchTrack,
    frames: NDArray[np.bool_] | None = None,
) -> float:
    """Power of the harmonics over that of everything else, in dB.

    Parameters
    ----------
    samples : float array (samples,)
        The audio of one voice.
    sample_rate
        The samples a second of the audio.
    pitch
        The voice's fundamental.
    frames : bool array (frames,)
        The frames of the track that count, all steady ones (`steady_frames`) when left out. Of
        those, frames whose harmonics are too close to have gaps (below some 130 Hz) are passed by.

    Returns
    -------
    float
        The median over frames, in dB; NaN where fewer than `FEWEST_FRAMES` count.
    """
    chosen = steady_frames(pitch.hertz) if frames is None else frames
    size = round(WINDOW_SECONDS * sample_rate) // 2 * 2
    turns = 2 * np.pi * np.arange(size) / size
    window = sum(a * np.cos(k * turns) for k, a in enumerate(_BLACKMAN_HARRIS))
    padded = np.pad(np.asarray(samples, np.float64), size)
    frequencies = np.arange(size // 2 + 1) * sample_rate / size
    regions = (frequencies // _REGION_HERTZ).astype(int)
    heard = frequencies < min(HIGHEST_HERTZ, sample_rate / 2)
    least_gap = _HALF_LOBE_BINS * sample_rate / size
    found = []
    for frame in np.flatnonzero(chosen):
        fundamental = pitch.hertz[frame]
        margin = max(least_gap, _GAP * fundamental)
        # Below, a gap would be narrower than a few bins.
        if fundamental < 2 * least_gap * 1.3:
            continue
        middle = size + round(frame * pitch.hop_seconds * sample_rate)
        piece = padded[middle - size // 2 : middle + size // 2]
        if len(piece) < size:
            continue
        power = np.abs(np.fft.rfft(piece * window)) ** 2
        away = np.abs(frequencies - np.round(frequencies / fundamental) * fundamental)
        # Below the first harmonic, what a window's mean leaves is no gap.
        gaps = heard & (away > margin) & (frequencies > fundamental / 2)
        found.append(_ratio_db(power, regions, heard, gaps))
    return float(np.median(found)) if len(found) >= FEWEST_FRAMES else float("nan")


def _ratio_db(
    power: NDArray[np.float64],
    regions: NDArray[np.int_],
    heard: NDArray[np.bool_],
    gaps: NDArray[np.bool_],
) -> float:
    """Of one spectrum: what is in the gaps stands for its whole region."""
    count = regions.max() + 1
    bins = np.bincount(regions[heard], minlength=count)
    empty = np.bincount(regions[gaps], minlength=count)
    between = np.bincount(regions[gaps], power[gaps], count)
    density = np.divide(between, empty, out=np.zeros(count), where=empty > 0)
    noise = float((density * bins).sum())
    total = float(power[heard].sum())
    least = 1e-12 * total + 1e-30
    return 10 * np.log10(max(total - noise, least) / max(noise, least))
