"""Which precision a run trains in, where the settings leave that to the device."""

from __future__ import annotations

import time
from typing import Literal

import torch

from umtn_core.training.devices import training_device
from umtn_core.training.settings import Machine

#: Rows and width of the products that are tried: those of a decoder's layer and 0.4 s of audio.
ROWS, WIDTH = 1600, 128
#: Turns that each precision takes, and products in one.
TURNS, PRODUCTS = 5, 4


def chosen_precision(machine: Machine) -> Literal["32-true", "bf16-mixed"]:
    """Resolve ``precision: auto``.

    Each process of a run chooses for itself: gradients are float32 in either case.

    Parameters
    ----------
    machine
        The settings' part about the machine. PyTorch's threads are those of the run already.

    Returns
    -------
    str
        The precision as Lightning's Trainer takes it.
    """
    if machine.precision != "auto":
        return machine.precision
    device = training_device(machine)
    return "bf16-mixed" if bfloat16_is_faster(device) else "32-true"


def bfloat16_is_faster(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are faster than in float32 on a device.

    Both take turns, a tenth of a second in all on a slow core, and the best of each counts.
    These are PyTorch's products; `umtn_core.decode.cpu.cpu_engine.measured_peak` is of kernels that
    do not train.

    Parameters
    ----------
    device
        The device that makes the products.
    """
    seconds = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    for turn in range(TURNS + 1):
        for dtype, best in seconds.items():
            taken = _seconds(device, dtype)
            if turn:  # The first is warming up.
                seconds[dtype] = min(best, taken)
    return seconds[torch.bfloat16] < seconds[torch.float32]


def _seconds(device: torch.device, dtype: torch.dtype) -> float:
    rows = torch.ones(ROWS, WIDTH, device=device, dtype=dtype)
    weight = torch.ones(WIDTH, 4 * WIDTH, device=device, dtype=dtype)
    if device.type != "cpu":
        torch.accelerator.synchronize()
    start = time.perf_counter()
    for _ in range(PRODUCTS):
        rows @ weight
    if device.type != "cpu":
        torch.accelerator.synchronize()
    return time.perf_counter() - start
