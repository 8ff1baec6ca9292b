"""First weights that let a signal through, so that learning starts at once.

PyTorch's own shrink it at every layer. The latent, an average over hundreds of samples,
would begin so faint that a decoder takes thousands of steps to notice it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from umtn_core.networks.typed_modules import bias_of

if TYPE_CHECKING:
    from umtn_core.networks.encoder import Encoder

#: Standard deviations are these over the square root of the number of inputs.
LINEAR = 1.0
AFTER_RELU = math.sqrt(2.0)
#: Branches that add up over many layers begin at half strength.
BRANCH = 0.5


@torch.no_grad()
def initialise(conv: nn.Conv1d, gain: float) -> None:
    """Normal weights of a given gain, and no bias.

    Parameters
    ----------
    conv
        Changed in place.
    gain
        Standard deviation of an output whose inputs are independent of unit variance.
    """
    inputs = conv.weight.shape[1] * conv.weight.shape[2]
    conv.weight.normal_(0.0, gain / math.sqrt(inputs))
    if conv.bias is not None:
        conv.bias.zero_()


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
