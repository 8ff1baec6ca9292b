"""The domain classification network (paper, Section 3.1)."""

from __future__ import annotations

from torch import Tensor, nn


class DomainClassifier(nn.Module):
    """Names the domain a latent came from; the encoder is trained to make it fail.

    Three 1x1 convolutions, each followed by an ELU, a projection to the domains,
    and the average over time.

    Parameters
    ----------
    latent_channels, channels, domains
        Width of input and hidden layers, and how many domains there are.
    """

    def __init__(self, latent_channels: int, channels: int, domains: int):
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv1d(latent_channels, channels, 1),
            nn.ELU(),
            nn.Conv1d(channels, channels, 1),
            nn.ELU(),
            nn.Conv1d(channels, channels, 1),
            nn.ELU(),
            nn.Conv1d(channels, domains, 1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Tensor[B x latent_channels x F] -> Tensor[B x domains], unnormalised."""
        return self.convs(latents).mean(dim=2)
