"""What becomes of stereo: how alike the sides are, what a mono sum loses, and where players stand.

Usage: python benchmarks/stereo.py [--model M] [--players a,b] [--targets a,b] [--seconds S]

Recordings of real players, fetched the first time, are put on two channels in every way that is
named in docs/sound.md, and translated with channels as they are by default. Prints of each way,
before and after: the correlation of left and right; how far it is off on average over half seconds;
the power of their sum over the sum of their powers, in dB; and by how many dB the balance over
fifths of a second is off, on average and at worst. Two players, one on each side, have to stay
two: of them it prints how far the left side is from what it is when it is translated by itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from pedalboard import Reverb

from umtn_core.audio.resample import resample
from umtn_core.evaluation.material.real_recordings import real_recording
from umtn_core.evaluation.measures.stereo import mono_sum_db, stereo_correlation
from umtn_core.recording import Audio
from umtn_core.stereo import StereoListener
from umtn_core.translator import Translator

Signal = NDArray[np.float64]

RATE = 44_100
#: What is so far below the loudest stretch, in power, has no place.
BELOW_LOUDEST = 10**-3.5


def main() -> None:
    """Place, translate, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--players", default="clarinet,violin")
    parser.add_argument("--targets", default="violin,clarinet")
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    players = [heard(name, options.seconds) for name in options.players.split(",")]
    rows: dict[str, list[Signal]] = {}
    print(f"{'':48s}{'correlation':>14s} {'off':>5s} {'mono sum':>13s} {'balance off, worst':>19s}")
    for target in options.targets.split(","):
        translator = Translator(options.model, target, segments=1)
        for name, alone in zip(options.players.split(","), players, strict=True):
            for kind, place in KINDS.items():
                audio = np.stack(place(alone)).astype(np.float32)
                row = f"{name} to {target}, {kind}"
                if not listened(audio):
                    print(f"{row:48s} taken for two players", flush=True)
                    continue
                compared = figures(audio, translator(audio, RATE))
                rows.setdefault(kind, []).append(compared)
                print(f"{row:48s}{line(compared)}", flush=True)
        for row, audio in pairs(options.players.split(","), players):
            found = "taken for ONE player" if listened(audio) else "two players"
            made = translator(audio, RATE)
            left = translator(audio[:1], RATE)[0]
            error = np.abs(made[0] - left).max() / np.abs(left).max()
            print(f"{row + f' to {target}':48s} {found}, left side off by {error:.1e}", flush=True)
    print(f"\n{'off at worst, of':48s}   correlation, in half seconds, mono sum, balance")
    for kind, each in rows.items():
        correlation, sums = (
            np.abs(np.subtract(*np.array(each).T[k : k + 2])).max() for k in (0, 3)
        )
        near, away = np.array(each)[:, 2].max(), np.array(each)[:, 5].max()
        print(
            f"{f'{len(each)} of {kind}':48s} {correlation:8.3f} {near:8.3f} {sums:8.2f} {away:8.2f}"
        )


def heard(name: str, seconds: float) -> Signal:
    """Return the beginning of a real player's recording, its loudest sample 0.4."""
    recording = real_recording(name)
    samples = resample(recording.samples, recording.sample_rate, RATE)
    audio = samples[: round(seconds * RATE)].astype(np.float64)
    return audio * (0.4 / np.abs(audio).max())


def listened(audio: Audio) -> bool:
    """Tell whether channels are found to be one player."""
    listener = StereoListener(len(audio), RATE)
    listener.add(audio)
    return listener.placing() is not None


def figures(before: Audio, after: Audio) -> Signal:
    """Compare two stereo recordings.

    Returns
    -------
    float64 array (7,)
        Correlation before and after, and by how much it is off over half seconds; mono sum before
        and after; by how much the balance is off on average and at worst.
    """
    alike = [stereo_correlation(audio) for audio in (before, after)]
    sums = [mono_sum_db(audio) for audio in (before, after)]
    near = np.abs(np.subtract(*over_time(before, after, 0.5, stereo_correlation))).mean()
    away = np.abs(np.subtract(*over_time(before, after, 0.2, balance)))
    return np.array([*alike, near, *sums, away.mean(), away.max()])


def line(found: Signal) -> str:
    """Format figures."""
    alike, other, near, sums, others, away, worst = found
    wrong = abs(alike - other) > 0.1 or near > 0.1 or abs(sums - others) > 1 or away > 1
    return (
        f"{alike:7.3f}{other:7.3f} {near:5.3f} {sums:6.2f}{others:7.2f} "
        f"{away:12.2f}{worst:7.2f}{'  OFF' if wrong else ''}"
    )


def over_time(
    before: Audio, after: Audio, seconds: float, measure: Callable[[Audio], float]
) -> tuple[Signal, Signal]:
    """Measure stretches in which both recordings sound."""
    size = round(seconds * RATE)
    places = range(0, before.shape[1] - size + 1, size)
    stretches = [[audio[:, k : k + size] for k in places] for audio in (before, after)]
    powers = np.array([[np.square(part).mean() for part in parts] for parts in stretches])
    loud = (powers > BELOW_LOUDEST * powers.max(axis=1, keepdims=True)).all(axis=0)
    first, second = (
        np.array([measure(part) for part, is_loud in zip(parts, loud, strict=True) if is_loud])
        for parts in stretches
    )
    return first, second


def balance(audio: Audio) -> float:
    """Tell by how many dB left is louder than right."""
    left, right = (np.square(side, dtype=np.float64).mean() + 1e-14 for side in audio)
    return float(10 * np.log10(left / right))


def late(audio: Signal, seconds: float) -> Signal:
    """Delay a signal."""
    count = round(seconds * RATE)
    return np.concatenate([np.zeros(count), audio])[: len(audio)]


def room(audio: Signal, seed: int, wet: float) -> Signal:
    """Add 0.3 s of a room's reflections; wet, their power over the signal's own."""
    rng = np.random.default_rng(seed)
    count = round(0.3 * RATE)
    response = rng.standard_normal(count) * np.exp(-7 * np.arange(count) / count)
    response[: round(0.004 * RATE)] = 0
    response *= np.sqrt(wet / (response**2).sum())
    response[0] = 1
    size = 1 << (len(audio) + count).bit_length()
    made = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)
    return made[: len(audio)]


def reverberation(audio: Signal, wet: float) -> list[Signal]:
    """Send a signal through a reverberator that has two outputs."""
    made = Reverb(room_size=0.6, damping=0.4, wet_level=wet, dry_level=1 - wet, width=1)(
        np.stack([audio, audio]).astype(np.float32), RATE
    )
    return list(made.astype(np.float64))


def moving(audio: Signal, seconds: float) -> list[Signal]:
    """Move a signal from side to side and back, as long as that takes."""
    turn = np.sin(2 * np.pi * np.arange(len(audio)) / (seconds * RATE))
    angle = np.pi / 4 * (1 + 0.9 * turn)
    return [np.cos(angle) * audio, np.sin(angle) * audio]


def dithered(audio: Signal) -> list[Signal]:
    """Round a signal twice, as a file of 16 bits, with a noise of its own each time."""
    rng = np.random.default_rng(0)
    noises = (rng.random(len(audio)) - rng.random(len(audio)) for _ in range(2))
    return [np.rint(audio * 32767 + noise) / 32768 for noise in noises]


#: One player on two channels.
KINDS: dict[str, Callable[[Signal], list[Signal]]] = {
    "panned, 6 dB": lambda x: [x, 0.5 * x],
    "panned, 20 dB": lambda x: [0.1 * x, x],
    "moving, 4 s": lambda x: moving(x, 4.0),
    "moving, 1 s": lambda x: moving(x, 1.0),
    "dithered": dithered,
    "dithered, 40 dB softer": lambda x: dithered(0.01 * x),
    "microphones, 0.4 ms": lambda x: [room(x, 1, 0.1), 0.9 * room(late(x, 0.0004), 2, 0.1)],
    "microphones, 3 ms": lambda x: [room(x, 1, 0.2), 0.8 * room(late(x, 0.003), 2, 0.2)],
    "microphones, 20 ms": lambda x: [0.6 * room(late(x, 0.02), 1, 0.2), room(x, 2, 0.2)],
    "microphones, 3 ms, far away": lambda x: [room(x, 1, 1), room(late(x, 0.003), 2, 1)],
    "reverberation, 20 %": lambda x: reverberation(x, 0.2),
    "reverberation, 50 %": lambda x: reverberation(x, 0.5),
    "one side turned over": lambda x: [x, -0.8 * x],
    "late, 8 ms": lambda x: [x, late(x, 0.008)],
    "late and turned over, 4 ms": lambda x: [-late(x, 0.004), x],
}


def pairs(names: list[str], players: list[Signal]) -> Iterator[tuple[str, Audio]]:
    """Put two players at a time hard to the left and to the right, as loud as each other."""
    for i, second in enumerate(players):
        for j, first in enumerate(players[:i]):
            size = min(len(first), len(second))
            sides = (first[:size], second[:size])
            scaled = [0.1 * side / np.sqrt(np.square(side).mean()) for side in sides]
            yield f"{names[j]} | {names[i]}", np.stack(scaled).astype(np.float32)


if __name__ == "__main__":
    main()
