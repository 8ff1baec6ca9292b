import msgspec
import pytest

from umtn_core.data.synth.recipe import Domain
from umtn_core.data.synth.recipe_file import check_recipe, load_recipe, packaged_recipes
from umtn_core.data.synth.scores import COLLECTIONS
from umtn_core.data.synth.soundfonts import KNOWN
from umtn_core.errors import UmtnError

MINIMAL = """
name: test
scope: mono
collections: [oneills]
domains:
  oboe: {programs: [68], minutes: 2.5}
"""


def write(tmp_path, text):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    return path


def test_what_is_not_said_has_a_default(tmp_path):
    recipe = load_recipe(write(tmp_path, MINIMAL))
    assert recipe.domains["oboe"] == Domain(programs=[68], minutes=2.5)
    assert recipe.sample_rate == 16_000 and recipe.pairs.count == 24


@pytest.mark.parametrize("name", ["mono", "chorales"])
def test_the_packaged_recipes_are_sound(name):
    assert name in packaged_recipes()
    recipe = load_recipe(name)
    assert recipe.name == name
    assert set(recipe.collections) <= set(COLLECTIONS)
    assert {d.soundfont for d in recipe.domains.values()} <= set(KNOWN)
    assert len(recipe.domains) == 4 and recipe.pairs.count == 24


def test_no_packaged_recipe_uses_scores_closed_to_commercial_use():
    for name in packaged_recipes():
        assert "essen" not in load_recipe(name).collections


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("scope: mono", "scope: stereo", "scope"),
        ("name: test", "name: test\nspeed: 3", "speed"),
        ("minutes: 2.5", "minutes: 0", "minutes"),
        ("programs: [68]", "programs: [128]", "programs"),
        ("programs: [68]", "programs: []", "programs"),
        ("minutes: 2.5", "minutes: 2.5, pitch: [80, 60]", "pitch runs from 80 down to 60"),
        ("name: test", "name: test\npiece_s: [60, 6]", "piece_s"),
        ("name: test", "name: test\nvalid: 0.6\ntest: 0.5", "valid and test"),
        ("name: test", "name: test\npairs: {seconds: [0, 2]}", "above 0"),
        ("oboe:", "../oboe:", "letters"),
        ("name: test", "name: [test", "not valid"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, says):
    with pytest.raises(UmtnError, match=says):
        load_recipe(write(tmp_path, MINIMAL.replace(old, new)))


def test_missing_recipes(tmp_path):
    with pytest.raises(UmtnError, match="chorales, mono"):
        load_recipe("opera")
    with pytest.raises(UmtnError, match="Cannot read"):
        load_recipe(tmp_path / "none.yaml")


def test_recipes_made_in_python_are_checked_too(recipe):
    bad = msgspec.structs.replace(recipe(), piece_s=(9.0, 3.0))
    with pytest.raises(UmtnError, match="piece_s"):
        check_recipe(bad)
