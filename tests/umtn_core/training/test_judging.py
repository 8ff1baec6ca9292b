"""Runs that judge themselves by what they play."""

import math

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from umtn_core.training import judging
from umtn_core.training.checkpoint import load_network, read_checkpoint
from umtn_core.training.judged_clips import ClipFigures
from umtn_core.training.judging import score
from umtn_core.training.train import train

NAN = math.nan


def _clip(in_tune=NAN, level=0.0, harmonics=NAN, true=NAN, notes=NAN):
    return ClipFigures(in_tune, level, harmonics, true, NAN, NAN, notes)


def test_the_score_is_what_is_right_less_what_is_off():
    assert score([[_clip(0.9)]]) == pytest.approx(0.9)
    assert score([[_clip(0.9, level=-2.0)]]) == pytest.approx(0.9)
    assert score([[_clip(0.9, level=-8.0)]]) == pytest.approx(0.8)
    assert score([[_clip(0.9, level=-60.0)]]) == pytest.approx(0.7)
    assert score([[_clip(0.9, harmonics=15.0, true=25.0)]]) == pytest.approx(0.8)
    assert score([[_clip(0.9, harmonics=25.0, true=15.0)]]) == pytest.approx(0.9)
    assert score([[_clip(0.1, true=15.0)]]) == pytest.approx(-0.1)
    assert score([[_clip(notes=0.6)]]) == pytest.approx(0.6)
    # Each domain weighs the same, and a clip without figures nothing.
    assert score([[_clip(1.0), _clip(0.8), _clip()], [_clip(0.5)]]) == pytest.approx(0.7)
    assert math.isnan(score([[_clip()], []])) and math.isnan(score([]))


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_run_judges_itself_and_goes_on_as_if_it_had_not(settings, tmp_path, average):
    said = []
    options = {"steps": 5, "optimiser": {"average": average}}
    judged = settings(output=str(tmp_path / "judged"), judge_every=4, judge_seconds=0.4, **options)
    last = train(judged, progress=False, say=said.append)
    assert load_network(last)[1].batches == 5
    best = tmp_path / "judged" / "best.ckpt"
    assert read_checkpoint(best).batches in (4, 5)
    lines = [line for line in said if "judged in" in line]
    assert lines[0].startswith("Batch 4, ") and "flute" in lines[0] and "best so far" in lines[0]
    log = EventAccumulator(str(tmp_path / "judged" / "log"))
    log.Reload()
    tags = {"judged/score", "judged/flute/in_tune", "judged/violin/level_db"}
    assert tags <= set(log.Tags()["scalars"])
    assert log.Scalars("judged/score")[0].step == 4
    plain = train(settings(output=str(tmp_path / "plain"), **options), progress=False)
    expected, found = (read_checkpoint(path).weights for path in (plain, last))
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_best_is_remembered_where_a_run_goes_on(settings, tmp_path, monkeypatch):
    scores = iter([0.5, 0.4, 0.6])
    monkeypatch.setattr(judging, "score", lambda _: next(scores))
    best, batches = tmp_path / "run" / "best.ckpt", []
    for steps in (2, 4, 6):
        train(settings(steps=steps, judge_every=2, judge_seconds=0.1), progress=False)
        batches.append(read_checkpoint(best).batches)
    assert batches == [2, 2, 6]


def test_judgements_take_no_more_than_their_share(settings):
    said = []
    train(settings(steps=12, judge_every=2, judge_seconds=0.4), progress=False, say=said.append)
    judged = [line for line in said if "judged in" in line]
    # The first, and the end.
    assert 1 <= len(judged) < 6 and judged[0].startswith("Batch 2, ")


def test_a_run_outlives_its_judge(settings, tmp_path):
    def fail(*_, **__):
        raise RuntimeError("no memory")

    said = []
    options = settings(steps=3, judge_every=2, judge_seconds=0.1)
    last = train(options, progress=False, say=said.append, play=fail)
    assert load_network(last)[1].batches == 3
    assert any("no memory" in line for line in said)
    options = settings(steps=4, judge_every=2, judge_seconds=0.1)
    assert load_network(train(options, progress=False, play=fail))[1].batches == 4
    assert not (tmp_path / "run" / "best.ckpt").exists()


def test_clips_that_are_too_long_for_the_store_give_no_score(settings, tmp_path):
    said = []
    options = settings(steps=2, judge_every=2, judge_seconds=60.0)
    train(options, progress=False, say=said.append)
    assert any("no clips" in line and "no score" in line for line in said)
    assert not (tmp_path / "run" / "best.ckpt").exists()
