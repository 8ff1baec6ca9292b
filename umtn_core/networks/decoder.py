"""The WaveNet decoder: one a domain (paper, Section 3.1)."""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.coding import Coding
from umtn_core.companding import LEVELS, MU, NOTHING_YET, Companding
from umtn_core.networks.initialisation import AFTER_RELU, LINEAR, initialise
from umtn_core.networks.layers import DecoderLayer, Pointwise
from umtn_core.networks.typed_modules import ListOf
from umtn_core.shape import NetworkShape


class ScalarInput(nn.Conv1d):
    """Past codes as numbers in [-0.5, 0.5] through a short causal convolution."""

    bias: Tensor  # PyTorch says that there may be none.

    def __init__(self, channels: int, kernel: int):
        super().__init__(1, channels, kernel)

    def forward(self, codes: Tensor) -> Tensor:
        """Tensor[B x T] of codes, -1 for nothing yet -> Tensor[B x T x C]."""
        values = torch.where(codes < 0, 0.0, codes / MU - 0.5)
        padded = F.pad(values, (self.kernel_size[0] - 1, 0))
        windows = padded.unfold(1, self.kernel_size[0], 1)
        return F.linear(windows, self.weight[:, 0], self.bias)


class CodeEmbedding(nn.Embedding):
    """Past codes as learned vectors, which begin as straight lines over amplitude.

    Unordered vectors would first have to learn that neighbouring codes sound alike.

    Parameters
    ----------
    channels
        Width of the vectors.
    companding
        The companding of the codes.
    bands
        The number of codes of one step, each with a table of its own, whose vectors are added.
        The tables lie one behind the other in ``weight``, (bands * 256, channels).
    """

    def __init__(self, channels: int, companding: Companding, bands: int = 1):
        super().__init__(LEVELS * bands, channels)
        self.bands = bands
        linear = torch.from_numpy(companding.levels)[:, None]
        compressed = torch.linspace(-1, 1, LEVELS)[:, None]
        with torch.no_grad():
            self.weight.mul_(0.1)
            for table in torch.split(self.weight, LEVELS):
                table.add_(compressed * (0.7 * torch.randn(1, channels)))
                table.add_(linear * torch.randn(1, channels))
            if bands > 1:
                # As large together as a single one.
                self.weight.div_(math.sqrt(bands))

    def forward(self, codes: Tensor) -> Tensor:
        """Tensor[B x T * bands] of codes, -1 for nothing yet -> Tensor[B x T x C]."""
        nothing = (codes < 0)[..., None]
        if self.bands == 1:
            return torch.where(nothing, 0.0, super().forward(codes.clamp(min=0)))
        tables = LEVELS * torch.arange(self.bands, device=codes.device)
        rows = torch.unflatten(codes.clamp(min=0), 1, (-1, self.bands)) + tables
        vectors = super().forward(rows).masked_fill(nothing.view(*rows.shape, 1), 0.0)
        return vectors.sum(2)


class Decoder(nn.Module):
    """An autoregressive model of one domain's audio, conditioned on the latent.

    With several bands, its audio is what `umtn_core.filter_bank` makes of the samples of the
    bands. Their codes stand one behind the other, as samples do: those of a step together,
    lowest band first. All bands of a step are drawn at once, from the steps before it.

    Parameters
    ----------
    shape
        The network's shape; its ``decoder_*``, ``residual_channels``, ``skip_channels``,
        ``latent_channels``, ``conditioning_channels`` and ``bands`` fields count.

    Attributes
    ----------
    band_gains : Tensor[bands]
        What the bands' samples are multiplied by before they are companded; only there
        with several bands. Training measures them (`umtn_core.training.band_gains`).
    """

    band_gains: Tensor

    def __init__(self, shape: NetworkShape):
        super().__init__()
        self.shape, self.bands = shape, shape.bands
        if self.bands > 1:
            self.register_buffer("band_gains", torch.ones(self.bands))
        residual, skip = shape.residual_channels, shape.skip_channels
        signal = shape.conditioning_channels or shape.latent_channels
        self.first_conv: ScalarInput | CodeEmbedding
        if shape.decoder_input == "scalar":
            self.first_conv = ScalarInput(residual, shape.input_kernel)
        else:
            self.first_conv = CodeEmbedding(residual, Companding(shape.companding), shape.bands)
        self.context: nn.Conv1d | None = None
        if shape.conditioning_channels:
            self.context = nn.Conv1d(shape.latent_channels, signal, 3, padding=1)
            initialise(self.context, AFTER_RELU)
        self.skip_conv = Pointwise(residual, skip)
        layers = nn.ModuleList(
            DecoderLayer(residual, skip, signal, shape.decoder_kernel, dilation)
            for dilation in shape.dilations
        )
        self.layers = cast("ListOf[DecoderLayer]", layers)
        self.fc = Pointwise(skip, skip)
        self.condition = Pointwise(signal, skip)
        self.logits = Pointwise(skip, self.bands * LEVELS)
        for conv in (self.skip_conv, self.condition):
            initialise(conv, LINEAR)
        initialise(self.fc, AFTER_RELU)
        # Nearly even odds to begin with.
        initialise(self.logits, 0.3)
        self.trainable_()

    @property
    def coding(self) -> Coding:
        """How its codes stand for audio, by its ``band_gains`` where there are any."""
        gains = self.band_gains.tolist() if self.shape.bands > 1 else ()
        return Coding(self.shape, gains)

    def trainable_(self) -> None:
        """Ask for the gradient of every weight that has one."""
        self.requires_grad_(True)
        # Nothing reads the last layer's residual; the published weights hold one all the same.
        self.layers[-1].residual.requires_grad_(False)

    def forward(self, codes: Tensor, latents: Tensor) -> Tensor:
        """Score every next code, the true past being given (teacher forcing).

        Parameters
        ----------
        codes : Tensor[B x T], int64
            The audio to be scored, as mu-law codes; a step sees those of earlier steps only.
        latents : Tensor[B x latent_channels x F]
            T must be F times the ``output_hop``: each frame conditions ``T / F`` samples.

        Returns
        -------
        Tensor[B x T x 256]
            Unnormalised log-probabilities.
        """
        past = F.pad(codes[:, : -self.bands], (self.bands, 0), value=NOTHING_YET)
        return self.score(past, latents)

    def score(self, past: Tensor, latents: Tensor) -> Tensor:
        """As `forward`, with the past given apart: a step late, so that each sees its own.

        Parameters
        ----------
        past : Tensor[B x T], int64
            Codes, -1 for nothing yet.
        latents : Tensor[B x latent_channels x F]

        Returns
        -------
        Tensor[B x T x 256]
        """
        signal = self.signal(latents)
        hidden = self.first_conv(past)
        skips = [hidden]
        for layer in self.layers:
            gated = layer.gated(hidden, layer.bias_and_condition(signal))
            skips.append(gated)
            if layer is not self.layers[-1]:
                hidden = hidden + layer.residual(gated)
        output = self.fc(F.relu(self._summed(skips)))
        batch, time, _ = output.shape
        output = output.view(batch, signal.shape[1], -1, output.shape[-1])
        output = F.relu(output + self.condition(signal)[:, :, None]).view(batch, time, -1)
        return torch.unflatten(self.logits(output), -1, (self.bands, LEVELS)).flatten(1, 2)

    def signal(self, latents: Tensor) -> Tensor:
        """The signal that conditions the layers: Tensor[B x Z x F] -> Tensor[B x F x C]."""
        if self.context is not None:
            latents = F.relu(self.context(latents))
        return latents.transpose(1, 2)

    def _summed(self, skips: list[Tensor]) -> Tensor:
        """Sum of all skip connections, as one product over all layers' gates."""
        modules = [self.skip_conv, *(layer.skip for layer in self.layers)]
        weight = torch.cat([module.weight[:, :, 0] for module in modules], dim=1)
        bias = torch.stack([module.bias for module in modules]).sum(0)
        # One dtype: a single float32 part would make the whole row float32.
        parts = [skip.to(skips[-1].dtype) for skip in skips]
        return F.linear(torch.cat(parts, dim=-1), weight, bias)
