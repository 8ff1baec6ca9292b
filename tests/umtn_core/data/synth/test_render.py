import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

mido = pytest.importorskip("mido", reason="rendering needs the train extra")

from umtn_core.data.synth.performance import PlayedNote
from umtn_core.data.synth.render import RenderError, find_fluidsynth, render_notes, write_midi
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError

NOTES = [PlayedNote(0.25, 0.8, 69, 90), PlayedNote(1.0, 1.6, 76, 90)]


def peak_hz(audio, start, end, rate=16_000):
    part = audio[int(start * rate) : int(end * rate)]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(part.size), 8 * part.size))
    return np.argmax(spectrum) * rate / (8 * part.size)


def test_midi_has_the_notes_at_their_times(tmp_path):
    repeated = [*NOTES, PlayedNote(1.6, 1.9, 76, 40)]  # begins where the last one ends
    write_midi(repeated, 73, 2.5, tmp_path / "a.mid")
    now, found, held, programs = 0.0, [], {}, []
    for message in mido.MidiFile(tmp_path / "a.mid"):
        now += message.time
        if message.type == "program_change":
            programs.append(message.program)
        elif message.type == "note_on":
            assert message.note not in held
            held[message.note] = (now, message.velocity)
        elif message.type == "note_off":
            start, velocity = held.pop(message.note)
            found.append(PlayedNote(round(start, 3), round(now, 3), message.note, velocity))
    assert found == repeated and programs == [73] and held == {}
    assert now == pytest.approx(2.5, abs=1e-3)


@pytest.mark.usefixtures("fluidsynth")
def test_the_right_notes_sound_at_the_right_time():
    font = find_soundfont("TimGM6mb")
    audio = render_notes(NOTES, 73, font.path, 2.0, 16_000)
    assert audio.dtype == np.float32 and audio.shape == (32_000,)
    assert peak_hz(audio, 0.4, 0.75) == pytest.approx(440, rel=0.01)
    assert peak_hz(audio, 1.15, 1.55) == pytest.approx(659.3, rel=0.01)
    loudest = np.abs(audio).max()
    before = np.abs(audio[: int(0.25 * 16_000)]).max()
    onset = np.argmax(np.abs(audio) > 0.05 * loudest) / 16_000
    assert before < 0.01 * loudest and 0.25 <= onset < 0.35


@pytest.mark.usefixtures("fluidsynth")
def test_rendering_twice_gives_the_same_samples():
    font = find_soundfont("TimGM6mb")
    first = render_notes(NOTES, 40, font.path, 1.8, 16_000)
    assert np.array_equal(first, render_notes(NOTES, 40, font.path, 1.8, 16_000))


@pytest.mark.usefixtures("fluidsynth")
def test_no_other_font_is_played_instead_of_a_broken_one(tmp_path):
    (tmp_path / "bad.sf2").write_text("not a soundfont")
    with pytest.raises(RenderError, match="could not play"):
        render_notes(NOTES, 0, tmp_path / "bad.sf2", 1.0, 16_000)


def test_a_missing_program_names_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UmtnError, match="apt install fluidsynth"):
        find_fluidsynth()


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Put a shell script in FluidSynth's place; ``$out`` is the file it is to write."""
    if sys.platform == "win32":
        pytest.skip("the stand-in is a shell script")

    def make(body):
        script = tmp_path / "bin" / "fluidsynth"
        script.parent.mkdir()
        find_out = 'while [ "$1" != -F ]; do shift; done; out=$2\n'
        script.write_text("#!/bin/sh\n" + find_out + body)
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")

    return make


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder for temporary files that nobody else uses."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("exec sleep 60", "stopped after"),
        ('exec cat /dev/zero > "$out"', "it wrote over"),
        ("echo oh dear >&2; exit 3", "exit 3.*oh dear"),
        ('echo nonsense > "$out"', "no readable audio"),
        ("exit 0", "no readable audio"),
        ("echo 'warning: No preset found on channel 0' >&2", "could not play"),
    ],
)
def test_a_renderer_gone_wrong_is_stopped_and_cleaned_up(pretend, scratch, body, says):
    pretend(body)
    began = time.monotonic()
    with pytest.raises(RenderError, match=says):
        render_notes(NOTES, 0, Path("any.sf2"), 0.5, 16_000, timeout_s=1.5)
    assert time.monotonic() - began < 30
    assert not list(scratch.iterdir())
