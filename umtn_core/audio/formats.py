"""What audio files can be written, and what each format can hold."""

from __future__ import annotations

import io
from functools import cache
from typing import Any, BinaryIO

from pedalboard.io import AudioFile, WriteableAudioFile

from umtn_core.audio.sound import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS
from umtn_core.errors import UmtnError

#: How each ending is written. Lossless formats keep all they can.
FORMATS: dict[str, dict[str, Any]] = {
    ".wav": {"bit_depth": 32},  # 32 bits are floating point
    ".aiff": {"bit_depth": 24},
    ".aif": {"bit_depth": 24},
    ".flac": {"bit_depth": 24},
    ".ogg": {"quality": "192 kbps"},
    ".mp3": {"quality": "V2"},
}

#: Endings of formats that hold samples one by one, so that it is known how long a file gets.
PLAIN = frozenset({".wav", ".aiff", ".aif"})

#: The bytes of samples at which the writer of AIFF gives up. WAV goes on as RF64.
AIFF_FULL = 0xFFF00000


def open_writer(file: BinaryIO, ending: str, channels: int, sample_rate: int) -> WriteableAudioFile:
    """Open what writes a format.

    Parameters
    ----------
    file
        Open for writing.
    ending
        One of `FORMATS`.
    channels, sample_rate
        The audio's form; the rate in hertz.

    Raises
    ------
    ValueError
        If the format has no such form.
    """
    form = FORMATS[ending]
    return AudioFile(file, "w", sample_rate, channels, format=ending.removeprefix("."), **form)


def check_form(ending: str, channels: int, sample_rate: int, samples: int | None = None) -> None:
    """Refuse audio that a format cannot hold, before there is any.

    Parameters
    ----------
    ending
        One of `FORMATS`.
    channels, sample_rate
        The audio's form; the rate in hertz.
    samples
        Its length, where it is known.

    Raises
    ------
    UmtnError
        If the format cannot hold it; what could is named.
    """
    if not 1 <= channels <= MOST_CHANNELS:
        raise UmtnError(f"Audio has 1 to {MOST_CHANNELS} channels, not {channels}.")
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE or sample_rate != int(sample_rate):
        raise UmtnError(
            f"A sample rate is a whole number from {LOWEST_RATE} to {HIGHEST_RATE} Hz, not "
            f"{sample_rate:g}."
        )
    name = ending.removeprefix(".").upper()
    if not _can_hold(ending, channels, sample_rate):
        # One channel tells whether it is the rate.
        fits = _can_hold(ending, 1, sample_rate)
        too_much = f"{channels} channels" if fits else f"{sample_rate} samples a second"
        *others, last = [each for each in FORMATS if _can_hold(each, channels, sample_rate)]
        raise UmtnError(
            f"{name} cannot hold {too_much}; choose {', '.join(others)} or {last} instead of "
            f"{ending}."
        )
    if name.startswith("AIF") and (size_of(ending, channels, samples or 0) or 0) >= AIFF_FULL:
        raise UmtnError(
            f"{name} cannot hold more than {AIFF_FULL / 1e9:.2f} GB, and there would be more; "
            f"choose .wav or .flac instead of {ending}."
        )


def size_of(ending: str, channels: int, samples: int) -> int | None:
    """Return how many bytes samples take in a file; None where that depends on their values."""
    if ending not in PLAIN:
        return None
    bits: int = FORMATS[ending]["bit_depth"]
    return samples * channels * bits // 8


@cache
def _can_hold(ending: str, channels: int, sample_rate: int) -> bool:
    """Ask the writer itself, so that it cannot be of another mind afterwards."""
    try:
        open_writer(io.BytesIO(), ending, channels, sample_rate).close()
    except ValueError:
        return False
    return True
