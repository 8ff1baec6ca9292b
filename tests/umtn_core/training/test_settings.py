"""Settings: every default written out, every mistake named."""

import pytest

from umtn_core.errors import UmtnError
from umtn_core.training.settings import (
    RECIPES,
    Settings,
    rate_factor,
    read_settings,
    write_settings,
)


def test_what_is_written_is_read_again(settings, tmp_path):
    path = tmp_path / "settings.yaml"
    write_settings(settings(), path)
    assert read_settings(path) == settings()
    assert "adversarial_weight: 0.01" in path.read_text()


def test_numbers_may_be_written_as_people_write_them(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("store: a\noutput: b\noptimiser: {decoder_rate: 5e-4}\n")
    assert read_settings(path).optimiser.decoder_rate == 5e-4


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("store: a\noutput: b\nsteps: many\n", "steps"),
        ("store: a\noutput: b\nlearning_rate: 1\n", "learning_rate"),
        ("store: a\n", "output"),
        ("store: a\noutput: b\npreset: huge\n", "huge"),
        ("store: a\noutput: b\nsegment: 1001\n", "segment"),
        ("store: a\noutput: b\nshape: {hop: 0}\n", "hop"),
        ("store: a\noutput: b\nshape: {hops: 3}\n", "hops"),
        ("store: a\noutput: b\nperturbation: {shortest: 0.9}\n", "shortest"),
        ("store: a\noutput: b\nsegment: 800\nunscored: 800\n", "unscored"),
        ("store: [a\n", "not valid"),
        ("- store\n", "not valid"),
        ("store: a\noutput: b\nmachine: {loaders: many}\n", "loaders"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(tmp_path, text, names):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(UmtnError, match=names) as caught:
        read_settings(path)
    assert str(caught.value).count("\n") == 0


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UmtnError, match="nowhere"):
        read_settings(tmp_path / "nowhere.yaml")


def test_paper_defaults_are_the_paper_s():
    settings = Settings(store="a", output="b", preset="paper")
    assert settings.adversarial_weight == 0.01
    assert (settings.perturbation.shortest, settings.perturbation.longest) == (0.25, 0.5)
    assert settings.perturbation.semitones == 0.5
    assert settings.spectral.weight == 0
    assert settings.corruption.mix_probability == 0
    assert settings.network_shape.decoder_layers == 10


def test_a_file_of_two_lines_has_the_preset_s_recipe(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("store: a\noutput: b\n")
    recipe = read_settings(path)
    assert recipe.preset == "wideband" and recipe.network_shape.bands == 4
    assert recipe.missing_aids == () and recipe.optimiser.muon
    assert recipe.perturbation.reorchestration == 0.6
    path.write_text("store: a\noutput: b\ncorruption: {mix_probability: 0.1}\nbatch: 3\n")
    changed = read_settings(path)
    assert (changed.corruption.mix_probability, changed.batch) == (0.1, 3)
    assert changed.corruption.level_probability == recipe.corruption.level_probability
    # What a run writes is all there is to it.
    write_settings(changed, path)
    assert read_settings(path) == changed


def test_other_presets_begin_with_the_paper_s_defaults(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("store: a\noutput: b\npreset: paper\n")
    assert read_settings(path) == Settings(store="a", output="b", preset="paper")
    assert len(read_settings(path).missing_aids) == 4


def test_settings_of_older_checkpoints_stay_what_they_were():
    """They spell out every default there was; what is newer is off."""
    settings = Settings(store="a", output="b", preset="small")
    assert settings.perturbation.reorchestration == 0
    corruption = settings.corruption
    assert corruption.level_probability == corruption.silence_probability == 0
    assert corruption.clean_probability == 0 and settings.minutes == 0


def test_weights_of_bands_are_one_for_each_or_none(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("store: a\noutput: b\nshape: {bands: 8}\n")
    with pytest.raises(UmtnError, match="band_weights must be 8 numbers, one a band, or none"):
        read_settings(path)
    path.write_text("store: a\noutput: b\nshape: {bands: 8}\nband_weights: []\n")
    assert read_settings(path).band_weights == ()


def test_rates_grow_with_the_batch_to_an_end():
    factors = [rate_factor(batch) for batch in (1, 2, 4, 8, 16, 64)]
    assert factors == pytest.approx([1, 1.149, 1.320, 1.5, 1.5, 1.5], abs=1e-3)
    # What learned nothing is out of reach.
    assert RECIPES["wideband"]["optimiser"]["decoder_rate"] * factors[-1] < 5e-3


def test_loaders_may_be_a_number_or_left_to_the_device(tmp_path):
    path = tmp_path / "settings.yaml"
    for text, expected in (("", "auto"), ("machine: {loaders: 3}\n", 3)):
        path.write_text(f"store: a\noutput: b\n{text}")
        assert read_settings(path).machine.loaders == expected
        write_settings(read_settings(path), path)
        assert read_settings(path).machine.loaders == expected
