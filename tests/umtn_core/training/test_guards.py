"""Runs that end by the clock, on a clock of the test's own."""

from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from umtn_core.training import audio_log, guards, judging
from umtn_core.training import train as train_
from umtn_core.training.captured import CapturedStep
from umtn_core.training.checkpoint import load_network, read_checkpoint
from umtn_core.training.playing import by_pytorch
from umtn_core.training.train import train

#: Seconds that parts of a run take on that clock.
COMPILING, STEP, PLAYING, SETTING_UP = 60.0, 1.0, 4.0, 5.0


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    for module in (guards, judging, audio_log):
        monkeypatch.setattr(module, "time", made)
    return made


class _Pacing(Callback):
    """Lets a batch take its time, the first one with compiling, and notes the pace of each."""

    def __init__(self, clock, step=STEP, compiling=COMPILING):
        self.clock, self.step, self.compiling = clock, step, compiling
        self.paces, self.times = [], []

    def on_train_batch_start(self, trainer, module, *_):
        self.clock.now += self.step + (0 if self.paces else self.compiling)
        self.paces.append(module.pace)
        self.times.append(self.clock.now)


@pytest.fixture
def timed(clock, settings, monkeypatch):
    """Run with such a clock: ``timed(minutes, step=..., **settings)``."""

    def run(minutes, step=STEP, compiling=COMPILING, playing=PLAYING, **fields):
        pacing, said, began = _Pacing(clock, step, compiling), [], clock.now
        usual = train_._trainer

        def trainer(options, optimisers, more, progress):
            return usual(options, optimisers, [pacing, *more], progress)

        def play(*arguments, seconds, **options):
            if playing > seconds:
                clock.now += max(0.0, seconds)
                raise judging.OutOfTime
            clock.now += playing
            return by_pytorch(*arguments, seconds=1e9, **options)

        with monkeypatch.context() as patch:
            patch.setattr(train_, "_trainer", trainer)
            patch.setattr(
                train_, "_first_weights",
                lambda *_, usual=train_._first_weights: (
                    usual(*_), setattr(clock, "now", clock.now + SETTING_UP)
                ),
            )  # fmt: skip
            last = train(
                settings(steps=10**6, validate_every=10**6, **fields),
                max_minutes=minutes, progress=False, say=said.append, play=play,
            )  # fmt: skip
        return SimpleNamespace(
            last=last, said=said, paces=pacing.paces, times=pacing.times, took=clock.now - began
        )

    return run


@pytest.mark.parametrize("capture", ["on", "off"])
def test_a_run_cools_down_in_its_time_however_long_compiling_takes(timed, monkeypatch, capture):
    """Half of its time goes into the first step; the pace reaches the device all the same."""
    seen = []
    usual = CapturedStep.__call__

    def spy(step, batch, pace, adversarial):
        found = usual(step, batch, pace, adversarial)
        seen.append((pace, step.pace.item(), step.rates[0][0].item()))
        return found

    monkeypatch.setattr(CapturedStep, "__call__", spy)
    run = timed(2.0, machine={"capture": capture}, optimiser={"cooldown_share": 0.4})
    assert 120 <= run.took <= 122
    assert run.paces[0] == 1 and run.paces[-1] < 0.03
    assert all(later <= pace for pace, later in zip(run.paces, run.paces[1:], strict=False))
    # Full until 0.6 of two minutes, and by straight line to nothing from there.
    for pace, now in zip(run.paces, run.times, strict=True):
        expected = min(1.0, (120 - (now - STEP - 1000.0)) / 48)
        assert pace == pytest.approx(expected, abs=0.03) or now == run.times[0]
    if capture == "on":
        assert [given for given, _, _ in seen] == run.paces
        for given, there, rate in seen:
            assert there == pytest.approx(given) and rate == pytest.approx(1e-3 * given)


def test_the_last_judgement_is_made_within_the_time(timed):
    run = timed(4.0, judge_every=40, judge_seconds=0.1)
    judged = [line for line in run.said if "judged in" in line]
    # Two domains, so each takes 8 seconds; steps end early enough for the last.
    assert judged[-1].startswith(f"Batch {len(run.paces):,}, ") and len(judged) > 1
    assert 230 <= run.took <= 241
    assert run.paces[-1] < 0.03
    assert read_checkpoint(run.last.parent / "last.ckpt").batches == len(run.paces)


def test_a_judgement_that_lasts_too_long_is_given_up_and_not_tried_again(timed):
    """Nobody knows how long the first will take; a tenth of the run is the most."""
    run = timed(2.0, playing=100.0, compiling=0, judge_every=30, judge_seconds=0.1)
    given_up = [line for line in run.said if "was not judged: it takes too long" in line]
    assert len(given_up) == 1 and given_up[0].startswith("Batch 30 ")
    assert any("end of the run was not judged" in line for line in run.said)
    assert 119 <= run.took <= 122 and run.paces[-1] < 0.03
    assert len(run.paces) == pytest.approx(120 - SETTING_UP - 12, abs=2)
    assert not (run.last.parent / "best.ckpt").exists()


def test_a_first_judgement_near_the_end_leaves_time_to_cool_down(timed):
    run = timed(2.0, playing=100.0, compiling=0, judge_every=105, judge_seconds=0.1)
    assert any("was not judged: it takes too long" in line for line in run.said)
    assert 119 <= run.took <= 122 and run.paces[-1] < 0.03
    # Five seconds of the last ten.
    assert len(run.paces) == pytest.approx(110, abs=2)


def test_what_is_listened_to_ends_with_the_run(timed):
    run = timed(1.0, playing=50.0, compiling=0, listen_every=40, listen_seconds=0.02)
    assert run.took <= 62
    assert load_network(run.last)[1].batches == len(run.paces)


def test_setting_up_is_part_of_the_time(timed):
    run = timed(1.0, compiling=0)
    assert len(run.paces) == pytest.approx(60 - SETTING_UP, abs=2)
    again = timed(1.0, compiling=0)
    assert len(again.paces) == pytest.approx(60, abs=2)


def test_a_judge_keeps_no_more_than_its_share(clock):
    limit = guards.TimeLimit(10)
    trainer = SimpleNamespace(callbacks=[limit])
    judge = judging.Judging(None, 10, 1.0)
    for took, kept in ((8.0, 12.0), (40.0, 60.0), (50.0, 0.0), (8.0, 12.0)):
        judge.took = took
        judge._keep_time(trainer)
        assert limit.closing == pytest.approx(kept)
    # A validation comes before it.
    judge.on_validation_start(trainer, None)
    clock.now += 7
    judge.on_validation_end(trainer, None)
    assert limit.closing == pytest.approx(19.0)
    clock.now += 293
    limit.closing = 100.0
    assert limit.left == pytest.approx(300) and limit.spent == pytest.approx(0.6)
    assert torch.isfinite(torch.tensor(guards.TimeLimit(0.0).spent))
