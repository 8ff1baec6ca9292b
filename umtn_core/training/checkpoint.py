"""Reads checkpoints of training runs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec
import torch

from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.training.settings import Settings

PREFIX = "network."


class CheckpointInfo(NamedTuple):
    """What a checkpoint says of itself.

    Attributes
    ----------
    settings : Settings
        Of the run.
    batches : int
        How far it had come.
    """

    settings: Settings
    batches: int


def load_network(path: str | Path) -> tuple[UniversalMusicTranslationNetwork, CheckpointInfo]:
    """Read the network out of a checkpoint, its averaged weights where there are any.

    Parameters
    ----------
    path
        A ``.ckpt`` file that a run wrote. Only plain values and tensors are read from it;
        anything else in it is refused.

    Returns
    -------
    network : UniversalMusicTranslationNetwork
        On the CPU, in evaluation mode.
    info : CheckpointInfo

    Raises
    ------
    UmtnError
        If it is no checkpoint of this project.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        hyper = content["hyper_parameters"]
        settings = msgspec.convert(hyper["settings"], Settings)
        network = UniversalMusicTranslationNetwork(settings.network_shape, hyper["domains"])
        weights = {
            name.removeprefix(PREFIX): weight
            for name, weight in content["state_dict"].items()
            if name.startswith(PREFIX)
        }
        network.load_state_dict(weights)
        batches = content["batches"]
    except FileNotFoundError as error:
        raise UmtnError(f"There is no checkpoint {path}.") from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UmtnError(f"{path} is not a checkpoint of a training run: {reason}.") from error
    return network.eval(), CheckpointInfo(settings, batches)
