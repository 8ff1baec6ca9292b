"""Plays a public-domain tune on a soundfont, for machines that cannot fetch a recording."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

from umtn_core.data.synth.soundfonts import KNOWN, find_soundfont
from umtn_core.errors import UmtnError

#: Beethoven's Ode to Joy (1824), the first two lines: MIDI pitch and length in beats.
ODE_TO_JOY = [
    *((64, 1), (64, 1), (65, 1), (67, 1), (67, 1), (65, 1), (64, 1), (62, 1)),
    *((60, 1), (60, 1), (62, 1), (64, 1), (64, 1.5), (62, 0.5), (62, 2)),
    *((64, 1), (64, 1), (65, 1), (67, 1), (67, 1), (65, 1), (64, 1), (62, 1)),
    *((60, 1), (60, 1), (62, 1), (64, 1), (62, 1.5), (60, 0.5), (60, 2)),
]

#: General MIDI programs, counted from 0.
PROGRAMS = {"flute": 73, "violin": 40, "clarinet": 71, "cello": 42, "trumpet": 56}

_TICKS_PER_BEAT = 480
_BEATS_PER_MINUTE = 140


def play_tune(instrument: str, folder: Path) -> Path:
    """Render the tune as a 44.1 kHz WAV, and return its path.

    Parameters
    ----------
    instrument
        One of `PROGRAMS`.
    folder
        Where to put it; made if need be.

    Raises
    ------
    UmtnError
        If FluidSynth or every known soundfont is missing.
    """
    fluidsynth = shutil.which("fluidsynth")
    if fluidsynth is None:
        raise UmtnError("FluidSynth is not installed: run `apt install fluidsynth`.")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{instrument}.wav"
    with tempfile.TemporaryDirectory() as scratch:
        midi = Path(scratch) / "tune.mid"
        midi.write_bytes(midi_file(PROGRAMS[instrument]))
        command = [fluidsynth, "-n", "-i", "-q", "-g", "1", "-r", "44100", "-F", str(path)]
        command += [str(_any_soundfont()), str(midi)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path


def midi_file(program: int) -> bytes:
    """Make a standard MIDI file of the tune, an octave up."""
    tempo = round(60e6 / _BEATS_PER_MINUTE).to_bytes(3, "big")
    track = b"\x00\xff\x51\x03" + tempo + bytes([0x00, 0xC0, program])
    for pitch, beats in ODE_TO_JOY:
        key = pitch + 12
        track += bytes([0x00, 0x90, key, 96])
        track += _delta(round(beats * _TICKS_PER_BEAT)) + bytes([0x80, key, 0])
    track += b"\x00\xff\x2f\x00"
    header = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, _TICKS_PER_BEAT)
    return header + struct.pack(">4sI", b"MTrk", len(track)) + track


def _delta(ticks: int) -> bytes:
    """Write a time as MIDI does: seven bits a byte, the top bit on all but the last."""
    coded = [ticks & 0x7F]
    while ticks := ticks >> 7:
        coded.insert(0, ticks & 0x7F | 0x80)
    return bytes(coded)


def _any_soundfont() -> Path:
    for name in KNOWN:
        try:
            return find_soundfont(name).path
        except UmtnError:
            continue
    packages = ", ".join(font.package for font in KNOWN.values())
    raise UmtnError(f"No soundfont is installed: install one of {packages}.")
