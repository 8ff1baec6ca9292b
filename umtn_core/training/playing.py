"""How a run plays what it has learned: by PyTorch, or by whatever it was given to play with."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.generation import generate


class Player(Protocol):
    """Plays latents on one domain's decoder."""

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
        network
            The network as it stands now, on any device; it stays as it is.
        domain
            The domain whose decoder plays.
        latents : Tensor[B x latent_channels x F], float32
        temperature
            Divides the logits.
        seed
            The same seed gives the same codes.
        seconds
            The time that there is for it on the clock.

        Returns
        -------
        integer array (B, F * output_hop)
            Codes; the decoder's ``coding`` makes audio of them.

        Raises
        ------
        OutOfTime
            If the time is up before all is played (`umtn_core.networks.generation.OutOfTime`).
        """
        ...


def by_pytorch(
    network: UniversalMusicTranslationNetwork,
    domain: str,
    latents: Tensor,
    *,
    temperature: float,
    seed: int,
    seconds: float,
) -> NDArray[np.integer]:
    """Play on the network's own device, a sample after another: right everywhere, and slow.

    See `Player` for what is given and returned.
    """
    random = torch.Generator(latents.device).manual_seed(seed)
    decoder = network.decoders[domain]
    codes = generate(decoder, network.shape, latents, temperature, random, seconds)
    return codes.cpu().numpy()
