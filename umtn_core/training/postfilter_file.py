"""Trained post-filters in a file: written whole or not at all, read without running code."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

from umtn_core.data.files import write_atomically
from umtn_core.errors import UmtnError
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter_shape import PostfilterShape

#: What such a file calls itself.
KIND = "umtn post-filters 1"


@dataclass(frozen=True)
class Postfilters:
    """Post-filters of some domains.

    Parameters
    ----------
    sample_rate
        The rate of the audio that they filter, in samples a second.
    networks
        The post-filters' networks, by domain.
    settings
        What they were trained with, plain values.
    """

    sample_rate: int
    networks: Mapping[str, PostfilterNetwork]
    settings: Mapping[str, object]


def write_postfilters(path: Path, postfilters: Postfilters) -> None:
    """Write post-filters; what has the name by then is replaced.

    Raises
    ------
    UmtnError
        If the file cannot be written.
    """
    content = {
        "kind": KIND,
        "sample_rate": postfilters.sample_rate,
        "settings": dict(postfilters.settings),
        "domains": {
            domain: {
                "shape": msgspec.to_builtins(network.shape),
                "weights": {name: value.cpu() for name, value in network.state_dict().items()},
            }
            for domain, network in postfilters.networks.items()
        },
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, buffer.getvalue())


def read_postfilters(path: str | Path) -> Postfilters:
    """Read post-filters, on the CPU and in evaluation mode.

    Raises
    ------
    UmtnError
        If the file holds none.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        if content["kind"] != KIND:
            raise ValueError(content["kind"])
        networks = {}
        for domain, saved in content["domains"].items():
            networks[domain] = PostfilterNetwork(msgspec.convert(saved["shape"], PostfilterShape))
            networks[domain].load_state_dict(saved["weights"])
            networks[domain].eval()
        return Postfilters(int(content["sample_rate"]), networks, content["settings"])
    except FileNotFoundError as error:
        raise UmtnError(f"There is no file {path}.") from error
    except Exception as error:
        raise UmtnError(
            f"{path} holds no post-filters: make some with umtn train-postfilter."
        ) from error
