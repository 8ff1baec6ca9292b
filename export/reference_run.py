"""Reads the files of a training run of the implementation that the paper's authors published.

Its checkpoints come from strangers, as pickles. They are opened for plain values and tensors
only: whatever else one asks for is refused before it can run.
"""

from __future__ import annotations

import argparse
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import torch
from msgspec import Meta
from torch import Tensor

from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape

#: What a run's files may hold beyond numbers, texts, lists, dicts and tensors.
PLAIN_TYPES: list[Any] = [argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath]

ARGUMENTS = "args.pth"

#: Which of a domain's two files: that of the best epoch, or of the last.
Which = Literal["best", "last"]


class _Arguments(msgspec.Struct, frozen=True):
    """Those of the run's arguments that decide its network and its use; there are many more."""

    blocks: int
    layers: int
    kernel_size: int
    residual_channels: int
    skip_channels: int
    latent_d: int
    encoder_blocks: int
    encoder_layers: int
    encoder_channels: int
    encoder_pool: int
    n_datasets: int
    encoder_func: str = "relu"
    seq_len: Annotated[int, Meta(ge=1)] | None = None
    data: list[str] = []


@dataclass(frozen=True)
class DomainWeights:
    """One domain's file.

    Attributes
    ----------
    path : Path
    encoder, decoder : dict of str to Tensor
        State dicts, under the names of `umtn_core.networks`, which are the published ones.
    """

    path: Path
    encoder: Mapping[str, Tensor]
    decoder: Mapping[str, Tensor]


@dataclass(frozen=True)
class ReferenceRun:
    """What is known of a run before its weights are read.

    Attributes
    ----------
    folder : Path
    shape : NetworkShape
        The network's shape, in the conventions of the published weights.
    domains : int
        The number of domains that it was trained on.
    data : tuple of str
        The folders of the domains' audio, in order, as they were called where it was trained.
    context : int or None
        Samples of the excerpts that it was trained on, each from an empty past; None if the run
        does not say.
    """

    folder: Path
    shape: NetworkShape
    domains: int
    data: tuple[str, ...]
    context: int | None = None

    @classmethod
    def open(cls, folder: str | Path) -> ReferenceRun:
        """Read the run's arguments.

        Parameters
        ----------
        folder
            The folder with ``args.pth`` and one file a domain.

        Raises
        ------
        UmtnError
            If they cannot be read, or describe a network that is not the published one's kind.
        """
        folder = Path(folder)
        content = _load(folder / ARGUMENTS)
        # [Namespace, epoch]
        if not (isinstance(content, list) and content):
            raise UmtnError(f"{folder / ARGUMENTS} does not begin with a run's arguments.")
        if not isinstance(content[0], argparse.Namespace):
            raise UmtnError(f"{folder / ARGUMENTS} does not begin with a run's arguments.")
        try:
            values = vars(content[0])
            data = [str(folder) for folder in values.get("data") or []]
            arguments = msgspec.convert(values | {"data": data}, _Arguments)
        except (msgspec.ValidationError, TypeError) as error:
            raise UmtnError(
                f"The arguments in {folder / ARGUMENTS} do not describe a network: {error}."
            ) from error
        if arguments.encoder_func.lower() != "relu":
            raise UmtnError(
                f"The encoder of {folder} has the activation {arguments.encoder_func!r}; "
                "only networks with relu, as the published ones have, can be imported."
            )
        try:
            shape = _shape(arguments)
        except (ValueError, msgspec.ValidationError) as error:
            raise UmtnError(f"The shape in {folder / ARGUMENTS} is not valid: {error}.") from error
        return cls(folder, shape, arguments.n_datasets, tuple(arguments.data), arguments.seq_len)

    def weights(self, domain: int, which: Which = "best") -> DomainWeights:
        """Read one domain's encoder and decoder.

        Parameters
        ----------
        domain
            The domain's number, from 0.
        which
            Which of its two files.

        Raises
        ------
        UmtnError
            If the file is missing, holds more than plain values, or is another domain's.
        """
        path = self.folder / f"{which}model_{domain}.pth"
        content = _load(path)
        parts = content if isinstance(content, dict) else {}
        encoder, decoder = parts.get("encoder_state"), parts.get("decoder_state")
        if not (isinstance(encoder, dict) and isinstance(decoder, dict)):
            raise UmtnError(f"{path} does not hold the states of an encoder and a decoder.")
        if parts.get("dataset", domain) != domain:
            raise UmtnError(
                f"{path} says it is of domain {parts['dataset']}, not {domain}; give each file "
                "the name it had."
            )
        return DomainWeights(path, encoder, decoder)

    def present(self, which: Which = "best") -> list[int]:
        """Number the domains whose file is there."""
        return [
            number
            for number in range(self.domains)
            if (self.folder / f"{which}model_{number}.pth").is_file()
        ]


def _shape(arguments: _Arguments) -> NetworkShape:
    return msgspec.convert(
        {
            "companding": "truncated",
            "hop": arguments.encoder_pool,
            "latent_channels": arguments.latent_d,
            "encoder_blocks": arguments.encoder_blocks,
            "encoder_layers": arguments.encoder_layers,
            "encoder_channels": arguments.encoder_channels,
            "encoder_leading_relu": False,
            "decoder_blocks": arguments.blocks,
            "decoder_layers": arguments.layers,
            "decoder_kernel": arguments.kernel_size,
            "residual_channels": arguments.residual_channels,
            "skip_channels": arguments.skip_channels,
            "start_code": 128,
        },
        NetworkShape,
    )


def _load(path: Path) -> Any:
    """Unpickle plain values and tensors."""
    if not path.is_file():
        raise UmtnError(
            f"There is no file {path}; name the folder of a run of the published implementation."
        )
    try:
        with torch.serialization.safe_globals(PLAIN_TYPES):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        asked_for = re.search(r"GLOBAL (\S+)", str(error))
        raise UmtnError(
            f"{path} asks for {asked_for[1]}, where a checkpoint holds plain values and tensors; "
            "it could run a stranger's code, so it was not opened."
            if asked_for
            else f"{path} is damaged or not a PyTorch file; fetch it again."
        ) from error
