"""FluidSynth's library: a soundfont that stays loaded, told of bends and swells as it plays.

The command line (`umtn_core.data.synth.render`) loads the font anew for every render, with the
samples of its piano whatever is to be played; of a packed font (``.sf3``) that takes a second.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.data.synth.curves import CONTROL_RATE, Curves, bend_at
from umtn_core.data.synth.performance import Performance
from umtn_core.data.synth.render import RENDER_RATE, RenderError
from umtn_core.errors import UmtnError

#: Samples that FluidSynth makes at once: nothing happens between two such blocks.
_BLOCK = 64
#: The pitch wheel reaches so many semitones up and down.
BEND_RANGE = 12
#: Notes of a line take turns on so many channels, so that a note that still rings is not bent
#: with the next.
_CHANNELS = 4
_PEDAL = 64
#: A velocity at which every instrument sounds.
_MEDIUM = 90
#: Programs whose samples stay in memory.
_KEPT = 16


class FluidSynth:
    """Plays performances on the instruments of one soundfont.

    Every render has a synthesiser of its own: what one has played before shows in the last bits
    of what it plays next. Beside them one that never sounds keeps the samples of the last
    programs in memory, which all share.

    Parameters
    ----------
    soundfont
        The soundfont's file.

    Raises
    ------
    UmtnError
        If the library is not installed.
    RenderError
        If it cannot load the font.
    """

    def __init__(self, soundfont: Path) -> None:
        self._path = soundfont
        self._lock = Lock()
        self._keeper = _Synthesiser(soundfont)
        self._kept: dict[int, int] = {}
        self._keys: dict[int, frozenset[int]] = {}

    def render(self, performance: Performance, program: int) -> NDArray[np.float32]:
        """Play a performance on one instrument, dry, mixed to mono.

        Parameters
        ----------
        performance
            Notes, and curves if it has any.
        program
            General MIDI program, 0 to 127.

        Returns
        -------
        float32, shape (round(seconds * RENDER_RATE),), not normalised

        Raises
        ------
        RenderError
            If the font has no such program.
        """
        with self._lock:
            self._keep(program)
        with closing(_Synthesiser(self._path)) as synthesiser:
            for channel in range(_CHANNELS):
                synthesiser.select(channel, program)
            return synthesiser.play(performance)

    def keys(self, program: int) -> frozenset[int]:
        """Return the MIDI pitches that a program has any sound for.

        Raises
        ------
        RenderError
            If the font has no such program.
        """
        with self._lock:
            self._keep(program)
            if program not in self._keys:
                with closing(_Synthesiser(self._path)) as synthesiser:
                    synthesiser.select(0, program)
                    self._keys[program] = synthesiser.sounding()
            return self._keys[program]

    def _keep(self, program: int) -> None:
        if program in self._kept:
            return
        # The channel of the oldest, whose samples then go.
        channel = len(self._kept) if len(self._kept) < _KEPT else next(iter(self._kept.values()))
        if len(self._kept) == _KEPT:
            del self._kept[next(iter(self._kept))]
        self._keeper.select(channel, program)
        self._kept[program] = channel


class _Synthesiser:
    """One synthesiser of the library's, with a soundfont."""

    def __init__(self, soundfont: Path) -> None:
        self._library = _library()
        self._settings = self._library.new_fluid_settings()
        for name, number in (("synth.gain", 0.5), ("synth.sample-rate", float(RENDER_RATE))):
            self._library.fluid_settings_setnum(self._settings, name.encode(), number)
        # No chorus or reverb: the room is added later. Of the font only what is played is loaded.
        switches = {"reverb.active": 0, "chorus.active": 0, "dynamic-sample-loading": 1}
        for name, on in switches.items():
            self._library.fluid_settings_setint(self._settings, f"synth.{name}".encode(), on)
        self._synth = self._library.new_fluid_synth(self._settings)
        self._font = self._library.fluid_synth_sfload(self._synth, str(soundfont).encode(), 0)
        if self._font < 0:
            self.close()
            raise RenderError(f"FluidSynth cannot load the soundfont {soundfont}.")

    def close(self) -> None:
        """Free what the library holds."""
        self._library.delete_fluid_synth(self._synth)
        self._library.delete_fluid_settings(self._settings)

    def select(self, channel: int, program: int) -> None:
        """Choose a channel's program."""
        done = self._library.fluid_synth_program_select(
            self._synth, channel, self._font, 0, program
        )
        if done != 0:
            raise RenderError(f"The soundfont has no program {program}.")
        self._library.fluid_synth_pitch_wheel_sens(self._synth, channel, BEND_RANGE)

    def play(self, performance: Performance) -> NDArray[np.float32]:
        """Play from the beginning; once for each synthesiser."""
        events = _events(performance)
        samples = round(performance.seconds * RENDER_RATE)
        blocks = -(-samples // _BLOCK)
        stereo = np.zeros((2, blocks * _BLOCK), np.float32)
        channels = (stereo[0].ctypes.data, stereo[1].ctypes.data)
        call = (
            self._library.fluid_synth_noteoff,
            self._library.fluid_synth_pitch_bend,
            self._library.fluid_synth_cc,
            self._library.fluid_synth_noteon,
        )
        now = 0
        for block, kind, *values in events:
            if block >= blocks:
                break
            if block > now:
                self._write(channels, now * _BLOCK, (block - now) * _BLOCK)
                now = block
            call[kind](self._synth, *values)
        self._write(channels, now * _BLOCK, (blocks - now) * _BLOCK)
        mono: NDArray[np.float32] = stereo.mean(axis=0)[:samples]
        if performance.curves is not None:
            # As the expression controller would, which has no more than 127 steps.
            gain = performance.curves.gain
            at = np.arange(samples) * (CONTROL_RATE / RENDER_RATE)
            mono *= np.interp(at, np.arange(len(gain)), gain).astype(np.float32)
        return mono

    def sounding(self) -> frozenset[int]:
        """Return the pitches at which the first channel's program starts a voice."""
        found = set()
        for pitch in range(128):
            self._library.fluid_synth_noteon(self._synth, 0, pitch, _MEDIUM)
            if self._library.fluid_synth_get_active_voice_count(self._synth):
                found.add(pitch)
            self._library.fluid_synth_all_sounds_off(self._synth, 0)
            # Voices that were cut off end with a block of their own.
            silent = np.zeros((2, 4 * _BLOCK), np.float32)
            self._write((silent[0].ctypes.data, silent[1].ctypes.data), 0, 4 * _BLOCK)
        return frozenset(found)

    def _write(self, channels: tuple[int, int], start: int, count: int) -> None:
        left, right = channels
        self._library.fluid_synth_write_float(self._synth, count, left, start, 1, right, start, 1)


@lru_cache(maxsize=4)
def loaded(soundfont: Path) -> FluidSynth:
    """Return the soundfont of a file, loaded once in a process; see `FluidSynth`."""
    return FluidSynth(soundfont)


def _events(performance: Performance) -> list[tuple[int, ...]]:
    """Return ``(block, kind, channel, ...)``, sorted; kinds as `_Synthesiser.play` numbers them."""
    curves = performance.curves
    taking_turns = curves is not None and performance.is_line
    events: list[tuple[int, ...]] = []
    for number, note in enumerate(performance.notes):
        channel = number % _CHANNELS if taking_turns else 0
        begins = _block(note.start)
        events.append((begins, 3, channel, note.pitch, note.velocity))
        events.append((max(begins + 1, _block(note.end)), 0, channel, note.pitch))
    if curves is None:
        return sorted(events)
    if taking_turns:
        starts = [note.start for note in performance.notes]
        for number, start in enumerate(starts):
            following = starts[number + 1] if number + 1 < len(starts) else np.inf
            until = _block(min(following, performance.seconds))
            events += _bends(curves, number % _CHANNELS, _block(start), until, start, following)
    else:
        events += _bends(curves, 0, 0, _block(performance.seconds), 0.0, np.inf)
    return sorted(events + _pedalling(curves, range(_CHANNELS) if taking_turns else (0,)))


def _block(seconds: float) -> int:
    return round(seconds * RENDER_RATE / _BLOCK)


def _bends(
    curves: Curves, channel: int, first: int, until: int, start: float, following: float
) -> list[tuple[int, ...]]:
    """Return the changes of a channel's pitch wheel, from its note's onset to the next one's."""
    # In every block: pitch that moves in coarser steps sounds beside its harmonics.
    blocks = np.arange(first, until)
    seconds = blocks.astype(np.float64) * (_BLOCK / RENDER_RATE)
    bend = bend_at(curves, seconds, start, following)
    wheel = np.clip(np.rint(8192 + bend / BEND_RANGE * 8192), 0, 16383).astype(int)
    changes = np.flatnonzero(np.diff(wheel, prepend=-1))
    return [(int(blocks[k]), 1, channel, int(wheel[k])) for k in changes]


def _pedalling(curves: Curves, channels: Iterable[int]) -> list[tuple[int, ...]]:
    """Return the changes of the pedal, on all channels alike."""
    changes = np.flatnonzero(np.diff(curves.pedal.astype(int), prepend=0))
    return [
        (_block(k / CONTROL_RATE), 2, channel, _PEDAL, 127 if curves.pedal[k] else 0)
        for k in changes
        for channel in channels
    ]


@lru_cache(maxsize=1)
def _library() -> Any:
    """Load the library, and have it keep its warnings to itself."""
    name = ctypes.util.find_library("fluidsynth")
    if name is None:
        raise UmtnError("FluidSynth's library is not installed: run `apt install fluidsynth`.")
    library = ctypes.CDLL(name)
    for function in ("new_fluid_settings", "new_fluid_synth"):
        getattr(library, function).restype = ctypes.c_void_p
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    library.new_fluid_synth.argtypes = [pointer]
    library.fluid_settings_setnum.argtypes = [pointer, ctypes.c_char_p, ctypes.c_double]
    library.fluid_settings_setint.argtypes = [pointer, ctypes.c_char_p, integer]
    library.fluid_synth_sfload.argtypes = [pointer, ctypes.c_char_p, integer]
    library.delete_fluid_synth.argtypes = [pointer]
    library.delete_fluid_settings.argtypes = [pointer]
    library.fluid_synth_all_sounds_off.argtypes = [pointer, integer]
    library.fluid_synth_get_active_voice_count.argtypes = [pointer]
    library.fluid_synth_program_select.argtypes = [pointer, *[integer] * 4]
    library.fluid_synth_cc.argtypes = [pointer, *[integer] * 3]
    library.fluid_synth_pitch_wheel_sens.argtypes = [pointer, *[integer] * 2]
    library.fluid_synth_pitch_bend.argtypes = [pointer, *[integer] * 2]
    library.fluid_synth_noteon.argtypes = [pointer, *[integer] * 3]
    library.fluid_synth_noteoff.argtypes = [pointer, *[integer] * 2]
    library.fluid_synth_write_float.argtypes = [
        pointer, integer, pointer, integer, integer, pointer, integer, integer,
    ]  # fmt: skip
    levels = 5
    for level in range(levels):
        library.fluid_set_log_function(level, None, None)
    return library
