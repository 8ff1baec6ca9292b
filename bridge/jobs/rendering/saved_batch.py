"""The folder in which a batch under way is saved."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Container, Iterable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from bridge.jobs.disk import Sparing, write_whole

_STATE = "state"
_HEADER = "header.json"
_RESULTS = "results"

#: What reading something damaged raises.
_DAMAGES = (OSError, ValueError, EOFError, msgspec.DecodeError)


class SavedSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One job's audio within a saved batch.

    Attributes
    ----------
    id
        The job's id.
    sample_rate
        The audio's sample rate in hertz.
    seed
        The seed that it is decoded with.
    """

    id: str
    sample_rate: int
    seed: int


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    # "pieces" on the disk, where earlier versions of umtn have left some.
    sources: list[SavedSource] = msgspec.field(name="pieces")


class SavedBatch:
    """A batch's audio, as it was read, and the newest state of its translation.

    The audio is kept so that a job, once begun, needs its input no more.

    Parameters
    ----------
    folder
        The batch's own folder; made when something is saved.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def save_audio(self, sources: list[SavedSource], audio: list[NDArray[np.float32]]) -> None:
        """Keep what the batch was begun with.

        Raises
        ------
        OSError
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for i, each in enumerate(audio):
            with open(self._folder / f"{i}.npy", "wb") as file:
                np.save(Sparing(file), each, allow_pickle=False)
        write_whole(self._folder / _HEADER, msgspec.json.encode(_Header(sources)))

    def save_state(self, state: bytes) -> None:
        """Replace the saved state.

        Raises
        ------
        OSError
            The one before is still there.
        """
        write_whole(self._folder / _STATE, hashlib.sha256(state).digest() + state)

    def load(self) -> tuple[list[SavedSource], list[NDArray[np.float32]], bytes] | None:
        """Return what was saved, or None if that is nothing, or damaged."""
        try:
            header = msgspec.json.decode((self._folder / _HEADER).read_bytes(), type=_Header)
            contents = (self._folder / _STATE).read_bytes()
            digest, state = contents[:32], contents[32:]
            if hashlib.sha256(state).digest() != digest:
                return None
            audio = [
                np.load(self._folder / f"{i}.npy", allow_pickle=False)
                for i in range(len(header.sources))
            ]
        except _DAMAGES:
            return None
        return header.sources, audio, state

    def forget(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)


class WorkFolder:
    """Everything that workers save.

    Parameters
    ----------
    folder
        The bridge's own folder for it.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._results = folder / _RESULTS

    def batch(self, name: str) -> SavedBatch:
        """Return a batch's folder."""
        return SavedBatch(self._folder / "batches" / name)

    def result(self, id: str) -> Path:
        """Name the file in which a job's result is announced before it gets its name."""
        return self._results / hashlib.sha256(id.encode()).hexdigest()

    def saved(self) -> set[str]:
        """Name the batches with a saved state."""
        return {path.parent.name for path in (self._folder / "batches").glob(f"*/{_STATE}")}

    def make(self) -> None:
        """Make the folders."""
        self._results.mkdir(parents=True, exist_ok=True)
        (self._folder / "batches").mkdir(exist_ok=True)

    def forget_all_but(self, names: Container[str], ids: Iterable[str]) -> None:
        """Delete what belongs to no other batch and job than these."""
        for batch in (self._folder / "batches").iterdir():
            if batch.name not in names:
                SavedBatch(batch).forget()
        kept = {self.result(id) for id in ids}
        for result in self._results.iterdir():
            if result not in kept:
                result.unlink(missing_ok=True)
