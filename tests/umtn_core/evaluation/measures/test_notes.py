import sys

import numpy as np
import pytest

from umtn_core.errors import UmtnError
from umtn_core.evaluation.measures.notes import compare_notes

PLAYED = [(0.0, 0.5, 60, 90), (0.5, 1.0, 62, 90), (1.0, 1.5, 64, 90), (1.5, 2.0, 65, 90)]


def test_counts_matches_over_all_pieces_together():
    estimate = [(0.04, 0.2, 60), (0.5, 1.0, 63), (1.3, 1.5, 64)]  # right, wrong pitch, too late
    figures = compare_notes([(estimate, PLAYED), (PLAYED, PLAYED)])
    assert (figures.found, figures.played) == (7, 8)
    assert figures.precision == pytest.approx(5 / 7)
    assert figures.recall == pytest.approx(5 / 8)
    assert figures.f1 == pytest.approx(2 * 5 / 15)


def test_a_note_matches_once():
    assert compare_notes([([(0.0, 0.1, 60), (0.02, 0.1, 60)], PLAYED[:1])]).precision == 0.5


def test_nothing_found_is_zero_and_nothing_at_all_is_no_figure():
    assert compare_notes([([], PLAYED)]).f1 == 0.0
    assert compare_notes([(PLAYED, [])]).f1 == 0.0
    assert np.isnan(compare_notes([([], [])]).f1)


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mir_eval.transcription", None)
    with pytest.raises(UmtnError, match="mir_eval"):
        compare_notes([(PLAYED, PLAYED)])
