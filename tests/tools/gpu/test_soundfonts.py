from pathlib import Path

import msgspec
import numpy as np
import pytest

from tools.gpu.soundfonts import cut, programs
from umtn_core.data.synth.performance import Performance, PlayedNote
from umtn_core.data.synth.recipe_file import load_recipe
from umtn_core.data.synth.soundfonts import find_soundfont
from umtn_core.errors import UmtnError

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["TimGM6mb", "MuseScore_General"])
def font(request):
    try:
        return find_soundfont(request.param).path
    except UmtnError as error:
        pytest.skip(str(error))


def test_programs_of_a_cut_font_sound_as_in_the_whole_one(font, tmp_path):
    fluidsynth = pytest.importorskip("umtn_core.data.synth.fluidsynth")
    small = tmp_path / font.name
    small.write_bytes(cut(font.read_bytes(), {40, 71, 81}))
    assert small.stat().st_size < font.stat().st_size / 4
    notes = [PlayedNote(0.1 * i, 0.1 * i + 0.3, 60 + 3 * i, 90) for i in range(8)]
    performance = Performance(notes, 1.5)
    try:
        whole, cut_down = fluidsynth.FluidSynth(font), fluidsynth.FluidSynth(small)
    except UmtnError as error:
        pytest.skip(str(error))
    for program in (40, 71, 81):
        played = cut_down.render(performance, program)
        assert np.abs(played).max() > 0.01
        assert np.array_equal(played, whole.render(performance, program))
    with pytest.raises(UmtnError, match="no program 41"):
        cut_down.render(performance, 41)


def test_what_is_no_font_or_lacks_the_programs_is_refused(font):
    with pytest.raises(UmtnError, match="lacks one of its parts"):
        cut(b"RIFF" + bytes(100), {0})
    with pytest.raises(UmtnError, match="none of the recipe's programs"):
        cut(font.read_bytes(), {200})


def test_the_recipe_names_all_that_it_plays():
    recipe = load_recipe(str(ROOT / "tools" / "gpu" / "music.yaml"))
    found = programs(recipe)
    assert set(found) == {"FluidR3_GM", "MuseScore_General"}
    assert {0, 19, 40, 71, 16, 26} <= found["FluidR3_GM"] and 52 not in found["FluidR3_GM"]
    pairs = msgspec.structs.replace(recipe.pairs, count=4)
    with_pairs = programs(msgspec.structs.replace(recipe, pairs=pairs))
    assert with_pairs["TimGM6mb"] == {0, 19, 40, 71, 52, 65}
    assert 52 in with_pairs["FluidR3_GM"]
