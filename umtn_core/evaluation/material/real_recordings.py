"""Recordings of real players, to judge by; fetched when asked for and never distributed.

Debian's package ``gcompris-qt-data`` (an educational suite) carries recordings of two dozen
instruments, by Sylvain Dechy and Jérôme Blanchard, under GPL-3.0 or later. The package is
unpacked into a cache, not installed.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError
from umtn_core.evaluation.material.fetching import unpack_debian
from umtn_core.evaluation.material.qt_resource import read_qt_resource

PACKAGE = "gcompris-qt-data"
LICENCE = "GPL-3.0-or-later (Sylvain Dechy, Jérôme Blanchard; Debian's gcompris-qt-data)"

#: Instruments that play one note at a time, and what their recordings are called.
FILES = {
    "cello": "cello.ogg",
    "clarinet": "clarinet.ogg",
    "flute": "flute_traversiere.ogg",
    "horn": "horn.ogg",
    "saxophone": "saxophone.ogg",
    "trombone": "trombone.ogg",
    "trumpet": "trumpet.ogg",
    "violin": "violin.ogg",
}

_RESOURCES = Path("usr/share/gcompris-qt/rcc/instruments.rcc")


@dataclass(frozen=True)
class RealRecording:
    """A few seconds of one real player.

    Parameters
    ----------
    instrument
        The instrument that is played.
    samples
        The audio: float32 array (samples,), mono.
    sample_rate
        The samples a second of the recording as it was made.
    """

    instrument: str
    samples: NDArray[np.float32]
    sample_rate: int


def real_recording(instrument: str, cache: Path | None = None) -> RealRecording:
    """Get the recording of an instrument, fetching the package the first time.

    Parameters
    ----------
    instrument
        The instrument's name, one of `FILES`.
    cache
        The folder that keeps the recordings; by default in the user's cache.

    Raises
    ------
    UmtnError
        If there is no such recording, or the package cannot be fetched; the sentence
        says why.
    """
    from umtn_core.audio.read import read_audio

    audio, sample_rate = read_audio(recording_file(instrument, cache))
    return RealRecording(instrument, audio.mean(axis=0), sample_rate)


def recording_file(instrument: str, cache: Path | None = None) -> Path:
    """Path of the recording of an instrument, an Ogg Vorbis file; see `real_recording`."""
    if instrument not in FILES:
        raise UmtnError(
            f"There is no real recording of {instrument!r}: there are {', '.join(sorted(FILES))}."
        )
    folder = cache or _default_cache()
    file = folder / FILES[instrument]
    if not file.is_file():
        _fetch(folder)
    return file


def _default_cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("umtn", appauthor=False)) / "recordings"


def _fetch(folder: Path) -> None:
    """Unpack all recordings into a folder; each appears there whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the cache, so that finished files can be renamed into place.
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
            resources = unpack_debian(PACKAGE, Path(scratch)) / _RESOURCES
            contents = {
                Path(path).name: data
                for path, data in read_qt_resource(resources.read_bytes()).items()
            }
            missing = sorted(set(FILES.values()) - set(contents))
            if missing:
                raise UmtnError(f"This version of {PACKAGE} has no {', '.join(missing)}.")
            for name in FILES.values():
                whole = Path(scratch, name)
                whole.write_bytes(contents[name])
                os.replace(whole, folder / name)
    except OSError as error:
        reason = error.strerror or error
        raise UmtnError(f"Cannot keep the real recordings in {folder}: {reason}.") from error
