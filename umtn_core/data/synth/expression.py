"""What a player does with notes that sound: vibrato, glides, bends, swells, accents, the pedal."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.curves import CONTROL_RATE, Curves, points_of
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.recipe import ExpressionSettings

#: Shorter notes have no vibrato, glide or bend.
_LONG_S = 0.22
#: Glides are no wider, in semitones.
_WIDEST_GLIDE = 7
#: A pause of so long ends a phrase.
_PAUSE_S = 0.15
#: Gains change over so many points, so that nothing clicks.
_SMOOTH = 5


def express(
    performance: Performance,
    settings: ExpressionSettings,
    abilities: Collection[str],
    rng: np.random.Generator,
) -> Curves:
    """Draw the curves of a performance.

    Parameters
    ----------
    performance
        Its notes; curves it has are not looked at.
    settings
        Amounts; see `ExpressionSettings`.
    abilities
        What the instrument can do; see `Curves.as_played_by`.
    rng
        Source of everything random.
    """
    tuned = rng.random() < settings.tuning_share
    tuning = float(rng.uniform(-settings.tuning, settings.tuning)) if tuned else 0.0
    notes, points = performance.notes, points_of(performance.seconds)
    bend = np.full(points, tuning)
    if "bend" in abilities:
        bend += _vibrato(performance, points, settings, rng)
        if performance.is_line:
            bend += _glides(notes, points, settings, rng) + _scoops(notes, points, settings, rng)
    gain = np.ones(points)
    if "swell" in abilities:
        gain = _swells(notes, points, settings, rng)
    pedal = np.zeros(points, np.bool_)
    if "pedal" in abilities and rng.random() < settings.pedal_share:
        pedal = _pedal(notes, points)
    return Curves(bend.astype(np.float32), gain.astype(np.float32), pedal, tuning)


def _span(start: float, end: float, points: int) -> slice:
    """Return the points of a stretch of time, from the last one at or before its start."""
    first = int(start * CONTROL_RATE)
    return slice(first, max(first, min(points, int(end * CONTROL_RATE) + 1)))


def _vibrato(
    performance: Performance, points: int, settings: ExpressionSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    curve = np.zeros(points)
    if rng.random() >= settings.vibrato_share:
        return curve
    rate, depth = rng.uniform(*settings.vibrato_hz), rng.uniform(*settings.vibrato_depth)
    if not performance.is_line:
        # All voices alike, and so without the beginnings of single notes.
        time = np.arange(points) / CONTROL_RATE
        return np.asarray(0.5 * depth * np.sin(2 * np.pi * rate * time + rng.uniform(0, 2 * np.pi)))
    for note, until in _with_next(performance):
        if note.end - note.start < _LONG_S:
            continue
        part = _span(note.start, until, points)
        time = np.arange(part.stop - part.start) / CONTROL_RATE
        own = rate * rng.uniform(0.93, 1.07)
        grown = np.clip((time - rng.uniform(*settings.vibrato_onset_s)) / 0.2, 0, 1)
        wave = np.sin(2 * np.pi * own * time)
        curve[part] = depth * rng.uniform(0.6, 1.0) * grown * wave
    return curve


def _glides(
    notes: list[PlayedNote], points: int, settings: ExpressionSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    curve = np.zeros(points)
    if rng.random() >= settings.glide_share:
        return curve
    share = rng.uniform(0.1, 0.5)
    for last, note in pairwise(notes):
        distance = last.pitch - note.pitch
        close = note.start - last.end < _PAUSE_S and abs(distance) <= _WIDEST_GLIDE
        if not close or note.end - note.start < _LONG_S or rng.random() >= share:
            continue
        part = _span(note.start, min(note.end, note.start + rng.uniform(*settings.glide_s)), points)
        way = np.linspace(0, 1, part.stop - part.start)
        curve[part] = distance * (0.5 + 0.5 * np.cos(np.pi * way))
    return curve


def _scoops(
    notes: list[PlayedNote], points: int, settings: ExpressionSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Notes that rise to their pitch from below, fall from it, or dip on the way."""
    curve = np.zeros(points)
    if rng.random() >= settings.bend_share:
        return curve
    share = rng.uniform(0.1, 0.4)
    for last, note in pairwise([None, *notes]):
        assert note is not None
        follows = last is not None and note.start - last.end < _PAUSE_S
        if note.end - note.start < 2 * _LONG_S or rng.random() >= share:
            continue
        size, length = rng.uniform(0.3, settings.bend), rng.uniform(0.08, 0.25)
        kind = int(rng.integers(3))
        if kind == 0 and not follows:
            part = _span(note.start, note.start + length, points)
            curve[part] -= size * (1 - np.linspace(0, 1, part.stop - part.start)) ** 1.5
        elif kind == 1:
            part = _span(note.end - length, note.end - 1 / CONTROL_RATE, points)
            curve[part] -= size * np.linspace(0, 1, part.stop - part.start) ** 1.5
        else:
            middle = rng.uniform(note.start + 0.1, note.end - length)
            part = _span(middle, middle + length, points)
            sign = float(rng.choice((-1, 1)))
            way = np.linspace(0, 1, part.stop - part.start)
            curve[part] += sign * size * np.sin(np.pi * way) ** 2
    return curve


def _swells(
    notes: list[PlayedNote], points: int, settings: ExpressionSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    decibels = np.zeros(points)
    if rng.random() < settings.swell_share:
        for start, end in _phrases(notes, rng):
            part = _span(start, end, points)
            way = np.linspace(0, 1, part.stop - part.start)
            cycles = rng.uniform(0.5, 2)
            shape = (
                np.sin(np.pi * way), way, 1 - way, np.ones_like(way),
                0.5 + 0.5 * np.sin(2 * np.pi * way * cycles),
            )[int(rng.integers(5))]  # fmt: skip
            # What is soft throughout has less of a way to go.
            base = rng.uniform(0, 0.6) * settings.swell_db if rng.random() < 0.4 else 0.0
            depth = rng.uniform(0, settings.swell_db - base)
            decibels[part] = -base - depth * (1 - shape)
    if rng.random() < settings.accent_share:
        room = rng.uniform(0.3, 1.0) * settings.accent_db
        decibels -= room
        share = rng.uniform(0.1, 0.4)
        for note in notes:
            if note.end - note.start >= 0.12 and rng.random() < share:
                part = _span(note.start, min(note.end, note.start + 0.3), points)
                time = np.arange(part.stop - part.start) / CONTROL_RATE
                decibels[part] += room * np.exp(-time / 0.1)
    gain = 10 ** (np.minimum(decibels, 0.0) / 20)
    padded = np.pad(gain, _SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), mode="valid")


def _phrases(notes: list[PlayedNote], rng: np.random.Generator) -> list[tuple[float, float]]:
    """Divide the time of the notes where they pause, and now and then where they do not."""
    result: list[tuple[float, float]] = []
    if not notes:
        return result
    start, longest = notes[0].start, rng.uniform(1, 6)
    sounds_until = notes[0].end
    for note in notes[1:]:
        if note.start - sounds_until > _PAUSE_S or note.start - start > longest:
            result.append((start, note.start))
            start, longest = note.start, rng.uniform(1, 6)
        sounds_until = max(sounds_until, note.end)
    return [*result, (start, sounds_until + 0.3)]


def _pedal(notes: list[PlayedNote], points: int) -> NDArray[np.bool_]:
    """Hold the pedal, and change it with the bass: so that chords do not run together."""
    pedal = np.zeros(points, np.bool_)
    changes: list[float] = []
    bass = None
    for note in notes:
        if bass is None or note.start >= bass.end - 0.05 or note.pitch < bass.pitch:
            bass = note
            if not changes or note.start - changes[-1] > 0.35:
                changes.append(note.start)
    last = max((note.end for note in notes), default=0.0)
    for start, end in pairwise([*changes, last + 0.1]):
        # Pressed just after the new bass, lifted just before the next.
        pedal[_span(start + 0.06, end - 0.03, points)] = True
    return pedal


def _with_next(performance: Performance) -> list[tuple[PlayedNote, float]]:
    """Return each note with the time until which its curve is its own."""
    following = [note.start for note in performance.notes[1:]] + [performance.seconds]
    return [
        (note, min(until - 1 / CONTROL_RATE, note.end + 0.3))
        for note, until in zip(performance.notes, following, strict=False)
    ]
