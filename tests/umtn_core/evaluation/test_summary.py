import json

import pytest

from umtn_core.evaluation.measures.direction_figures import REFERENCES
from umtn_core.evaluation.summary import LEGEND, means_over_directions, quality, table


def figure(value, ceiling=0.9, floor=0.1):
    return {"value": value, "ceiling": ceiling, "floor": floor}


def figures(value):
    return {name: figure(value) for name in FIGURES}


FIGURES = ("pitch_within_50", "note_f1", "named_as_target", "swell_slope")
PLACED = (
    "swell_slope",
    "loudness_correlation",
    "vibrato_ratio",
    "rest_dbfs",
    "stereo_correlation_error",
)


@pytest.fixture
def report():
    directions = {"flute->violin": figures(0.5), "violin->flute": figures(0.75)}
    nats = {
        "network": 1.25,
        "linear_prediction_adaptive": 2.0,
        "linear_prediction_fixed": 3.0,
        "unigram": 5.0,
    }
    return {
        "model": "Tiny",
        "scope": "monophonic",
        "split": "test",
        "pieces": {"Font": ["a", "b"]},
        "directions": {"Font": directions},
        "summary": {"Font": means_over_directions(directions)},
        "recordings": {"unavailable": "no network today"},
        "controlled": {"flute": {"figures": {name: figure(0.96) for name in PLACED}}},
        "likelihood": {"flute": nats},
        "domain_read_off_latents": {"value": 0.6, "floor": 0.5},
    }


def test_means_leave_out_what_is_not_known():
    directions = {"a": {"x": {"value": 1.0, "ceiling": None, "floor": 0.5}}}
    directions["b"] = {"x": {"value": 0.5, "ceiling": None, "floor": None}}
    assert means_over_directions(directions) == {
        "x": {"value": 0.75, "ceiling": None, "floor": 0.5}
    }


def test_the_table_says_the_figures(report):
    text = table(report)
    assert "0.500 (0.100 to 0.900)" in text
    assert "0.625 (0.100 to 0.900)" in text
    assert "no network today" in text
    assert "1.250  2.000  3.000  5.000" in text
    assert "0.600 (chance 0.500)" in text
    assert "Font: swell 0.625 (0.100 to 0.900)" in text
    assert "to flute: swell 0.960 (0.100 to 0.900); loudness" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_the_table_leaves_out_what_was_not_measured(report):
    for group in (*report["directions"]["Font"].values(), report["summary"]["Font"]):
        del group["pitch_within_50"]
    report["domain_read_off_latents"] = None
    text = table(report)
    assert "50 cents" not in text
    assert "chance" not in text


def test_every_figure_is_explained():
    assert {*FIGURES, *REFERENCES, "controlled"} <= set(LEGEND)


def test_a_manifest_gets_the_figures_without_the_pieces(report):
    report["recordings"] = {"unavailable": "no network"}
    report["sampling"] = {"seed": 0, "temperature": 0.8, "top_p": 1.0}
    for directions in report["directions"].values():
        for figures_of_one in directions.values():
            for figure in figures_of_one.values():
                figure["pieces"] = [0.1, 0.2]
    kept = quality(report)
    assert kept["figures"].keys() == report["directions"].keys()
    assert "pieces" not in str(kept["figures"])
    assert kept["controlled"]["flute"]["swell_slope"]["value"] == 0.96
    json.dumps(kept)
