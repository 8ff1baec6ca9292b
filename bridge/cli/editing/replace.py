"""How a new file takes the place of a take, with what it was kept beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from bridge.cli.editing.attributes import copy_attributes
from bridge.cli.editing.take import Take
from umtn_core.audio.whole_file import whole_file
from umtn_core.errors import Cancelled, UmtnError
from umtn_core.progress import IsCancelled

_BLOCK = 1 << 20


def replace(
    take: Take, write: Callable[[BinaryIO, BinaryIO], None], cancelled: IsCancelled
) -> Path:
    """Put a new file in a take's place, once it is whole and what the take was is kept.

    A take that has other names, or that its folder lets nobody replace, is written over: cut off
    in that instant by a crash, it is whole only in the copy beside it. Any other one is either
    what it was or new, whatever happens.

    Parameters
    ----------
    take
        The file that is replaced.
    write
        Called with the take, open for reading, and the new file.
    cancelled
        Asked while what the take was is copied.

    Returns
    -------
    Path
        The copy of what it was.

    Raises
    ------
    UmtnError
        If the take has changed meanwhile, or cannot be kept or written.
    Cancelled
    """
    copies: list[Path] = []
    replacing = False
    try:
        with _new(take, copies) as new:
            # Closed before the new file takes its place: Windows lets no open file be replaced.
            with take.path.open("rb") as old:
                copy_attributes(old.fileno(), new.fileno())
                write(old, new)
                # Once there is a whole result, and as late as can be: making it takes its time.
                take.check_unchanged()
                copies.append(_kept(take, old, cancelled))
            take.check_unchanged()
            replacing = True
    except BaseException as error:
        # Where it is not sure that the take is what it was, the copy is what is left of it.
        if copies and not (replacing and take.has_changed):
            copies[0].unlink()
        if isinstance(error, OSError):
            raise UmtnError(f"Cannot write {take.name}: {error.strerror or error}.") from error
        raise
    return copies[0]


@contextmanager
def _new(take: Take, copies: list[Path]) -> Iterator[BinaryIO]:
    """Give a file to write, which is what the take is once the block has ended well."""
    if take.must_stay:
        with tempfile.TemporaryFile(dir=take.folder) as file:
            yield cast(BinaryIO, file)
            _write_over(take, cast(BinaryIO, file), copies[0])
    else:
        with whole_file(take.path, overwrite=True) as new:
            yield new


def _write_over(take: Take, new: BinaryIO, copy: Path) -> None:
    """Write a take over with what another file holds, or leave it as it was."""
    with take.path.open("r+b", buffering=0) as file:
        try:
            _fill(file, new)
        except BaseException:
            try:
                with copy.open("rb") as before:
                    _fill(file, before)
                os.utime(take.path, ns=take.times)
            except OSError as error:
                raise UmtnError(
                    f"{take.name} could not be written whole ({error.strerror}), nor what it was; "
                    f"that is in {copy}: copy it back."
                ) from error
            raise


def _fill(file: BinaryIO, source: BinaryIO) -> None:
    """Give a file the content of another. Its end comes first, since there may be no room."""
    size, now = source.seek(0, os.SEEK_END), file.seek(0, os.SEEK_END)
    for begin, end in ((now, size), (0, min(now, size))):
        source.seek(begin)
        file.seek(begin)
        while begin < end:
            data = source.read(min(_BLOCK, end - begin))
            begin += len(data)
            while data:
                data = data[file.write(data) :]
    file.truncate(size)
    os.fsync(file.fileno())


def _kept(take: Take, old: BinaryIO, cancelled: IsCancelled) -> Path:
    """Copy a take to a name beside it that is free."""
    for number in count(1):
        copy = take.original(number)
        try:
            with whole_file(copy, overwrite=False) as target:
                # First, so that nobody can read it who may not.
                copy_attributes(old.fileno(), target.fileno())
                old.seek(0)
                while data := old.read(_BLOCK):
                    if cancelled():
                        raise Cancelled("The translation was cancelled.")
                    target.write(data)
        except FileExistsError:
            continue
        except OSError as error:
            raise UmtnError(
                f"Cannot keep a copy of {take.name} ({error.strerror}), so it is left as it is."
            ) from error
        with suppress(OSError):
            os.utime(copy, ns=take.times)
        return copy
    raise AssertionError("unreachable")
