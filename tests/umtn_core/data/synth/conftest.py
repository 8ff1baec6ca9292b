import shutil

import numpy as np
import pytest

from umtn_core.data.synth import scores as scores_module
from umtn_core.data.synth.recipe import Domain, PairSettings, Recipe
from umtn_core.data.synth.score import Note, Score

#: One font is enough for these tests; the other is large.
FONT = "TimGM6mb"


@pytest.fixture(scope="session")
def fluidsynth():
    """Say why a test that plays is not run."""
    if shutil.which("fluidsynth") is None:
        pytest.skip("FluidSynth is not installed (apt install fluidsynth)")


@pytest.fixture
def tune():
    """Make a score of random steps: ``tune(seed)``; different seeds are different tunes."""

    def make(seed=0, notes=60, name=None, title=None, voices=1):
        random = np.random.default_rng(seed)
        written = []
        for voice in range(voices):
            onset, pitch = 0.0, 69 - 7 * voice
            for _ in range(notes):
                duration = float(random.choice([0.25, 0.5, 0.5, 1.0]))
                written.append(Note(onset, duration, pitch))
                onset += duration
                pitch = int(np.clip(pitch + random.integers(-4, 5), 55, 79))
        written.sort(key=lambda n: (n.onset, n.pitch))
        return Score(
            name=name or f"book/tune#{seed}", title=title or f"Tune {seed}", licence="CC0",
            credits="A. Writer", bar=4.0, notes=written,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def recipe():
    """Make a recipe of two small domains: ``recipe(seed=3)``."""

    def make(minutes=0.3, pairs=2, **fields):
        values = {
            "name": "small",
            "scope": "mono",
            "collections": ["ryans"],
            "domains": {
                "flute": Domain(programs=[73], minutes=minutes, soundfont=FONT),
                "violin": Domain(programs=[40], minutes=minutes, soundfont=FONT),
            },
            "max_pieces": 24,
            "piece_s": (3.0, 6.0),
            "pairs": PairSettings(count=pairs, seconds=(2.5, 3.0), soundfonts=[FONT]),
        }
        return Recipe(**values | fields)

    return make


@pytest.fixture(scope="session")
def score_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("scores")


@pytest.fixture
def own_cache(score_cache, monkeypatch):
    """Keep parsed scores out of the user's cache, and parse them once for all tests."""
    pytest.importorskip("music21", reason="scores need the train extra")
    monkeypatch.setattr(scores_module, "default_cache", lambda: score_cache)
