"""Whether a rendition is sharp or flat altogether."""

from __future__ import annotations

import numpy as np

from umtn_core.evaluation.listening.pitch_tracking import PitchTrack

#: Fewer frames in which both have a pitch give no figure.
FEWEST_FRAMES = 10


def tuning_offset(estimate: PitchTrack, reference: PitchTrack) -> float:
    """Cents by which a rendition is sharp against its reference, octaves aside.

    Parameters
    ----------
    estimate, reference
        Tracks with one hop; the longer one is cut.

    Returns
    -------
    float
        The median over the frames in which both have a pitch, -600 to 600; negative if flat. It
        passes single wrong notes by. NaN where such frames are few.
    """
    frames = min(len(estimate.hertz), len(reference.hertz))
    cents = 100 * (estimate.midi[:frames] - reference.midi[:frames])
    cents = cents[np.isfinite(cents)]
    if len(cents) < FEWEST_FRAMES:
        return float("nan")
    return float(np.median((cents + 600.0) % 1200.0 - 600.0))
