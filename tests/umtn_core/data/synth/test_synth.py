import shutil
import subprocess
import sys

import msgspec
import numpy as np
import pytest

pytest.importorskip("music21", reason="synthesis needs the train extra")

from umtn_core.data.files import write_json
from umtn_core.data.store import Index, Store, write_index
from umtn_core.data.synth import renders, scores
from umtn_core.data.synth.recipe import AcousticsSettings, ExpressionSettings
from umtn_core.data.synth.render import RenderError
from umtn_core.data.synth.synth import synthesise
from umtn_core.errors import UmtnError

pytestmark = pytest.mark.usefixtures("fluidsynth", "own_cache")


def samples(store):
    paths = [e.path for e in store.index.files]
    paths += [path for pair in store.index.pairs for path in pair.renders.values()]
    return {path: np.array(store.read(path)) for path in paths}


def same(one, two):
    first, second = samples(one), samples(two)
    return first.keys() == second.keys() and all(
        np.array_equal(audio, second[path]) for path, audio in first.items()
    )


@pytest.fixture(scope="session")
def original(fluidsynth, recipe, score_cache, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "default_cache", lambda: score_cache)
        return synthesise(recipe(), tmp_path_factory.mktemp("original") / "store")


@pytest.fixture
def made(original, tmp_path):
    """A store of the small recipe, to do with as one likes."""
    return Store.open(shutil.copytree(original.path, tmp_path / "store"))


def test_the_store_is_whole(made):
    store = Store.open(made.path)
    assert store.domains == ("flute", "violin")
    for domain in store.domains:
        entries = [e for split in ("train", "valid", "test") for e in store.files(domain, split)]
        assert sum(e.samples for e in entries) >= 0.3 * 60 * 16_000
        for entry in entries:
            audio = store.read(entry) / 32767
            assert 0.45 <= np.abs(audio).max() <= 0.85
            assert entry.source.startswith("ryans/")
            assert "music21 corpus" in entry.licence and "GPL-2.0" in entry.licence
            assert "TimGM6mb program" in entry.credits


def test_domains_and_pairs_share_no_score(made):
    sources = [e.source for e in made.index.files]
    sources += [pair.source for pair in made.index.pairs]
    assert len(sources) == len(set(sources))


def test_pairs_are_one_performance_in_every_domain(made):
    assert [p.split for p in made.index.pairs] == ["valid", "test"]
    for pair in made.index.pairs:
        flute, violin = (made.read(pair.renders[d]) / 32767 for d in ("flute", "violin"))
        assert flute.shape == violin.shape and not np.array_equal(flute, violin)
        notes = [n for n in made.notes(pair) if n[1] - n[0] > 0.15]
        assert len(notes) >= 2
        for audio in (flute, violin):
            right = 0
            for _, end, pitch, _ in notes:
                part = audio[int((end - 0.1) * 16_000) : int(end * 16_000)]
                hertz = 440 * 2 ** ((pitch - 69) / 12)
                lag = np.arange(120)
                correlation = np.array([part[k:] @ part[: part.size - k] for k in lag])
                near = round(16_000 / hertz)
                # At the pitch's period the wave repeats; half a period off, it does not.
                right += correlation[near] > 0.5 * correlation[0]
                right += correlation[near] > correlation[round(near / 2)]
            assert right >= 0.8 * 2 * len(notes)


def test_workers_and_repetition_make_the_same_samples(made, recipe, tmp_path):
    again = synthesise(recipe(), tmp_path / "again", workers=3)
    assert again.index == made.index and same(again, made)
    assert not same(made, synthesise(recipe(seed=1), tmp_path / "other"))


def test_a_finished_store_is_not_made_again(made, recipe, monkeypatch):
    monkeypatch.setattr(renders, "render_notes", lambda *args: pytest.fail("rendered again"))
    assert synthesise(recipe(), made.path).index == made.index


def test_a_changed_recipe_makes_again_what_it_changes(made, recipe, tmp_path):
    drier = recipe(acoustics=AcousticsSettings(eq_db=0, reverb_share=0, noise_dbfs=None))
    changed = synthesise(drier, made.path)
    assert same(changed, synthesise(drier, tmp_path / "fresh"))


def test_what_is_no_longer_asked_for_goes(made, recipe):
    fewer = recipe(pairs=0)
    fewer = msgspec.structs.replace(fewer, domains={"flute": fewer.domains["flute"]})
    store = synthesise(fewer, made.path)
    assert store.domains == ("flute",)
    kept = {e.path for e in store.index.files}
    assert {str(p.relative_to(made.path)) for p in made.path.rglob("*.npy")} == kept


_KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from umtn_core.data.synth import scores
from umtn_core.data.synth.recipe import Recipe
from umtn_core.data.synth.synth import synthesise

scores.default_cache = lambda: Path(sys.argv[3])
recipe = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Recipe)

def progress(stage, done, total, name):
    if stage == "audio" and done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

synthesise(recipe, sys.argv[2], progress=progress)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_run_is_continued_to_the_same_end(made, recipe, tmp_path, score_cache):
    write_json(tmp_path / "recipe.json", recipe())
    store = tmp_path / "killed"
    command = [sys.executable, "-c", _KILLED, tmp_path / "recipe.json", store, score_cache]
    assert subprocess.run(command).returncode == -9
    with pytest.raises(UmtnError, match="no data store"):
        Store.open(store)
    done = []
    finished = synthesise(recipe(), store, progress=lambda stage, *rest: done.append(stage))
    assert done.count("audio") == len(made.index.files) - 3
    assert finished.index == made.index and same(finished, made)


def test_one_render_that_fails_is_named_and_the_rest_go_on(recipe, tmp_path, monkeypatch):
    real, calls = renders.render_notes, []

    def sometimes(*args):
        calls.append(1)
        if len(calls) == 2:
            raise RenderError("FluidSynth was stopped after 20 s.")
        return real(*args)

    monkeypatch.setattr(renders, "render_notes", sometimes)
    store = synthesise(recipe(), tmp_path / "store")
    (skip,) = store.index.skipped
    assert "stopped" in skip.reason and "audio/flute/" in skip.source
    assert len(store.index.files) == len(calls) - 1 - 4


def test_nothing_rendered_at_all_is_an_error(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(renders, "render_notes", lambda *args: np.zeros(16_000, np.float32))
    with pytest.raises(UmtnError, match=r"Nothing could be rendered for the domain flute.*silent"):
        synthesise(recipe(), tmp_path / "store")
    assert not (tmp_path / "store" / "index.json").exists()


def test_a_full_disk_stops_the_work(recipe, tmp_path, monkeypatch):
    def full(*args):
        raise UmtnError("Cannot write x: No space left on device.")

    monkeypatch.setattr(renders, "write_audio", full)
    with pytest.raises(UmtnError, match="No space left"):
        synthesise(recipe(), tmp_path / "store")


def test_scores_can_be_played_with_expression(recipe, made, tmp_path):
    domains = {
        name: msgspec.structs.replace(domain, abilities=["bend", "swell"])
        for name, domain in recipe().domains.items()
    }
    wanted = recipe(domains=domains, expression=ExpressionSettings(tuning_share=1.0))
    store = synthesise(wanted, tmp_path / "played")
    assert [e.samples for e in store.index.files] == [e.samples for e in made.index.files]
    assert not same(store, made)
    assert same(store, synthesise(wanted, tmp_path / "again", workers=2))


def test_a_store_of_recordings_is_not_overwritten(recipe, tmp_path):
    write_index(tmp_path, Index())
    with pytest.raises(UmtnError, match="store of recordings"):
        synthesise(recipe(), tmp_path)
