"""The engine's own promises: conditioning in pieces, scoring, and clear refusals."""

import numpy as np
import onnxruntime
import pytest

from umtn_core.bundle import Bundle
from umtn_core.companding import NOTHING_YET
from umtn_core.decode.batch import FRAMES, Conditions
from umtn_core.decode.choosing.engine_names import ENGINES
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.decode import Decode
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout, Stream
from umtn_core.errors import UmtnError


def latents_for(shape, frames):
    rng = np.random.default_rng(0)
    return rng.normal(size=(shape.latent_channels, frames)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, FRAMES - 1, FRAMES, FRAMES + 1, 2 * FRAMES + 5])
def test_conditioning_in_pieces_is_that_of_one_go(random_bundle, shape, frames):
    engine = OnnxEngine(random_bundle(shape), "a", 1)
    latents = latents_for(shape, frames)
    whole = engine.condition(latents)
    assert whole.shape == (frames, shape.conditioning_width)
    conditions = Conditions(engine, latents)
    pieces = np.stack([conditions.at(frame) for frame in range(frames)])
    assert np.abs(pieces - whole).max() <= 1e-5 * np.abs(whole).max()
    # Whichever frame is asked for first, as after a restart.
    last = Conditions(engine, latents).at(frames - 1)
    assert np.array_equal(last, pieces[-1])


def test_scoring_what_was_drawn_gives_the_logits_it_was_drawn_from(random_bundle, shape):
    engine = OnnxEngine(random_bundle(shape), "a", 1)
    latents = latents_for(shape, 3)
    decode = Decode(engine, [Stream(latents, 3 * shape.output_hop)], Sampling(temperature=0))
    decode.advance()
    (codes,) = decode.codes
    stepper = engine.stepper(1, Sampling())
    first = np.full((1, shape.input_codes), NOTHING_YET)
    first[0, -shape.bands :] = shape.start_code
    rings = np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)
    stepper.load(0, first, [rings])
    for frame, condition in enumerate(engine.condition(latents)):
        given = codes[frame * shape.output_hop :][: shape.output_hop]
        logits = stepper.score(condition[None], given[None])
        assert np.array_equal(logits[0].argmax(axis=1), given)


def test_engines_are_opened_by_name(random_bundle, shape):
    bundle = random_bundle(shape)
    assert open_engine("onnx", bundle, "a", 3).threads == 3
    assert open_engine(" ONNX", bundle, "a", 3).threads == 3
    with pytest.raises(UmtnError, match=", ".join(ENGINES)):
        open_engine("steam", bundle, "a")
    with pytest.raises(UmtnError, match="it has a, b"):
        open_engine("onnx", bundle, "oboe")


def test_cuda_where_there_is_none_is_refused_with_advice(random_bundle, shape, monkeypatch):
    # The build for GPUs has this provider wherever it is installed, with a GPU or without.
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(UmtnError, match="onnxruntime-gpu"):
        open_engine("onnx-cuda", random_bundle(shape), "a")


def test_a_graph_that_cannot_run_is_refused_in_one_sentence(random_bundle, shape):
    good = random_bundle(shape)
    graphs = {name: good.contents(name) for name in good.manifest.graph_files}
    graphs["decoder.a.onnx"] = graphs["decoder.a.onnx"].replace(b"Sigmoid", b"Sagmoid")
    with pytest.raises(UmtnError) as caught:
        OnnxEngine(Bundle.in_memory(good.manifest, graphs), "a")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
