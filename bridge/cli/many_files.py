"""Translates many files, several at once, each written as soon as its group is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bridge.cli.file_pairs import FilePair
from umtn_core.audio import read_audio, write_audio
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import Progress
from umtn_core.translator import Translator

#: Files decoded together. More cost memory, and more work is lost when it is stopped.
TOGETHER = 8


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Parameters
    ----------
    pair
        The file and the place of its result.
    seconds
        The length of the recording.
    took_s
        The seconds that its whole group took.
    error
        Why there is no result, if so.
    """

    pair: FilePair
    seconds: float = 0.0
    took_s: float = 0.0
    error: str | None = None


def translate_files(
    translator: Translator,
    pairs: Sequence[FilePair],
    *,
    force: bool,
    progress: Callable[[float], None],
    stopped: Callable[[], bool],
) -> Iterator[Outcome]:
    """Translate files; one that fails does not keep the others from being done.

    Parameters
    ----------
    translator
        What plays them.
    pairs
        The files to read, each with the one to write.
    force
        Whether existing files may be replaced.
    progress
        Called with the number of files done, fractions included.
    stopped
        Asked many times a second.

    Yields
    ------
    Each file's outcome, in order within a group that was decoded together.

    Raises
    ------
    Cancelled
        Once ``stopped`` says so. What was yielded before is on the disk, and nothing else.
    """
    queue = iter(pairs)
    done = 0
    while group := list(islice(queue, TOGETHER)):
        began = time.monotonic()
        read: list[tuple[FilePair, NDArray[np.float32], int]] = []
        for pair in group:
            if stopped():
                raise Cancelled("the translation was cancelled")
            try:
                read.append((pair, *read_audio(pair.source)))
            except UmtnError as error:
                yield Outcome(pair, error=str(error))

        def report(now: Progress, done: int = done, size: int = len(group)) -> None:
            progress(done + now.fraction * size)

        translated = translator.translate_many(
            [(audio, rate) for _, audio, rate in read], progress=report, cancelled=stopped
        )
        took = time.monotonic() - began
        for (pair, audio, rate), result in zip(read, translated, strict=True):
            yield _written(pair, result, rate, audio.shape[1] / rate, took, force)
        done += len(group)
        progress(done)


def _written(
    pair: FilePair,
    audio: NDArray[np.float32],
    sample_rate: int,
    seconds: float,
    took_s: float,
    force: bool,
) -> Outcome:
    try:
        pair.result.parent.mkdir(parents=True, exist_ok=True)
        write_audio(pair.result, audio, sample_rate, overwrite=force)
    except UmtnError as error:
        return Outcome(pair, error=str(error))
    except OSError as error:
        return Outcome(pair, error=f"cannot make the folder {pair.result.parent}: {error.strerror}")
    return Outcome(pair, seconds, took_s)
