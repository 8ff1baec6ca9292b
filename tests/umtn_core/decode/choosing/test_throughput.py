"""What is remembered of a machine's speed: used if it fits, done without if it cannot be had."""

import sys
from types import SimpleNamespace

import psutil
import pytest

from umtn_core.decode.choosing import throughput as module
from umtn_core.decode.choosing.engines import open_engine
from umtn_core.decode.choosing.throughput import engine_key, throughput
from umtn_core.decode.cuda.cuda_engine import CudaEngine
from umtn_core.errors import UmtnError
from umtn_core.shape import PRESETS, NetworkShape

TINY = NetworkShape(
    latent_channels=2, encoder_blocks=1, encoder_layers=1, encoder_channels=2, decoder_blocks=1,
    decoder_layers=2, residual_channels=2, skip_channels=4,
)  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.01)


@pytest.fixture
def engine(random_bundle):
    return open_engine("onnx", random_bundle(TINY), "a", 1)


def test_it_is_measured_once(engine, tmp_path, monkeypatch):
    file = tmp_path / "new" / "throughput.json"
    rates = throughput(engine, file)
    assert 1 in rates and all(rate > 0 for rate in rates.values())
    monkeypatch.setattr(module, "Run", None)
    module._OF_THIS_PROCESS.clear()  # as in another one
    assert throughput(engine, file) == rates


@pytest.mark.parametrize("contents", [b"", b"nonsense", b'{"a": {"x": 1}}', b"[]", b"\xff"])
def test_a_damaged_memory_is_written_anew(random_bundle, tmp_path, monkeypatch, contents):
    engine = open_engine("onnx", random_bundle(TINY), "a", 1)
    file = tmp_path / "throughput.json"
    file.write_bytes(contents)
    rates = throughput(engine, file)
    monkeypatch.setattr(module, "Run", None)
    module._OF_THIS_PROCESS.clear()  # as in another one
    assert throughput(engine, file) == rates


def test_where_nothing_can_be_written_it_is_measured_all_the_same(random_bundle, tmp_path):
    engine = open_engine("onnx", random_bundle(TINY), "a", 1)
    (tmp_path / "file").touch()
    assert throughput(engine, tmp_path / "file" / "throughput.json")[1] > 0


@pytest.mark.parametrize(("gigabytes", "most"), [(1, 4), (8, 32), (20, 64)])
def test_no_more_memory_is_taken_for_wide_networks(
    random_bundle, tmp_path, monkeypatch, gigabytes, most
):
    engine = open_engine("onnx", random_bundle(TINY), "a", 1)
    memory = SimpleNamespace(total=gigabytes << 30, available=gigabytes << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    asked = []
    monkeypatch.setattr(module, "_rate", lambda engine, streams: asked.append(streams) or 1.0)
    throughput(engine, tmp_path / "throughput.json")
    assert asked[-1] == 64
    engine.shape = PRESETS["released"]
    throughput(engine, tmp_path / "throughput.json")
    assert asked[-1] == most


@pytest.fixture
def on_device(random_bundle, emulated_device, monkeypatch):
    """An engine that its device has memory for so many streams for, but the host for none."""
    memory = SimpleNamespace(total=0, available=0)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)

    def make(most, **options):
        engine = CudaEngine(random_bundle(TINY), "a", "fp16", emulated_device(**options))
        monkeypatch.setattr(CudaEngine, "most_streams", most)
        return engine

    return make


@pytest.mark.parametrize(("most", "last"), [(300, 256), (9999, 4096), (0, 1)])
def test_as_many_streams_are_timed_as_a_device_holds(on_device, tmp_path, monkeypatch, most, last):
    asked = []
    monkeypatch.setattr(module, "_rate", lambda engine, streams: asked.append(streams) or 1.0)
    rates = throughput(on_device(most), tmp_path / "throughput.json")
    assert asked == list(rates) == [2**i for i in range(last.bit_length())]


def test_hundreds_of_streams_of_a_device_are_really_timed(on_device, tmp_path):
    rates = throughput(on_device(130), tmp_path / "throughput.json")
    assert list(rates) == [1, 2, 4, 8, 16, 32, 64, 128] and rates[128] > rates[1]


def test_what_a_device_had_no_memory_for_is_left_out(on_device, tmp_path, monkeypatch):
    def rate(engine, streams):
        if streams > 16:
            raise UmtnError("The memory of the GPU has no room.")
        return 1.0

    monkeypatch.setattr(module, "_rate", rate)
    assert max(throughput(on_device(999), tmp_path / "throughput.json")) == 16


def test_another_card_is_timed_anew(on_device, engine):
    keys = {
        engine_key(on_device(9, **options))
        for options in ({}, {"multiprocessors": 5}, {"capability": (8, 0)})
    }
    engine_of_another = on_device(9)
    engine_of_another.device.name = "another chip"
    keys.add(engine_key(engine_of_another))
    engine_of_another.device.driver = "driver 2"
    keys.add(engine_key(engine_of_another))
    assert len(keys) == 5
    assert "chip" not in engine_key(engine)


def test_what_the_environment_names_is_a_file(monkeypatch, tmp_path):
    usual = module.remembering_file()
    monkeypatch.setenv(module.FILE, str(tmp_path / "new.json"))
    assert module.remembering_file() == tmp_path / "new.json"
    monkeypatch.setenv(module.FILE, "")
    assert module.remembering_file().name == usual.name
    for other in (tmp_path, "/dev/null"):
        monkeypatch.setenv(module.FILE, str(other))
        with pytest.raises(UmtnError, match="which is not a file; name another one"):
            module.remembering_file()


@pytest.mark.skipif(sys.platform == "win32", reason="finds homes in other ways")
def test_a_user_without_a_home_is_told_what_to_name(monkeypatch):
    def nobody(_):
        raise KeyError

    for name in (module.FILE, "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(UmtnError, match=rf"set HOME, or name a file with \${module.FILE}"):
        module.remembering_file()
