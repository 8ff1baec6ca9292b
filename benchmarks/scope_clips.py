"""Clips to judge by what is heard of a recording before it is decoded: what they are is known.

Lines, chords and drums are played by FluidSynth with three soundfonts, noise is made here.
Recordings of real players, and of a speaker, are fetched from Debian's packages.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from msgspec.structs import replace as changed
from numpy.typing import NDArray

from umtn_core.audio.read import read_audio
from umtn_core.data.synth.acoustics import place
from umtn_core.data.synth.expression import express
from umtn_core.data.synth.fluidsynth import loaded
from umtn_core.data.synth.invention.key import draw_key
from umtn_core.data.synth.invention.line import Manner, always, invent_line
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.recipe import AcousticsSettings, ExpressionSettings
from umtn_core.data.synth.render import RENDER_RATE, find_fluidsynth
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.evaluation.material.fetching import unpack_debian
from umtn_core.evaluation.material.real_recordings import real_recording

Audio = NDArray[np.float32]

SECONDS = 8.0
#: A Debian package with a speaker's sentences (CC-BY-SA-3.0), and some of them.
SPEAKER = "asterisk-core-sounds-en-wav"
SENTENCES = ("vm-instructions", "demo-congrats", "dir-intro")

IN, LOW, HIGH = "in scope", "too low", "too high"
SEVERAL, UNPITCHED, QUIET = "several", "no pitch", "too quiet"

_PLAIN = Manner(unit_s=0.3, sounding=0.9, velocity=90, ornaments=0.1, rests=0.5)
_FAST = replace(_PLAIN, unit_s=0.11, sounding=0.95)
_SHORT = replace(_PLAIN, unit_s=0.25, sounding=0.35)

_STILL = ExpressionSettings(
    tuning_share=0,
    vibrato_share=0,
    glide_share=0,
    bend_share=0,
    swell_share=0,
    accent_share=0,
    pedal_share=0,
)
_VIBRATO = changed(_STILL, vibrato_share=1, vibrato_depth=(0.4, 0.6), vibrato_onset_s=(0.05, 0.1))
_SWELLING = changed(_STILL, swell_share=1)
_BETWEEN_KEYS = changed(_STILL, tuning_share=1, tuning=0.5)
_GLIDING = changed(_STILL, glide_share=1, bend_share=1)

_DRY = AcousticsSettings(reverb_share=0, noise_dbfs=(-80, -70))
_HALL = AcousticsSettings(reverb_share=1, reverb_wet=0.3, reverb_room=(0.7, 0.8))
_HISS = AcousticsSettings(reverb_share=0, noise_dbfs=(-45, -44))


@dataclass(frozen=True)
class Clip:
    """A clip, and what it is.

    Parameters
    ----------
    name
        What it is called in the table.
    kind
        `IN`, `LOW`, `HIGH`, `SEVERAL`, `UNPITCHED` or `QUIET`.
    audio : float32 array (samples,) or (channels, samples)
        What is heard.
    sample_rate
        Samples a second of the clip.
    """

    name: str
    kind: str
    audio: Audio
    sample_rate: int = RENDER_RATE


@dataclass(frozen=True)
class _Line:
    """A line that is made up, and how it is played."""

    name: str
    kind: str
    font: str
    program: int
    pitch: tuple[int, int] = (61, 83)
    manner: Manner = _PLAIN
    expression: ExpressionSettings = _STILL
    acoustics: AcousticsSettings = _DRY
    gain: float = 1.0

    def played(self, seed: int) -> Clip:
        rng = np.random.default_rng(seed)
        rungs = draw_key(rng).ladder(*self.pitch)
        notes = invent_line(0.1, SECONDS - 0.5, always(rungs), self.manner, rng)
        performance = Performance(notes, SECONDS, is_line=True)
        curves = express(performance, self.expression, ("bend", "swell"), rng)
        dry = _played(self.font, self.program, replace(performance, curves=curves))
        audio = place(dry, RENDER_RATE, self.acoustics, rng) * np.float32(self.gain)
        return Clip(self.name, self.kind, audio)


LINES = (
    _Line("clarinet", IN, "FluidR3_GM", 71),
    _Line("clarinet, hall", IN, "MuseScore_General", 71, acoustics=_HALL),
    _Line("trumpet", IN, "TimGM6mb", 56),
    _Line("trumpet, fast", IN, "FluidR3_GM", 56, manner=_FAST),
    _Line("flute, vibrato", IN, "MuseScore_General", 73, expression=_VIBRATO),
    _Line("flute, short notes", IN, "FluidR3_GM", 73, manner=_SHORT),
    _Line("violin, vibrato", IN, "FluidR3_GM", 40, expression=_VIBRATO),
    _Line("violin, fast, hall", IN, "TimGM6mb", 40, manner=_FAST, acoustics=_HALL),
    _Line("violin, soft", IN, "MuseScore_General", 40, gain=10 ** (-36 / 20)),
    _Line("oboe, swelling", IN, "FluidR3_GM", 68, expression=_SWELLING),
    _Line("saxophone, gliding", IN, "MuseScore_General", 64, expression=_GLIDING),
    _Line("recorder, hiss", IN, "TimGM6mb", 74, acoustics=_HISS),
    _Line("viola, between keys", IN, "FluidR3_GM", 41, (63, 80), expression=_BETWEEN_KEYS),
    _Line("clarinet, not turned up", QUIET, "MuseScore_General", 71, gain=10 ** (-56 / 20)),
    _Line("cello", LOW, "FluidR3_GM", 42, (36, 56)),
    _Line("cello, vibrato, hall", LOW, "TimGM6mb", 42, (40, 57), _PLAIN, _VIBRATO, _HALL),
    _Line("tuba", LOW, "MuseScore_General", 58, (31, 50)),
    _Line("trombone", LOW, "TimGM6mb", 57, (40, 57)),
    _Line("bassoon, fast", LOW, "FluidR3_GM", 70, (36, 55), _FAST),
    _Line("piccolo", HIGH, "FluidR3_GM", 72, (87, 103)),
    _Line("piccolo, fast", HIGH, "MuseScore_General", 72, (87, 103), _FAST),
    _Line("whistle, vibrato", HIGH, "TimGM6mb", 72, (88, 104), expression=_VIBRATO),
)

#: Name, soundfont, program, lowest pitch, and whether there are only two voices.
CHORDS = (
    ("piano", "FluidR3_GM", 0, 55, False),
    ("piano", "MuseScore_General", 0, 48, False),
    ("guitar", "MuseScore_General", 24, 48, False),
    ("organ", "TimGM6mb", 19, 60, False),
    ("strings", "FluidR3_GM", 48, 55, False),
    ("violin, double stops", "MuseScore_General", 40, 60, True),
)

#: Drums of General MIDI, struck at such eighths of a bar: kick, snare, toms, hi-hat.
BEATS = (
    ("rock", ((36, (0, 3, 4)), (38, (2, 6)), (42, range(8)))),
    ("toms", ((36, (0, 4)), (45, (1, 5)), (48, (2, 3)), (50, (6, 7)), (46, (0,)))),
    ("brushes", ((36, (0, 5)), (38, (2, 4, 6, 7)), (51, range(8)))),
)


def synthetic_clips() -> Iterator[Clip]:
    """Make all clips that need nothing but FluidSynth and soundfonts.

    Raises
    ------
    UmtnError
        If a soundfont or FluidSynth is not installed.
    """
    for number, line in enumerate(LINES):
        yield line.played(10_000 + number)
    yield _two_players()
    for number, (name, font, program, low, is_dyad) in enumerate(CHORDS):
        rng = np.random.default_rng(20_000 + number)
        notes = _chords(low, is_dyad, rng)
        dry = _played(font, program, Performance(notes, SECONDS))
        yield Clip(f"chords: {name}", SEVERAL, place(dry, RENDER_RATE, _DRY, rng))
    for (name, beat), font in zip(
        BEATS, ("FluidR3_GM", "TimGM6mb", "MuseScore_General"), strict=True
    ):
        yield Clip(f"drums: {name}", UNPITCHED, _drums(font, beat))
    yield from _noises()


def fetched_clips() -> Iterator[Clip]:
    """Fetch recordings of real players, and of a speaker.

    Raises
    ------
    UmtnError
        If a package cannot be had here.
    """
    players = {"clarinet": IN, "flute": IN, "trumpet": IN, "violin": IN, "trombone": LOW}
    for instrument, kind in players.items():
        recording = real_recording(instrument)
        yield Clip(f"real {instrument}", kind, recording.samples, recording.sample_rate)
    with tempfile.TemporaryDirectory(prefix="umtn-speech-") as folder:
        sounds = unpack_debian(SPEAKER, Path(folder)) / "usr/share/asterisk/sounds"
        for sentence in SENTENCES:
            audio, rate = read_audio(next(sounds.rglob(f"{sentence}.wav")))
            yield Clip(f"speech: {sentence}", UNPITCHED, audio, rate)


def _two_players() -> Clip:
    """Two players, one on each side."""
    left = LINES[0].played(10_100).audio
    right = replace(LINES[4], name="").played(10_101).audio
    return Clip("two players, hard left and right", IN, np.stack([left, right]))


def _chords(low: int, is_dyad: bool, rng: np.random.Generator) -> list[PlayedNote]:
    """Chords of three or four voices, or thirds and sixths, one after another."""
    notes: list[PlayedNote] = []
    begins = 0.1
    while begins < SECONDS - 1.2:
        length = float(rng.choice((0.5, 0.75, 1.0)))
        root = low + int(rng.choice((0, 2, 3, 5, 7, 9)))
        shapes = (
            ((0, 4), (0, 3), (0, 9), (0, 8)) if is_dyad else ((0, 4, 7), (0, 3, 7, 12), (0, 5, 9))
        )
        shape = shapes[int(rng.integers(len(shapes)))]
        notes += [PlayedNote(begins, begins + 0.95 * length, root + k, 90) for k in shape]
        begins += length
    return notes


def _played(font: str, program: int, performance: Performance) -> Audio:
    return loaded(find_soundfont(font).path).render(performance, program)


def _drums(font: str, beat: Sequence[tuple[int, Sequence[int]]]) -> Audio:
    """Play bars on General MIDI's tenth channel, by FluidSynth's command line."""
    import mido

    eighth = 480
    struck = sorted(
        (bar * 8 * eighth + eighths * eighth, key)
        for bar in range(4)
        for key, places in beat
        for eighths in places
    )
    track = mido.MidiTrack()
    now = 0
    for tick, key in struck:
        track.append(mido.Message("note_on", channel=9, note=key, velocity=100, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=2 * eighth))
    # An eighth takes a quarter of a second.
    file = mido.MidiFile(ticks_per_beat=2 * eighth)
    file.tracks.append(track)
    with tempfile.TemporaryDirectory(prefix="umtn-drums-") as folder:
        midi, wave = Path(folder) / "in.mid", Path(folder) / "out.wav"
        file.save(midi)
        command = [find_fluidsynth(), "-n", "-i", "-q", "-r", str(RENDER_RATE), "-T", "wav"]
        command += ["-F", str(wave), str(find_soundfont(font).path), str(midi)]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return read_audio(wave)[0]


def _noises() -> Iterator[Clip]:
    rng = np.random.default_rng(30_000)
    samples = round(SECONDS * RENDER_RATE)
    white = rng.standard_normal(samples)
    slope = np.sqrt(np.maximum(np.arange(samples // 2 + 1), 1))
    pink = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) / slope, samples)
    surf = rng.standard_normal(samples) * (1 + np.sin(np.arange(samples) / RENDER_RATE)) ** 2
    for name, noise in (("white", white), ("pink", pink), ("surf", surf)):
        yield Clip(
            f"noise: {name}", UNPITCHED, (0.5 * noise / np.abs(noise).max()).astype(np.float32)
        )
