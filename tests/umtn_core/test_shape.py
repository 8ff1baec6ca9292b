"""Shapes: what they cost, and what they refuse."""

import msgspec
import pytest

from umtn_core.shape import PRESETS, NetworkShape


def test_released_shape_has_the_published_cost():
    released = PRESETS["released"]
    assert len(released.dilations) == 56
    assert max(released.dilations) == 8192
    assert released.decoder_parameters == pytest.approx(6.5e6, rel=0.01)
    assert released.multiply_adds == pytest.approx(5.55e6, rel=0.01)
    assert sum(released.dilations) * released.residual_channels == 65_532 * 128


def test_paper_shape_sees_a_quarter_of_a_second():
    paper = PRESETS["paper"]
    assert paper.receptive_field / paper.sample_rate == pytest.approx(0.25, abs=0.01)


def test_nsynth_pools_512_samples_into_16_channels():
    assert (PRESETS["nsynth"].hop, PRESETS["nsynth"].latent_channels) == (512, 16)


@pytest.mark.parametrize(
    "fields",
    [{"hop": 0}, {"encoder_kernel": 2}, {"hop": 401, "encoder_stride": 8}, {"decoder_kernel": 1},
     {"companding": "a-law"}, {"start_code": 256}, {"tempo": 120}],
)  # fmt: skip
def test_impossible_shapes_are_refused(fields):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, NetworkShape)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"decoder_blocks": 20, "decoder_layers": 13}, "the decoder has 260 layers"),
        ({"encoder_blocks": 64, "encoder_layers": 20}, "the encoder has 1280 layers"),
        ({"residual_channels": 4096}, "parameters, more than"),
        ({"encoder_channels": 4096}, "parameters, more than"),
        ({"decoder_blocks": 10, "decoder_layers": 20}, "the decoder keeps"),
        ({"encoder_blocks": 10, "encoder_layers": 20}, "the encoder keeps"),
        ({"decoder_layers": 21}, "<= 20"),
        ({"hop": 2**20}, "<= 65536"),
        ({"sample_rate": 2}, ">= 1000"),
    ],
)
def test_shapes_that_no_machine_would_play_are_refused(fields, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(fields, NetworkShape)


def test_shapes_twice_as_large_as_any_that_has_a_name_are_not():
    nsynth, released = PRESETS["nsynth"], PRESETS["released"]
    msgspec.structs.replace(nsynth, decoder_blocks=6)
    msgspec.structs.replace(released, residual_channels=256, decoder_blocks=8)
