"""Incremental decoding in PyTorch: slow, but straight from the trained module.

Training uses it to let people listen; the run time decodes with `umtn_core.decode`.
"""

from __future__ import annotations

import math
import time

import torch
import torch.nn.functional as F
from torch import Tensor

from umtn_core.companding import LEVELS, NOTHING_YET
from umtn_core.errors import UmtnError
from umtn_core.networks.decoder import Decoder
from umtn_core.shape import NetworkShape


class OutOfTime(UmtnError):
    """What was to be played took longer than there was time for."""

    def __init__(self) -> None:
        super().__init__("There was no time to play all of it.")


@torch.no_grad()
def generate(
    decoder: Decoder,
    shape: NetworkShape,
    latents: Tensor,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    seconds: float = math.inf,
) -> Tensor:
    """Decode latents, one sample after another, from the start to the end in one piece.

    Parameters
    ----------
    decoder
        The decoder of the target domain.
    shape
        The shape of the network.
    latents : Tensor[B x latent_channels x F]
    temperature
        Divides the logits; 0 takes the likeliest code.
    generator
        The source of the random numbers.
    seconds
        The time that there is for it on the clock.

    Returns
    -------
    Tensor[B x F * output_hop], int64
        Mu-law codes; with several bands, those of a step together.

    Raises
    ------
    OutOfTime
        If it takes longer.
    """
    end = time.monotonic() + seconds
    signal = decoder.signal(latents)
    batch, frames, _ = signal.shape
    conditions = [layer.bias_and_condition(signal) for layer in decoder.layers]
    output_condition = decoder.condition(signal)
    kernel = shape.decoder_kernel
    rings = [signal.new_zeros((kernel - 1) * d, batch, shape.residual_channels)
             for d in shape.dilations]  # fmt: skip
    taps = [[w.weight[:, :, k] for k in range(kernel)] for w in (x.causal for x in decoder.layers)]
    bands = shape.bands
    recent = torch.full((batch, shape.input_codes), NOTHING_YET, device=latents.device)
    recent[:, -bands:] = shape.start_code
    codes = torch.empty(batch, frames * shape.output_hop, dtype=torch.int64, device=latents.device)
    for t in range(frames * shape.steps_per_frame):
        if time.monotonic() > end:
            raise OutOfTime
        frame = t // shape.steps_per_frame
        hidden = _first(decoder, recent)
        skip = decoder.skip_conv(hidden)
        for layer, dilation, ring, condition, weights in zip(
            decoder.layers, shape.dilations, rings, conditions, taps, strict=True
        ):
            gates = condition[:, frame] + F.linear(hidden, weights[-1])
            for k in range(kernel - 1):
                # The slot about to be overwritten is the oldest tap's.
                slot = (t - (kernel - 1 - k) * dilation) % len(ring)
                gates = gates + F.linear(ring[slot], weights[k])
            ring[t % len(ring)] = hidden
            gate, filter_ = gates.chunk(2, dim=-1)
            gated = torch.sigmoid(gate) * torch.tanh(filter_)
            hidden = hidden + layer.residual(gated)
            skip = skip + layer.skip(gated)
        output = decoder.fc(F.relu(skip)) + output_condition[:, frame]
        logits = decoder.logits(F.relu(output)).view(batch * bands, LEVELS)
        drawn = _draw(logits, temperature, generator).view(batch, bands)
        codes[:, t * bands : (t + 1) * bands] = drawn
        recent = torch.cat([recent[:, bands:], drawn], dim=1)
    return codes


def _first(decoder: Decoder, recent: Tensor) -> Tensor:
    """The first layer's output for the newest of a few codes: Tensor[B x R]."""
    return decoder.first_conv(recent)[:, -1]


def _draw(logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
    if temperature == 0:
        return logits.argmax(dim=-1)
    probabilities = torch.softmax(logits.float() / temperature, dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]
