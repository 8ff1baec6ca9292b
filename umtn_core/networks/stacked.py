"""All domains' decoders scored in one pass, their weights stacked over the domains.

What `Decoder.score` gives, for every domain at once: each product is a batched one over the
domains, so that a step launches as many kernels as a single decoder would. That matters where
launches take longer than what they launch, which is so on GPUs. The weights stay those of the
single decoders, and their gradients arrive there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from umtn_core.companding import LEVELS, MU
from umtn_core.networks.decoder import Decoder, ScalarInput
from umtn_core.networks.layers import Pointwise
from umtn_core.networks.typed_modules import bias_of


def score(decoders: Sequence[Decoder], past: Tensor, latents: Tensor) -> Tensor:
    """Score every next code of every domain, the true past being given.

    Parameters
    ----------
    decoders
        One of each of D domains, all of one shape.
    past : Tensor[B x D x T], int64
        Codes, as `Decoder.score` takes them.
    latents : Tensor[B x D x latent_channels x F]

    Returns
    -------
    Tensor[D x B x T x 256]
        Unnormalised log-probabilities.
    """
    shape, layers = decoders[0].shape, decoders[0].layers
    domains, batch, frames = len(decoders), len(past), latents.shape[-1]
    taps, residuals = _taps(decoders).unbind(), list(zip(*_residuals(decoders), strict=True))

    def by_frame(x: Tensor) -> Tensor:
        """Tensor[D x rows x C] -> Tensor[D x B x F x rows in a frame x C]."""
        return x.view(domains, batch, frames, -1, x.shape[-1])

    signal = _signal(decoders, latents)
    conditions = torch.split(
        by_frame(_conditions(decoders, signal)), 2 * shape.residual_channels, -1
    )
    # In mixed precision the residual stream is of the products' precision: a float32 one would be
    # rounded anew before each product, and is half of what a step reads and writes.
    hidden = _as_products(_first(decoders, past.transpose(0, 1)))
    skips = [hidden]
    for number, layer in enumerate(layers):
        products = torch.bmm(hidden, taps[number]).view(domains, batch, -1, taps[number].shape[-1])
        total = _delayed(products, layer.causal.kernel_size[0], layer.causal.dilation[0])
        gate, filter_ = (by_frame(total.flatten(1, 2)) + conditions[number]).chunk(2, dim=-1)
        gated = (torch.sigmoid(gate) * torch.tanh(filter_)).view(*hidden.shape)
        skips.append(gated)
        if number < len(residuals):
            weight, bias = residuals[number]
            # The product adds to what it is to be added to.
            hidden = (hidden + bias.to(hidden.dtype)).baddbmm_(gated, weight)
    weight, bias = _skips(decoders)
    output = F.relu(torch.baddbmm(bias, torch.cat(skips, dim=-1), weight))
    output = _product([[d.fc] for d in decoders], output)
    condition = _product([[d.condition] for d in decoders], signal)
    output = F.relu(by_frame(output) + by_frame(condition)).view(*output.shape)
    logits = _product([[d.logits] for d in decoders], output)
    return logits.view(domains, batch, -1, LEVELS)


def nats(
    decoders: Sequence[Decoder], past: Tensor, latents: Tensor, target: Tensor, weight: Tensor
) -> Tensor:
    """Weighted cross entropy of every domain's codes, the true past being given.

    Parameters
    ----------
    decoders
        One of each of D domains, all of one shape; gradients reach their parameters.
    past : Tensor[B x D x T], int64
        Codes, as `Decoder.score` takes them.
    latents : Tensor[B x D x latent_channels x F]
        Gradients reach them too.
    target : Tensor[B x D x T], int64
        The codes that follow.
    weight : Tensor[B x D x T]
        How much each code counts.

    Returns
    -------
    Tensor[D], float32
        Sums over all codes, in nats.
    """
    scores = score(decoders, past, latents).flatten(0, 2).float()
    each = F.cross_entropy(scores, target.transpose(0, 1).flatten(), reduction="none")
    by_domain = each.view(len(decoders), -1)
    return (by_domain * weight.transpose(0, 1).flatten(1)).sum(1)


def _one_behind_the_other(weights: Iterable[Tensor]) -> Tensor:
    """Weights in one tensor, in the precision of products.

    Along the first axis, so that each one's gradient is a slice as it lies, which autograd
    hands on without a copy.
    """
    return _as_products(torch.cat(list(weights)))


def _as_products(x: Tensor) -> Tensor:
    """In the precision of products."""
    device = x.device.type
    return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x


def _matrices(convs: Sequence[Sequence[Pointwise]]) -> tuple[Tensor, Tensor]:
    """Each domain's 1x1 convolutions as one: Tensor[D x in x out], biases Tensor[D x 1 x out]."""
    weight = _one_behind_the_other(conv.weight for of in convs for conv in of)
    bias = torch.cat([conv.bias for of in convs for conv in of])
    by_domain = weight.view(len(convs), -1, weight.shape[1])
    return by_domain.transpose(1, 2), bias.view(len(convs), 1, -1)


def _product(convs: Sequence[Sequence[Pointwise]], x: Tensor) -> Tensor:
    """Each domain's 1x1 convolutions of its rows: Tensor[D x rows x in] -> [D x rows x out]."""
    weight, bias = _matrices(convs)
    return torch.baddbmm(bias, x, weight)


def _taps(decoders: Sequence[Decoder]) -> Tensor:
    """Of each layer, all taps of its causal convolution: Tensor[layers x D x R x taps * 2R]."""
    layers = list(zip(*(decoder.layers for decoder in decoders), strict=True))
    weight = _one_behind_the_other(layer.causal.weight for of in layers for layer in of)
    outputs, inputs, taps = decoders[0].layers[0].causal.weight.shape
    weight = weight.view(len(layers), len(decoders), outputs, inputs, taps)
    return weight.permute(0, 1, 3, 4, 2).flatten(3)


def _residuals(decoders: Sequence[Decoder]) -> tuple[Tensor, Tensor]:
    """Of each layer but the last, Tensor[D x R x R], and its bias, Tensor[D x 1 x R]; stacked."""
    layers = list(zip(*(list(decoder.layers)[:-1] for decoder in decoders), strict=True))
    if not layers:
        like, width = decoders[0].fc.weight, decoders[0].shape.residual_channels
        return like.new_empty(0, len(decoders), width, width), like.new_empty(
            0, len(decoders), 1, width
        )
    weight, bias = _matrices([[layer.residual] for of in layers for layer in of])
    split = (len(layers), len(decoders))
    return torch.unflatten(weight, 0, split), torch.unflatten(bias, 0, split)


def _signal(decoders: Sequence[Decoder], latents: Tensor) -> Tensor:
    """As `Decoder.signal`: Tensor[B x D x Z x F] -> Tensor[D x B * F x C]."""
    contexts = [decoder.context for decoder in decoders if decoder.context is not None]
    if contexts:
        weight = _one_behind_the_other(context.weight for context in contexts)
        bias = torch.cat([bias_of(context) for context in contexts])
        # Groups of channels, one a domain.
        latents = F.conv1d(latents.flatten(1, 2), weight, bias, padding=1, groups=len(contexts))
        latents = torch.unflatten(F.relu(latents), 1, (len(contexts), -1))
    return latents.permute(1, 0, 3, 2).flatten(1, 2)


def _conditions(decoders: Sequence[Decoder], signal: Tensor) -> Tensor:
    """What all layers add before their gates, side by side: Tensor[D x B * F x layers * 2R]."""
    weight, bias = _matrices([[layer.condition for layer in d.layers] for d in decoders])
    causal = torch.cat([layer.causal.bias for d in decoders for layer in d.layers])
    return torch.baddbmm(bias + causal.view_as(bias), signal, weight)


def _first(decoders: Sequence[Decoder], past: Tensor) -> Tensor:
    """What the first layer reads, from codes: Tensor[D x B x T] -> Tensor[D x rows x R]."""
    convs = [decoder.first_conv for decoder in decoders]
    domains, bands = len(decoders), decoders[0].bands
    scalars = [conv for conv in convs if isinstance(conv, ScalarInput)]
    if scalars:
        taps = scalars[0].kernel_size[0]
        values = (past / MU - 0.5).masked_fill(past < 0, 0.0)
        windows = F.pad(values, (taps - 1, 0)).unfold(2, taps, 1).flatten(1, 2)
        weight = _one_behind_the_other(conv.weight for conv in scalars).view(domains, -1, taps)
        bias = torch.cat([conv.bias for conv in scalars]).view(domains, 1, -1)
        return torch.baddbmm(bias, windows, weight.transpose(1, 2))
    # All tables one behind the other, and a row of zeros for nothing yet.
    width = convs[0].weight.shape[1]
    nothing = convs[0].weight.new_zeros(1, width)
    tables = torch.cat([*(conv.weight for conv in convs), nothing])
    codes = torch.unflatten(past, 2, (-1, bands))
    starts = LEVELS * torch.arange(domains * bands, device=past.device).view(domains, 1, 1, bands)
    rows = (codes + starts).masked_fill(codes < 0, len(tables) - 1)
    return F.embedding(rows, tables).sum(3).flatten(1, 2)


def _delayed(products: Tensor, taps: int, dilation: int) -> Tensor:
    """Sum of the taps' products, each late by its delay: Tensor[D x B x T x taps * C]."""
    *older, total = products.chunk(taps, dim=-1)
    for tap, product in enumerate(older):
        delay = dilation * (taps - 1 - tap)
        if delay < product.shape[2]:
            total = total + F.pad(product[:, :, :-delay], (0, 0, delay, 0))
    return total


def _skips(decoders: Sequence[Decoder]) -> tuple[Tensor, Tensor]:
    """All skip connections as one: Tensor[D x all layers' R x skip], and the biases' sum."""
    convs = [[d.skip_conv, *(layer.skip for layer in d.layers)] for d in decoders]
    weight = _one_behind_the_other(conv.weight for of in convs for conv in of)
    outputs, inputs = convs[0][0].weight.shape[:2]
    weight = weight.view(len(convs), len(convs[0]), outputs, inputs).transpose(2, 3).flatten(1, 2)
    bias = torch.cat([conv.bias for of in convs for conv in of])
    return weight, bias.view(len(convs), -1, outputs).sum(1)[:, None]
