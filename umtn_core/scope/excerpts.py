"""Which parts of a recording are listened to: all of a short one, some spread over a long one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
#: Reads so many samples from a place on: (samples,) or (channels, samples).
Read = Callable[[int, int], Audio]

#: What is no longer is heard whole, in seconds; of what is longer, so much.
LISTENED_SECONDS = 40.0
#: Few and long, since a place in a compressed file is slow to find.
EXCERPTS = 5

#: Channels this much softer than the loudest are not listened to, as a ratio of energies.
_SOFT = 1e-2
#: Channels that correlate so much play the same.
_ALIKE = 0.5


def excerpts(read: Read, samples: int, sample_rate: int) -> Iterator[Audio]:
    """Read what is listened to, in order.

    Parameters
    ----------
    read
        Reads a part of the recording: its first sample, and how many.
    samples
        Length of the recording.
    sample_rate
        Samples a second of the recording.

    Yields
    ------
    float32 arrays (samples,), each of one channel; of channels that play something else, each
    """
    for first, length in places(samples, sample_rate):
        yield from distinct_channels(np.atleast_2d(read(first, length)))


def places(samples: int, sample_rate: int) -> list[tuple[int, int]]:
    """Return the first sample and the length of every part that is listened to.

    Parameters
    ----------
    samples
        Length of the recording.
    sample_rate
        Samples a second of the recording.
    """
    listened = math.ceil(LISTENED_SECONDS * sample_rate)
    if samples <= listened:
        return [(0, samples)] if samples > 0 else []
    length = listened // EXCERPTS
    return [(k * (samples - length) // (EXCERPTS - 1), length) for k in range(EXCERPTS)]


def distinct_channels(audio: Audio) -> list[Audio]:
    """Return the loudest channel, and those that play something else and can be heard beside it.

    Channels are never mixed: two players would be heard as one who plays chords, and an inverted
    channel would cancel the other.

    Parameters
    ----------
    audio : float32 array (channels, samples)
        A part of a recording.
    """
    energies = np.einsum("ij,ij->i", audio, audio)
    order = np.argsort(-energies, kind="stable")
    chosen: list[int] = []
    for index in order:
        if energies[index] < _SOFT * energies[order[0]]:
            break
        if not any(_alike(audio[index], audio[other]) for other in chosen):
            chosen.append(int(index))
    return [audio[index] for index in chosen]


def _alike(one: Audio, other: Audio) -> bool:
    product = abs(float(np.dot(one, other)))
    return product >= _ALIKE * math.sqrt(float(np.dot(one, one)) * float(np.dot(other, other)))
