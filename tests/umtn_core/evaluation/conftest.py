import functools

import numpy as np
import pytest

from umtn_core.data.synth.performance import PlayedNote
from umtn_core.data.synth.render import render_notes
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError


@functools.cache
def _render(program, soundfont, seed):
    random = np.random.default_rng(seed)
    notes, now = [], 0.1
    while now < 5.0:
        length = float(random.choice([0.25, 0.35, 0.5]))
        pitch = int(random.integers(62, 82))
        notes.append(PlayedNote(start=now, end=now + 0.92 * length, pitch=pitch, velocity=90))
        now += length
    try:
        font = find_soundfont(soundfont)
        audio = render_notes(notes, program, font.path, 6.0, 16_000)
    except UmtnError as error:
        pytest.skip(f"renders need FluidSynth and a soundfont: {error}")
    audio = 0.6 * audio / np.abs(audio).max()
    return audio, [(n.start, n.end, n.pitch, n.velocity) for n in notes]


@pytest.fixture
def render():
    """Six seconds of a random melody: (audio at 16 kHz, notes)."""

    def call(program, soundfont="TimGM6mb", seed=0):
        audio, notes = _render(program, soundfont, seed)
        return audio.copy(), list(notes)

    return call
