"""What the bridge and a render worker say to each other, over a pair of pipes."""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec

from bridge.jobs.rendering.renderer import (
    Began,
    Dropped,
    Ending,
    Failed,
    JobBatch,
    Progressed,
    Rendered,
)

_LENGTH = struct.Struct("<I")
LENGTH_BYTES = _LENGTH.size
#: No message is nearly as long; whatever claims to be is not one of ours.
LONGEST = 1 << 24

#: How a worker says that it has run out of memory, with which it might not manage to say more.
OUT_OF_MEMORY = 77


class Setup(msgspec.Struct, frozen=True, tag=True):
    """The first message to a worker.

    Attributes
    ----------
    session_folder, allowed
        Real paths of the folders that may be read and written.
    work_folder
        The folder that states are saved in.
    threads
        The number of threads that decode.
    longest_seconds
        The length in seconds that a region may have.
    save_every
        The seconds of decoding between two saved states, at least.
    result_mode
        The permissions of results outside the session folder; None, as the process gives them.
    """

    session_folder: Path
    allowed: tuple[Path, ...]
    work_folder: Path
    threads: int
    longest_seconds: float
    save_every: float
    result_mode: int | None = None


class Render(msgspec.Struct, frozen=True, tag=True):
    """Render a batch; only when the one before has ended."""

    batch: JobBatch


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Drop a job of the batch."""

    id: str


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Save the batch and stop."""


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The batch is over, and the worker waits for another."""

    how: Ending


class Broken(msgspec.Struct, frozen=True, tag=True):
    """An error of the program, not of any request, has ended the batch."""

    message: str


ToWorker = Setup | Render | Cancel | Pause
FromWorker = Began | Progressed | Rendered | Failed | Dropped | Ended | Broken

_ENCODER = msgspec.msgpack.Encoder(enc_hook=str)
_TO_WORKER = msgspec.msgpack.Decoder(ToWorker, dec_hook=lambda kind, value: kind(value))
_FROM_WORKER = msgspec.msgpack.Decoder(FromWorker)


def packed(message: ToWorker | FromWorker) -> bytes:
    """Put a message into bytes, its length first."""
    contents = _ENCODER.encode(message)
    return _LENGTH.pack(len(contents)) + contents


def length_of(head: bytes) -> int:
    """Read the length of the message to come.

    Raises
    ------
    ValueError
        If no message is that long.
    """
    length: int = _LENGTH.unpack(head)[0]
    if length > LONGEST:
        raise ValueError(f"a message of {length} bytes")
    return length


def to_worker(contents: bytes) -> ToWorker:
    """Read a message to a worker."""
    return _TO_WORKER.decode(contents)


def from_worker(contents: bytes) -> FromWorker:
    """Read a message from a worker."""
    return _FROM_WORKER.decode(contents)
