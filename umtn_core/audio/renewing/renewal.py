"""Which files can be written again with other sound in them, and how each is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

from umtn_core.audio.read import open_audio
from umtn_core.audio.renewing.flac import SUBTYPES, renew_flac
from umtn_core.audio.renewing.flac_head import FlacHead
from umtn_core.audio.renewing.in_place import renew_in_place
from umtn_core.audio.sound import Audio

#: Writes a file again: takes it, open for reading, the new one, and blocks of sound, float32
#: (channels, n) and in all as long as the old sound. Returns how many samples were clipped.
Renewal: TypeAlias = Callable[[BinaryIO, BinaryIO, Iterable[Audio]], int]


def renewal_of(file: BinaryIO, path: Path, folder: Path) -> Renewal | None:
    """Tell how an open file is written again with other sound, and nothing else changed.

    Parameters
    ----------
    file
        Open for reading.
    path
        What to call it.
    folder
        Where sound lies meanwhile that has to be encoded.

    Returns
    -------
    Renewal or None
        None where that cannot be: the file's format loses something each time, or there is
        nothing here that writes it.

    Raises
    ------
    UmtnError
        If it is not audio, or damaged.
    OSError
        If it cannot be read.
    """
    with open_audio(file, path) as audio:
        layout, form = audio.layout, (audio.channels, audio.sample_rate)
    if layout is not None:
        return partial(renew_in_place, layout=layout)
    head = FlacHead.of(file)
    if head is not None and head.bits in SUBTYPES:
        return partial(renew_flac, head=head, form=form, folder=folder)
    return None
