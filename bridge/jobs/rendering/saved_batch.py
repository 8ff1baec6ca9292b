"""The folder in which a batch under way is saved."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Container, Iterable
from pathlib import Path

import msgspec
import numpy as np

from bridge.jobs.disk import Sparing, new, write_whole
from umtn_core.audio.sound import SoundRows
from umtn_core.rows import Rows

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
    sample_rate, channels, samples
        The audio's form; the rate in hertz.
    seed
        The seed that it is decoded with.
    """

    id: str
    sample_rate: int
    channels: int
    samples: int
    seed: int


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: list[SavedSource]


class SavedBatch:
    """A batch's audio, as it was read, and the newest state of its translation.

    The audio is kept so that a job, once begun, needs its input no more.

    Parameters
    ----------
    folder
        The batch's own folder, see `make`.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def make(self) -> None:
        """Make the folder.

        Raises
        ------
        OSError
        """
        self.folder.mkdir(parents=True, exist_ok=True)

    def room_for_audio(self, number: int) -> Path:
        """Name the file of a source's audio, (samples, channels): where long audio lies at once."""
        return self.folder / f"{number}.f32"

    @property
    def room_for_codes(self) -> Path:
        """The file for what is decoded, where that is much."""
        return self.folder / "codes"

    def save_audio(self, sources: list[SavedSource], audio: list[SoundRows]) -> None:
        """Keep what the batch was begun with.

        Raises
        ------
        OSError
        """
        for i, sound in enumerate(audio):
            if sound.is_kept:
                sound.sync()
                continue
            with open(self.room_for_audio(i), "wb") as file:
                Sparing(file).write(sound.read(0, sound.samples).T.tobytes())
        write_whole(self.folder / _HEADER, msgspec.json.encode(_Header(sources)))

    def save_state(self, state: bytes) -> None:
        """Replace the saved state.

        Raises
        ------
        OSError
            The one before is still there.
        """
        write_whole(self.folder / _STATE, hashlib.sha256(state).digest() + state)

    def load(self) -> tuple[list[SavedSource], list[SoundRows], bytes] | None:
        """Return what was saved, or None if that is nothing, or damaged."""
        try:
            header = msgspec.json.decode((self.folder / _HEADER).read_bytes(), type=_Header)
            contents = (self.folder / _STATE).read_bytes()
            digest, state = contents[:32], contents[32:]
            if hashlib.sha256(state).digest() != digest:
                return None
            audio = [self._audio(i, each) for i, each in enumerate(header.sources)]
        except _DAMAGES:
            return None
        return header.sources, audio, state

    def _audio(self, number: int, source: SavedSource) -> SoundRows:
        path = self.room_for_audio(number)
        if path.stat().st_size != 4 * source.samples * source.channels:
            raise ValueError("saved audio was cut off")
        rows = Rows(source.samples, source.channels, path=path)
        if not rows.is_kept:
            rows[:] = np.fromfile(path, np.float32).reshape(rows.shape)
        return SoundRows(rows, source.sample_rate)

    def forget(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


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

    def forget_result(self, id: str) -> None:
        """Delete what announces a job's result, and what a kill may have left of it."""
        for path in (self.result(id), new(self.result(id))):
            path.unlink(missing_ok=True)

    def saved(self) -> dict[str, int]:
        """Name the batches with a saved state, and say when in nanoseconds that was saved."""
        found = {}
        for path in (self._folder / "batches").glob(f"*/{_STATE}"):
            with contextlib.suppress(FileNotFoundError):
                found[path.parent.name] = path.stat().st_mtime_ns
        return found

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
