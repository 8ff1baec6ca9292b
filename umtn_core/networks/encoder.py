"""The encoder that all domains share (paper, Section 3.1)."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.networks.initialisation import LINEAR, initialise
from umtn_core.networks.layers import EncoderLayer
from umtn_core.networks.typed_modules import ListOf, bias_of
from umtn_core.shape import NetworkShape


class Encoder(nn.Module):
    """Audio to latent: dilated residual layers, a 1x1 convolution, average pooling.

    Parameters
    ----------
    shape
        The network's shape; its ``encoder_*`` fields, ``latent_channels`` and ``hop`` count.
    """

    def __init__(self, shape: NetworkShape):
        super().__init__()
        channels, stride = shape.encoder_channels, shape.encoder_stride
        self.start = nn.Conv1d(
            1,
            channels,
            shape.first_kernel,
            stride=stride,
            padding=(shape.first_kernel - stride) // 2,
        )
        layers = nn.ModuleList(
            EncoderLayer(channels, shape.encoder_kernel, dilation, shape.encoder_leading_relu)
            for dilation in shape.encoder_dilations
        )
        self.dilated_convs = cast("ListOf[EncoderLayer]", layers)
        self.conv_1x1 = nn.Conv1d(channels, shape.latent_channels, 1)
        self.pool = shape.hop // stride
        initialise(self.start, LINEAR)
        if stride > 1:
            _band_passes_(self.start, shape.sample_rate)
        initialise(self.conv_1x1, LINEAR)

    def forward(self, audio: Tensor) -> Tensor:
        """Encode audio.

        Parameters
        ----------
        audio : Tensor[B x 1 x T]
            Mu-law codes as ``code / 255 - 0.5``; T a multiple of ``hop``.

        Returns
        -------
        Tensor[B x latent_channels x T / hop]
        """
        hidden = self.start(audio)
        for layer in self.dilated_convs:
            hidden = layer(hidden)
        return F.avg_pool1d(self.conv_1x1(hidden), self.pool)


@torch.no_grad()
def standardise_latent(encoder: Encoder, audio: Tensor) -> None:
    """Scale and shift an encoder's last convolution so that the latent says something.

    Parameters
    ----------
    encoder
        Changed in place: on this audio, each latent channel now has mean 0 and
        standard deviation 1.
    audio : Tensor[B x 1 x T]
        Clips as the encoder hears them.
    """
    latents = encoder(audio).transpose(0, 1).flatten(1)
    mean, deviation = latents.mean(1), latents.std(1).clamp(min=1e-6)
    last = encoder.conv_1x1
    last.weight /= deviation[:, None, None]
    bias = bias_of(last)
    bias.copy_((bias - mean) / deviation)


@torch.no_grad()
def _band_passes_(conv: nn.Conv1d, sample_rate: int) -> None:
    """Start a strided first convolution as band-pass filters spread over the spectrum.

    Random filters of that width mostly cancel the audio, and take long to become useful.
    """
    bands, _, width = conv.weight.shape
    time = torch.arange(width) / sample_rate
    highest = 0.45 * sample_rate
    pitches = torch.exp(torch.linspace(math.log(highest / 40), math.log(highest), bands))
    phases = 2 * math.pi * torch.rand(bands, 1)
    waves = torch.sin(2 * math.pi * pitches[:, None] * time + phases)
    conv.weight[:, 0] = waves * torch.hann_window(width, periodic=False) * (4 / width**0.5)
