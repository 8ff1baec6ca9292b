"""Swells and places that are translated by what is known to keep or to lose them."""

import numpy as np
import pytest

from umtn_core.evaluation.controlled import controlled_figures
from umtn_core.evaluation.listening.heard import Heard
from umtn_core.evaluation.material.controlled import KINDS
from umtn_core.evaluation.material.held_out import HeldOutPiece


@pytest.fixture
def pieces(render):
    def piece(seed):
        renders = {"flute": render(73, seed=seed)[0], "violin": render(40, seed=seed)[0]}
        return HeldOutPiece(str(seed), [], {name: Heard(a) for name, a in renders.items()})

    return [piece(seed) for seed in range(3)]


def three(figure):
    return figure["value"], figure["ceiling"], figure["floor"]


def test_what_keeps_everything_is_found_to(pieces):
    asked = []

    def keep(target, sources):
        asked.append((target, [each.shape for each in sources]))
        return sources

    controlled = controlled_figures(keep, "flute", "violin", pieces)
    found = controlled.report
    assert controlled.swell["translation"].full is controlled.swell["source"].full
    assert controlled.swell["truth"].seconds == 4.0
    swell, place = (64_000,), (2, 32_000)
    assert asked == [("violin", [swell, swell, place, place, place])]
    assert found["kinds"] == list(KINDS)[:3]
    assert all(each["in"] == each["out"] for each in found["correlations"])
    figures = found["figures"]
    for name in ("swell_slope", "loudness_correlation"):
        value, ceiling, floor = three(figures[name])
        assert value == 1.0
        assert floor + 0.3 < ceiling < 1.1
    value, ceiling, floor = three(figures["vibrato_ratio"])
    assert 0.7 < ceiling < 1 and 0.7 < value < 1 and floor < 0.2
    value, ceiling, floor = three(figures["rest_dbfs"])
    assert value == ceiling == -120 and floor > -60
    value, ceiling, floor = three(figures["rest_after_ms"])
    assert value == ceiling == 0 and floor > 200
    for name in ("stereo_correlation_error", "mono_sum_error_db", "pan_error_db"):
        value, ceiling, floor = three(figures[name])
        assert value == 0.0
        assert ceiling < 0.5 * floor, name
        assert len(figures[name]["pieces"]) == 3


def test_what_flattens_swells_and_tears_stereo_apart_is_found_to(pieces):
    random = np.random.default_rng(0)

    def lose(target, sources):
        return [
            0.1 * random.standard_normal(each.shape if each.ndim > 1 else len(each))
            for each in sources
        ]

    figures = controlled_figures(lose, "flute", "violin", pieces).report["figures"]
    assert abs(figures["swell_slope"]["value"]) < 0.1
    assert figures["stereo_correlation_error"]["value"] > 0.6
    assert figures["mono_sum_error_db"]["value"] > 1.5
    assert figures["rest_dbfs"]["value"] == pytest.approx(-20, abs=0.5)
    assert figures["rest_after_ms"]["value"] == pytest.approx(500, abs=10)


def test_one_piece_has_no_other_beside_it(pieces):
    figures = controlled_figures(lambda _, s: s, "flute", "violin", pieces[:1]).report["figures"]
    assert figures["stereo_correlation_error"]["floor"] is None
    assert figures["swell_slope"]["floor"] is not None
