import re

import pytest

from umtn_core.evaluation.report.charts import gauge
from umtn_core.evaluation.report.words import number, span


def place(drawing):
    return float(re.search(r'cx="([\d.]+)"', drawing)[1])


def test_right_is_better_whichever_way_a_measure_goes():
    up = [place(gauge(v, None, 0.1, 0.9)) for v in (0.1, 0.5, 0.9)]
    down = [place(gauge(v, None, 8.0, 4.0)) for v in (8.0, 6.0, 4.0)]
    assert up == sorted(up) and down == sorted(down)
    assert up == pytest.approx(down)


def test_a_gauge_stays_inside_and_is_left_out_where_it_says_nothing():
    assert 0 < place(gauge(99.0, [50.0, 120.0], 0.0, 1.0)) < 180
    assert gauge(None, None, 0.0, 1.0) == gauge(0.5, None, 1.0, 1.0) == ""


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.943, "%", "94 %"), (0.0005, "%", "0.05 %"), (0.0, "%", "0 %"), (-31.26, "dB", "-31.3 dB"),
     (17.2, "ms", "17 ms"), (0.0727, "st", "0.07 st"), (0.814, "", "0.81")],
)  # fmt: skip
def test_numbers_are_written_as_read(value, unit, text):
    assert number(value, unit) == text.replace(" ", "\u00a0")


def test_intervals_say_the_unit_once():
    assert span([0.9, 0.95], "%") == "90 to 95\u00a0%"
    assert span(None, "%") == ""
