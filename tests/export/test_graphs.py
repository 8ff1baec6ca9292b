"""The graphs' weights are PyTorch's, under PyTorch's names, and their steps are short."""

import numpy as np
import onnx
import onnxruntime
import pytest

from export.export import bundle_graphs
from umtn_core.bundle.manifest import conditioner_file, decoder_file
from umtn_core.bundle.onnx_file import GraphFile


def weights(contents):
    return {
        name: array
        for name, array in GraphFile.parse(contents).weights.items()
        if not name.startswith("constant_")
    }


def test_every_weight_is_stored_once_as_pytorch_has_it(network, shape):
    graphs = bundle_graphs(network)
    for domain in network.domains:
        step = weights(graphs[decoder_file(domain)])
        conditioner = weights(graphs[conditioner_file(domain)])
        assert not set(step) & set(conditioner)
        stored = step | conditioner
        expected = network.decoders[domain].state_dict()
        # The last residual leads nowhere, and gains lie between codes and audio.
        left_out = (f"layers.{len(shape.dilations) - 1}.residual.", "band_gains")
        assert set(stored) == {name for name in expected if not name.startswith(left_out)}
        assert all(np.array_equal(stored[name], expected[name].numpy()) for name in stored)
    stored, expected = weights(graphs["encoder.onnx"]), network.encoder.state_dict()
    assert set(stored) == set(expected)
    assert all(np.array_equal(stored[name], expected[name].numpy()) for name in stored)


def test_what_is_stored_beside_the_weights_is_next_to_nothing(network):
    for contents in bundle_graphs(network).values():
        arrays = GraphFile.parse(contents).weights
        others = sum(a.nbytes for name, a in arrays.items() if name.startswith("constant_"))
        assert others < 2_000


def test_a_step_runs_few_nodes_once_constants_are_folded(network, shape, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "folded.onnx")
    options.log_severity_level = 3
    graph = bundle_graphs(network)[decoder_file("flute")]
    onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(tmp_path / "folded.onnx").graph.node
    assert len(nodes) <= 6 * len(shape.dilations) + 25


@pytest.mark.parametrize("domain", ["flute", "violin"])
def test_graphs_are_files_that_onnx_itself_accepts(network, domain):
    graphs = bundle_graphs(network)
    for name in ("encoder.onnx", conditioner_file(domain), decoder_file(domain)):
        onnx.checker.check_model(onnx.load_from_string(graphs[name]), full_check=True)
