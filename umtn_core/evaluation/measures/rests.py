"""How silent a rendition is where its reference rests, and how soon."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.measures.swell import frame_levels

#: Seconds of one level.
FRAME_SECONDS = 0.010
#: A recording rests where it lies so far below its loudest frame, in dB,
BELOW_LOUDEST_DB = 60.0
#: for at least so many seconds.
SHORTEST_SECONDS = 0.2
#: After so many seconds of a rest nothing of the note before should be left.
GRACE_SECONDS = 0.060
#: So many seconds before a rest ends, the next note may begin.
EARLY_SECONDS = 0.020
#: What is no louder is silent, in dB of full scale.
SILENT_DBFS = -80.0


def rests(reference: NDArray[np.floating], sample_rate: int) -> list[slice]:
    """Where a recording rests.

    Parameters
    ----------
    reference : float array (samples,)
        The recording, full scale 1.
    sample_rate
        The samples a second of the recording.

    Returns
    -------
    list of slices of frames, `FRAME_SECONDS` apart; none where the recording has no sound at all
    """
    levels = frame_levels(reference, sample_rate, FRAME_SECONDS)
    if not len(levels) or levels.max() <= SILENT_DBFS:
        return []
    resting = levels < levels.max() - BELOW_LOUDEST_DB
    bounds = [0, *(np.flatnonzero(resting[1:] != resting[:-1]) + 1), len(resting)]
    shortest = round(SHORTEST_SECONDS / FRAME_SECONDS)
    runs = (slice(int(a), int(b)) for a, b in pairwise(bounds) if resting[a])
    return [run for run in runs if run.stop - run.start >= shortest]


def rest_level(
    samples: NDArray[np.floating], reference: NDArray[np.floating], sample_rate: int
) -> float:
    """Level of a rendition while its reference rests.

    Parameters
    ----------
    samples, reference : float arrays (samples,)
        The two recordings, at one rate and in time with each other; the longer one is cut.
    sample_rate
        The samples a second of both.

    Returns
    -------
    float
        Mean power in dB of full scale, from `GRACE_SECONDS` after each rest's beginning until
        shortly before its end; -120 for silence, NaN where the reference never rests.
    """
    levels, found = _together(samples, reference, sample_rate)
    grace, early = (round(each / FRAME_SECONDS) for each in (GRACE_SECONDS, EARLY_SECONDS))
    parts = [levels[rest.start + grace : rest.stop - early] for rest in found]
    if not parts:
        return float("nan")
    return float(10 * np.log10(np.mean(10 ** (np.concatenate(parts) / 10))))


def rest_after(
    samples: NDArray[np.floating], reference: NDArray[np.floating], sample_rate: int
) -> float:
    """Time that a rendition takes to fall silent once its reference rests.

    Parameters
    ----------
    samples, reference, sample_rate
        The two recordings and their rate, given as to `rest_level`.

    Returns
    -------
    float
        Milliseconds until it is no louder than `SILENT_DBFS` for the remainder of a rest, or that
        rest's length where it never is; the mean over rests that follow a sound. NaN where there
        is none.
    """
    levels, found = _together(samples, reference, sample_rate)
    early = round(EARLY_SECONDS / FRAME_SECONDS)
    waits = []
    for rest in found:
        if rest.start:
            heard = np.flatnonzero(levels[rest.start : rest.stop - early] > SILENT_DBFS)
            last = int(heard[-1]) + 1 if len(heard) else 0
            within = rest.stop - rest.start - early
            waits.append(rest.stop - rest.start if last == within else last)
    return float(1000 * FRAME_SECONDS * np.mean(waits)) if waits else float("nan")


def _together(
    samples: NDArray[np.floating], reference: NDArray[np.floating], sample_rate: int
) -> tuple[NDArray[np.float64], list[slice]]:
    size = min(len(samples), len(reference))
    levels = frame_levels(samples[:size], sample_rate, FRAME_SECONDS)
    return levels, rests(reference[:size], sample_rate)
