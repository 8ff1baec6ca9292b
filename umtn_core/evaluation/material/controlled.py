"""One voice with a swell, a rest and a vibrato, or a place, that are known by construction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resample

Audio = NDArray[np.float32]

#: The quietest of a swell, in dB below its loudest.
SWELL_DB = 30.0
#: How far a vibrato goes to either side, and how often.
VIBRATO_CENTS, VIBRATO_HERTZ = 40.0, 5.5
#: Between so many times the samples there are, straight lines are near enough.
_FINER = 4
#: So long it rests at its loudest.
REST_SECONDS = 0.5
#: So long it takes to fall silent there: no click, and no release.
_EDGE_SECONDS = 0.005
#: A voice in stereo is this much softer than in mono, so that two of it have room in one file.
_HEADROOM = 0.7


def swelling(voice: Audio, sample_rate: int) -> Audio:
    """A voice that grows from `SWELL_DB` below its own level to it, rests, and falls again.

    Parameters
    ----------
    voice : float32 array (samples,)
        The voice, full scale 1.
    sample_rate
        The samples a second of the voice.

    Returns
    -------
    float32 array (samples,)
        Silent for `REST_SECONDS` in its middle, where it would be loudest.
    """
    place = np.arange(len(voice)) + 0.5 - len(voice) / 2
    decibels = SWELL_DB * (np.cos(np.pi * place / max(1, len(voice))) - 1)
    edge = (np.abs(place) / sample_rate - REST_SECONDS / 2) / _EDGE_SECONDS
    return (voice * 10 ** (decibels / 20) * np.clip(edge, 0, 1)).astype(np.float32)


def vibrating(voice: Audio, sample_rate: int) -> Audio:
    """A voice with a vibrato of `VIBRATO_CENTS` to either side, `VIBRATO_HERTZ` times a second.

    Parameters
    ----------
    voice : float32 array (samples,)
        The voice, full scale 1.
    sample_rate
        The samples a second of the voice.

    Returns
    -------
    float32 array (samples,)
    """
    places = np.arange(len(voice))
    turns = 2 * np.pi * VIBRATO_HERTZ / sample_rate
    # Its speed goes as far up and down as the pitch; a millisecond it is late or early at most.
    reach = (2 ** (VIBRATO_CENTS / 1200) - 1) / turns
    fine = resample(voice, sample_rate, _FINER * sample_rate)
    read = _FINER * (places + reach * np.cos(turns * places))
    return np.interp(read, np.arange(len(fine)), fine).astype(np.float32)


def placed(voice: Audio, kind: str, sample_rate: int) -> Audio:
    """Put a voice in stereo.

    Parameters
    ----------
    voice : float32 array (samples,)
        The voice, full scale 1.
    kind
        One of `KINDS`: ``room``, a pair of microphones in a small one; ``panned``, the
        right side half as loud; ``moving``, from left to right; ``dithered``, the same in both but
        for a last bit of noise.
    sample_rate
        The samples a second of the voice.

    Returns
    -------
    float32 array (2, samples)
    """
    return (_HEADROOM * KINDS[kind](voice, sample_rate)).astype(np.float32)


def _room(voice: Audio, sample_rate: int) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    count = round(0.12 * sample_rate)
    decay = np.exp(-np.arange(count) / (0.03 * sample_rate)) / np.sqrt(0.015 * sample_rate)
    sides = []
    for gain in (1.0, 0.8):
        reflections = 0.3 * random.standard_normal(count) * decay
        reflections[: round(0.003 * sample_rate)] = 0.0
        reflections[0] = gain
        sides.append(_filtered(voice, reflections))
    return np.stack(sides)


def _filtered(voice: Audio, response: NDArray[np.float64]) -> NDArray[np.float64]:
    size = len(voice) + len(response)
    spectrum = np.fft.rfft(voice, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(voice)]


def _panned(voice: Audio, sample_rate: int) -> NDArray[np.float64]:
    return np.stack([voice, 0.5 * voice])


def _moving(voice: Audio, sample_rate: int) -> NDArray[np.float64]:
    # From 10 to 80 degrees: nowhere is a side without sound.
    turn = np.linspace(np.pi / 18, 8 * np.pi / 18, len(voice))
    return np.stack([voice * np.cos(turn), voice * np.sin(turn)])


def _dithered(voice: Audio, sample_rate: int) -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    noise = random.uniform(-1, 1, (2, len(voice))) + random.uniform(-1, 1, (2, len(voice)))
    return voice + noise / 2**16


#: How a voice can be placed.
KINDS: dict[str, Callable[[Audio, int], NDArray[np.float64]]] = {
    "room": _room,
    "panned": _panned,
    "moving": _moving,
    "dithered": _dithered,
}
