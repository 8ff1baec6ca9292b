"""Where a run computes: the devices that it asks for, and the processes that keep them fed."""

from __future__ import annotations

import torch

from umtn_core.errors import UmtnError
from umtn_core.runtime import available_cores
from umtn_core.training.settings import Machine

#: Cores that loaders leave to the process that trains, and to the thread that pins its batches.
KEPT = 2


def training_device(machine: Machine) -> torch.device:
    """The kind of device that a run trains on.

    Parameters
    ----------
    machine
        The settings' part about the machine.
    """
    found = None if machine.accelerator == "cpu" else torch.accelerator.current_accelerator(True)
    return found or torch.device("cpu")


def check_devices(machine: Machine) -> None:
    """Refuse a run that asks for more devices than this machine has, before it begins.

    Parameters
    ----------
    machine
        The settings' part about the machine.

    Raises
    ------
    UmtnError
        If it does. A processor takes any number of processes.
    """
    device = training_device(machine)
    if device.type == "cpu":
        if machine.accelerator in ("auto", "cpu"):
            return
        raise UmtnError(
            f"The settings ask for the accelerator '{machine.accelerator}', and PyTorch finds none "
            "here: set machine.accelerator to auto."
        )
    there = torch.accelerator.device_count()
    if machine.devices > there:
        raise UmtnError(
            f"The settings ask for {machine.devices} devices, and this machine has {there}: "
            f"set machine.devices to {there}"
            + (" and machine.strategy to auto." if there == 1 else " or less.")
        )


def chosen_loaders(machine: Machine, processes: int = 1) -> int:
    """Resolve ``loaders: auto``: how many processes prepare batches.

    Parameters
    ----------
    machine
        The settings' part about the machine.
    processes
        The number of processes that train on this machine, which share its cores.

    Returns
    -------
    int
        On CUDA a share of all cores but `KEPT`, at least 1; elsewhere 1, since a processor that
        trains waits for nothing.
    """
    if machine.loaders != "auto":
        return machine.loaders
    if training_device(machine).type != "cuda":
        return 1
    return max(1, (available_cores() - KEPT) // processes)
