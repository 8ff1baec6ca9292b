"""A decoder's teacher-forced loss in bfloat16, its backward pass written out by hand.

What `Decoder.score` and a cross entropy give under autocast, with as few passes over memory as
a processor needs: products read and write their sums in place, rows are ordered by time and then
by clip so that a delay is a slice, and nothing is copied to be added. Sums over layers and the
softmax are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from umtn_core.companding import LEVELS
from umtn_core.networks.decoder import Decoder

#: Logits that are turned into probabilities at a time; so many stay in a core's cache.
_CHUNK = 1 << 18


def decoder_nats(
    decoder: Decoder, past: Tensor, latents: Tensor, target: Tensor, weight: Tensor
) -> Tensor:
    """Weighted cross entropy of the codes that follow their true past.

    Parameters
    ----------
    decoder
        The decoder that is scored; gradients reach its parameters.
    past, target : Tensor[B x T], int64
        The past and the codes to be scored, as `Decoder.score` takes and scores them.
    latents : Tensor[B x latent_channels x F]
        Gradients reach them too.
    weight : Tensor[B x T]
        How much each code counts.

    Returns
    -------
    Tensor[]
        The sum over all codes in nats, float32.
    """
    hidden, layers = decoder.first_conv(past), list(decoder.layers)
    skips = [decoder.skip_conv, *(layer.skip for layer in layers)]
    weights_of_layers = [
        weight
        for layer in layers
        for weight in (
            layer.causal.weight, layer.causal.bias, layer.residual.weight, layer.residual.bias
        )
    ]  # fmt: skip
    # PyTorch leaves it untyped.
    nats: Tensor = _Nats.apply(  # type: ignore[no-untyped-call]
        hidden.transpose(0, 1).flatten(0, 1),
        _conditioning(decoder, latents),
        _by_time(target, decoder.bands),
        _by_time(weight, decoder.bands),
        [layer.causal.dilation[0] for layer in layers],
        torch.cat([module.weight[:, :, 0] for module in skips], dim=1),
        torch.stack([module.bias for module in skips]).sum(0),
        decoder.fc.weight, decoder.fc.bias, decoder.logits.weight, decoder.logits.bias,
        *weights_of_layers,
    )  # fmt: skip
    return nats


def _conditioning(decoder: Decoder, latents: Tensor) -> Tensor:
    """All layers' conditioning, and the output's, as one product over frames: (F, B, channels)."""
    modules = [*(layer.condition for layer in decoder.layers), decoder.condition]
    return F.linear(
        decoder.signal(latents).transpose(0, 1),
        torch.cat([module.weight[:, :, 0] for module in modules]),
        torch.cat([module.bias for module in modules]),
    )


def _by_time(codes: Tensor, bands: int) -> Tensor:
    """What stands beside codes, ordered as rows are: Tensor[B x T] -> (rows, bands)."""
    return codes.view(len(codes), -1, bands).transpose(0, 1).reshape(-1, bands)


class _Nats(torch.autograd.Function):
    """The loss; its gradients are found with it, for a loss has but one gradient to wait for."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, conditioning: Tensor, target: Tensor, weight: Tensor,
        dilations: Sequence[int], *parameters: Tensor,
    ) -> Tensor:  # fmt: skip
        wanted = any(ctx.needs_input_grad)
        nats, gradients = _pass(hidden, conditioning, target, weight, dilations, parameters, wanted)
        ctx.save_for_backward(*gradients)
        return nats

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        hidden, conditioning, *parameters = (g * factor for g in ctx.saved_tensors)
        needed = ctx.needs_input_grad[5:]
        given = (g if n else None for g, n in zip(parameters, needed, strict=True))
        return (hidden, conditioning, None, None, None, *given)


class _Rows(NamedTuple):
    """The order of rows: frame by frame, step by step in a frame, clip by clip in a step."""

    frames: int
    steps: int
    batch: int

    def by_frame(self, x: Tensor) -> Tensor:
        """Rows with their frames, steps and clips apart: (frames, steps, batch, channels)."""
        return x.view(*self, x.shape[-1])

    def delays(self, taps: int, dilation: int) -> list[tuple[int, int]]:
        """Taps but the newest, and their delays in rows, where those are shorter than the clip."""
        delays = [(k, (taps - 1 - k) * dilation * self.batch) for k in range(taps - 1)]
        return [(k, delay) for k, delay in delays if delay < self.frames * self.steps * self.batch]


class _Head(NamedTuple):
    """What follows the layers: weights as products take them, bfloat16, and biases likewise."""

    skip: Tensor
    skip_bias: Tensor
    fc: Tensor
    fc_bias: Tensor
    logits: Tensor
    logits_bias: Tensor

    @classmethod
    def of(cls, parameters: Sequence[Tensor]) -> _Head:
        """Round the parameters of the three 1x1 convolutions, the skips' being one already."""
        skip, skip_bias, fc, fc_bias, logits, logits_bias = parameters
        return cls(*map(_half, (
            skip, skip_bias, fc[:, :, 0], fc_bias, logits[:, :, 0], logits_bias
        )))  # fmt: skip


class _Layer(NamedTuple):
    """The parameters of a layer, as they are, and its dilation."""

    taps: Tensor
    bias: Tensor
    residual: Tensor
    residual_bias: Tensor
    dilation: int


class _Seen(NamedTuple):
    """What the backward pass needs of a layer's forward pass, bfloat16.

    Its input (rows, width), its sigmoid and tanh side by side (rows, 2 * width), and its taps.
    """

    x: Tensor
    act: Tensor
    taps: list[Tensor]


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16)


def _pass(
    hidden: Tensor, conditioning: Tensor, target: Tensor, weight: Tensor,
    dilations: Sequence[int], parameters: Sequence[Tensor], wanted: bool,
) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
    """The loss, and the gradients of hidden, conditioning and all parameters if wanted."""
    head = _Head.of(parameters[:6])
    taps, biases, residuals, residual_biases = (parameters[first::4] for first in range(6, 10))
    columns = zip(taps, biases, residuals, residual_biases, dilations, strict=True)
    layers = [_Layer(*column) for column in columns]
    frames, batch, _ = conditioning.shape
    rows = _Rows(frames, len(hidden) // (frames * batch), batch)
    conditioning = _half(conditioning)
    gates, seen = _gates(hidden, conditioning, layers, rows, wanted)
    total = torch.addmm(head.skip_bias, gates, head.skip.t()).relu_()
    output = torch.addmm(head.fc_bias, total, head.fc.t())
    rows.by_frame(output).add_(conditioning[:, None, :, -output.shape[1] :])
    output.relu_()
    nats, d_logits = _cross_entropy(output, head, target, weight, wanted)
    if not wanted:
        return nats, []
    d_gates, d_condition, of_head = _head_backward(head, d_logits, output, total, gates, rows)
    d_hidden, d_conditions, of_layers = _layers_backward(layers, seen, gates, d_gates, rows)
    d_conditioning = torch.cat([*d_conditions, d_condition], dim=-1)
    return nats, [d_hidden, d_conditioning, *of_head, *of_layers]


def _gates(
    hidden: Tensor, conditioning: Tensor, layers: Sequence[_Layer], rows: _Rows, wanted: bool
) -> tuple[Tensor, list[_Seen]]:
    """The gates of all layers side by side, the first layer's input before them.

    Returns
    -------
    gates : bfloat16 (rows, width of all)
    seen : list of _Seen
        What the backward pass needs of each layer, if that is wanted.
    """
    width = hidden.shape[1]
    gates = hidden.new_empty(len(hidden), (len(layers) + 1) * width, dtype=torch.bfloat16)
    stream = hidden.to(torch.float32, copy=True)
    x = _half(stream)
    gates[:, :width] = x
    seen = []
    for number, layer in enumerate(layers):
        begin = 2 * width * number
        condition = conditioning[:, None, :, begin : begin + 2 * width] + _half(layer.bias)
        taps = [_half(layer.taps[:, :, k].contiguous()) for k in range(layer.taps.shape[2])]
        act = _activations(x, taps, condition, layer.dilation, rows)
        gated = gates[:, (number + 1) * width : (number + 2) * width]
        torch.mul(act[:, :width], act[:, width:], out=gated)
        if wanted:
            seen.append(_Seen(x, act, taps))
        if number + 1 < len(layers):
            residual = _half(layer.residual[:, :, 0])
            stream.add_(torch.addmm(_half(layer.residual_bias), gated, residual.t()))
            x = _half(stream)
    return gates, seen


def _activations(
    x: Tensor, taps: Sequence[Tensor], condition: Tensor, dilation: int, rows: _Rows
) -> Tensor:
    """A layer's sigmoid and tanh, side by side: bfloat16 (rows, 2 * width)."""
    pre = torch.mm(x, taps[-1].t())
    rows.by_frame(pre).add_(condition)
    for k, delay in rows.delays(len(taps), dilation):
        pre[delay:].addmm_(x[:-delay], taps[k].t())
    # tanh by the sigmoid, which is several times as fast; in float32, where that is exact.
    width = x.shape[1]
    act = pre.float()
    act[:, width:].mul_(2)
    act.sigmoid_()
    act[:, width:].mul_(2).sub_(1)
    return _half(act)


def _head_backward(
    head: _Head, d_logits: Tensor, output: Tensor, total: Tensor, gates: Tensor, rows: _Rows
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The gradients of the gates, of the output's conditioning, and of the head's parameters."""
    # The sum over rows as a product: several times as fast.
    ones = output.new_ones(1, len(output))
    d_logits_weight, d_logits_bias = d_logits.t() @ output, (ones @ d_logits)[0].float()
    d_output = _before_relu(d_logits @ head.logits, output)
    d_condition = rows.by_frame(d_output).sum(1, dtype=torch.float32)
    d_fc_weight, d_fc_bias = d_output.t() @ total, d_output.sum(0, dtype=torch.float32)
    d_total = _before_relu(d_output @ head.fc, total)
    d_skip_weight, d_skip_bias = d_total.t() @ gates, d_total.sum(0, dtype=torch.float32)
    return d_total @ head.skip, d_condition, [
        d_skip_weight.float(), d_skip_bias, d_fc_weight.float()[:, :, None], d_fc_bias,
        d_logits_weight.float()[:, :, None], d_logits_bias,
    ]  # fmt: skip


def _layers_backward(
    layers: Sequence[_Layer], seen: Sequence[_Seen], gates: Tensor, d_gates: Tensor, rows: _Rows
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The gradients of hidden, of each layer's conditioning, and of all layers' parameters."""
    width = gates.shape[1] // (len(layers) + 1)
    d_stream: Tensor | None = None
    d_conditions, found = [], []
    for number in reversed(range(len(layers))):
        layer, (x, act, taps) = layers[number], seen[number]
        part = slice((number + 1) * width, (number + 2) * width)
        d_gated, of_residual = _residual_backward(layer, gates[:, part], d_gates[:, part], d_stream)
        d_pre = _before_gate(d_gated, act)
        d_condition = rows.by_frame(d_pre).sum(1, dtype=torch.float32)
        d_taps, back = _causal_backward(d_pre, x, taps, layer, rows)
        d_stream = back.float() if d_stream is None else d_stream.add_(back)
        d_conditions.append(d_condition)
        found.append([d_taps, d_condition.sum((0, 1)), *of_residual])
    assert d_stream is not None
    d_hidden = d_stream.add_(d_gates[:, :width])
    of_layers = [gradient for layer in reversed(found) for gradient in layer]
    return d_hidden, d_conditions[::-1], of_layers


def _residual_backward(
    layer: _Layer, gated: Tensor, d_gated: Tensor, d_stream: Tensor | None
) -> tuple[Tensor, list[Tensor]]:
    """The gradients of a gate's output, and of the residual and its bias, which it goes through.

    Nothing reads the last layer's residual: there is no gradient of a stream after it.
    """
    if d_stream is None:
        nothing = [torch.zeros_like(layer.residual), torch.zeros_like(layer.residual_bias)]
        return d_gated, nothing
    d_x = _half(d_stream)
    d_residual = (d_x.t() @ gated).float()[:, :, None]
    # Into rows of their own: a product into a column of wide rows takes ten times as long.
    d_gated = (d_x @ _half(layer.residual[:, :, 0])).add_(d_gated)
    return d_gated, [d_residual, d_stream.sum(0)]


def _before_gate(d_gated: Tensor, act: Tensor) -> Tensor:
    """The gradient of what sigmoid and tanh are taken of, from that of their product."""
    width = d_gated.shape[1]
    sigmoid, tanh = act[:, :width], act[:, width:]
    d_pre = torch.empty_like(act)
    torch.ops.aten.sigmoid_backward.grad_input(d_gated * tanh, sigmoid, grad_input=d_pre[:, :width])
    torch.ops.aten.tanh_backward.grad_input(d_gated * sigmoid, tanh, grad_input=d_pre[:, width:])
    return d_pre


def _causal_backward(
    d_pre: Tensor, x: Tensor, taps: Sequence[Tensor], layer: _Layer, rows: _Rows
) -> tuple[Tensor, Tensor]:
    """The gradients of a causal convolution's taps, and of its input."""
    d_taps = torch.empty_like(layer.taps)
    d_taps[:, :, -1] = d_pre.t() @ x
    back = d_pre @ taps[-1]
    unread = set(range(len(taps) - 1))
    for k, delay in rows.delays(len(taps), layer.dilation):
        d_taps[:, :, k] = d_pre[delay:].t() @ x[:-delay]
        back[:-delay].addmm_(d_pre[delay:], taps[k])
        unread.remove(k)
    for k in unread:
        d_taps[:, :, k] = 0
    return d_taps, back


def _before_relu(gradient: Tensor, result: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(gradient, result, 0)


def _cross_entropy(
    output: Tensor, head: _Head, target: Tensor, weight: Tensor, wanted: bool
) -> tuple[Tensor, Tensor]:
    """The weighted loss, and its gradient at the logits, bfloat16 (rows, bands * 256)."""
    rows, codes = len(output), len(head.logits)
    gradient = torch.empty(rows if wanted else 0, codes, dtype=torch.bfloat16, device=output.device)
    nats = output.new_zeros((), dtype=torch.float32)
    chunk = max(1, _CHUNK // codes)
    for k in range(0, rows, chunk):
        scores = torch.addmm(head.logits_bias, output[k : k + chunk], head.logits.t())
        scores = scores.float().view(-1, LEVELS)
        right, counted = target[k : k + chunk].reshape(-1, 1), weight[k : k + chunk].reshape(-1, 1)
        scores -= scores.amax(1, keepdim=True)
        chosen = scores.gather(1, right)
        scores.exp_()
        total = scores.sum(1, keepdim=True)
        nats += ((total.log() - chosen) * counted).sum()
        if wanted:
            scores.mul_(counted / total)
            scores.scatter_add_(1, right, -counted)
            gradient[k : k + chunk] = scores.view(-1, codes)
    return nats, gradient
