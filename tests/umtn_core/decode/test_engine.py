"""What all engines ask of their arguments, in the same words."""

import threading

import numpy as np
import pytest

from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.decode.onnx.onnx_device_engine import OnnxDeviceEngine
from umtn_core.decode.onnx.onnx_engine import OnnxEngine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.errors import UmtnError


@pytest.fixture(params=["cpu", "cuda", "onnx", "onnx-cuda"])
def engine(request, random_bundle, shape, emulated_device):
    bundle = random_bundle(shape)
    if request.param == "cpu":
        return CpuEngine(bundle, "a", 1)
    if request.param == "cuda":
        return CudaEngine(bundle, "a", device=emulated_device())
    if request.param == "onnx":
        return OnnxEngine(bundle, "a", 1)
    return OnnxDeviceEngine(bundle, "a", "cpu")


def test_what_is_not_as_it_should_be_is_refused_by_all_engines_alike(engine):
    shape, stepper = engine.shape, engine.stepper(2, Sampling())
    rings = [np.zeros((RingLayout.of(shape).rows, shape.residual_channels), np.float32)] * 2
    recent = np.full((2, shape.input_codes), -1)
    conditioning = np.zeros((2, shape.conditioning_width), np.float32)
    codes, stop = np.zeros((2, 4 * shape.bands), np.uint8), threading.Event()
    numbers = codes.astype(np.float32)
    for sentence, call in {
        "cannot be at the position -1": lambda: stepper.load(-1, recent, rings),
        f"The {engine.name} engine was given int64": lambda: stepper.load(0, recent[:1], rings),
        "There are 2 streams, but 1 rings": lambda: stepper.load(0, recent, rings[:1]),
        f"The {engine.name} engine was given float64": lambda: stepper.store(
            [ring.astype(float) for ring in rings]
        ),
        f"The {engine.name} engine can only write to arrays without gaps": lambda: stepper.steps(
            conditioning, numbers, np.asfortranarray(codes), stop
        ),
        f"in place of float32 {conditioning.shape}": lambda: stepper.score(
            conditioning[:, 1:], codes
        ),
        f"in place of float32 {codes.shape}": lambda: stepper.steps(
            conditioning, numbers[:, 1:], codes, stop
        ),
    }.items():
        with pytest.raises(UmtnError) as caught:
            call()
        assert sentence in str(caught.value)
    stepper.load(0, recent, rings)
    assert stepper.steps(conditioning, numbers, codes, stop) == codes.shape[1]
