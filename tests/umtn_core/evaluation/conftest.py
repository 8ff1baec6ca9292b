import functools

import numpy as np
import pytest

from umtn_core.data.files import write_audio, write_json
from umtn_core.data.store import FileEntry, Index, PairEntry, Store, write_index
from umtn_core.data.synth.performance import PlayedNote
from umtn_core.data.synth.render import render_notes
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError

PROGRAMS = {"flute": 73, "violin": 40}
FONTS = ("FluidR3_GM", "TimGM6mb")


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


@pytest.fixture
def store(tmp_path, render):
    """Two domains, two pieces on two soundfonts, all really rendered."""
    folder = tmp_path / "store"
    files, pairs = [], []
    for domain, program in PROGRAMS.items():
        for split, seed in (("train", 8), ("train", 9), ("test", 7)):
            path = f"audio/{domain}/{seed}.npy"
            samples = write_audio(folder / path, render(program, FONTS[0], seed)[0])
            files.append(
                FileEntry(
                    domain=domain, split=split, path=path, samples=samples, source="", licence=""
                )
            )
    for font in FONTS:
        for seed in (0, 1):
            renders = {}
            for domain, program in PROGRAMS.items():
                audio, notes = render(program, font, seed)
                renders[domain] = f"pairs/{font}/{seed}.{domain}.npy"
                write_audio(folder / renders[domain], audio)
            write_json(folder / f"pairs/{font}/{seed}.notes.json", notes)
            pairs.append(
                PairEntry(
                    piece=str(seed),
                    split="test",
                    licence="",
                    source="",
                    soundfont=font,
                    notes=f"pairs/{font}/{seed}.notes.json",
                    renders=renders,
                )
            )
    write_index(folder, Index(files=files, pairs=pairs))
    return Store.open(folder)
