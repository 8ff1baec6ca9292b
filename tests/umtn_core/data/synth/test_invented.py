import shutil
import subprocess
import sys

import msgspec
import numpy as np
import pytest
import soxr

from umtn_core.data.files import write_json
from umtn_core.data.store import Store
from umtn_core.data.synth import invented, invented_store
from umtn_core.data.synth.fluidsynth import FluidSynth
from umtn_core.data.synth.invented import invented_pieces, performance_of
from umtn_core.data.synth.invented_pairs import invented_pairs
from umtn_core.data.synth.recipe import (
    AcousticsSettings,
    Domain,
    ExpressionSettings,
    Instruments,
    NeverHeard,
    OthersSettings,
    PairSettings,
    PairSource,
    Recipe,
)
from umtn_core.data.synth.render import RenderError
from umtn_core.data.synth.soundfonts import InstalledFont, find_soundfont
from umtn_core.data.synth.synth import synthesise
from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.pitch_tracking import track

FONT = "TimGM6mb"
RATE = 32_000
DRY = AcousticsSettings(eq_db=0, reverb_share=0, noise_dbfs=None)


def recipe(minutes=0.45, **fields):
    values = {
        "name": "small",
        "scope": "poly",
        "seed": 3,
        "collections": ["invented"],
        "sample_rate": RATE,
        "piece_s": (4.0, 6.0),
        "domains": {
            "organ": Domain(
                minutes=minutes, programs=[19], soundfont=FONT, pitch=(36, 96), polyphony=0.75,
                abilities=["swell"],
            ),
            "clarinet": Domain(
                minutes=minutes, soundfonts=[Instruments(font=FONT, programs=[71, 68])],
                pitch=(50, 91), abilities=["bend", "swell"],
            ),
        },
        "acoustics": DRY,
        "others": OthersSettings(
            count=2,
            sustained=[Instruments(font=FONT, programs=[40, 73])],
            struck=[Instruments(font=FONT, programs=[0, 46])],
            acoustics=DRY,
            never=NeverHeard(programs=[52, 65]),
        ),
        "pairs": PairSettings(
            count=2, chords=2, seconds=(4.0, 5.0), soundfonts=[FONT],
            sources={"voice": PairSource(program=52, abilities=["bend", "swell"])},
        ),
    }  # fmt: skip
    return Recipe(**values | fields)


def fonts():
    return {FONT: find_soundfont(FONT)}


def listed(index):
    paths = [path for entry in index.files for path in (entry.path, *entry.others)]
    for pair in index.pairs:
        paths += [*pair.renders.values(), *pair.sources.values()]
    return paths


def same(one, two):
    return one.index == two.index and all(
        np.array_equal(one.read(path), two.read(path)) for path in listed(one.index)
    )


@pytest.fixture(scope="module")
def original(fluidsynth, tmp_path_factory):
    return synthesise(recipe(), tmp_path_factory.mktemp("invented") / "store")


@pytest.fixture
def made(original, tmp_path):
    return Store.open(shutil.copytree(original.path, tmp_path / "store"))


def test_the_store_is_whole(original):
    store = Store.open(original.path)
    assert store.sample_rate == RATE and store.heard_rate == 16_000
    assert store.domains == ("clarinet", "organ") and not store.index.skipped
    for domain in store.domains:
        entries = [e for split in ("train", "valid", "test") for e in store.files(domain, split)]
        assert 0.45 * 60 * RATE <= sum(e.samples for e in entries) <= (0.45 * 60 + 6) * RATE
        assert len(entries) == len({e.path for e in entries})
        assert store.files(domain, "valid")
        for entry in entries:
            audio = store.read(entry) / 32767
            assert 4 * RATE <= len(audio) <= 6 * RATE
            assert 0.45 <= np.abs(audio).max() <= 0.85
            assert np.abs(audio[: RATE // 50]).max() < 1e-3
            assert "CC0" in entry.licence and "GPL-2.0 (TimGM6mb" in entry.licence
            assert entry.source == f"invented/{domain}"
            assert f"{FONT} program" in entry.credits
    credits = {e.credits for e in store.index.files if e.domain == "clarinet"}
    assert len(credits) == 2


def test_versions_are_as_long_and_begin_as_the_piece_does(original):
    for entry in original.index.files:
        assert len(entry.others) == 2
        target = onsets(original.read(entry) / 32767, RATE)
        shifts = []
        for path in entry.others:
            other = original.read(path) / 32767
            assert len(other) == -(-entry.samples * 16_000 // RATE)
            assert np.abs(other).max() > 0.3
            found = onsets(other, 16_000)
            scores = [np.corrcoef(target, np.roll(found, k))[0, 1] for k in range(-20, 21)]
            if max(scores) > 0.5:
                shifts.append(int(np.argmax(scores)) - 20)
        # Attacks differ by some hundredths of a second; no version is shifted as a whole.
        assert all(abs(shift) <= 3 for shift in shifts)


def onsets(audio, rate):
    """How much louder it gets, 100 times a second."""
    hop = rate // 100
    level = np.sqrt(np.mean(audio[: len(audio) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    return np.maximum(np.diff(np.log(level[:380] + 1e-3)), 0)


def test_pairs_of_lines_and_of_chords(original):
    assert [(p.texture, p.split) for p in original.index.pairs] == [
        ("line", "valid"), ("line", "test"), ("chords", "valid"), ("chords", "test"),
    ]  # fmt: skip
    for pair in original.index.pairs:
        everyone = {"organ", "clarinet"} if pair.texture == "line" else {"organ"}
        assert pair.renders.keys() == everyone and pair.sources.keys() == {"voice"}
        lengths = {len(original.read(p)) for p in (*pair.renders.values(), *pair.sources.values())}
        assert len(lengths) == 1
        low, high = (50, 91) if pair.texture == "line" else (36, 96)
        notes = original.notes(pair)
        assert notes and all(low <= pitch <= high for _, _, pitch, _ in notes)
        curves = original.curves(pair)
        assert len(curves.bend) == len(curves.gain) >= lengths.pop() / RATE * 100
        assert 0 < curves.gain.min() <= curves.gain.max() <= 1


def test_lines_sound_as_notes_and_curves_say(tmp_path, fluidsynth):
    wanted = recipe(
        minutes=0.05,
        pairs=PairSettings(count=4, seconds=(6.0, 6.0), soundfonts=[FONT]),
        expression=ExpressionSettings(tuning_share=1, vibrato_share=1, glide_share=1),
    )
    store = synthesise(wanted, tmp_path / "store")
    off, bent = [], []
    for pair in store.index.pairs:
        curves = store.curves(pair)
        audio = store.read(pair.renders["clarinet"]).astype(np.float32) / 32767
        found = track(soxr.resample(audio, RATE, 16_000))
        time = np.arange(len(found.hertz)) * found.hop_seconds
        for start, end, pitch, _ in store.notes(pair):
            inside = (time > start + 0.07) & (time < end - 0.04)
            bend = np.interp(time[inside] * 100, np.arange(len(curves.bend)), curves.bend)
            off += list(100 * (found.midi[inside] - pitch - bend))
            bent += list(100 * bend)
    off = np.array(off)
    assert len(off) > 300 and np.isfinite(off).mean() > 0.9
    assert np.std(bent) > 10
    assert np.nanmedian(np.abs(off)) < 8 and np.nanmean(np.abs(off) < 25) > 0.9


def test_an_instrument_plays_only_what_it_can(fluidsynth):
    pieces = invented_pieces(recipe(minutes=2.0), fonts())
    lines = 0
    for piece in pieces:
        performance = performance_of(recipe(minutes=2.0), piece)
        low, high = (36, 96) if piece.domain == "organ" else (50, 91)
        assert all(low <= note.pitch <= high for note in performance.notes)
        assert not performance.curves.pedal.any()
        if piece.domain == "organ":
            assert np.ptp(performance.curves.bend) == 0
            lines += performance.is_line
        else:
            assert performance.is_line
    count = sum(piece.domain == "organ" for piece in pieces)
    assert 0 < lines < 0.5 * count


def test_no_two_pieces_are_the_same_music(fluidsynth):
    wanted = recipe(minutes=1.0)
    played = [performance_of(wanted, piece).notes for piece in invented_pieces(wanted, fonts())]
    intervals = {tuple(n.pitch - notes[0].pitch for n in notes[:8]) for notes in played}
    assert len(intervals) == len(played)


def test_domains_take_turns_and_more_minutes_change_nothing(fluidsynth):
    few, more = (invented_pieces(recipe(minutes=m), fonts()) for m in (1.0, 4.0))
    assert set(few) <= set(more) and len(more) > 3 * len(few)
    for begun in range(2, len(more)):
        ahead = [piece.seconds for piece in more[:begun] if piece.domain == "organ"]
        behind = [piece.seconds for piece in more[:begun] if piece.domain == "clarinet"]
        assert abs(sum(ahead) - sum(behind)) < 30
    splits = [piece.split for piece in more if piece.domain == "organ"][:40]
    assert splits.count("valid") == splits.count("test") == 2 and splits[4] == "valid"


def test_workers_and_repetition_make_the_same_samples(original, tmp_path):
    assert same(original, synthesise(recipe(), tmp_path / "again", workers=2))
    other = synthesise(recipe(minutes=0.05, seed=4), tmp_path / "other")
    path = other.index.files[0].path
    assert not np.array_equal(original.read(path), other.read(path))


def test_a_finished_store_grows_and_makes_nothing_twice(made, monkeypatch):
    times = {path: (made.path / path).stat().st_mtime_ns for path in listed(made.index)}
    grown = synthesise(recipe(minutes=0.7), made.path)
    assert len(grown.index.files) > len(made.index.files)
    assert all((made.path / path).stat().st_mtime_ns == time for path, time in times.items())
    monkeypatch.setattr(invented_store, "render_piece", lambda *_, **__: pytest.fail("again"))
    assert synthesise(recipe(minutes=0.45), made.path).index == made.index
    left = {str(p.relative_to(made.path)) for p in made.path.rglob("*.npy")}
    assert left == set(listed(made.index))


def test_a_changed_recipe_makes_again_what_it_changes(made):
    wetter = recipe(acoustics=AcousticsSettings(peak=(0.2, 0.2), noise_dbfs=None))
    store = synthesise(wetter, made.path)
    peaks = [np.abs(store.read(e)).max() / 32767 for e in store.index.files]
    assert peaks == pytest.approx([0.2] * len(peaks), abs=1e-3)


_KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from umtn_core.data.synth import invented_store
from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.synth import synthesise

invented_store.INDEX_EVERY_S = 0.0
recipe = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Recipe)

def progress(stage, done, total, name):
    if stage == "audio" and done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

synthesise(recipe, sys.argv[2], progress=progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_store_can_be_used_while_it_grows_and_goes_on_after_a_kill(original, tmp_path):
    write_json(tmp_path / "recipe.json", recipe())
    store = tmp_path / "killed"
    command = [sys.executable, "-c", _KILLED, tmp_path / "recipe.json", store]
    assert subprocess.run(command).returncode == -9
    growing = Store.open(store)
    assert len(growing.index.files) == 3 and len(growing.index.pairs) == 4
    assert all(len(growing.read(path)) for path in listed(growing.index))
    done = []
    finished = synthesise(recipe(), store, progress=lambda stage, *rest: done.append(stage))
    assert done == ["audio"] * (len(original.index.files) - 3)
    assert same(finished, original)


def test_what_cannot_be_rendered_is_named_and_the_rest_goes_on(tmp_path, monkeypatch, fluidsynth):
    real, calls = invented.dry_render, []

    def sometimes(*args):
        calls.append(1)
        if len(calls) == 2:
            raise RenderError("The render is silent.")
        return real(*args)

    monkeypatch.setattr(invented, "dry_render", sometimes)
    store = synthesise(recipe(minutes=0.2, pairs=PairSettings(count=0)), tmp_path / "store")
    (skip,) = store.index.skipped
    assert "silent" in skip.reason and "audio/" in skip.source
    assert skip.source not in listed(store.index)


def test_nothing_rendered_at_all_is_an_error(tmp_path, monkeypatch, fluidsynth):
    def never(*args):
        raise RenderError("The render is silent.")

    monkeypatch.setattr(invented, "dry_render", never)
    with pytest.raises(UmtnError, match=r"Nothing could be rendered for the domain .*silent"):
        synthesise(recipe(minutes=0.1, pairs=PairSettings(count=0)), tmp_path / "store")


def test_ranges_that_share_nothing_cannot_make_pairs(tmp_path, fluidsynth):
    domains = dict(recipe().domains)
    domains["organ"] = msgspec.structs.replace(domains["organ"], pitch=(24, 55))
    with pytest.raises(UmtnError, match="less than an octave"):
        synthesise(recipe(domains=domains), tmp_path / "store")


def test_who_lacks_a_pitch_leaves_it_out(tmp_path, monkeypatch, fluidsynth):
    keys = FluidSynth.keys

    def fewer(self, program):
        lacks = {65: range(128), 52: range(60, 128), 71: range(70, 72)}
        return keys(self, program) - set(lacks.get(program, ()))

    monkeypatch.setattr(FluidSynth, "keys", fewer)
    sources = {"voice": PairSource(program=52), "saxophone": PairSource(program=65)}
    pairs = PairSettings(count=8, seconds=(4.0, 4.0), soundfonts=[FONT], sources=sources)
    store = synthesise(recipe(minutes=0.1, pairs=pairs, others=None), tmp_path / "store")
    assert len(store.index.pairs) == 8 and store.heard_rate is None
    for pair in store.index.pairs:
        pitches = {pitch for _, _, pitch, _ in store.notes(pair)}
        assert pair.renders.keys() == {"organ", "clarinet"} and not pitches & {70, 71}
        assert pair.sources.keys() == ({"voice"} if max(pitches) < 60 else set())


def test_pairs_that_went_are_made_again(made):
    none = synthesise(recipe(pairs=PairSettings(count=0)), made.path)
    assert none.index.pairs == []
    again = synthesise(recipe(), made.path)
    assert again.index == made.index
    assert all(len(again.read(path)) for path in listed(again.index))


def test_pairs_are_planned_by_the_recipe():
    font = InstalledFont(FONT, find_soundfont(FONT).path, "GPL")
    names = [pair.name for pair in invented_pairs(recipe(), {FONT: font})]
    assert names == ["line-000", "line-001", "chords-000", "chords-001"]
