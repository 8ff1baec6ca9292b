"""What a graph must be is what the exporter writes, for every shape that has a name."""

import msgspec
import numpy as np
import onnx
import pytest

from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph, postfilter_graph
from umtn_core.bundle import Bundle
from umtn_core.bundle.expected import (
    expected_conditioner,
    expected_decoder_step,
    expected_encoder,
    expected_graphs,
    expected_postfilter,
)
from umtn_core.bundle.graph_check import check_graph
from umtn_core.bundle.weight_sizes import decoder_sizes, encoder_sizes, postfilter_sizes
from umtn_core.errors import UmtnError
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import PRESETS


def zeros(sizes):
    return {name: np.zeros(size, np.float32) for name, size in sizes.items()}


def narrow(preset):
    """As many layers, and as they are, but of a few channels: their numbers are only sizes."""
    shape = PRESETS[preset]
    widths = {name: 3 for name in shape.__struct_fields__ if name.endswith("_channels")}
    widths["conditioning_channels"] = min(3, shape.conditioning_channels)
    return msgspec.structs.replace(shape, **widths)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_exported_is_what_is_expected(preset):
    shape = narrow(preset)
    of_decoder = zeros(decoder_sizes(shape))
    for model, expected in (
        (encoder_graph(shape, zeros(encoder_sizes(shape))), expected_encoder(shape)),
        (conditioner_graph(shape, of_decoder), expected_conditioner(shape)),
        (decoder_step_graph(shape, of_decoder), expected_decoder_step(shape)),
    ):
        contents = model.SerializeToString()
        check_graph(contents, expected, "graph")
        assert expected.least < len(contents) < expected.most
        assert [node.SerializeToString() for node in model.graph.node] == list(expected.nodes)


@pytest.mark.parametrize(
    "shape",
    [
        PostfilterShape.at_rate(16_000),
        PostfilterShape.at_rate(32_000),
        PostfilterShape(window=64, bins=21, channels=3, dilations=()),
    ],
)
def test_post_filters_are_what_is_expected(shape):
    contents = postfilter_graph(shape, zeros(postfilter_sizes(shape))).SerializeToString()
    expected = expected_postfilter(shape)
    check_graph(contents, expected, "graph")
    assert expected.least < len(contents) < expected.most


def test_the_model_that_comes_with_umtn_is_what_is_expected():
    bundle = Bundle.open("default")
    for name, expected in expected_graphs(bundle.manifest).items():
        check_graph(bundle.contents(name), expected, name)


def test_a_graph_of_another_shape_is_refused(random_bundle, shape):
    bundle = random_bundle(shape)
    other = msgspec.structs.replace(shape, skip_channels=shape.skip_channels + 1)
    with pytest.raises(UmtnError, match="the manifest's shape asks for"):
        check_graph(bundle.decoder("a"), expected_decoder_step(other), "graph")


def test_room_for_more_than_the_graph_is_small():
    """Else a file could hide in it what is not looked at."""
    shape = PRESETS["small"]
    for expected in (expected_encoder(shape), expected_decoder_step(shape)):
        assert expected.most - expected.least < 40_000


def test_what_onnx_writes_first_is_enough_for_the_check():
    """The check allows the versions, names and remarks that the onnx package adds."""
    shape = narrow("small")
    model = encoder_graph(shape, zeros(encoder_sizes(shape)))
    model.producer_version, model.doc_string, model.model_version = "1.2", "remark", 3
    model.ir_version = onnx.IR_VERSION
    check_graph(model.SerializeToString(), expected_encoder(shape), "graph")
    model.doc_string = "x" * 5000
    with pytest.raises(UmtnError, match="it holds more than a graph"):
        check_graph(model.SerializeToString(), expected_encoder(shape), "graph")
