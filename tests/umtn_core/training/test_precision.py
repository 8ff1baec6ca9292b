"""Precision that is left to the device."""

import pytest
import torch

from umtn_core.training import precision
from umtn_core.training.checkpoint import load_network
from umtn_core.training.precision import bfloat16_is_faster, chosen_precision
from umtn_core.training.settings import Machine
from umtn_core.training.train import train

CPU = torch.device("cpu")


@pytest.fixture
def device_where(monkeypatch):
    """A device on which products of a precision take so many seconds, now and then ten more."""

    def make(float32, bfloat16):
        turns = iter(range(10**6))
        taken = {torch.float32: float32, torch.bfloat16: bfloat16}
        monkeypatch.setattr(
            precision, "_seconds", lambda _, dtype: taken[dtype] + 10 * (next(turns) % 3 == 0)
        )

    return make


@pytest.mark.parametrize("taken", [(2.0, 1.0), (1.0, 2.0)])
def test_the_faster_is_chosen_whatever_disturbs_single_turns(device_where, taken):
    device_where(*taken)
    assert bfloat16_is_faster(CPU) == (taken[1] < taken[0])
    chosen = chosen_precision(Machine(accelerator="cpu"))
    assert chosen == ("bf16-mixed" if taken[1] < taken[0] else "32-true")


def test_what_the_settings_say_is_not_tried(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_is_faster", None)
    for said in ("32-true", "bf16-mixed"):
        assert chosen_precision(Machine(precision=said)) == said


def test_a_run_goes_by_what_is_chosen(settings, monkeypatch):
    seen = []
    monkeypatch.setattr(precision, "bfloat16_is_faster", lambda device: seen.append(device) or True)
    last = train(settings(steps=1, machine={"precision": "auto"}), progress=False)
    assert seen == [CPU] and load_network(last)[1].settings.machine.precision == "auto"


def test_a_trial_on_this_processor_ends():
    assert bfloat16_is_faster(CPU) in (True, False)
