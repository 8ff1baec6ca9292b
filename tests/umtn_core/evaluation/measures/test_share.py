import numpy as np
import pytest

from umtn_core.evaluation.measures.share import Share, figure


def test_a_share_is_pooled_over_pieces():
    share = Share.of_pairs([(1, 2), (9, 10)])
    assert share.value == pytest.approx(10 / 12)
    assert share.pieces == [0.5, 0.9]


def test_what_is_not_a_number_does_not_count_in_a_mean():
    share = Share.mean([1.0, np.nan, 3.0])
    assert share.value == 2.0
    assert share.pieces == [1.0, None, 3.0]
    assert np.isnan(Share.mean([np.nan]).value)


def test_the_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(5.0, 2.0, 400)
    low, high = Share.mean(values).interval(seed=1)
    # 1.96 standard errors either way.
    assert (high - low) / 2 == pytest.approx(1.96 * 2.0 / 20, rel=0.15)
    assert low < values.mean() < high


def test_equal_pieces_leave_no_doubt_and_one_piece_no_interval():
    assert Share.of_pairs([(1, 2)] * 5).interval(0) == [0.5, 0.5]
    assert Share.of_pairs([(1, 2)]).interval(0) is None


def test_a_share_of_the_ceiling_resamples_both_together():
    ceiling = Share.of_pairs([(8, 10), (4, 10), (10, 10)])
    half = Share(ceiling.got / 2, ceiling.of)
    share = half.share_of(ceiling, seed=0)
    # Pieces differ, but each reaches half: nothing is uncertain.
    assert share == {"value": 0.5, "interval": [0.5, 0.5]}


def test_a_figure_says_none_for_what_there_is_not():
    made = figure(Share.of_pairs([(0, 0)]), None, Share.mean([0.25, 0.75]))
    assert made["value"] is None and made["ceiling"] is None and made["interval"] is None
    assert made["floor"] == 0.5
