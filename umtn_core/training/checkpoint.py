"""Reads checkpoints of training runs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import msgspec
import torch
from torch import Tensor

from umtn_core.data.files import write_atomically
from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.training.settings import Machine, Settings

PREFIX = "network."


class CheckpointInfo(NamedTuple):
    """What a checkpoint says of itself.

    Attributes
    ----------
    settings : Settings
        The settings of the run.
    batches : int
        The number of batches that it had learned from.
    """

    settings: Settings
    batches: int


class Content(NamedTuple):
    """A checkpoint's parts that a network needs."""

    settings: Settings
    domains: tuple[str, ...]
    weights: dict[str, Tensor]
    batches: int


def read_checkpoint(path: str | Path) -> Content:
    """Read a checkpoint: only plain values and tensors, anything else in it is refused.

    Parameters
    ----------
    path
        A ``.ckpt`` file that a run wrote, or `slim` made.

    Returns
    -------
    Content
        Its weights are the averaged ones where there are any.

    Raises
    ------
    UmtnError
        If it is no checkpoint of this project.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        hyper = content["hyper_parameters"]
        return Content(
            msgspec.convert(hyper["settings"], Settings),
            tuple(hyper["domains"]),
            content["state_dict"],
            content["batches"],
        )
    except FileNotFoundError as error:
        raise UmtnError(f"There is no checkpoint {path}.") from error
    except OSError as error:
        raise UmtnError(f"The checkpoint {path} cannot be read: {error.strerror}.") from error
    except msgspec.ValidationError as error:
        raise UmtnError(
            f"{path} is not a checkpoint of this version's training runs: {_reason(error)}"
        ) from error
    except Exception as error:
        # What a file of another kind makes PyTorch say is of no use to anybody.
        raise UmtnError(
            f"{path} is not a checkpoint of a training run; name a .ckpt file of `umtn train`."
        ) from error


def load_network(path: str | Path) -> tuple[UniversalMusicTranslationNetwork, CheckpointInfo]:
    """Build the network that a checkpoint holds, with its averaged weights if there are any.

    Parameters
    ----------
    path
        A file that `read_checkpoint` reads.

    Returns
    -------
    network : UniversalMusicTranslationNetwork
        On the CPU, in evaluation mode.
    info : CheckpointInfo

    Raises
    ------
    UmtnError
        If it is no checkpoint of this project, or its weights do not fit its settings.
    """
    content = read_checkpoint(path)
    network = UniversalMusicTranslationNetwork(content.settings.network_shape, content.domains)
    weights = {
        name.removeprefix(PREFIX): weight
        for name, weight in content.weights.items()
        if name.startswith(PREFIX)
    }
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise UmtnError(
            f"The weights in {path} do not fit its settings: {_reason(error)}"
        ) from error
    return network.eval(), CheckpointInfo(content.settings, content.batches)


def slim(path: str | Path, output: str | Path) -> None:
    """Copy what a new run can start from: no optimisers' memory, and nobody's folders.

    Parameters
    ----------
    path
        The file of the checkpoint.
    output
        The new file, written whole or not at all; a quarter of the size.
    """
    content = read_checkpoint(path)
    settings = msgspec.structs.replace(
        content.settings,
        store=Path(content.settings.store).name,
        output=Path(content.settings.output).name,
        machine=Machine(),
    )
    kept = {
        "hyper_parameters": {
            "settings": msgspec.to_builtins(settings), "domains": content.domains,
        },
        "state_dict": content.weights,
        "batches": content.batches,
    }  # fmt: skip
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    write_atomically(Path(output), buffer.getvalue())


def _reason(error: Exception) -> str:
    """The first line of an error, as the end of a sentence."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.rstrip(".:") + "."
