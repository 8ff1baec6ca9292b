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


@pytest.mark.parametrize("name", ["invented", "invented-more"])
def test_the_recipes_of_invented_music(name):
    recipe = load_recipe(name)
    assert recipe.collections == ["invented"] and recipe.sample_rate == 32_000
    assert len(recipe.domains) == 4 and recipe.pairs.count == recipe.pairs.chords == 24
    heard = {font for domain in recipe.domains.values() for font, _ in domain.instruments}
    heard |= {item.font for item in (*recipe.others.sustained, *recipe.others.struck)}
    # What reaches the weights is under MIT's terms, and TimGM6mb only judges.
    assert heard == {"FluidR3_GM", "MuseScore_General"}
    assert all(KNOWN[font].licence.startswith("MIT") for font in heard)
    for domain in recipe.domains.values():
        assert {font for font, _ in domain.instruments} == heard
    assert {6, 52, 53, 64, 65, 66, 67} <= set(recipe.others.never.programs)
    assert "TimGM6mb" in recipe.others.never.soundfonts


def test_no_domain_is_in_both_recipes_and_none_is_kept_for_judging_in_its_own():
    first, more = load_recipe("invented"), load_recipe("invented-more")
    assert not set(first.domains) & set(more.domains)
    assert "guitar" in first.pairs.sources and "guitar" in more.domains


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
        ("programs: [68], ", "", "either programs or soundfonts"),
        (
            "minutes: 2.5",
            "minutes: 2.5, soundfonts: [{font: A, programs: [1]}]",
            "either programs or soundfonts",
        ),
        ("minutes: 2.5", "minutes: 2.5, abilities: [fly]", "abilities"),
        ("name: test", "name: test\nothers: {made_up: 1}", "others needs invented music"),
        ("name: test", "name: test\npairs: {chords: 1}", "chords needs invented music"),
        ("name: test", "name: test\npairs: {sources: {a: {program: 1}}}", "needs invented music"),
        ("name: test", "name: test\nexpression: {glide_s: [2, 1]}", "expression.glide_s"),
        ("[oneills]", "[oneills, invented]", "stands alone"),
        ("[oneills]", "[invented]\npairs: {chords: 1}", "a domain with polyphony"),
        ("[oneills]", "[invented]\npairs: {sources: {oboe: {program: 1}}}", "is a domain"),
        ("[oneills]", "[invented]\npairs: {sources: {b: {program: 68}}}", "kept for judging"),
        ("[oneills]", "[invented]\nothers: {made_up: 0.5}", "others has no instruments"),
        ("[oneills]", "[invented]\nothers: {made_up: 1, never: {programs: [68]}}", "for judging"),
        (
            "[oneills]",
            "[invented]\nothers: {made_up: 1, never: {soundfonts: [FluidR3_GM]}}",
            "program 68 of FluidR3_GM is heard",
        ),
        (
            "[oneills]",
            "[invented]\nothers: {struck: [{font: A, programs: [6]}], never: {programs: [6]}}",
            "program 6 of A is heard",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, says):
    with pytest.raises(UmtnError, match=says):
        load_recipe(write(tmp_path, MINIMAL.replace(old, new)))


def test_missing_recipes(tmp_path):
    with pytest.raises(UmtnError, match="chorales, invented, invented-more, mono"):
        load_recipe("opera")
    with pytest.raises(UmtnError, match="Cannot read"):
        load_recipe(tmp_path / "none.yaml")


def test_recipes_made_in_python_are_checked_too(recipe):
    bad = msgspec.structs.replace(recipe(), piece_s=(9.0, 3.0))
    with pytest.raises(UmtnError, match="piece_s"):
        check_recipe(bad)
