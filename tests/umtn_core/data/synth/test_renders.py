from umtn_core.data.synth.casting import make_plan
from umtn_core.data.synth.recipe import Domain, PairSettings, Recipe
from umtn_core.data.synth.renders import render_task
from umtn_core.data.synth.score import Note, Score
from umtn_core.data.synth.soundfonts import InstalledFont


def test_what_decides_the_samples_of_a_score_is_what_it_was(tmp_path):
    # Where this changes, stores that were made before are made again.
    font = tmp_path / "font.sf2"
    font.write_bytes(b"x" * 100)
    recipe = Recipe(
        name="old", scope="mono", collections=["ryans"],
        domains={"flute": Domain(programs=[73, 74], minutes=0.05)},
        piece_s=(1.0, 6.0), pairs=PairSettings(count=0),
    )  # fmt: skip
    notes = [Note(k / 2, 0.5, 60 + k % 7) for k in range(24)]
    (piece,) = make_plan(recipe, [Score("book/1", "T", "CC0", None, 4.0, notes)])
    installed = InstalledFont("F", font, "MIT")
    task = render_task(recipe, piece, piece.program, installed, "a.npy", "room")
    assert piece.program == 73
    assert task.fingerprint == "67d2a5eada0171e1742d3d7d56e9f3f2f888445207ab6e528b373e9f68497db1"
