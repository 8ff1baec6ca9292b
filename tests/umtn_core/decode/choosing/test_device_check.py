"""A GPU is taken once it has decoded as the processor does, and not before."""

import dataclasses
import json

import msgspec
import numpy as np
import pytest

from umtn_core.bundle import Bundle, PrecisionLoss, Precisions
from umtn_core.decode.choosing import auto, device_check, throughput
from umtn_core.decode.choosing.auto import candidates, choose, open_for
from umtn_core.decode.choosing.device_check import difference, why_not_trusted
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.cuda import cuda_engine
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.errors import UmtnError
from umtn_core.native.library import is_available
from umtn_core.shape import NetworkShape

pytestmark = pytest.mark.skipif(not is_available(), reason="installed without a C++ compiler")

SHAPE = NetworkShape(
    hop=40, latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2,
    decoder_blocks=1, decoder_layers=3, residual_channels=20, skip_channels=12,
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return tmp_path / "t.json"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(throughput, "TURN_SECONDS", 0.003)
    monkeypatch.setattr(device_check, "STREAMS", (1, 9, 40))


@pytest.fixture
def gpu(emulated_device, monkeypatch):
    """Give the machine an emulated GPU."""
    device = emulated_device(multiprocessors=8, clusters=True)
    monkeypatch.setattr(auto, "is_usable", lambda: True)
    monkeypatch.setattr(cuda_engine, "open_device", lambda: device)
    return device


@pytest.fixture
def bundle(random_bundle):
    made = random_bundle(SHAPE)
    losses = {"bf16": {"a": PrecisionLoss(0.001, 0.1)}}
    manifest = msgspec.structs.replace(made.manifest, precisions=Precisions("noise", 100, losses))
    return Bundle.in_memory(manifest, {name: made.contents(name) for name in manifest.files})


@pytest.fixture
def fastest(monkeypatch):
    """Let an engine be the fastest by far, and say which were raced."""
    raced = []

    def set_to(name):
        def race(engines, *_):
            names = [
                engine.name + ("" if engine.precision == "fp32" else f"-{engine.precision}")
                for engine in engines
            ]
            raced.append(names)
            return [{1: 9000.0 if each == name else 10.0} for each in names]

        monkeypatch.setattr(auto, "raced", race)
        return raced

    return set_to


def forget():
    """Be another process."""
    device_check._OF_THIS_PROCESS.clear()
    throughput._OF_THIS_PROCESS.clear()


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("bands", [1, 4])
def test_what_decodes_as_the_processor_does_passes(random_bundle, gpu, precision, bands):
    options = {"bands": bands, "decoder_input": "embedding"} if bands > 1 else {}
    bundle = random_bundle(msgspec.structs.replace(SHAPE, **options))
    engine = CudaEngine(bundle, "a", precision, gpu)
    assert difference(engine, open_engine("cpu", bundle, "a", 1)) is None


def test_slightly_wrong_weights_are_seen(bundle, gpu, monkeypatch):
    right = cuda_engine.cuda_weights

    def wrong(*given):
        weights = right(*given)
        return dataclasses.replace(weights, logits_bias=weights.logits_bias + np.float32(0.02))

    monkeypatch.setattr(cuda_engine, "cuda_weights", wrong)
    found = difference(CudaEngine(bundle, "a", "fp16", gpu), open_engine("cpu", bundle, "a", 1))
    assert "of the greatest from the processor's with 1 streams" in found


def test_codes_that_were_not_drawn_are_seen(bundle, gpu, monkeypatch):
    right = gpu.download

    def download(array, address):
        right(array, address)
        if array.dtype == np.uint8:
            array ^= 64

    monkeypatch.setattr(gpu, "download", download)
    found = difference(CudaEngine(bundle, "a", "fp32", gpu), open_engine("cpu", bundle, "a", 1))
    assert found == "it draws other codes than the processor with 1 streams"


def test_one_wrong_stream_of_many_is_seen(bundle, gpu, monkeypatch):
    right = gpu.download

    def download(array, address):
        right(array, address)
        if array.dtype == np.uint8 and len(array) == 40:
            array[39, 0] ^= 64

    monkeypatch.setattr(gpu, "download", download)
    found = difference(CudaEngine(bundle, "a", "fp32", gpu), open_engine("cpu", bundle, "a", 1))
    assert found == "it draws other codes than the processor with 40 streams"


def test_auto_takes_a_gpu_that_is_faster(bundle, gpu, fastest, file):
    raced = fastest("cuda-fp16")
    assert candidates(bundle, "a") == ("cpu", "cuda", "cuda-fp16", "cpu-bf16")
    chosen = choose(bundle, "a", file=file)
    assert chosen.engine == "cuda-fp16" and not chosen.refused
    assert raced == [["cpu", "cuda", "cuda-fp16", "cpu-bf16"]]
    fastest("cpu-bf16")
    assert choose(bundle, "a", file=file).engine == "cpu-bf16"


def test_fp16_is_taken_where_bf16_is_known_to_lose_nothing(bundle, random_bundle, gpu):
    assert "cuda-fp16" in candidates(bundle, "a")
    assert candidates(random_bundle(SHAPE), "a") == ("cpu", "cuda")
    # Whoever asks for it has it all the same.
    assert open_engine("cuda-fp16", random_bundle(SHAPE), "a").precision == "fp16"


def test_engines_are_really_timed_beside_each_other(bundle, gpu, file):
    chosen = choose(bundle, "a", file=file)
    assert set(chosen.seconds) == {"cpu", "cuda", "cuda-fp16", "cpu-bf16"}
    rates = json.loads(file.read_bytes())
    of_gpu = [key for key in rates if "the emulated chip|9.0|8 multiprocessors" in key]
    assert len(of_gpu) == 2
    assert all(set(rates[key]) == {"1", "4", "16", "48"} for key in of_gpu)
    assert sum(set(rates[key]) == {"1", "4", "16"} for key in rates) == 2


def test_a_gpu_that_computes_otherwise_is_refused(bundle, gpu, fastest, file, monkeypatch):
    raced = fastest("cuda-fp16")
    monkeypatch.setattr(device_check, "TOLERANCES", {"fp32": 1e-5, "fp16": 1e-9})
    chosen = choose(bundle, "a", file=file)
    assert chosen.engine == "cpu" and set(chosen.refused) == {"cuda-fp16"}
    assert "; not cuda-fp16: its logits are" in chosen.reason
    assert raced == [["cpu", "cuda", "cpu-bf16"]]


def test_a_gpu_that_fails_is_refused(bundle, gpu, fastest, file, monkeypatch):
    fastest("cuda")

    def fail(*given, **options):
        raise UmtnError("The GPU failed at starting a kernel (error 700); use another engine.")

    monkeypatch.setattr(gpu, "launch", fail)
    chosen = choose(bundle, "a", file=file)
    assert chosen.engine == "cpu"
    assert "not cuda: The GPU failed at starting a kernel" in chosen.reason


def test_a_gpu_that_is_lost_while_engines_are_timed_is_done_without(bundle, gpu, file, monkeypatch):
    monkeypatch.setattr(auto, "why_not_trusted", lambda *_: None)
    right = throughput.Run

    def run(engine, streams):
        if engine.on_device:
            raise UmtnError("The memory of the GPU has no room.")
        return right(engine, streams)

    monkeypatch.setattr(throughput, "Run", run)
    chosen = choose(bundle, "a", file=file)
    assert set(chosen.seconds) == {"cpu", "cpu-bf16"}
    assert chosen.engine in chosen.seconds
    assert chosen.refused == dict.fromkeys(
        ("cuda", "cuda-fp16"), "The memory of the GPU has no room."
    )


def test_it_is_checked_once(bundle, gpu, file, monkeypatch):
    engine, reference = CudaEngine(bundle, "a", "fp16", gpu), open_engine("cpu", bundle, "a", 1)
    assert why_not_trusted(engine, reference, file) is None
    forget()
    monkeypatch.setattr(device_check, "difference", None)
    assert why_not_trusted(engine, reference, file) is None
    # Another card is another matter.
    gpu.name = "another chip"
    monkeypatch.setattr(device_check, "difference", lambda *_: "it is slow")
    assert why_not_trusted(engine, reference, file) == "it is slow"


def test_what_failed_is_tried_again_by_the_next_process(bundle, gpu, file, monkeypatch):
    engine, reference = CudaEngine(bundle, "a", "fp16", gpu), open_engine("cpu", bundle, "a", 1)
    monkeypatch.setattr(device_check, "difference", lambda *_: "it is broken")
    assert why_not_trusted(engine, reference, file) == "it is broken"
    monkeypatch.setattr(device_check, "difference", lambda *_: None)
    assert why_not_trusted(engine, reference, file) == "it is broken"
    forget()
    assert why_not_trusted(engine, reference, file) is None


def test_a_check_that_never_ended_is_not_begun_again(bundle, gpu, file, monkeypatch):
    engine, reference = CudaEngine(bundle, "a", "fp16", gpu), open_engine("cpu", bundle, "a", 1)
    held = []

    def hang(*_):
        held.append(file.with_name("t_checks.json").read_bytes())
        raise KeyboardInterrupt

    monkeypatch.setattr(device_check, "difference", hang)
    with pytest.raises(KeyboardInterrupt):
        why_not_trusted(engine, reference, file)
    # Interrupted, it may be tried again; had the process been killed, this would have been left.
    checks = file.with_name("t_checks.json")
    assert list(json.loads(checks.read_bytes()).values()) == [0]
    for begun in (2, 3):
        checks.write_bytes(held[-1])
        with pytest.raises(KeyboardInterrupt):
            why_not_trusted(engine, reference, file)
        assert list(json.loads(held[-1]).values()) == [begun]
    checks.write_bytes(held[-1])
    assert "were begun and never ended; remove" in why_not_trusted(engine, reference, file)
    # Unless other processes were at it, and have ended.
    checks.write_bytes(held[-1].replace(b":3", b":-1"))
    assert why_not_trusted(engine, reference, file) is None
    assert len(held) == 3


def test_where_nothing_can_be_written_it_is_checked_all_the_same(bundle, gpu, tmp_path):
    (tmp_path / "file").touch()
    engine, reference = CudaEngine(bundle, "a", "fp16", gpu), open_engine("cpu", bundle, "a", 1)
    assert why_not_trusted(engine, reference, tmp_path / "file" / "t.json") is None


def test_a_saved_decode_goes_on_where_its_precision_is_fastest(bundle, gpu, fastest, monkeypatch):
    monkeypatch.setattr(auto, "why_not_trusted", lambda *_: None)
    fastest("cuda")
    assert open_for("fp32", bundle, "a", 1).name == "cuda"
    assert open_for("fp16", bundle, "a", 1).name == "cuda"
    fastest("cpu-bf16")
    assert open_for("bf16", bundle, "a", 1).precision == "bf16"
    assert open_for("fp32", bundle, "a", 1).name == "cpu"


def test_without_a_gpu_none_is_opened(bundle, fastest, monkeypatch, file):
    monkeypatch.setattr(cuda_engine, "open_device", None)
    raced = fastest("cpu-bf16")
    assert choose(bundle, "a", file=file).engine == "cpu-bf16"
    assert raced == [["cpu", "cpu-bf16"]]
