import msgspec
import pytest

pytest.importorskip("torch", reason="export needs torch")

from export.scope import StatedScope, taught_by
from umtn_core.bundle.scope import Scope
from umtn_core.data.files import write_json
from umtn_core.data.store import RECIPE, Index, Store
from umtn_core.data.synth.recipe import Domain, Recipe
from umtn_core.errors import UmtnError

KNOWN = Scope(lowest=60, highest=84, voices=1, material="single lines of flute")


def store_of(folder, **recipe):
    write_json(folder / RECIPE, msgspec.to_builtins(Recipe(name="of a test", **recipe)))
    return Store(folder, Index())


def test_a_recipe_of_lines_tells_range_and_instruments(tmp_path):
    domains = {
        "flute": Domain(minutes=1, programs=[73], pitch=(60, 96)),
        "cello": Domain(minutes=1, programs=[42], pitch=(36, 76)),
        "organ": Domain(minutes=1, programs=[19], pitch=(24, 108)),
    }
    store = store_of(tmp_path, scope="mono", collections=["ryans"], domains=domains)
    assert taught_by(store, ["flute", "cello"]) == Scope(
        lowest=36, highest=96, voices=1, material="single lines of flute and cello"
    )


def test_invented_chords_count_their_voices(tmp_path):
    piano = Domain(minutes=1, programs=[0], pitch=(36, 96), polyphony=0.5)
    store = store_of(tmp_path, scope="poly", collections=["invented"], domains={"piano": piano})
    assert taught_by(store, ["piano"]) == Scope(
        lowest=36, highest=96, voices=5, material="lines and chords of piano"
    )


def test_nothing_is_made_up_where_nothing_is_known(tmp_path):
    assert taught_by(Store(tmp_path, Index()), ["flute"]) is None  # recordings
    piano = Domain(minutes=1, programs=[0])
    store = store_of(tmp_path, scope="poly", collections=["bach"], domains={"piano": piano})
    assert taught_by(store, ["piano"]) is None  # scores of who knows how many voices
    assert taught_by(store, ["flute"]) is None  # another store's domain


def test_what_is_said_goes_before_what_is_known():
    assert StatedScope().over(KNOWN) == KNOWN
    assert StatedScope().over(None) is None
    changed = StatedScope(voices=2, material="duets").over(KNOWN)
    assert changed == Scope(lowest=60, highest=84, voices=2, material="duets")
    assert StatedScope((60, 84), 1, "single lines of flute").over(None) == KNOWN


@pytest.mark.parametrize("said", [{"voices": 1}, {"pitch_range": (60, 84), "material": "lines"}])
def test_a_part_is_not_enough_where_nothing_is_known(said):
    with pytest.raises(UmtnError, match="all three"):
        StatedScope(**said).over(None)
