"""The post-filter's network. It is ours: the paper has none."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.networks.typed_modules import bias_of
from umtn_core.postfilter_shape import (
    DECIBELS,
    DECIBELS_ADDED,
    DECIBELS_PER_UNIT,
    FLOOR,
    KERNEL,
    PostfilterShape,
)

#: Logit of the mask that training begins with: 0.95.
FIRST_LOGIT = 3.0


class PostfilterNetwork(nn.Module):
    """Estimates how much of each bin of a spectrogram is music, and not a decoder's noise.

    Residual convolutions over frequency and time, one network a domain.

    Parameters
    ----------
    shape
        The form of the post-filter.
    """

    def __init__(self, shape: PostfilterShape):
        super().__init__()
        self.shape = shape
        self.first = _convolution(2, shape.channels)
        self.layers = nn.ModuleList(
            _convolution(shape.channels, shape.channels, dilation) for dilation in shape.dilations
        )
        self.last = nn.Conv2d(shape.channels, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.constant_(bias_of(self.last), FIRST_LOGIT)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Make the mask.

        Parameters
        ----------
        magnitudes : Tensor[B x bins x frames]
            A sine of amplitude 1 has about 1.

        Returns
        -------
        Tensor[B x bins x frames]
            From 0, to be taken out, to 1, to be left.
        """
        loud = (DECIBELS * torch.log(magnitudes + FLOOR) + DECIBELS_ADDED) / DECIBELS_PER_UNIT
        place = torch.linspace(-1, 1, self.shape.bins, device=loud.device, dtype=loud.dtype)
        planes = torch.stack([loud, place[:, None].expand_as(loud)], 1)
        hidden = self.first(planes.contiguous(memory_format=torch.channels_last))
        for layer in self.layers:
            hidden = hidden + F.relu(layer(F.relu(hidden)))
        return torch.sigmoid(self.last(F.relu(hidden)))[:, 0]


def _convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A layer that keeps the spectrogram's size, dilated over frequency."""
    bins, frames = KERNEL
    return nn.Conv2d(
        inputs,
        outputs,
        KERNEL,
        padding=(dilation * (bins // 2), frames // 2),
        dilation=(dilation, 1),
    )
