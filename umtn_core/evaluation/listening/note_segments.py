"""Notes of one voice, from its pitch track: an independent transcriber without a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.evaluation.listening.note import Transcribed
from umtn_core.evaluation.listening.pitch_tracking import HOP_SECONDS, PitchTrack

SHORTEST_SECONDS = 0.050
_GAP_SECONDS = 0.030
_DIP_DB = 4.0
_RISE_SECONDS = 0.050


def levels(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Level of each frame of the pitch tracker's grid, in decibels: (frames,)."""
    hop = round(HOP_SECONDS * sample_rate)
    count = -(-len(samples) // hop)
    energy = np.zeros((count + 2) * hop)
    energy[hop + hop // 2 :][: len(samples)] = samples.astype(np.float64) ** 2
    power = energy.reshape(count + 2, hop).mean(axis=1)
    # Three hops, or the level of a low note would swing within its period.
    return 10.0 * np.log10((power[:-2] + power[1:-1] + power[2:]) / 3.0 + 1e-12)


def segment(pitches: PitchTrack, decibels: NDArray[np.float64]) -> list[Transcribed]:
    """Cut a pitch track into notes.

    A note is a run of frames whose pitch rounds to one semitone (after a median that
    forgives vibrato and single wrong frames); a repeated note is told from a held one by
    a dip in level followed by a rise.

    Parameters
    ----------
    pitches
        The pitch track that is cut.
    decibels
        The level at each frame of the track: float array (frames,).

    Returns
    -------
    list of (start_s, end_s, midi_pitch), in order of time
    """
    if not len(decibels):
        return []
    hop = pitches.hop_seconds
    semitones = _smoothed(pitches.midi)
    bounds = np.flatnonzero(np.diff(semitones)) + 1
    attacks = _attacks(decibels, hop)
    bounds = np.union1d(bounds, attacks[(attacks > 0) & (attacks < len(semitones))])
    starts = np.concatenate([[0], bounds]).astype(int)
    ends = np.concatenate([bounds, [len(semitones)]]).astype(int)
    shortest = round(SHORTEST_SECONDS / hop)
    notes: list[Transcribed] = []
    struck = set(attacks.tolist())
    for start, end in zip(starts, ends, strict=True):
        if start == end or semitones[start] <= 0:
            continue
        pitch = int(semitones[start])
        resumed = (
            notes
            and notes[-1][2] == pitch
            and start * hop - notes[-1][1] <= _GAP_SECONDS
            and start not in struck
        )
        if resumed:
            notes[-1] = (notes[-1][0], float(end * hop), pitch)
        elif end - start >= shortest:
            notes.append((float(start * hop), float(end * hop), pitch))
    return notes


def _smoothed(midi: NDArray[np.float64]) -> NDArray[np.int64]:
    """Semitone of each frame, 0 where there is none: the middle value of seven frames.

    Vibrato swings by less than half a semitone around its note, so only a note near a
    semitone's edge flickers; a pitch keeps its semitone until it is 0.6 away from it.
    """
    width = 7
    values = np.nan_to_num(midi, nan=0.0)
    padded = np.pad(values, width // 2)
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    semitones = np.zeros(len(midi), np.int64)
    held = 0
    for i, value in enumerate(middle):
        if value <= 0:
            held = 0
        elif abs(value - held) > 0.6:
            held = round(float(value))
        semitones[i] = held
    return semitones


def _attacks(decibels: NDArray[np.float64], hop: float) -> NDArray[np.int64]:
    """Frames where the level has dipped and rises again by ``_DIP_DB`` within 50 ms."""
    reach = round(_RISE_SECONDS / hop)
    rise = np.zeros(len(decibels))
    rise[:-reach] = decibels[reach:] - decibels[:-reach] if len(decibels) > reach else 0.0
    padded = np.pad(rise, reach, constant_values=-np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    found = np.flatnonzero((rise >= _DIP_DB) & (rise == around))
    return found + reach // 2
