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
