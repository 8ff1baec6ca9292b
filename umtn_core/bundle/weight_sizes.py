"""How large each weight of a network is, by its name in PyTorch."""

from __future__ import annotations

from umtn_core.companding import LEVELS
from umtn_core.postfilter_shape import KERNEL, PostfilterShape
from umtn_core.shape import NetworkShape

Sizes = dict[str, tuple[int, ...]]


def encoder_sizes(shape: NetworkShape) -> Sizes:
    """List the dimensions of an encoder's weights."""
    c = shape.encoder_channels
    sizes = _convolution("start", c, 1, shape.first_kernel)
    for i in range(len(shape.encoder_dilations)):
        layer = f"dilated_convs.{i}"
        sizes |= _convolution(f"{layer}.dilated_conv", c, c, shape.encoder_kernel)
        sizes |= _convolution(f"{layer}.conv_1x1", c, c, 1)
    return sizes | _convolution("conv_1x1", shape.latent_channels, c, 1)


def decoder_sizes(shape: NetworkShape) -> Sizes:
    """List the dimensions of a decoder's weights, those of its conditioner among them."""
    r, s, latents = shape.residual_channels, shape.skip_channels, shape.latent_channels
    width = shape.conditioning_channels or latents
    if shape.decoder_input == "embedding":
        sizes: Sizes = {"first_conv.weight": (shape.bands * LEVELS, r)}
    else:
        sizes = _convolution("first_conv", r, 1, shape.input_kernel)
    if shape.conditioning_channels:
        sizes |= _convolution("context", width, latents, 3)
    sizes |= _convolution("skip_conv", s, r, 1)
    for i in range(len(shape.dilations)):
        sizes |= _convolution(f"layers.{i}.causal", 2 * r, r, shape.decoder_kernel)
        sizes |= _convolution(f"layers.{i}.condition", 2 * r, width, 1)
        sizes |= _convolution(f"layers.{i}.residual", r, r, 1)
        sizes |= _convolution(f"layers.{i}.skip", s, r, 1)
    sizes |= _convolution("fc", s, s, 1)
    sizes |= _convolution("condition", s, width, 1)
    return sizes | _convolution("logits", shape.bands * LEVELS, s, 1)


def postfilter_sizes(shape: PostfilterShape) -> Sizes:
    """List the dimensions of a post-filter's weights."""
    c = shape.channels
    sizes = _convolution("first", c, 2, *KERNEL)
    for i in range(len(shape.dilations)):
        sizes |= _convolution(f"layers.{i}", c, c, *KERNEL)
    return sizes | _convolution("last", 1, c, 1, 1)


def _convolution(name: str, outputs: int, inputs: int, *kernel: int) -> Sizes:
    return {f"{name}.weight": (outputs, inputs, *kernel), f"{name}.bias": (outputs,)}
