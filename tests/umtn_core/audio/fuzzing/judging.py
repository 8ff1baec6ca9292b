"""One spoilt file after another: played as others read it, or refused, soon and in little room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tests.umtn_core.audio.fuzzing.bases import Base
from tests.umtn_core.audio.fuzzing.comparing import Audio, compare
from tests.umtn_core.audio.fuzzing.reading import Read, Reader
from tests.umtn_core.audio.fuzzing.spoiling import TAGS, spoilt

#: Of the processor's time, for a file of half a second.
LONGEST = 2.0
#: Seconds in which an MP3 has hardly begun to sound, so that there is nothing to compare.
SHORTEST = 0.05


@dataclass
class Verdict:
    """What became of the files of one run."""

    counts: Counter[str] = field(default_factory=Counter)
    #: The most of the processor's time that one took, in seconds.
    slowest: float = 0.0
    #: What must not be: which file, which seed, and what was wrong.
    faults: list[str] = field(default_factory=list)


class Judge:
    """Has spoilt files read, and says which of them came out wrong.

    Parameters
    ----------
    folder
        Where files lie while they are read.
    others
        The readers that are asked where what was played is not what was in the whole file.
    kept
        Where the files that came out wrong are kept; None to keep none.
    """

    def __init__(self, folder: Path, others: list[str], kept: Path | None = None):
        self._folder = folder
        self._kept = kept
        self._reader = Reader("umtn")
        self._others = [Reader(other) for other in others]

    def close(self) -> None:
        """End all readers."""
        for reader in [self._reader, *self._others]:
            reader.stop()

    def judge(self, base: Base, seeds: Iterator[int], verdict: Verdict) -> None:
        """Spoil a file with each of the seeds, and judge how that is read."""
        whole = self._reader.read(self._written(base.name, base.contents))
        assert whole.audio is not None, (base.name, whole)
        for seed in seeds:
            contents = spoilt(base, seed)
            path = self._written(base.name, contents)
            read = self._reader.read(path)
            what, fault = self._judged(base, path, read, whole)
            verdict.counts[what] += 1
            verdict.slowest = max(verdict.slowest, read.seconds)
            if fault:
                verdict.faults.append(f"{base.name} {seed}: {fault}")
                if self._kept is not None:
                    (self._kept / f"{seed}-{base.name}").write_bytes(contents)

    def _written(self, name: str, contents: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(contents)
        return path

    def _judged(self, base: Base, path: Path, read: Read, whole: Read) -> tuple[str, str]:
        if read.failed:
            return "failed", read.failed
        if read.seconds > LONGEST:
            return "slow", f"took {read.seconds:.1f} s"
        if read.audio is None:
            if "memory" in read.refused:
                return "failed", read.refused
            return "refused", "" if str(path) in read.refused else f"says {read.refused!r}"
        assert whole.audio is not None
        if read.audio.shape[1] < SHORTEST * read.rate:
            return "too short to tell", ""
        differences = [_difference(read, whole, base.unchecked)]
        if not differences[0]:
            return "as the whole file", ""
        bare = self._written(f"bare {path.name}", _without_tags(path.read_bytes()))
        others = []
        for other in self._others:
            heard = other.read(bare)
            others.append(heard.audio is not None)
            differences.append(_difference(read, heard, base.unchecked))
            if not differences[-1]:
                return "as another reads it", ""
        # Where nobody else reads it, the rate is what the header says.
        same = replace(whole, rate=read.rate)
        if not any(others) and not _difference(read, same, base.unchecked):
            return "as the whole file, at another rate", ""
        return "noise", f"{read.audio.shape} at {read.rate} Hz: " + "; ".join(differences)


def _without_tags(contents: bytes) -> bytes:
    """What is behind tags, which other readers know before some formats only."""
    for tag in TAGS:
        if contents.startswith(tag):
            return _without_tags(contents[len(tag) :])
    return contents


def _difference(read: Read, other: Read, but_for: float) -> str:
    """Say why what was played is not what another reads; empty if it is."""
    played, heard = read.audio, other.audio
    if played is None or heard is None or 0 in heard.shape:
        return other.failed or other.refused or "nothing"
    # Some round half a hertz up, and some down.
    if len(played) != len(heard) or abs(read.rate - other.rate) > 1:
        return f"{len(heard)} channels at {other.rate} Hz"
    return _unlike(played, heard, but_for)


def _unlike(played: Audio, heard: Audio, but_for: float) -> str:
    common = min(played.shape[1], heard.shape[1])
    if common > 16 and np.abs(played[:, :common] - heard[:, :common]).max() < 1e-4:
        return ""
    found = compare(played, heard)
    if found.agrees(but_for):
        return ""
    return f"{found.noise:.2f} of it noise, {found.level:.2f} times as loud"
