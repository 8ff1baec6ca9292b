"""What the graphs of a bundle are: encoder, conditioner, one step of a decoder, and post-filter.

Each is put down node by node on a `Builder`: the exporter's makes an ONNX file of it, and
`umtn_core.bundle.expected` what a file must hold to be opened.

Weights are stored exactly as PyTorch keeps them, under the names of the state dict of
the encoder or of the domain's decoder (``layers.3.causal.weight``, shape (2R, R, kernel)),
and nowhere else: native engines read them from the initializers by those names. The
decoder's are divided between two files: ``context.*``, ``layers.*.condition.*``,
``layers.*.causal.bias`` and ``condition.*`` are in the conditioner, all others in the step.
The last layer's ``residual`` leads nowhere, and ``band_gains`` lie between codes and
audio: they are in neither.

What a step multiplies by is computed from those weights inside the graph (transposed,
concatenated, biases gathered) by nodes that depend on constants only. A runtime folds
those away when it opens the file, so the step that runs is short: for each layer two
matrix products, a split, two activations and one multiplication.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from umtn_core.companding import LEVELS, MU
from umtn_core.postfilter_shape import (
    DECIBELS,
    DECIBELS_ADDED,
    DECIBELS_PER_UNIT,
    FLOOR,
    KERNEL,
    PostfilterShape,
)
from umtn_core.shape import NetworkShape

#: Numbers that ONNX gives to element types.
FLOAT, INT64 = 1, 7


class Builder(Protocol):
    """Takes a graph down. Values are known by names, those of nodes by their kind and number."""

    def input(self, name: str, dtype: int, dims: Sequence[int | str]) -> str:
        """Declare an input of the graph."""

    def output(self, value: str, name: str, dims: Sequence[int | str]) -> None:
        """Declare a float32 output of the graph, and give a value to it."""

    def parameter(self, name: str) -> str:
        """Use a weight of the network, by its name in PyTorch."""

    def constant(self, values: object, dtype: type = np.int64) -> str:
        """Use a small constant array."""

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output; returns the output's name."""

    def ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several outputs; returns their names."""

    def reshape(self, value: str, dims: Sequence[int]) -> str:
        """Reshape; 0 keeps a dimension, -1 is what remains."""


def describe_encoder(g: Builder, shape: NetworkShape) -> None:
    """Build audio to latents (paper, Section 3.1 and Figure 1, left).

    Parameters
    ----------
    g
        Takes down the nodes.
    shape
        The network's shape.

    Notes
    -----
    ``audio`` (batch, samples) float32, codes as ``code / 255 - 0.5`` ->
    ``latents`` (batch, latent_channels, frames) float32.
    """
    audio = g.input("audio", FLOAT, ["batch", "samples"])
    padding = (shape.first_kernel - shape.encoder_stride) // 2
    hidden = _conv(
        g, g.op("Unsqueeze", audio, g.constant([1])), "start",
        pads=[padding, padding], strides=[shape.encoder_stride],
    )  # fmt: skip
    for i, dilation in enumerate(shape.encoder_dilations):
        layer = f"dilated_convs.{i}"
        pad = dilation * (shape.encoder_kernel // 2)
        inner = g.op("Relu", hidden) if shape.encoder_leading_relu else hidden
        inner = _conv(g, inner, f"{layer}.dilated_conv", pads=[pad, pad], dilations=[dilation])
        inner = _conv(g, g.op("Relu", inner), f"{layer}.conv_1x1")
        hidden = g.op("Add", hidden, inner)
    pool = shape.hop // shape.encoder_stride
    latents = g.op("AveragePool", _conv(g, hidden, "conv_1x1"), kernel_shape=[pool], strides=[pool])
    g.output(latents, "latents", ["batch", shape.latent_channels, "frames"])


def describe_conditioner(g: Builder, shape: NetworkShape) -> None:
    """Build latents to everything they add to the decoder, once a frame.

    Parameters
    ----------
    g
        Takes down the nodes.
    shape
        The network's shape.

    Notes
    -----
    ``latents`` (streams, latent_channels, frames) -> ``conditioning``
    (frames, streams, conditioning_width): for each layer 2R numbers, gate half
    first, the biases of ``condition`` and ``causal`` included; then what is added
    after ``fc``.
    """
    signal = g.input("latents", FLOAT, ["streams", shape.latent_channels, "frames"])
    width = shape.latent_channels
    if shape.conditioning_channels:
        width = shape.conditioning_channels
        signal = g.op("Relu", _conv(g, signal, "context", pads=[1, 1]))
    signal = g.op("Transpose", signal, perm=[2, 0, 1])
    layers = [f"layers.{i}" for i in range(len(shape.dilations))]
    weight = g.op(
        "Concat",
        *(g.parameter(f"{layer}.condition.weight") for layer in layers),
        g.parameter("condition.weight"),
        axis=0,
    )
    weight = g.op("Transpose", g.reshape(weight, [-1, width]), perm=[1, 0])
    biases = [
        g.op("Add", g.parameter(f"{layer}.condition.bias"), g.parameter(f"{layer}.causal.bias"))
        for layer in layers
    ]
    bias = g.op("Concat", *biases, g.parameter("condition.bias"), axis=0)
    product = g.op("Add", g.op("MatMul", signal, weight), bias)
    g.output(product, "conditioning", ["frames", "streams", shape.conditioning_width])


def describe_decoder_step(g: Builder, shape: NetworkShape) -> None:
    """Build one step of the autoregressive decoder (paper, Section 3.1 and Figure 1, right).

    Parameters
    ----------
    g
        Takes down the nodes.
    shape
        The network's shape.

    Notes
    -----
    ``codes`` (streams, input_codes) int64, newest last, -1 for nothing yet;
    ``delayed`` (delayed_taps, streams, R), row ``l * (kernel - 1) + j`` being the
    input of layer l at time ``t - (kernel - 1 - j) * dilation``; ``conditioning``
    (streams, conditioning_width) -> ``logits`` (streams, bands * 256); ``columns``
    (layers, streams, R), each layer's newest input.
    """
    codes = g.input("codes", INT64, ["streams", shape.input_codes])
    delayed = g.input("delayed", FLOAT, [shape.delayed_taps, "streams", shape.residual_channels])
    conditioning = g.input("conditioning", FLOAT, ["streams", shape.conditioning_width])
    # The residual path carries every layer's input without the biases added so far.
    # Those are constant, so their sum enters where it is read: one addition for all
    # layers instead of one each.
    carried = _carried_biases(g, shape)
    newest = _newest_taps(g, shape)
    bases, output_conditioning = _bases(g, shape, conditioning, delayed, carried, newest)
    inputs, gates = _gated_layers(g, shape, _first(g, shape, codes), newest, bases)
    skips = g.op("Concat", inputs[0], *gates, axis=1)
    logits = _logits(g, shape, _summed_skips(g, shape, skips), output_conditioning)
    g.output(logits, "logits", ["streams", shape.bands * LEVELS])
    columns = _columns(g, shape, inputs, carried)
    g.output(columns, "columns", [len(shape.dilations), "streams", shape.residual_channels])


def describe_postfilter(g: Builder, shape: PostfilterShape) -> None:
    """Build magnitudes to the mask that takes a decoder's noise out.

    Parameters
    ----------
    g
        Takes down the nodes.
    shape
        The post-filter's form.

    Notes
    -----
    ``magnitudes`` (batch, bins, frames) float32 -> ``mask`` (batch, bins, frames), 0 to 1.
    """
    magnitudes = g.input("magnitudes", FLOAT, ["batch", shape.bins, "frames"])
    loud = g.op("Log", g.op("Add", magnitudes, g.constant(FLOOR, np.float32)))
    loud = g.op("Mul", loud, g.constant(DECIBELS / DECIBELS_PER_UNIT, np.float32))
    loud = g.op("Add", loud, g.constant(DECIBELS_ADDED / DECIBELS_PER_UNIT, np.float32))
    loud = g.op("Unsqueeze", loud, g.constant([1]))
    place = g.constant(np.linspace(-1, 1, shape.bins).reshape(1, 1, -1, 1), np.float32)
    place = g.op("Expand", place, g.op("Shape", loud))
    hidden = _layer(g, g.op("Concat", loud, place, axis=1), "first")
    for i, dilation in enumerate(shape.dilations):
        inner = g.op("Relu", _layer(g, g.op("Relu", hidden), f"layers.{i}", dilation))
        hidden = g.op("Add", hidden, inner)
    mask = g.op("Sigmoid", _conv(g, g.op("Relu", hidden), "last"))
    g.output(g.op("Squeeze", mask, g.constant([1])), "mask", ["batch", shape.bins, "frames"])


def _layer(g: Builder, value: str, module: str, dilation: int = 1) -> str:
    """Convolve over frequency and time, keeping the size."""
    pads = [dilation * (KERNEL[0] // 2), KERNEL[1] // 2] * 2
    return _conv(g, value, module, pads=pads, dilations=[dilation, 1])


def _conv(g: Builder, value: str, module: str, **attributes: Any) -> str:
    weight, bias = g.parameter(f"{module}.weight"), g.parameter(f"{module}.bias")
    return g.op("Conv", value, weight, bias, **attributes)


def _first(g: Builder, shape: NetworkShape, codes: str) -> str:
    """Make the first layer's input from the newest codes."""
    weight = g.parameter("first_conv.weight")
    if shape.decoder_input == "embedding":
        # Index -1 counts from the end: the row of zeros stands for nothing yet.
        zeros = g.constant([[0.0] * shape.residual_channels], np.float32)
        table = g.op("Concat", weight, zeros, axis=0)
        if shape.bands == 1:
            return g.op("Gather", table, g.reshape(codes, [-1]), axis=0)
        # The tables lie one behind the other; nothing yet stays -1 in each.
        behind = g.constant([[LEVELS * band for band in range(shape.bands)]])
        nothing = g.op("Less", codes, g.constant(0))
        rows = g.op("Where", nothing, codes, g.op("Add", codes, behind))
        return g.op("ReduceSum", g.op("Gather", table, rows, axis=0), g.constant([1]), keepdims=0)
    nothing = g.op("Less", codes, g.constant(0))
    values = g.op("Cast", codes, to=FLOAT)
    values = g.op("Div", values, g.constant(MU, np.float32))
    values = g.op("Sub", values, g.constant(0.5, np.float32))
    values = g.op("Where", nothing, g.constant(0.0, np.float32), values)
    weight = g.reshape(weight, [shape.residual_channels, shape.input_kernel])
    return g.op("Gemm", values, weight, g.parameter("first_conv.bias"), transB=1)


def _newest_taps(g: Builder, shape: NetworkShape) -> list[str]:
    """Take, of each layer, the weights of the newest tap: (2R, R)."""
    tap = shape.decoder_kernel - 1
    return [
        g.op("Gather", g.parameter(f"layers.{i}.causal.weight"), g.constant(tap), axis=2)
        for i in range(len(shape.dilations))
    ]


def _bases(
    g: Builder,
    shape: NetworkShape,
    conditioning: str,
    delayed: str,
    carried: Sequence[str],
    newest: Sequence[str],
) -> tuple[list[str], str]:
    """Sum what is added to each layer's newest tap: (streams, 2R) each.

    Returned beside them is the rest of the conditioning, which is for what comes after the layers.
    """
    count, width = len(shape.dilations), 2 * shape.residual_channels
    added = g.constant([count * width, shape.skip_channels])
    of_layers, of_output = g.ops("Split", 2, conditioning, added, axis=1)
    base = g.op("Transpose", g.reshape(of_layers, [0, count, width]), perm=[1, 0, 2])
    base = g.op("Add", g.op("Add", base, _carried_products(g, carried, newest)),
                _delayed_products(g, shape, delayed))  # fmt: skip
    bases = g.ops("Split", count, g.reshape(base, [-1, width]), axis=0, num_outputs=count)
    return bases, of_output


def _gated_layers(
    g: Builder, shape: NetworkShape, first: str, newest: Sequence[str], bases: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Go through the layers: the input of each, and what comes out of its gate."""
    count, residual = len(shape.dilations), shape.residual_channels
    inputs, gates = [first], []
    for i in range(count):
        hidden = g.op("Gemm", inputs[i], newest[i], bases[i], transB=1)
        gate, filter_ = g.ops("Split", 2, hidden, axis=1, num_outputs=2)
        gates.append(g.op("Mul", g.op("Sigmoid", gate), g.op("Tanh", filter_)))
        if i + 1 < count:
            weight = g.reshape(g.parameter(f"layers.{i}.residual.weight"), [residual, residual])
            inputs.append(g.op("Gemm", gates[i], weight, inputs[i], transB=1))
    return inputs, gates


def _delayed_products(g: Builder, shape: NetworkShape, delayed: str) -> str:
    """Multiply all layers' older taps, in one batched product: (layers, streams, 2R).

    They do not wait for the newest sample.
    """
    count, kernel = len(shape.dilations), shape.decoder_kernel
    taps = []
    for i in range(count):
        for tap in range(kernel - 1):
            weight = g.parameter(f"layers.{i}.causal.weight")
            weight = g.op("Gather", weight, g.constant(tap), axis=2)
            weight = g.op("Transpose", weight, perm=[1, 0])
            taps.append(g.op("Unsqueeze", weight, g.constant([0])))
    product = g.op("MatMul", delayed, g.op("Concat", *taps, axis=0))
    if kernel == 2:
        return product
    product = g.reshape(product, [count, kernel - 1, -1, 2 * shape.residual_channels])
    return g.op("ReduceSum", product, g.constant([1]), keepdims=0)


def _carried_biases(g: Builder, shape: NetworkShape) -> list[str]:
    """Sum, for each layer, the residual biases before it: (1, 1, R)."""
    carried = [g.constant([[[0.0] * shape.residual_channels]], np.float32)]
    for i in range(len(shape.dilations) - 1):
        carried.append(g.op("Add", carried[-1], g.parameter(f"layers.{i}.residual.bias")))
    return carried


def _carried_products(g: Builder, carried: Sequence[str], newest: Sequence[str]) -> str:
    """Make what those biases add before each layer's gate: (layers, 1, 2R)."""
    products = [
        g.op("MatMul", bias, g.op("Transpose", weight, perm=[1, 0]))
        for bias, weight in zip(carried, newest, strict=True)
    ]
    return g.op("Concat", *products, axis=0)


def _summed_skips(g: Builder, shape: NetworkShape, skips: str) -> str:
    """Sum all skip connections, in one product over all layers' gates."""
    modules = ["skip_conv", *(f"layers.{i}.skip" for i in range(len(shape.dilations)))]
    weight = g.op("Concat", *(g.parameter(f"{m}.weight") for m in modules), axis=1)
    weight = g.reshape(weight, [shape.skip_channels, len(modules) * shape.residual_channels])
    bias = g.op("Sum", *(g.parameter(f"{m}.bias") for m in modules))
    return g.op("Gemm", skips, weight, bias, transB=1)


def _logits(g: Builder, shape: NetworkShape, summed: str, conditioning: str) -> str:
    """Make the logits of each band's codes from the skip connections' sum."""
    skip, rows = shape.skip_channels, shape.bands * LEVELS
    hidden = g.op("Relu", summed)
    fc = g.reshape(g.parameter("fc.weight"), [skip, skip])
    # Gemm adds one array only: fc's bias joins the conditioning first.
    conditioning = g.op("Add", conditioning, g.parameter("fc.bias"))
    hidden = g.op("Relu", g.op("Gemm", hidden, fc, conditioning, transB=1))
    weight = g.reshape(g.parameter("logits.weight"), [rows, skip])
    return g.op("Gemm", hidden, weight, g.parameter("logits.bias"), transB=1)


def _columns(g: Builder, shape: NetworkShape, inputs: Sequence[str], carried: Sequence[str]) -> str:
    """Put the layers' inputs together, with the biases that they were carried without."""
    columns = g.op("Concat", *inputs, axis=0)
    columns = g.reshape(columns, [len(shape.dilations), -1, shape.residual_channels])
    return g.op("Add", columns, g.op("Concat", *carried, axis=0))
