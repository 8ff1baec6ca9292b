"""The graphs of a bundle as ONNX models, see `umtn_core.bundle.graphs`."""

from __future__ import annotations

import onnx

from export.builder import GraphBuilder, Parameters
from umtn_core.bundle.graphs import (
    describe_conditioner,
    describe_decoder_step,
    describe_encoder,
    describe_postfilter,
)
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape


def encoder_graph(shape: NetworkShape, parameters: Parameters) -> onnx.ModelProto:
    """Build audio to latents, of the encoder's state dict: `describe_encoder`."""
    g = GraphBuilder("encoder", parameters)
    describe_encoder(g, shape)
    return g.model()


def conditioner_graph(shape: NetworkShape, parameters: Parameters) -> onnx.ModelProto:
    """Build latents to conditioning, of a decoder's state dict: `describe_conditioner`."""
    g = GraphBuilder("conditioner", parameters)
    describe_conditioner(g, shape)
    return g.model()


def decoder_step_graph(shape: NetworkShape, parameters: Parameters) -> onnx.ModelProto:
    """Build one step of a decoder, of its state dict: `describe_decoder_step`."""
    g = GraphBuilder("decoder_step", parameters)
    describe_decoder_step(g, shape)
    return g.model()


def postfilter_graph(shape: PostfilterShape, parameters: Parameters) -> onnx.ModelProto:
    """Build magnitudes to a mask, of a post-filter's state dict: `describe_postfilter`."""
    g = GraphBuilder("postfilter", parameters)
    describe_postfilter(g, shape)
    return g.model()
