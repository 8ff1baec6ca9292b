"""Plays notes through FluidSynth's command line."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.performance import PlayedNote
from umtn_core.errors import UmtnError

#: The soundfonts' own rate: rendering at it needs no second interpolation.
RENDER_RATE = 44_100
_TICKS_PER_SECOND = 4_800


class RenderError(UmtnError):
    """One piece could not be rendered; others may well be."""


def find_fluidsynth() -> str:
    """Return the path of the FluidSynth program.

    Raises
    ------
    UmtnError
        If it is not installed; the sentence names the package.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise UmtnError("FluidSynth is not installed: run `apt install fluidsynth`.")
    return program


def write_midi(notes: Sequence[PlayedNote], program: int, seconds: float, path: Path) -> None:
    """Write notes as a one-track MIDI file that ends at ``seconds``."""
    import mido

    events = [(n.start, 1, n.pitch, n.velocity) for n in notes]
    events += [(n.end, 0, n.pitch, 0) for n in notes]
    events.sort()  # at one instant, endings come before beginnings
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=0))
    track.append(mido.Message("program_change", program=program, time=0))
    now = 0
    for when, is_start, pitch, velocity in events:
        tick = round(when * _TICKS_PER_SECOND)
        kind = "note_on" if is_start else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    rest = max(0, round(seconds * _TICKS_PER_SECOND) - now)
    track.append(mido.MetaMessage("end_of_track", time=rest))
    file = mido.MidiFile(ticks_per_beat=_TICKS_PER_SECOND)
    file.tracks.append(track)
    file.save(path)


def render_notes(
    notes: Sequence[PlayedNote],
    program: int,
    soundfont: Path,
    seconds: float,
    sample_rate: int,
    *,
    timeout_s: float | None = None,
) -> NDArray[np.float32]:
    """Play notes on one instrument, dry, mixed to mono.

    Parameters
    ----------
    notes
        What to play, in seconds from the start.
    program
        General MIDI program, 0 to 127.
    soundfont
        The soundfont's file.
    seconds
        Length of the result; the last notes' tails are cut there.
    sample_rate
        The rate of the result, in samples a second.
    timeout_s
        Kill the renderer after this long; by default generous for the length.

    Returns
    -------
    float32, shape (round(seconds * sample_rate),), not normalised

    Raises
    ------
    RenderError
        If FluidSynth fails, hangs, or writes without end.
    UmtnError
        If it is not installed.
    """
    import soxr
    from pedalboard.io import AudioFile

    executable = find_fluidsynth()
    with tempfile.TemporaryDirectory(prefix="umtn-render-") as folder:
        midi, wave = Path(folder) / "in.mid", Path(folder) / "out.wav"
        write_midi(notes, program, seconds, midi)
        command = [executable, "-n", "-i", "-q", "-g", "0.5", "-r", str(RENDER_RATE)]
        # No chorus or reverb: the room is added later, the same for every soundfont.
        command += ["-R", "0", "-C", "0", "-o", "synth.dynamic-sample-loading=1"]
        command += ["-O", "float", "-T", "wav", "-F", str(wave), str(soundfont), str(midi)]
        # Stereo float is 8 bytes a frame; releases may ring on for some seconds.
        limit = int((seconds + 30) * RENDER_RATE * 8)
        _run(command, wave, limit, timeout_s or 20 + seconds)
        try:
            with AudioFile(str(wave)) as file:
                stereo = file.read(min(file.frames, int((seconds + 1) * RENDER_RATE)))
        except (OSError, ValueError, RuntimeError) as error:
            raise RenderError(f"FluidSynth made no readable audio with {soundfont}.") from error
    mono = soxr.resample(stereo.mean(axis=0), RENDER_RATE, sample_rate, quality="HQ")
    samples = round(seconds * sample_rate)
    result = np.zeros(samples, np.float32)
    length = min(samples, mono.size)
    result[:length] = mono[:length]
    return result


def _run(command: list[str], output: Path, size_limit: int, timeout_s: float) -> None:
    """Run the renderer, killing it past the time or the size allowed.

    Some MIDI files have made FluidSynth render without end, and a full disk hurts
    more than a lost piece; hence the watch, which works on every system.
    """
    deadline = time.monotonic() + timeout_s
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while True:
                try:
                    process.wait(timeout=0.1)
                    break
                except subprocess.TimeoutExpired:
                    pass
                if time.monotonic() > deadline:
                    raise RenderError(f"FluidSynth was stopped after {timeout_s:.0f} s.")
                if output.exists() and output.stat().st_size > size_limit:
                    raise RenderError(f"FluidSynth was stopped: it wrote over {size_limit} bytes.")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        errors.seek(0)
        complaints = errors.read().decode(errors="replace").strip().splitlines()
        if process.returncode != 0:
            detail = f": {complaints[-1]}" if complaints else ""
            raise RenderError(f"FluidSynth failed (exit {process.returncode}){detail}.")
        # With a soundfont it cannot load or a program that is not there, it goes on all
        # the same, and plays a soundfont of its own choice or nothing.
        for line in complaints:
            if re.search(r"(?i)\berror\b|no preset found", line):
                raise RenderError(f"FluidSynth could not play this: {line.strip()}.")
