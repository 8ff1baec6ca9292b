"""A decoder's teacher-forced loss in bfloat16, its backward pass written out by hand.

What `Decoder.score` and a cross entropy give under autocast, with as few passes over memory as
a processor needs: products read and write their sums in place, rows are ordered by time and then
by clip so that a delay is a slice, and nothing is copied to be added. Sums over layers and the
softmax are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
        Gradients reach its parameters.
    past, target : Tensor[B x T], int64
        As for `Decoder.score`.
    latents : Tensor[B x latent_channels x F]
        Gradients reach them too.
    weight : Tensor[B x T]
        Of each code.

    Returns
    -------
    Tensor[]
        In nats, float32.
    """
    batch, bands = len(past), decoder.bands
    signal = decoder.signal(latents)
    hidden = decoder.first_conv(past)
    by_time = target.view(batch, -1, bands).transpose(0, 1).reshape(-1, bands)
    weights = weight.view(batch, -1, bands).transpose(0, 1).reshape(-1, bands)
    layers = list(decoder.layers)
    # All layers' conditioning, and the output's, as one product over frames.
    modules = [*(layer.condition for layer in layers), decoder.condition]
    conditioning = F.linear(
        signal.transpose(0, 1),
        torch.cat([module.weight[:, :, 0] for module in modules]),
        torch.cat([module.bias for module in modules]),
    )
    skips = [decoder.skip_conv, *(layer.skip for layer in layers)]
    weights_of_layers: list[Tensor] = []
    for layer in layers:
        weights_of_layers += [
            layer.causal.weight, layer.causal.bias, layer.residual.weight, layer.residual.bias
        ]  # fmt: skip
    return _Nats.apply(
        hidden.transpose(0, 1).flatten(0, 1),
        conditioning,
        by_time,
        weights,
        [layer.causal.dilation[0] for layer in layers],
        torch.cat([module.weight[:, :, 0] for module in skips], dim=1),
        torch.stack([module.bias for module in skips]).sum(0),
        decoder.fc.weight, decoder.fc.bias, decoder.logits.weight, decoder.logits.bias,
        *weights_of_layers,
    )  # fmt: skip


class _Nats(torch.autograd.Function):
    """The loss; its gradients are found with it, for a loss has but one gradient to wait for."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, hidden: Tensor, conditioning: Tensor, target: Tensor, weight: Tensor,
        dilations: Sequence[int], *parameters: Tensor,
    ) -> Tensor:  # fmt: skip
        wanted = any(ctx.needs_input_grad)
        nats, gradients = _pass(hidden, conditioning, target, weight, dilations, parameters, wanted)
        ctx.save_for_backward(*gradients)
        return nats

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        hidden, conditioning, *parameters = (g * factor for g in ctx.saved_tensors)
        needed = ctx.needs_input_grad[5:]
        given = (g if n else None for g, n in zip(parameters, needed, strict=True))
        return (hidden, conditioning, None, None, None, *given)


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(torch.bfloat16)


def _pass(
    hidden: Tensor, conditioning: Tensor, target: Tensor, weight: Tensor,
    dilations: Sequence[int], parameters: Sequence[Tensor], wanted: bool,
) -> tuple[Tensor, list[Tensor]]:  # fmt: skip
    """The loss, and the gradients of hidden, conditioning and all parameters if wanted."""
    skip_weight, skip_bias, fc_weight, fc_bias, logits_weight, logits_bias = parameters[:6]
    layers = [parameters[k : k + 4] for k in range(6, len(parameters), 4)]
    frames, batch, _ = conditioning.shape
    rows, width = hidden.shape
    steps = rows // (frames * batch)
    conditioning = _half(conditioning)

    def by_frame(x: Tensor) -> Tensor:
        return x.view(frames, steps, batch, x.shape[-1])

    # Forward: the gates of all layers side by side, the first layer's input before them.
    gates = torch.empty(rows, (len(layers) + 1) * width, dtype=torch.bfloat16, device=hidden.device)
    stream = hidden.to(torch.float32, copy=True)
    inputs, acts, taps_of = [], [], []
    x = _half(stream)
    gates[:, :width] = x
    for number, ((taps, bias, residual, residual_bias), dilation) in enumerate(
        zip(layers, dilations, strict=True)
    ):
        begin = 2 * width * number
        condition = conditioning[:, None, :, begin : begin + 2 * width] + _half(bias)
        tap = [_half(taps[:, :, k].contiguous()) for k in range(taps.shape[2])]
        pre = torch.mm(x, tap[-1].t())
        by_frame(pre).add_(condition)
        for k, delay in _delays(len(tap), dilation * batch, rows):
            pre[delay:].addmm_(x[:-delay], tap[k].t())
        # tanh by the sigmoid, which is several times as fast; in float32, where that is exact.
        act = pre.float()
        act[:, width:].mul_(2)
        act.sigmoid_()
        act[:, width:].mul_(2).sub_(1)
        gated = gates[:, (number + 1) * width : (number + 2) * width]
        half = _half(act)
        torch.mul(half[:, :width], half[:, width:], out=gated)
        if wanted:
            inputs.append(x)
            acts.append(half)
            taps_of.append(tap)
        if number + 1 < len(layers):
            stream.add_(torch.addmm(_half(residual_bias), gated, _half(residual[:, :, 0]).t()))
            x = _half(stream)
    skip_half, fc_half = _half(skip_weight), _half(fc_weight[:, :, 0])
    logits_half = _half(logits_weight[:, :, 0])
    total = torch.addmm(_half(skip_bias), gates, skip_half.t()).relu_()
    output = torch.addmm(_half(fc_bias), total, fc_half.t())
    by_frame(output).add_(conditioning[:, None, :, 2 * width * len(layers) :])
    output.relu_()
    nats, d_logits = _cross_entropy(output, logits_half, _half(logits_bias), target, weight, wanted)
    if not wanted:
        return nats, []

    # Backward.
    # The sum over rows as a product: several times as fast.
    ones = output.new_ones(1, rows)
    d_logits_weight, d_logits_bias = d_logits.t() @ output, (ones @ d_logits)[0].float()
    d_output = _before_relu(d_logits @ logits_half, output)
    d_conditioning = [by_frame(d_output).sum(1, dtype=torch.float32)]
    d_fc_weight, d_fc_bias = d_output.t() @ total, d_output.sum(0, dtype=torch.float32)
    d_total = _before_relu(d_output @ fc_half, total)
    d_skip_weight, d_skip_bias = d_total.t() @ gates, d_total.sum(0, dtype=torch.float32)
    d_gates = d_total @ skip_half
    d_stream: Tensor | None = None
    found: list[list[Tensor]] = []
    for number in reversed(range(len(layers))):
        taps, bias, residual, residual_bias = layers[number]
        part = slice((number + 1) * width, (number + 2) * width)
        d_gated = d_gates[:, part]
        if d_stream is None:
            d_residual, d_residual_bias = torch.zeros_like(residual), torch.zeros_like(bias[:width])
        else:
            d_x = _half(d_stream)
            d_residual = (d_x.t() @ gates[:, part]).float()[:, :, None]
            d_residual_bias = d_stream.sum(0)
            # Into rows of their own: a product into a column of wide rows takes ten times as long.
            d_gated = (d_x @ _half(residual[:, :, 0])).add_(d_gated)
        act, x = acts[number], inputs[number]
        sigmoid, tanh = act[:, :width], act[:, width:]
        d_pre = torch.empty_like(act)
        torch.ops.aten.sigmoid_backward.grad_input(
            d_gated * tanh, sigmoid, grad_input=d_pre[:, :width]
        )
        torch.ops.aten.tanh_backward.grad_input(
            d_gated * sigmoid, tanh, grad_input=d_pre[:, width:]
        )
        condition = by_frame(d_pre).sum(1, dtype=torch.float32)
        d_conditioning.append(condition)
        tap = taps_of[number]
        d_taps = torch.empty_like(taps)
        d_taps[:, :, -1] = d_pre.t() @ x
        back = d_pre @ tap[-1]
        seen = {len(tap) - 1}
        for k, delay in _delays(len(tap), dilations[number] * batch, rows):
            d_taps[:, :, k] = d_pre[delay:].t() @ x[:-delay]
            back[:-delay].addmm_(d_pre[delay:], tap[k])
            seen.add(k)
        for k in set(range(len(tap))) - seen:
            d_taps[:, :, k] = 0
        d_stream = back.float() if d_stream is None else d_stream.add_(back)
        found.append([d_taps, condition.sum((0, 1)), d_residual, d_residual_bias])
    assert d_stream is not None
    d_hidden = d_stream.add_(d_gates[:, :width])
    d_conditions = torch.cat([*reversed(d_conditioning[1:]), d_conditioning[0]], dim=-1)
    of_layers = [gradient for layer in reversed(found) for gradient in layer]
    head = [
        d_skip_weight.float(), d_skip_bias, d_fc_weight.float()[:, :, None], d_fc_bias,
        d_logits_weight.float()[:, :, None], d_logits_bias,
    ]  # fmt: skip
    return nats, [d_hidden, d_conditions, *head, *of_layers]


def _before_relu(gradient: Tensor, result: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(gradient, result, 0)


def _delays(taps: int, unit: int, rows: int) -> list[tuple[int, int]]:
    """Taps but the newest, and their delays in rows, where those are shorter than the clip."""
    delays = [(k, (taps - 1 - k) * unit) for k in range(taps - 1)]
    return [(k, delay) for k, delay in delays if delay < rows]


def _cross_entropy(
    output: Tensor, logits: Tensor, bias: Tensor, target: Tensor, weight: Tensor, wanted: bool
) -> tuple[Tensor, Tensor]:
    """The weighted loss, and its gradient at the logits, bfloat16 (rows, bands * 256)."""
    rows, codes = len(output), len(logits)
    gradient = torch.empty(rows if wanted else 0, codes, dtype=torch.bfloat16, device=output.device)
    nats = output.new_zeros((), dtype=torch.float32)
    chunk = max(1, _CHUNK // codes)
    for k in range(0, rows, chunk):
        scores = torch.addmm(bias, output[k : k + chunk], logits.t()).float().view(-1, LEVELS)
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
