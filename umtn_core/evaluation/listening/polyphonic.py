"""Notes of polyphonic music, by the network that Basic Pitch ships (Bittner et al., 2022).

Its package carries the network as ONNX, and only that file is used: the package is never
imported and may be installed without its own requirements (TensorFlow among them)::

    pip install --no-deps basic-pitch

The network gives, 86 times a second, how probable it is that each key of a piano sounds
and that it is struck; `notes_from_posteriors` makes notes of that.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.note import Transcribed

RATE = 22_050
HOP = 256
LOWEST_MIDI = 21

_WINDOW = 2 * RATE - HOP
#: Frames at each end of a window that are left to its neighbours.
_MARGIN = 15
_NOTE, _ONSET = "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"
_INPUT = "serving_default_input_2:0"


def installed() -> bool:
    """Whether the network can be used here."""
    return _model_file() is not None


def posteriors(
    samples: ArrayLike, sample_rate: int = 16_000
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Probabilities that each key sounds, and that it is struck, of however many voices.

    Parameters
    ----------
    samples
        The audio: float array (samples,), full scale 1.
    sample_rate
        The samples a second of the audio.

    Returns
    -------
    two float32 arrays (frames, 88)
        Frame ``i`` is at ``i * HOP / RATE`` seconds; key 0 is MIDI note 21.

    Raises
    ------
    UmtnError
        If Basic Pitch is not installed.
    """
    import soxr

    file = _model_file()
    if file is None:
        raise UmtnError(
            "Transcribing polyphony needs Basic Pitch: run `pip install --no-deps basic-pitch`."
        )
    audio = np.asarray(soxr.resample(np.asarray(samples, np.float32), sample_rate, RATE))
    frames = -(-len(audio) // HOP)
    # Each window keeps its middle; the steps are whole frames, so that no time is lost.
    step = _WINDOW // HOP - 2 * _MARGIN
    count = max(1, -(-frames // step))
    padded = np.zeros((count * step + 2 * _MARGIN) * HOP + _WINDOW, np.float32)
    padded[_MARGIN * HOP :][: len(audio)] = audio
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[:: step * HOP][:count]
    parts = [_session(file).run([_NOTE, _ONSET], {_INPUT: row[None, :, None]}) for row in windows]
    kept = slice(_MARGIN, _MARGIN + step)
    sounding, struck = (
        np.concatenate([part[k][0, kept] for part in parts])[:frames] for k in (0, 1)
    )
    return sounding, struck


def notes_from_posteriors(
    sounding: NDArray[np.floating],
    struck: NDArray[np.floating],
    *,
    onset_threshold: float = 0.6,
    frame_threshold: float = 0.45,
    shortest_seconds: float = 0.06,
    patience_seconds: float = 0.06,
) -> list[Transcribed]:
    """Make notes of frame-wise probabilities.

    A note begins at a local peak of its key's onset probability and lasts until its key
    has been improbable for a while, or is struck again.

    Parameters
    ----------
    sounding, struck
        The probabilities that `posteriors` gives: float arrays (frames, keys).
    onset_threshold, frame_threshold
        The least probabilities for an onset, and for a note to last.
    shortest_seconds
        The length below which a note is dropped.
    patience_seconds
        The longest time that a key may be improbable within a note.

    Returns
    -------
    list of (start_s, end_s, midi_pitch), in order of time
    """
    second = RATE / HOP
    patience = max(1, round(patience_seconds * second))
    notes: list[Transcribed] = []
    for key in np.flatnonzero((struck >= onset_threshold).any(axis=0)):
        curve = np.pad(struck[:, key], 1)
        peak = (curve[1:-1] > curve[:-2]) & (curve[1:-1] >= curve[2:])
        starts = np.flatnonzero(peak & (curve[1:-1] >= onset_threshold))
        probable = sounding[:, key] >= frame_threshold
        for start, limit in zip(starts, [*starts[1:], len(probable)], strict=True):
            end, last = start + 1, start
            while end < limit and end - last <= patience:
                if probable[end]:
                    last = end
                end += 1
            if last + 1 - start >= shortest_seconds * second:
                notes.append(
                    (float(start / second), float((last + 1) / second), int(key) + LOWEST_MIDI)
                )
    return sorted(notes)


def _model_file() -> Path | None:
    found = importlib.util.find_spec("basic_pitch")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder, "saved_models", "icassp_2022", "nmp.onnx")
        if file.is_file():
            return file
    return None


@cache
def _session(file: Path) -> Any:
    from umtn_core.runtime import open_session

    return open_session(file.read_bytes())
