"""The step graph with rings: a good ONNX file, equal to gather, step and scatter, in place."""

import numpy as np
import onnx
import pytest

from umtn_core.bundle.onnx_file import GraphFile
from umtn_core.bundle.ring_graph import with_rings
from umtn_core.decode.stream import RingLayout
from umtn_core.errors import UmtnError
from umtn_core.runtime import open_session


def inputs_for(shape, streams, seed=0):
    rng = np.random.default_rng(seed)
    layout = RingLayout.of(shape)
    rows = layout.rows_read(5)
    return rows, {
        "codes": rng.integers(0, 256, (streams, shape.input_codes)),
        "conditioning": rng.normal(size=(streams, shape.conditioning_width)).astype(np.float32),
        "rings": rng.normal(size=(layout.rows, streams, shape.residual_channels)).astype(
            np.float32
        ),
    }


def test_the_file_is_good_and_the_weights_are_untouched(random_bundle, shape):
    step = random_bundle(shape).decoder("a")
    found = with_rings(step)
    model = onnx.load_model_from_string(found)
    onnx.checker.check_model(model, full_check=True)
    before, after = GraphFile.parse(step), GraphFile.parse(found)
    assert {port.name for port in after.inputs} == {
        "codes", "conditioning", "rings", "rows_read", "rows_written",
    }  # fmt: skip
    assert {port.name for port in after.outputs} == {"logits", "rings_after"}
    assert list(after.weights) == list(before.weights)
    for name, weight in before.weights.items():
        assert np.array_equal(after.weights[name], weight)
    original = onnx.load_model_from_string(step)
    assert list(model.graph.node)[1:-1] == list(original.graph.node)
    assert model.opset_import == original.opset_import


@pytest.mark.parametrize("streams", [2, 5])
def test_it_gathers_steps_and_scatters(random_bundle, shape, streams):
    step = random_bundle(shape).decoder("a")
    rows, given = inputs_for(shape, streams)
    expected = dict(
        zip(
            ("logits", "columns"),
            open_session(step).run(
                ["logits", "columns"],
                {
                    "codes": given["codes"],
                    "conditioning": given["conditioning"],
                    "delayed": given["rings"][rows.reshape(-1)],
                },
            ),
            strict=True,
        )
    )
    rings = given["rings"].copy()
    rings[rows[:, 0]] = expected["columns"]
    logits, rings_after = open_session(with_rings(step)).run(
        ["logits", "rings_after"],
        given | {"rows_read": rows.reshape(-1), "rows_written": rows[:, :1].copy()},
    )
    assert np.array_equal(logits, expected["logits"])
    assert np.array_equal(rings_after, rings)


def test_other_files_are_refused(random_bundle, shape):
    bundle = random_bundle(shape)
    with pytest.raises(UmtnError, match="delayed"):
        with_rings(bundle.conditioner("a"))
    with pytest.raises(UmtnError, match="not an ONNX file"):
        with_rings(b"nothing of the kind")
