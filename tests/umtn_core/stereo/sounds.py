"""Players made here, and their ways onto two channels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
MELODY = (67, 69, 71, 72, 74, 76, 74, 71, 72, 67)
#: How strong harmonics are: what a reed favours, and what a bow does.
REED = (1.0, 0.05, 0.6, 0.04, 0.4, 0.03, 0.2, 0.02, 0.1)
BOW = (0.5, 1.0, 0.35, 0.5, 0.15, 0.3, 0.25, 0.1, 0.15)


def player(
    harmonics: tuple[float, ...], seed: int = 0, shift: int = 0, each: float = 0.35
) -> NDArray[np.float64]:
    """A melody by an instrument whose harmonics differ somewhat from note to note."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(each * RATE)) / RATE
    fade = np.minimum(1, np.minimum(time / 0.02, (each - time) / 0.06)) * np.exp(-time)
    notes = []
    for midi in MELODY:
        frequency = 440 * 2 ** ((midi + shift - 69) / 12)
        strengths = np.array(harmonics) * 10 ** (rng.normal(0, 2, len(harmonics)) / 20)
        phases = rng.uniform(0, 2 * np.pi, len(harmonics))
        waves = (
            strength * np.sin(2 * np.pi * k * frequency * time + phase)
            for k, (strength, phase) in enumerate(zip(strengths, phases, strict=True), 1)
        )
        # All notes are as loud.
        notes.append(fade * sum(waves) / np.sqrt((strengths**2).sum()))
    made = np.concatenate([*notes, np.zeros(RATE // 4)])
    return 0.2 * made / np.sqrt((made**2).mean())


def late(audio: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    count = round(seconds * RATE)
    return np.concatenate([np.zeros(count), audio[: len(audio) - count]])


def room(audio: NDArray[np.float64], seed: int, wet: float) -> NDArray[np.float64]:
    """The sound with 0.3 s of a room's reflections; wet, their power over the sound's own."""
    rng = np.random.default_rng(seed)
    count = round(0.3 * RATE)
    response = rng.standard_normal(count) * np.exp(-7 * np.arange(count) / count)
    response[: round(0.004 * RATE)] = 0
    response *= np.sqrt(wet / (response**2).sum())
    response[0] = 1
    size = 1 << (len(audio) + count).bit_length()
    made = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)
    return made[: len(audio)]


def _moving(x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    angle = np.pi / 4 * (1 + 0.9 * np.sin(2 * np.pi * 0.4 * np.arange(len(x)) / RATE))
    return [np.cos(angle) * x, np.sin(angle) * x]


def _dithered(x: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(3)
    steps = (x * 32767 + rng.random(len(x)) - rng.random(len(x)) for _ in range(2))
    return [np.rint(each) / 32768 for each in steps]


#: One player on two channels.
ONE: dict[str, Callable[[NDArray[np.float64]], list[NDArray[np.float64]]]] = {
    "equal": lambda x: [x, x],
    "panned": lambda x: [x, 0.5 * x],
    "far to the right": lambda x: [0.05 * x, x],
    "on one side": lambda x: [x, 0 * x],
    "moving": _moving,
    "dithered": _dithered,
    "dithered and soft": lambda x: _dithered(0.01 * x),
    "microphones 30 cm apart": lambda x: [room(x, 1, 0.2), 0.8 * room(late(x, 0.0009), 2, 0.2)],
    "microphones 2 m apart": lambda x: [room(x, 1, 0.2), 0.7 * room(late(x, 0.0058), 2, 0.2)],
    "microphones 7 m apart": lambda x: [0.6 * room(late(x, 0.02), 1, 0.2), room(x, 2, 0.2)],
    "some reverberation": lambda x: [room(x, 1, 0.4), room(x, 2, 0.4)],
    "much reverberation": lambda x: [room(x, 1, 0.7), room(x, 2, 0.7)],
    "turned over": lambda x: [x, -0.8 * x],
    "late": lambda x: [x, late(x, 0.011)],
    "late and turned over": lambda x: [-late(x, 0.004), x],
}

#: Two players, by what the second one plays; each has a side.
TWO: dict[str, Callable[[], list[NDArray[np.float64]]]] = {
    "unison": lambda: [player(REED), player(BOW, 1)],
    "octaves": lambda: [player(REED), player(BOW, 1, shift=12)],
    "octaves below": lambda: [player(REED), player(BOW, 1, shift=-12)],
    "fifths": lambda: [player(REED), player(BOW, 1, shift=7)],
    "something else": lambda: [player(REED), player(BOW, 1, shift=3)[::-1]],
    "unison in a room": lambda: [room(player(REED), 1, 0.2), room(player(BOW, 1), 2, 0.2)],
}


def stereo(channels: list[NDArray[np.float64]]) -> NDArray[np.float32]:
    return np.stack(channels).astype(np.float32)
