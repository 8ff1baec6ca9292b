"""First weights that let a signal through, so that learning starts at once.

PyTorch's own shrink it at every layer. The latent, an average over hundreds of samples,
would begin so faint that a decoder takes thousands of steps to notice it.
"""

from __future__ import annotations

import math

import torch
from torch import nn

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
