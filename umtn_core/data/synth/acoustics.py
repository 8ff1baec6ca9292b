"""A room and a microphone around a dry render, through pedalboard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.recipe import AcousticsSettings


def place(
    dry: NDArray[np.float32],
    sample_rate: int,
    settings: AcousticsSettings,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Equalise, reverberate, level, and add a noise floor, all drawn at random.

    The same generator state gives the same room, whatever the audio, since the room is
    drawn before the noise; so paired renders can share one.

    Parameters
    ----------
    dry : float32, shape (samples,)
    sample_rate
        The rate of ``dry``, in samples a second.
    settings
        How strong each part is; see `AcousticsSettings`.
    rng
        Source of everything random.

    Returns
    -------
    float32, shape (samples,), within [-1, 1]; silence stays silence but for the noise
    """
    from pedalboard import (
        HighShelfFilter,
        LowShelfFilter,
        PeakFilter,
        Pedalboard,
        Reverb,
    )

    low, peak, high = rng.uniform(-settings.eq_db, settings.eq_db, 3)
    low_hz, peak_hz, high_hz = np.exp(
        rng.uniform(np.log((120, 400, 2500)), np.log((300, 2500, 5000)))
    )
    has_reverb = rng.random() < settings.reverb_share
    wet = rng.uniform(0, settings.reverb_wet)
    room, damping = rng.uniform(*settings.reverb_room), rng.uniform(0.3, 0.8)
    level = rng.uniform(*settings.peak)
    noise_dbfs = rng.uniform(*settings.noise_dbfs) if settings.noise_dbfs else None

    chain = Pedalboard()
    if settings.eq_db > 0:
        chain.append(LowShelfFilter(low_hz, low))
        chain.append(PeakFilter(peak_hz, peak, q=0.8))
        chain.append(HighShelfFilter(high_hz, high))
    if has_reverb and wet > 0:
        chain.append(
            Reverb(room_size=room, damping=damping, wet_level=wet, dry_level=1 - wet, width=0)
        )
    audio: NDArray[np.floating] = dry
    if len(chain):
        audio = chain(dry[np.newaxis], sample_rate)[0]
    loudest = float(np.max(np.abs(audio), initial=0.0))
    if loudest > 0:
        audio = audio * (level / loudest)
    if noise_dbfs is not None:
        audio = audio + rng.standard_normal(audio.size) * 10 ** (noise_dbfs / 20)
    result: NDArray[np.float32] = np.clip(audio, -1.0, 1.0).astype(np.float32)
    return result
