"""The layers that encoder and decoder are stacked from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.networks.initialisation import AFTER_RELU, BRANCH, LINEAR, initialise


class EncoderLayer(nn.Module):
    """One residual layer of the encoder (paper, Section 3.1 and Figure 1, left).

    ReLU, dilated convolution over past and future, ReLU, 1x1 convolution, and the
    layer's input added.

    Parameters
    ----------
    channels
        Width of input and output.
    kernel, dilation
        Taps and dilation of the dilated convolution; their number is odd.
    leading_relu
        Whether the layer begins with a ReLU (not so in the published weights).
    """

    def __init__(self, channels: int, kernel: int, dilation: int, leading_relu: bool = True):
        super().__init__()
        self.leading_relu = leading_relu
        self.dilated_conv = nn.Conv1d(
            channels, channels, kernel, dilation=dilation, padding=dilation * (kernel // 2)
        )
        self.conv_1x1 = nn.Conv1d(channels, channels, 1)
        initialise(self.dilated_conv, AFTER_RELU)
        initialise(self.conv_1x1, BRANCH * AFTER_RELU)

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[B x C x T] -> Tensor[B x C x T]."""
        hidden = F.relu(x) if self.leading_relu else x
        return x + self.conv_1x1(F.relu(self.dilated_conv(hidden)))


class Pointwise(nn.Conv1d):
    """A 1x1 convolution for activations whose channels come last.

    Its parameters are shaped like any 1x1 convolution's, so that checkpoints are
    interchangeable; as a matrix product it runs several times faster on a CPU.
    """

    bias: Tensor  # PyTorch says that there may be none.

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[... x inputs] -> Tensor[... x outputs]."""
        return F.linear(x, self.weight[:, :, 0], self.bias)


class CausalConv(nn.Conv1d):
    """A dilated convolution over the past, for activations whose channels come last.

    Tap 0 is the oldest sample. Before the first sample everything is zero.
    """

    bias: Tensor  # PyTorch says that there may be none.

    def forward(self, x: Tensor) -> Tensor:
        """Tensor[B x T x inputs] -> Tensor[B x T x outputs], the bias not yet added.

        The bias is constant over a latent frame, so it is added with the conditioning.
        """
        taps = self.kernel_size[0]
        # All taps in one product: it is as large as the separate ones together,
        # but reads the activations once.
        stacked = torch.cat([self.weight[:, :, tap] for tap in range(taps)])
        products = torch.split(F.linear(x, stacked), self.out_channels, dim=-1)
        total = products[-1]
        for tap, product in enumerate(products[:-1]):
            delay = self.dilation[0] * (taps - 1 - tap)
            if delay < x.shape[1]:
                total = total + F.pad(product[:, :-delay], (0, 0, delay, 0))
        return total


class DecoderLayer(nn.Module):
    """One gated layer of the WaveNet decoder (paper, Section 3.1 and Figure 1, right).

    Parameters
    ----------
    residual_channels, skip_channels
        Width of the layer's input, and of what it adds to the output.
    conditioning_channels
        Width of the conditioning signal.
    kernel, dilation
        Taps and dilation of the causal convolution.
    """

    def __init__(
        self,
        residual_channels: int,
        skip_channels: int,
        conditioning_channels: int,
        kernel: int,
        dilation: int,
    ):
        super().__init__()
        self.causal = CausalConv(
            residual_channels, 2 * residual_channels, kernel, dilation=dilation
        )
        self.condition = Pointwise(conditioning_channels, 2 * residual_channels)
        self.residual = Pointwise(residual_channels, residual_channels)
        self.skip = Pointwise(residual_channels, skip_channels)
        initialise(self.causal, LINEAR)
        initialise(self.condition, LINEAR)
        initialise(self.residual, BRANCH)
        initialise(self.skip, BRANCH)

    def bias_and_condition(self, signal: Tensor) -> Tensor:
        """What the layer adds before its gate: Tensor[B x F x cond] -> Tensor[B x F x 2R]."""
        return self.condition(signal) + self.causal.bias

    def gated(self, x: Tensor, conditioning: Tensor) -> Tensor:
        """The gate's output.

        Parameters
        ----------
        x : Tensor[B x T x R]
        conditioning : Tensor[B x F x 2R], T a multiple of F

        Returns
        -------
        Tensor[B x T x R]
        """
        batch, time, _ = x.shape
        frames = conditioning.shape[1]
        hidden = self.causal(x).view(batch, frames, time // frames, -1)
        # In mixed precision the products are bfloat16; a float32 sum would double the
        # cost of the gate for no accuracy.
        conditioning = conditioning[:, :, None].to(hidden.dtype)
        gate, filter_ = (hidden + conditioning).chunk(2, dim=-1)
        return (torch.sigmoid(gate) * torch.tanh(filter_)).view(batch, time, -1)
