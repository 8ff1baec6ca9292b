"""The encoder in bfloat16 on matrix products, its backward pass written out by hand.

What `Encoder` gives under autocast, but for rounding; only what the frames asked for can hear is
computed. Rows are ordered by time and then by clip, so that a tap of a dilated convolution is a
slice of rows and its product is added in place. Sums over layers are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from umtn_core.networks.encoder import Encoder
from umtn_core.networks.typed_modules import bias_of


class _Layer(NamedTuple):
    """Where a layer's rows lie: steps of its input and of its output, first and past the last."""

    dilation: int
    inputs: tuple[int, int]
    outputs: tuple[int, int]
    leading_relu: bool

    def taps(self, kernel: int, batch: int) -> list[tuple[int, slice, slice]]:
        """Each tap, the rows of the output that it adds to, and those of the input it reads."""
        found = []
        (low, high), (first, last) = self.inputs, self.outputs
        for tap in range(kernel):
            shift = (tap - kernel // 2) * self.dilation
            # Beyond the ends of the audio is nothing.
            begin, end = max(first, low - shift), min(last, high - shift)
            if begin < end:
                out = slice((begin - first) * batch, (end - first) * batch)
                read = slice((begin + shift - low) * batch, (end + shift - low) * batch)
                found.append((tap, out, read))
        return found

    def kept(self, batch: int) -> slice:
        """Rows of the input that the output's are added to."""
        (low, _), (first, last) = self.inputs, self.outputs
        return slice((first - low) * batch, (last - low) * batch)


def encode(encoder: Encoder, audio: Tensor, context: int) -> Tensor:
    """Encode clips, without the frames of context at both ends.

    Parameters
    ----------
    encoder
        The encoder; gradients reach its parameters.
    audio : Tensor[B x 1 x T]
        Clips as `Encoder` takes them; no gradient reaches them.
    context
        The number of frames at each end that are only heard.

    Returns
    -------
    Tensor[B x latent_channels x F - 2 context], float32
    """
    start, batch = encoder.start, len(audio)
    width, stride, padding = start.kernel_size[0], start.stride[0], int(start.padding[0])
    steps = (audio.shape[-1] + 2 * padding - width) // stride + 1
    inner = (context * encoder.pool, steps - context * encoder.pool)
    layers = _layers(encoder, steps, inner)
    low, high = layers[0].inputs
    padded = F.pad(audio[:, 0], (padding, padding))
    windows = padded.unfold(1, width, stride)[:, low:high].transpose(0, 1)
    hidden = F.linear(windows, start.weight[:, 0], start.bias).flatten(0, 1)
    weights = [
        weight
        for module in encoder.dilated_convs
        for conv in (module.dilated_conv, module.conv_1x1)
        for weight in (conv.weight, bias_of(conv))
    ]
    # PyTorch leaves it untyped.
    out: Tensor = _Layers.apply(hidden, layers, batch, *weights)  # type: ignore[no-untyped-call]
    # A frame's mean and a 1x1 convolution go in any order; there are far fewer frames.
    frames = out.view(-1, encoder.pool, batch, out.shape[-1]).mean(1)
    last = encoder.conv_1x1
    latents = F.linear(frames.to(last.weight.dtype), last.weight[:, :, 0], last.bias)
    return latents.float().permute(1, 2, 0)


def _layers(encoder: Encoder, steps: int, inner: tuple[int, int]) -> list[_Layer]:
    """Where each layer's rows lie, so that the last one's output is the steps asked for."""
    layers: list[_Layer] = []
    outputs = inner
    for module in reversed(list(encoder.dilated_convs)):
        conv = module.dilated_conv
        dilation, reach = conv.dilation[0], conv.kernel_size[0] // 2 * conv.dilation[0]
        inputs = (max(0, outputs[0] - reach), min(steps, outputs[1] + reach))
        layers.insert(0, _Layer(dilation, inputs, outputs, module.leading_relu))
        outputs = inputs
    return layers


class _Layers(torch.autograd.Function):
    """All residual layers."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, layers: Sequence[_Layer], batch: int, *weights: Tensor
    ) -> Tensor:
        stream = hidden.float()
        saved = []
        for number, layer in enumerate(layers):
            taps, bias, mix, mix_bias = weights[4 * number : 4 * number + 4]
            half = _half(stream)
            read = half.relu_() if layer.leading_relu else half
            pre = torch.empty(
                (layer.outputs[1] - layer.outputs[0]) * batch, taps.shape[0],
                dtype=torch.bfloat16, device=hidden.device,
            )  # fmt: skip
            pre[:] = _half(bias)
            for tap, out, rows in layer.taps(taps.shape[2], batch):
                pre[out].addmm_(read[rows], _half(taps[:, :, tap].contiguous()).t())
            pre.relu_()
            stream = stream[layer.kept(batch)] + torch.addmm(
                _half(mix_bias), pre, _half(mix[:, :, 0]).t()
            )
            saved += [read, pre]
        ctx.layers, ctx.batch, ctx.weights = layers, batch, len(weights)
        ctx.save_for_backward(*weights, *saved)
        return stream

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weights, saved = ctx.saved_tensors[: ctx.weights], ctx.saved_tensors[ctx.weights :]
        found: list[Tensor] = []
        stream = gradient.float()
        for number in reversed(range(len(ctx.layers))):
            layer = ctx.layers[number]
            taps, _, mix, _ = weights[4 * number : 4 * number + 4]
            read, pre = saved[2 * number : 2 * number + 2]
            half = _half(stream)
            d_mix = (half.t() @ pre).float()[:, :, None]
            d_pre = _before_relu(half @ _half(mix[:, :, 0]), pre)
            d_taps, d_read = torch.zeros_like(taps), torch.zeros_like(read)
            for tap, out, rows in layer.taps(taps.shape[2], ctx.batch):
                d_taps[:, :, tap] = d_pre[out].t() @ read[rows]
                d_read[rows].addmm_(d_pre[out], _half(taps[:, :, tap].contiguous()))
            found = [d_taps, d_pre.sum(0, dtype=torch.float32), d_mix, stream.sum(0), *found]
            back = (_before_relu(d_read, read) if layer.leading_relu else d_read).float()
            back[layer.kept(ctx.batch)] += stream
            stream = back
        given = (g if n else None for g, n in zip(found, ctx.needs_input_grad[3:], strict=True))
        return (stream, None, None, *given)


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16)


def _before_relu(gradient: Tensor, result: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(gradient, result, 0)
