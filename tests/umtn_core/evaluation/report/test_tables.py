"""Tables of figures, as HTML."""

from umtn_core.evaluation.report.tables import controlled_table, figures_table, places_table
from umtn_core.evaluation.report.words import CONTROLLED, GROUPS, LOWER_IS_BETTER, ONE_IS_BEST


def figure(value, ceiling=0.9, floor=0.1):
    return {"value": value, "ceiling": ceiling, "floor": floor, "interval": None}


def test_playing_has_its_rows_with_units_and_what_is_right():
    found = figures_table(
        {
            "swell_slope": figure(0.42),
            "tuning_offset_cents": figure(12.96, 1.0, 90.0),
            "rest_dbfs": figure(-50.4, -97.2, -18.0),
            "rest_after_ms": figure(480.4, 30.0, 500.0),
            "vibrato_ratio": figure(None, None, None),
            "pitch_contour_distance": figure(0.07, 0.04, 1.8),
        }
    )
    assert "Playing: is it played as it was?" in found
    assert "Swells, dB for dB of the source<small>1 is right</small></td><td><b>0.42</b>" in found
    assert "<b>13.0\u00a0cents</b>" in found
    assert "<b>-50\u00a0dBFS</b>" in found
    assert "<b>480\u00a0ms</b>" in found
    assert "(DPD)<small>less is better</small></td><td><b>0.07</b>" in found
    assert "Sound: is it good sound?" not in found


def test_every_measure_that_is_weighed_is_shown():
    shown = {name for measures in GROUPS.values() for name, _, _ in measures}
    assert shown >= LOWER_IS_BETTER | ONE_IS_BEST
    assert not LOWER_IS_BETTER & ONE_IS_BEST


def test_what_was_made_up_is_shown_beside_its_bounds():
    controlled = {
        "flute": {
            "kinds": ["room", "<b>"],
            "correlations": [{"in": 0.91, "out": 0.88}, {"in": 1.0, "out": None}],
            "figures": {name: figure(0.5, 1.0, 0.0) for name, _, _ in CONTROLLED},
        }
    }
    found = controlled_table(controlled)
    assert found.count("<td>") == 1 + len(CONTROLLED)
    assert "<td>to flute</td><td><b>0.50</b><small>0.00 to 1.00</small></td>" in found
    places = places_table(controlled)
    assert "<th>room, in</th><th>out</th><th>&lt;b&gt;, in</th>" in places
    assert "<td>0.91</td><td><b>0.88</b></td><td>1.00</td><td><b>\u2013</b></td>" in places
