"""Plays a network that is still being trained on the kernels that play its bundle later.

They make a sample in one call, where PyTorch takes hundreds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from export.graphs import conditioner_graph, decoder_step_graph
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.bundle.manifest import SCHEMA, conditioner_file, decoder_file
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.decode import Decode
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.generation import OutOfTime


class EnginePlayer:
    """Plays by the ``cpu`` engine; see `umtn_core.training.playing.Player`.

    Parameters
    ----------
    threads
        The number of clips played at once, on threads of the engine's own; None, one for each
        core that this process may use. What is played does not depend on it.
    """

    def __init__(self, threads: int | None = None):
        self.threads = threads

    def __call__(
        self,
        network: UniversalMusicTranslationNetwork,
        domain: str,
        latents: Tensor,
        *,
        temperature: float,
        seed: int,
        seconds: float,
    ) -> NDArray[np.integer]:
        """Play some clips.

        Parameters
        ----------
        network, domain
            The network, whose weights are copied as they are now, and the domain that plays.
        latents : Tensor[B x latent_channels x F], float32
        temperature, seed
            How codes are drawn.
        seconds
            The time that there is for it on the clock.

        Returns
        -------
        uint8 array (B, F * output_hop)

        Raises
        ------
        OutOfTime
            If the time is up before all is played.
        UmtnError
            If the kernels were not built, or what the network makes is not a number.
        """
        engine = CpuEngine(_bundle_of_one(network, domain), domain, self.threads)
        samples = latents.shape[-1] * network.shape.output_hop
        rows = np.ascontiguousarray(latents.detach().cpu().numpy())
        streams = [Stream(row, samples, id=number) for number, row in enumerate(rows)]
        decode = Decode(engine, streams, Sampling(seed, temperature))
        decode.advance(seconds=seconds)
        if not decode.done:
            raise OutOfTime
        return np.stack(decode.codes)


def _bundle_of_one(network: UniversalMusicTranslationNetwork, domain: str) -> Bundle:
    """A bundle in memory with one domain's decoder, and nothing to encode with."""
    shape, decoder = network.shape, network.decoders[domain]
    weights = _weights(decoder)
    graphs = {
        conditioner_file(domain): conditioner_graph(shape, weights).SerializeToString(),
        decoder_file(domain): decoder_step_graph(shape, weights).SerializeToString(),
    }
    manifest = Manifest(
        schema=SCHEMA,
        name="in training",
        domains=(Domain(domain, band_gains=decoder.coding.gains),),
        shape=shape,
        licence="none",
        training_data="in training",
        reference_loudness=0.0,
        files={},
    )
    return Bundle.in_memory(manifest, graphs)


def _weights(module: nn.Module) -> dict[str, NDArray[np.float32]]:
    return {
        name: value.detach().float().cpu().numpy() for name, value in module.state_dict().items()
    }
