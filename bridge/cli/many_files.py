"""Translates many files, several at once, each written as soon as its group is done."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.cli.file_pairs import FilePair
from umtn_core.audio.places import nearest_folder
from umtn_core.audio.read import take_audio
from umtn_core.audio.sound import SoundRows
from umtn_core.audio.write import check_output, write_blocks
from umtn_core.errors import Cancelled, DiskError, UmtnError
from umtn_core.progress import Progress
from umtn_core.translation import Source
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
        The seconds that it took until it was written, with its whole group.
    error
        Why there is no result, if so.
    remark
        What is odd of the file, and what of the recording the model was not taught, each in a
        sentence; empty if all is well.
    """

    pair: FilePair
    seconds: float = 0.0
    took_s: float = 0.0
    error: str | None = None
    remark: str = ""


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
        read: list[tuple[FilePair, SoundRows]] = []
        scratch = _folder_with_room(group[0].result)
        to_come: Counter[int] = Counter()
        for pair in group:
            try:
                sound = take_audio(pair.source, folder=scratch, cancelled=stopped)
                _check(pair.result, sound, force, to_come)
            except Cancelled:
                raise
            except UmtnError as error:
                yield _failed(pair, error)
            except OSError as error:
                yield Outcome(pair, error=f"Cannot read {pair.source}: {error.strerror or error}.")
            else:
                read.append((pair, sound))

        if not read:
            done += len(group)
            continue

        def report(now: Progress, done: int = done, size: int = len(group)) -> None:
            progress(done + now.fraction * size)

        try:
            translation = translator.begin(
                [Source(sound, sound.sample_rate) for _, sound in read],
                cancelled=stopped,
                scratch=scratch,
            )
            translation.advance(progress=report, cancelled=stopped)
        except DiskError as error:
            yield from (_failed(pair, error) for pair, _ in read)
        else:
            made = zip(read, translation.results(stopped), translation.remarks, strict=True)
            for (pair, sound), blocks, remark in made:
                yield _written(pair, sound, blocks, began, remark, force)
        done += len(group)
        progress(done)


def _check(result: Path, sound: SoundRows, force: bool, to_come: Counter[int]) -> None:
    """Refuse what could not be written in the end, and count with what can.

    ``to_come`` are the bytes that others of the group will take on each disk.
    """
    disk = nearest_folder(result).stat().st_dev
    to_come[disk] += check_output(
        result,
        overwrite=force,
        make_folders=True,
        channels=sound.channels,
        sample_rate=sound.sample_rate,
        samples=sound.samples,
        besides=to_come[disk],
    )


def _failed(pair: FilePair, error: UmtnError) -> Outcome:
    # What is said of the disk does not tell whose work it was.
    text = f"{pair.source}: {error}" if isinstance(error, DiskError) else str(error)
    return Outcome(pair, error=text)


def _folder_with_room(result: Path) -> Path | None:
    """Choose where to put what does not fit into memory: there has to be as much room for results.

    The system's folder for such files often lies in memory.
    """
    folder = nearest_folder(result)
    return folder if os.access(folder, os.W_OK) else None


def _written(
    pair: FilePair,
    sound: SoundRows,
    blocks: Iterator[NDArray[np.float32]],
    began: float,
    remark: str,
    force: bool,
) -> Outcome:
    try:
        pair.result.parent.mkdir(parents=True, exist_ok=True)
        clipped = write_blocks(
            pair.result, blocks, sound.channels, sound.sample_rate, overwrite=force
        )
    except Cancelled:
        raise
    except UmtnError as error:
        return _failed(pair, error)
    except OSError as error:
        return Outcome(
            pair, error=f"Cannot make the folder {pair.result.parent}: {error.strerror}."
        )
    loud = (
        f"{clipped} samples are louder than {pair.result.suffix} holds and were clipped; choose "
        ".wav to keep them."
        if clipped
        else ""
    )
    remark = " ".join(filter(None, (sound.remark, remark, loud)))
    seconds, took = sound.samples / sound.sample_rate, time.monotonic() - began
    return Outcome(pair, seconds, took, remark=remark)
