"""A result gets its name: whole, once, and never in place of anything."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from pedalboard.io import AudioFile

from bridge.jobs.disk import write_whole
from bridge.jobs.paths import AllowedFolders, as_asked
from bridge.jobs.rendering.renderer import Rendered
from bridge.jobs.request import RequestError
from umtn_core.audio.formats import FORMATS
from umtn_core.audio.whole_file import whole_file

#: FS_IOC_GETVERSION, see `ioctl_iflags(2)`, as it is where a long has eight bytes.
_GET_GENERATION = 0x80087601


class _Announced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is about to get its name, or has it, so that after a crash it is known whose it is.

    Attributes
    ----------
    output
        The path that it is to have.
    size, mtime_ns, sha256
        Its size in bytes, its time of change, and the checksum of its contents.
    identity
        The file itself, as `_identity` tells it from others.
    named
        Whether it has its name. From then on the job is done, whatever becomes of the file.
    """

    output: str
    size: int
    sha256: str
    mtime_ns: int = 0
    identity: tuple[int, ...] = ()
    named: bool = False


@dataclass(frozen=True)
class WavForm:
    """The form of a result.

    Parameters
    ----------
    channels
        The number of channels.
    sample_rate
        The sample rate in hertz.
    mode
        The file's permissions; None, those that the process gives new files.
    """

    channels: int
    sample_rate: int
    mode: int | None = None


def publish(
    folders: AllowedFolders,
    id: str,
    output: Path,
    form: WavForm,
    blocks: Iterable[NDArray[np.float32]],
    announcement: Path,
    may_end: Callable[[], bool],
    asked: str = "",
) -> Rendered | None:
    """Write a result as floating-point WAV.

    Parameters
    ----------
    folders
        The folders that may be written to.
    id
        The job's id.
    output
        The real path that the result will have.
    form
        The result's form.
    blocks : iterable of float32 array (channels, n)
        The result; where taking it raises, there is no file.
    announcement
        The file of the bridge's own in which the result is announced, for `published`.
    may_end
        Called once, when the result is whole: whether it may get its name.
    asked
        The path as it was sent, which errors repeat; empty, the bridge has made it up.

    Returns
    -------
    Rendered or None
        None if it may not; there is no file then.

    Raises
    ------
    RequestError
        If something has the name by now, or the disk is full or not to be written to.
    """
    shown = as_asked(asked or output.name)
    try:
        with (
            folders.open_folder(output.parent, shown) as folder,
            whole_file(
                folder / output.name, overwrite=False, meanwhile=leftover(id, output).name
            ) as file,
        ):
            if form.mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), form.mode)
            write_wav(file, form, blocks)
            file.flush()
            # Some file systems know the time of a change only when it has come to the disk.
            os.fsync(file.fileno())
            # The open file's: whoever waits for it may move it away as soon as it has its name.
            status, digest = os.fstat(file.fileno()), _sha256(file)
            announced = _Announced(
                str(output), status.st_size, digest, status.st_mtime_ns, _identity(file)
            )
            if not may_end():
                raise _NotWanted
            write_whole(announcement, msgspec.json.encode(announced))
    except _NotWanted:
        return None
    except FileExistsError as error:
        # What has the name is another's, even if it is the same to the bit.
        announcement.unlink(missing_ok=True)
        raise RequestError(
            "exists",
            f"{shown} appeared meanwhile, and was not overwritten; choose another name.",
        ) from error
    except OSError as error:
        raise RequestError(
            "disk", f"{shown} cannot be written: {error.strerror or error}."
        ) from error
    # Without it, the file has to be there to be known.
    with contextlib.suppress(OSError):
        write_whole(
            announcement, msgspec.json.encode(msgspec.structs.replace(announced, named=True))
        )
    return Rendered(id, announced.size, announced.mtime_ns)


class _NotWanted(Exception):
    """Ends the writing of a result that nobody wants any more."""


def published(
    folders: AllowedFolders, id: str, output: Path, announcement: Path
) -> Rendered | None:
    """Find a result that got its name just before a crash, so that nobody heard of it.

    Returns
    -------
    Rendered or None
        Of the size and age that it got its name with. None if it has none yet; whatever else may
        be at the path is not ours.
    """
    try:
        announced = msgspec.json.decode(announcement.read_bytes(), type=_Announced)
        if announced.output != str(output):
            return None
        # A kill may have come between the name and its being noted: then the file has to be there.
        if not announced.named and not _is_there(folders, output, announced):
            return None
    except (OSError, msgspec.DecodeError, RequestError):
        return None
    return Rendered(id, announced.size, announced.mtime_ns)


def _is_there(folders: AllowedFolders, output: Path, announced: _Announced) -> bool:
    """Whether what has the name is what was to get it, or is the same to the bit."""
    with folders.open_input(Path(os.path.realpath(output)), output.name) as file:
        if announced.identity and _identity(file) == announced.identity:
            return True
        size = os.fstat(file.fileno()).st_size
        return size == announced.size and _sha256(file) == announced.sha256


def _identity(file: BinaryIO) -> tuple[int, ...]:
    """Tell a file from all others, changed or not, here or moved, and from those that come later.

    A number that was a deleted file's soon becomes another's. File systems where that is so count
    whose it is, or know when a file was made.
    """
    status = os.fstat(file.fileno())
    made = int(getattr(status, "st_birthtime", 0) * 1e6)
    generation = 0
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            whole = fcntl.ioctl(file.fileno(), _GET_GENERATION, bytes(8))
            generation = int.from_bytes(whole[:4], sys.byteorder)
    return status.st_dev, status.st_ino, generation, made


def leftover(id: str, output: Path) -> Path:
    """Name what a kill may leave beside an output on file systems without nameless files."""
    return output.with_name(f".{hashlib.sha256(id.encode()).hexdigest()[:16]}.part")


def write_wav(file: BinaryIO, form: WavForm, blocks: Iterable[NDArray[np.float32]]) -> None:
    """Write floating-point WAV into an open file.

    Raises
    ------
    OSError
        If it cannot be written; whatever taking the blocks raises comes through.
    """
    try:
        with AudioFile(
            file, "w", form.sample_rate, form.channels, format="wav", **FORMATS[".wav"]
        ) as writer:
            for block in blocks:
                writer.write(np.ascontiguousarray(block, np.float32))
    except (ValueError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or ["unknown error"])[0].rstrip(".")
        raise OSError(reason) from error


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
