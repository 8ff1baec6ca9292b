"""The WaveNet decoder: one a domain (paper, Section 3.1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.companding import LEVELS, MU, NOTHING_YET, Companding
from umtn_core.networks.initialisation import AFTER_RELU, LINEAR, initialise
from umtn_core.networks.layers import DecoderLayer, Pointwise
from umtn_core.shape import NetworkShape


class ScalarInput(nn.Conv1d):
    """Past codes as numbers in [-0.5, 0.5] through a short causal convolution."""

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
    """

    def __init__(self, channels: int, companding: Companding):
        super().__init__(LEVELS, channels)
        linear = torch.from_numpy(companding.levels)[:, None]
        compressed = torch.linspace(-1, 1, LEVELS)[:, None]
        with torch.no_grad():
            self.weight.mul_(0.1)
            self.weight.add_(compressed * (0.7 * torch.randn(1, channels)))
            self.weight.add_(linear * torch.randn(1, channels))

    def forward(self, codes: Tensor) -> Tensor:
        """Tensor[B x T] of codes, -1 for nothing yet -> Tensor[B x T x C]."""
        vectors = super().forward(codes.clamp(min=0))
        return torch.where((codes < 0)[..., None], 0.0, vectors)


class Decoder(nn.Module):
    """An autoregressive model of one domain's audio, conditioned on the latent.

    Parameters
    ----------
    shape
        Its ``decoder_*``, ``residual_channels``, ``skip_channels``, ``latent_channels``
        and ``conditioning_channels`` fields.
    """

    def __init__(self, shape: NetworkShape):
        super().__init__()
        residual, skip = shape.residual_channels, shape.skip_channels
        signal = shape.conditioning_channels or shape.latent_channels
        self.first_conv: nn.Module
        if shape.decoder_input == "scalar":
            self.first_conv = ScalarInput(residual, shape.input_kernel)
        else:
            self.first_conv = CodeEmbedding(residual, Companding(shape.companding))
        self.context: nn.Conv1d | None = None
        if shape.conditioning_channels:
            self.context = nn.Conv1d(shape.latent_channels, signal, 3, padding=1)
            initialise(self.context, AFTER_RELU)
        self.skip_conv = Pointwise(residual, skip)
        self.layers = nn.ModuleList(
            DecoderLayer(residual, skip, signal, shape.decoder_kernel, dilation)
            for dilation in shape.dilations
        )
        self.fc = Pointwise(skip, skip)
        self.condition = Pointwise(signal, skip)
        self.logits = Pointwise(skip, LEVELS)
        for conv in (self.skip_conv, self.condition):
            initialise(conv, LINEAR)
        initialise(self.fc, AFTER_RELU)
        # Nearly even odds to begin with.
        initialise(self.logits, 0.3)
        self.trainable_()

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
            The audio to be scored, as mu-law codes; step t sees codes before t only.
        latents : Tensor[B x latent_channels x F]
            T must be F times the hop: each frame conditions ``T / F`` samples.

        Returns
        -------
        Tensor[B x T x 256]
            Unnormalised log-probabilities.
        """
        past = F.pad(codes[:, :-1], (1, 0), value=NOTHING_YET)
        return self.score(past, latents)

    def score(self, past: Tensor, latents: Tensor) -> Tensor:
        """As `forward`, with the past given apart: step t sees ``past[:, :t + 1]``.

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
        return self.logits(output)

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
