"""All domains' loss in one pass in bfloat16, its backward pass written out by hand.

What `umtn_core.networks.stacked.nats` gives under autocast, but for rounding, with as few passes
over memory as single kernels allow: on a GPU those take most of a step's time. Rows are ordered by
time and then by clip, so that a delay is a slice of rows and products add in place; the residual
stream, and the gradient on its way back, stay in bfloat16. Softmax and loss are float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from umtn_core.companding import LEVELS
from umtn_core.networks import stacked
from umtn_core.networks.decoder import Decoder

#: The precision of products, of what is kept between them, and of the stream.
HALF = torch.bfloat16

#: A probability that has vanished counts as this.
_LEAST = torch.finfo(torch.float32).tiny


def nats(
    decoders: Sequence[Decoder], past: Tensor, latents: Tensor, target: Tensor, weight: Tensor
) -> Tensor:
    """Weighted cross entropy of every domain's codes; see `umtn_core.networks.stacked.nats`.

    Parameters
    ----------
    decoders
        One of each of D domains, all of one shape; gradients reach their parameters.
    past, target : Tensor[B x D x T], int64
        What each step sees, and the codes that follow.
    latents : Tensor[B x D x latent_channels x F]
        Gradients reach them too.
    weight : Tensor[B x D x T]
        How much each code counts.

    Returns
    -------
    Tensor[D], float32
        Sums over all codes, in nats.
    """
    rows = _Rows(len(decoders), latents.shape[-1], -1, len(past))
    signal = stacked._signal(decoders, latents)
    conditions = stacked._conditions(decoders, signal)
    condition = stacked._product([[d.condition] for d in decoders], signal)
    fc, fc_bias = stacked._matrices([[d.fc] for d in decoders])
    logits, logits_bias = stacked._matrices([[d.logits] for d in decoders])
    skip, skip_bias = stacked._skips(decoders)
    # PyTorch leaves it untyped.
    found: Tensor = _Nats.apply(  # type: ignore[no-untyped-call]
        rows,
        [layer.causal.dilation[0] for layer in decoders[0].layers],
        _by_time(target, decoders[0].bands),
        _by_time(weight, decoders[0].bands),
        stacked._first(decoders, past.transpose(0, 1)),
        conditions,
        condition + fc_bias,
        stacked._taps(decoders),
        *stacked._residuals(decoders),
        skip, skip_bias, fc, logits, logits_bias,
    )  # fmt: skip
    return found


def _by_time(codes: Tensor, bands: int) -> Tensor:
    """What stands beside codes, ordered as rows are: Tensor[B x D x T] -> [D x rows x bands]."""
    batch, domains, _ = codes.shape
    return codes.view(batch, domains, -1, bands).permute(1, 2, 0, 3).reshape(domains, -1, bands)


class _Rows(NamedTuple):
    """The order of rows: frame by frame, step by step in a frame, clip by clip in a step."""

    domains: int
    frames: int
    steps: int
    batch: int

    def by_time(self, x: Tensor) -> Tensor:
        """Rows that go clip by clip, by time: [D x B * time x C] -> [D x time x B x C]."""
        return x.view(self.domains, self.batch, -1, x.shape[-1]).transpose(1, 2)

    def by_clip(self, x: Tensor) -> Tensor:
        """And back: [D x time * B x C] -> [D x B * time x C]."""
        return x.view(self.domains, -1, self.batch, x.shape[-1]).transpose(1, 2).flatten(1, 2)

    def by_frame(self, x: Tensor) -> Tensor:
        """Rows with frames, steps and clips apart: [D x F x steps x B x C]."""
        return x.view(*self, x.shape[-1])

    def delays(self, taps: int, dilation: int, rows: int) -> list[tuple[int, int]]:
        """Taps but the newest, and their delays in rows, where those are shorter than a clip."""
        delays = [(k, (taps - 1 - k) * dilation * self.batch) for k in range(taps - 1)]
        return [(k, delay) for k, delay in delays if delay < rows]


class _Nats(torch.autograd.Function):
    """The loss of each domain.

    Weights come as `umtn_core.networks.stacked` lays them out, layer by layer where they are of
    layers: what is multiplied by them stands on their left.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: _Rows, dilations: Sequence[int], target: Tensor, weight: Tensor,
        hidden: Tensor, conditions: Tensor, condition: Tensor, taps: Tensor, residuals: Tensor,
        residual_biases: Tensor, skip: Tensor, skip_bias: Tensor, fc: Tensor, logits: Tensor,
        logits_bias: Tensor,
    ) -> Tensor:  # fmt: skip
        residuals, skip, fc, logits = map(_half, (residuals, skip, fc, logits))
        width, x = hidden.shape[-1], _half(rows.by_time(hidden)).flatten(1, 2)
        taps = _swapped(_half(taps), width)
        gates = x.new_empty(*x.shape[:2], (len(taps) + 1) * width)
        gates[..., :width] = x
        by_time = _swapped(_half(rows.by_time(conditions)), width)
        by_layer = by_time[:, :, None].split(2 * width, -1)
        streams, acts = [], []
        for number, dilation in enumerate(dilations):
            act = _activations(x, taps[number], by_layer[number], dilation, rows)
            gated = gates[..., (number + 1) * width : (number + 2) * width]
            torch.ops.aten.glu.out(act, -1, out=gated)
            streams.append(x)
            acts.append(act)
            if number < len(residuals):
                x = x + _half(residual_biases[number])
                x.baddbmm_(gated, residuals[number])
        total = torch.bmm(gates, skip).add_(_half(skip_bias)).relu_()
        output = torch.bmm(total, fc)
        rows.by_frame(output).add_(_half(rows.by_time(condition))[:, :, None])
        output.relu_()
        # The bias is added where the logits are made float32 anyway.
        scores = (torch.bmm(output, logits) + logits_bias.float()).unflatten(-1, (-1, LEVELS))
        found = scores.softmax(-1)
        chosen = found.gather(-1, target[..., None])
        lost = -(chosen.clamp(min=_LEAST).log()[..., 0] * weight).sum((1, 2))
        if any(ctx.needs_input_grad):
            # The loss's gradient at the scores, but for the weights.
            found.scatter_add_(-1, target[..., None], torch.full_like(chosen, -1.0))
            ctx.rows, ctx.dilations = rows, dilations
            ctx.like = hidden.dtype, conditions.dtype, condition.dtype
            ctx.save_for_backward(
                found, weight, taps, residuals, skip, fc, logits, gates, total, output,
                *streams, *acts,
            )  # fmt: skip
        return lost

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        rows: _Rows = ctx.rows
        found, weight, taps, residuals, skip, fc, logits, gates, total, output, *seen = (
            ctx.saved_tensors
        )
        layers = len(taps)
        streams, acts = seen[:layers], seen[layers:]
        width = streams[0].shape[-1]
        d_scores = torch.empty_like(found, dtype=HALF)
        torch.mul(found, (weight * factor[:, None, None])[..., None], out=d_scores)
        d_scores = d_scores.flatten(2)
        d_logits, d_logits_bias = output.mT @ d_scores, _total(d_scores)
        d_output = _before_relu(d_scores @ logits.mT, output)
        d_condition = _by_frames(rows, d_output)
        d_fc = total.mT @ d_output
        d_total = _before_relu(d_output @ fc.mT, total)
        d_skip, d_skip_bias = gates.mT @ d_total, _total(d_total)
        d_gates = d_total @ skip.mT
        d_taps, d_residuals = torch.empty_like(taps), torch.empty_like(residuals)
        d_biases, d_conditions = [], []
        d_x: Tensor | None = None
        for number in reversed(range(layers)):
            part = slice((number + 1) * width, (number + 2) * width)
            d_gated = d_gates[..., part]
            if d_x is not None:
                # Nothing reads the last layer's residual.
                torch.bmm(gates[..., part].mT, d_x, out=d_residuals[number])
                d_biases.append(_total(d_x))
                d_gated.baddbmm_(d_x, residuals[number].mT)
            d_pre = _before_gate(d_gated, acts[number])
            d_conditions.append(_by_frames(rows, d_pre))
            d_x = _causal_backward(
                d_pre, streams[number], taps[number], d_taps[number], d_x,
                ctx.dilations[number], rows,
            )  # fmt: skip
        assert d_x is not None
        d_hidden = rows.by_clip(d_x.add_(d_gates[..., :width]))
        given = (
            d_hidden.to(ctx.like[0]),
            _swapped(torch.cat(d_conditions[::-1], -1), width).to(ctx.like[1]),
            d_condition.to(ctx.like[2]), _swapped(d_taps, width), d_residuals,
            torch.stack(d_biases[::-1]) if d_biases else torch.empty_like(residuals[..., :1, :]),
            d_skip, d_skip_bias, d_fc, d_logits, d_logits_bias,
        )  # fmt: skip
        needed = ctx.needs_input_grad[4:]
        return (None,) * 4 + tuple(g if n else None for g, n in zip(given, needed, strict=True))


def _half(tensor: Tensor) -> Tensor:
    return tensor.to(HALF)


def _swapped(x: Tensor, width: int) -> Tensor:
    """What a gate and a filter come of, the other way round: as `torch.nn.functional.glu` has it.

    That takes the sigmoid and multiplies in one pass, and goes back in one.
    """
    return x.unflatten(-1, (-1, 2, width)).flip(-2).flatten(-3)


def _activations(x: Tensor, taps: Tensor, condition: Tensor, dilation: int, rows: _Rows) -> Tensor:
    """A layer's tanh, and what its sigmoid is taken of, side by side: [D x rows x 2 * width]."""
    width = x.shape[-1]
    by_tap = taps.split(2 * width, -1)
    act = torch.bmm(x, by_tap[-1])
    rows.by_frame(act).add_(condition)
    for k, delay in rows.delays(len(by_tap), dilation, x.shape[1]):
        act[:, delay:].baddbmm_(x[:, :-delay], by_tap[k])
    act[..., :width].tanh_()
    return act


def _before_gate(d_gated: Tensor, act: Tensor) -> Tensor:
    """The gradient of what sigmoid and tanh are taken of, from that of their product."""
    width = d_gated.shape[-1]
    d_pre = torch.empty_like(act)
    torch.ops.aten.glu_backward.grad_input(d_gated, act, -1, grad_input=d_pre)
    of_tanh = d_pre[..., :width]
    torch.ops.aten.tanh_backward.grad_input(of_tanh, act[..., :width], grad_input=of_tanh)
    return d_pre


def _causal_backward(
    d_pre: Tensor, x: Tensor, taps: Tensor, d_taps: Tensor, d_x: Tensor | None, dilation: int,
    rows: _Rows,
) -> Tensor:  # fmt: skip
    """The gradients of a causal convolution's taps, written to their place, and of its input.

    The latter is added to that of what else the input goes to.
    """
    by_tap, found = taps.split(d_pre.shape[-1], -1), d_taps.split(d_pre.shape[-1], -1)
    torch.bmm(x.mT, d_pre, out=found[-1])
    if d_x is None:
        d_x = torch.bmm(d_pre, by_tap[-1].mT)
    else:
        d_x.baddbmm_(d_pre, by_tap[-1].mT)
    unread = set(range(len(by_tap) - 1))
    for k, delay in rows.delays(len(by_tap), dilation, x.shape[1]):
        torch.bmm(x[:, :-delay].mT, d_pre[:, delay:], out=found[k])
        d_x[:, :-delay].baddbmm_(d_pre[:, delay:], by_tap[k].mT)
        unread.remove(k)
    for k in unread:
        found[k].zero_()
    return d_x


def _total(x: Tensor) -> Tensor:
    """The sum over rows, float32: [D x rows x C] -> [D x 1 x C]."""
    return x.sum(1, keepdim=True, dtype=torch.float32)


def _by_frames(rows: _Rows, x: Tensor) -> Tensor:
    """The sum over the steps of each frame, float32: [D x rows x C] -> [D x B * F x C]."""
    return rows.by_frame(x).sum(2, dtype=torch.float32).transpose(1, 2).flatten(1, 2)


def _before_relu(gradient: Tensor, result: Tensor) -> Tensor:
    return torch.ops.aten.threshold_backward(gradient, result, 0)
