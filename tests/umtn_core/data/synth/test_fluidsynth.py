from dataclasses import replace

import numpy as np
import pytest

from umtn_core.data.synth import fluidsynth
from umtn_core.data.synth.curves import flat
from umtn_core.data.synth.fluidsynth import FluidSynth
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.render import RENDER_RATE, RenderError
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.pitch_tracking import track

CLARINET, PIANO, ORGAN, VIOLIN = 71, 0, 19, 40
NOTES = [PlayedNote(0.2, 1.4, 64, 90), PlayedNote(1.5, 2.8, 69, 90)]

pytestmark = pytest.mark.usefixtures("fluidsynth")


@pytest.fixture(scope="module")
def font(fluidsynth):
    return FluidSynth(find_soundfont("TimGM6mb").path)


def play(font, program=CLARINET, notes=NOTES, is_line=True, curves=None):
    return font.render(Performance(list(notes), 3.2, is_line, curves), program)


def level(audio, start, end):
    return np.sqrt(np.mean(audio[int(start * RENDER_RATE) : int(end * RENDER_RATE)] ** 2))


def deviations(audio, notes, curves):
    """Cents between the pitch that is heard and what notes and curves say, inside the notes."""
    found = track(audio, RENDER_RATE)
    time = np.arange(len(found.hertz)) * found.hop_seconds
    cents = []
    for note in notes:
        inside = (time > note.start + 0.08) & (time < note.end - 0.05)
        bend = np.interp(time[inside] * 100, np.arange(len(curves.bend)), curves.bend)
        cents.append(100 * (found.midi[inside] - note.pitch - bend))
    return np.concatenate(cents)


def test_notes_sound_when_and_where_they_are_written(font):
    audio = play(font)
    assert audio.dtype == np.float32 and audio.shape == (round(3.2 * RENDER_RATE),)
    assert np.abs(audio[: int(0.19 * RENDER_RATE)]).max() == 0
    assert level(audio, 0.3, 1.3) > 0.01 and level(audio, 1.7, 2.7) > 0.01
    assert np.abs(audio).max() < 0.9
    assert np.abs(np.median(deviations(audio, NOTES, flat(3.2)))) < 8


@pytest.mark.parametrize("tuning", [-0.5, 0.3])
def test_a_tuning_moves_all_pitches(font, tuning):
    curves = flat(3.2, tuning)
    off = deviations(play(font, curves=curves), NOTES, curves)
    assert np.isfinite(off).mean() > 0.95 and np.nanmean(np.abs(off) < 12) > 0.9


def test_the_pitch_follows_its_curve(font):
    curves = flat(3.2)
    time = np.arange(len(curves.bend)) / 100
    curves.bend[:] = 0.5 * np.sin(2 * np.pi * 3.0 * time)
    curves.bend[240:260] += np.linspace(0, -2, 20, dtype=np.float32)
    curves.bend[260:] -= 2
    off = deviations(play(font, curves=curves), NOTES, curves)
    assert np.isfinite(off).mean() > 0.95
    assert np.nanmedian(np.abs(off)) < 6 and np.nanmean(np.abs(off) < 20) > 0.9


def test_a_note_that_still_rings_is_not_bent_with_the_next(font):
    slow = [PlayedNote(0.2, 1.4, 76, 100), PlayedNote(1.41, 2.8, 64, 1)]
    curves = flat(3.2)
    curves.bend[141:] = 7
    line = play(font, VIOLIN, slow, True, curves)
    plain = play(font, VIOLIN, slow, True, flat(3.2))
    both = play(font, VIOLIN, slow, False, curves)
    rings = slice(int(1.41 * RENDER_RATE), int(1.5 * RENDER_RATE))
    # What the second, all but silent note does not explain is the first one's ringing.
    difference = np.abs(line[rings] - plain[rings]).max()
    assert difference < 0.1 * np.abs(plain[rings]).max()
    assert np.abs(both[rings] - plain[rings]).max() > 3 * difference


def test_the_level_follows_its_curve(font):
    curves = flat(3.2)
    curves.gain[:] = np.linspace(1, 0.1, len(curves.gain))
    ratio = play(font, ORGAN, curves=curves) / np.where(
        play(font, ORGAN) == 0, 1, play(font, ORGAN)
    )
    loud = np.abs(play(font, ORGAN)) > 1e-3
    expected = np.interp(np.arange(ratio.size) * 100 / RENDER_RATE, np.arange(321), curves.gain)
    np.testing.assert_allclose(ratio[loud], expected[loud], rtol=1e-3)


def test_the_pedal_holds_notes(font):
    curves = flat(3.2)
    curves.pedal[30:145] = True
    short = [PlayedNote(0.2, 0.5, 60, 100)]
    held = play(font, PIANO, short, False, curves)
    dry = play(font, PIANO, short, False, flat(3.2))
    assert level(held, 1.1, 1.4) > 20 * level(dry, 1.1, 1.4)
    assert level(held, 2.5, 3.0) < 0.1 * level(held, 1.1, 1.4)


def test_what_was_played_before_changes_nothing():
    path = find_soundfont("TimGM6mb").path
    one, other = FluidSynth(path), FluidSynth(path)
    first = [play(one, program) for program in (CLARINET, PIANO, VIOLIN)]
    for program in range(30, 60):  # more than stay loaded
        play(other, program, NOTES[:1])
    again = [play(other, program) for program in (VIOLIN, PIANO, CLARINET)][::-1]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_program_or_font_that_is_not_there_is_said(font, tmp_path, monkeypatch):
    with pytest.raises(RenderError, match="no program 129"):
        font.render(Performance(NOTES, 1.0), 129)
    (tmp_path / "bad.sf2").write_text("not a soundfont")
    with pytest.raises(RenderError, match="cannot load"):
        FluidSynth(tmp_path / "bad.sf2")
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    fluidsynth._library.cache_clear()
    with pytest.raises(UmtnError, match="apt install fluidsynth"):
        FluidSynth(tmp_path / "any.sf2")
    fluidsynth._library.cache_clear()


def test_keys_are_those_that_sound(font):
    assert font.keys(PIANO) == frozenset(range(109))
    for pitch in (108, 109):
        played = play(font, PIANO, [PlayedNote(0.2, 1.0, pitch, 100)])
        assert bool(np.abs(played).max() > 1e-3) == (pitch in font.keys(PIANO))


def test_a_longer_performance_is_cut_where_it_ends(font):
    short = replace(Performance(NOTES, 3.2), seconds=1.0)
    assert font.render(short, CLARINET).shape == (RENDER_RATE,)
