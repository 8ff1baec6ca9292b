"""What is done to the audio before the encoder hears it (paper, Section 3.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.training.settings import Perturbation

Audio = NDArray[np.float32]

#: Samples over which a shifted stretch fades into its surroundings.
FADE = 64
#: Points of the random equaliser's curve.
CURVE_POINTS = 8


def perturb(
    audio: Audio, settings: Perturbation, segment: int, random: np.random.Generator
) -> Audio:
    """Shift the pitch of a random stretch, and change the sound as the settings ask.

    Parameters
    ----------
    audio : float32 array, shape (samples,)
    settings
        How often and how strongly each change is made.
    segment
        The number of samples that the stretch's length is a share of.
    random
        The source of all choices.

    Returns
    -------
    float32 array, shape (samples,)
        A new array; time stays where it was within a few milliseconds.
    """
    if random.random() >= settings.probability:
        return audio.copy()
    length = int(segment * random.uniform(settings.shortest, settings.longest))
    length = min(length, len(audio))
    start = int(random.integers(0, len(audio) - length + 1))
    semitones = random.uniform(-settings.semitones, settings.semitones)
    shifted = shift_pitch(audio, start, length, semitones)
    if random.random() < settings.distortion:
        shifted = _distort(shifted, random)
    if settings.equaliser_db:
        shifted = _equalise(shifted, settings.equaliser_db, random)
    if settings.noise:
        level = random.uniform(0, settings.noise)
        shifted = shifted + level * random.standard_normal(len(shifted), np.float32)
    return shifted.astype(np.float32)


def shift_pitch(audio: Audio, start: int, length: int, semitones: float) -> Audio:
    """Shift the pitch of one stretch by playing it faster or slower about its middle.

    For half a semitone that moves the stretch's ends by 1.5 % of its length: less than
    a frame of the latent, and free of the smearing that a phase vocoder leaves.

    Parameters
    ----------
    audio : float32 array, shape (samples,)
    start, length
        The stretch, in samples.
    semitones
        How far it is shifted, up or down.

    Returns
    -------
    float32 array, shape (samples,)
    """
    ratio = 2.0 ** (semitones / 12.0)
    offsets = np.arange(length) - (length - 1) / 2
    positions = start + (length - 1) / 2 + offsets * ratio
    played = _interpolate(audio, positions)
    edge = np.minimum(np.arange(length), np.arange(length)[::-1])
    fade = np.clip((edge + 1) / FADE, 0, 1).astype(np.float32)
    out = audio.copy()
    out[start : start + length] += fade * (played - audio[start : start + length])
    return out


def _interpolate(audio: Audio, positions: NDArray[np.float64]) -> Audio:
    """Catmull-Rom interpolation, the ends held."""
    index = np.floor(positions).astype(np.int64)
    f = (positions - index).astype(np.float32)
    last = len(audio) - 1
    a, b, c, d = (audio[np.clip(index + k, 0, last)] for k in (-1, 0, 1, 2))
    inner = c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a))
    return (b + 0.5 * f * inner).astype(np.float32)


def _distort(audio: Audio, random: np.random.Generator) -> Audio:
    """A random waveshaper: even harmonics, odd ones or both, at the same energy."""
    peak = np.abs(audio).max()
    if peak == 0:
        return audio
    wave = audio / peak
    drive = np.exp(random.uniform(0, np.log(8)))
    even, rectified, odd = random.uniform(-1, 1, 3)
    shaped = wave + even * wave**2 + rectified * np.maximum(wave, 0)
    shaped = shaped + odd * np.tanh(drive * wave)
    shaped -= shaped.mean()
    energy = (shaped**2).mean()
    return (shaped * np.sqrt((audio**2).mean() / max(energy, 1e-9))).astype(np.float32)


def _equalise(audio: Audio, strength: float, random: np.random.Generator) -> Audio:
    """A smooth random curve over log frequency, its points up to ``strength`` dB off."""
    spectrum = np.fft.rfft(audio)
    points = random.uniform(-strength, strength, CURVE_POINTS)
    octaves = np.log2(np.linspace(0, 1, len(spectrum)) + 1 / 256) / 8 + 1
    curve = np.interp(octaves, np.linspace(0, 1, CURVE_POINTS), points)
    return np.fft.irfft(spectrum * 10 ** (curve / 20), len(audio)).astype(np.float32)
