"""An installation that has no library: the engine says so, and auto does without."""

import shutil
from pathlib import Path

import pytest

from umtn_core.decode.choosing.auto import choose
from umtn_core.decode.cpu.cpu_engine import CpuEngine
from umtn_core.errors import UmtnError
from umtn_core.native import library
from umtn_core.shape import NetworkShape

SHAPE = NetworkShape(
    hop=8, latent_channels=1, encoder_blocks=1, encoder_layers=1, encoder_channels=1,
    decoder_blocks=1, decoder_layers=1, residual_channels=1, skip_channels=1,
)  # fmt: skip


@pytest.fixture
def unopened():
    library.open_library.cache_clear()
    yield
    library.open_library.cache_clear()


def test_without_a_library_the_engine_is_absent(random_bundle, monkeypatch, unopened):
    monkeypatch.setattr(library, "_find", lambda: None)
    bundle = random_bundle(SHAPE)
    assert not library.is_available()
    assert choose(bundle, "a").engine == "onnx"
    with pytest.raises(UmtnError, match=r"not part of this installation.*C\+\+ compiler"):
        CpuEngine(bundle, "a")


def test_a_file_that_is_no_library_is_an_error(monkeypatch, unopened, tmp_path: Path):
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"no library")
    monkeypatch.setenv(library.OVERRIDE, str(broken))
    with pytest.raises(UmtnError, match="cannot be loaded"):
        library.open_library()


@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler")
def test_where_there_is_a_compiler_there_is_the_engine():
    assert library.is_available()
