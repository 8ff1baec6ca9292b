"""Companding against its definition."""

import math

import numpy as np
import pytest

from umtn_core.companding import Companding


@pytest.mark.parametrize("convention", ["rounded", "truncated"])
def test_every_code_survives_expansion_and_compression_within_one(convention):
    companding = Companding(convention)
    codes = np.arange(256)
    back = companding.encode(companding.decode(codes)).astype(int)
    assert np.abs(back - codes).max() <= (0 if convention == "rounded" else 1)


def test_truncated_codes_follow_the_published_formula():
    companding = Companding("truncated")
    for x in (-1.0, -0.7, -1e-3, 0.0, 1e-4, 0.3, 1.0):
        f = math.copysign(math.log(1 + 255 * abs(x)) / math.log(256), x)
        assert companding.encode(np.array(x)) == math.floor((f + 1) / 2 * 255)
    for code in (0, 100, 127, 128, 200, 255):
        y = 2 * (code - 128) / 256
        expected = math.copysign((256 ** abs(y) - 1) / 255, y)
        assert companding.decode(np.array(code)) == pytest.approx(expected, abs=1e-7)


def test_rounded_codes_take_the_nearest_level():
    companding = Companding("rounded")
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, 2000)
    compress = lambda v: np.sign(v) * np.log1p(255 * np.abs(v)) / np.log(256)  # noqa: E731
    distance = np.abs(compress(x)[:, None] - compress(companding.levels.astype(float)))
    assert (companding.encode(x) == distance.argmin(axis=1)).all()


def test_samples_beyond_full_scale_are_clipped():
    companding = Companding()
    assert companding.encode(np.array([-7.0, 7.0])).tolist() == [0, 255]


def test_levels_rise():
    for convention in ("rounded", "truncated"):
        assert (np.diff(Companding(convention).levels) > 0).all()
